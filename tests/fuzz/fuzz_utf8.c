/* Any bytes as UTF-8: jansson, which checks every string it is given, comes to the same verdict. */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};
    json_t *theirs = json_stringn(size > 0 ? s.p : "", size);
    assert(str_is_utf8(s) == (theirs != NULL));
    json_decref(theirs);
    size_t chars = 0, i = 0, len;
    while (i < size && (len = str_utf8_first((struct str){s.p + i, size - i})) > 0) {
        i += len;
        chars++;
    }
    assert((i == size) == str_is_utf8(s));
    assert(i < size || chars == str_chars(s));
    return 0;
}

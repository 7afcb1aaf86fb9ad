/* Any bytes as a cursor: what is taken is what would be given out for that id, but for the padding
 * and for spaces in place of "+". */
#include <assert.h>
#include <stdlib.h>

#include "wire/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *key, struct str cursor)
{
    char again[CURSOR_TEXT_SIZE];
    uint64_t id;
    if (!cursor_decode(key, cursor, &id))
        return;
    cursor_encode(key, id, again);
    size_t n = strlen(again), digits = strcspn(again, "=");
    assert(id > 0 && id < UINT64_C(1) << 53);
    assert(cursor.n == n || cursor.n == digits);
    for (size_t i = 0; i < cursor.n; i++)
        assert(cursor.p[i] == again[i] || (cursor.p[i] == ' ' && again[i] == '+'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str cursor = {(const char *)data, size};
    check("message_id", cursor);
    check("reply_id", cursor);
    return 0;
}

/* Any bytes as a record: what is taken encodes to the same bytes again. */
#include <assert.h>
#include <stdlib.h>

#include "cluster/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record r;
    struct buf again;
    if (!record_decode((struct str){(const char *)data, size}, &r))
        return 0;
    buf_init(&again, RECORD_BYTES_MAX);
    record_encode(&r.event, r.version, &again);
    assert(!again.failed && again.n == size && memcmp(again.p, data, size) == 0);
    buf_fini(&again);
    return 0;
}

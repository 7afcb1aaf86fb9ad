/* Any bytes as an envelope: what is taken is byte for byte what would be written for it. */
#include <assert.h>
#include <stdint.h>

#include "consumer/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct envelope e;
    if (!envelope_decode(bytes, &e))
        return 0;
    struct buf again;
    buf_init(&again, ENVELOPE_BYTES_MAX);
    envelope_encode(&e, &again);
    assert(!again.failed && str_eq(buf_str(&again), bytes));
    buf_fini(&again);
    return 0;
}

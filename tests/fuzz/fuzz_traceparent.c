/* traceparent: what is accepted says again what it said, in its first 55 characters. */
#include <assert.h>
#include <string.h>

#include "telemetry/trace_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace_context c;
    char text[TRACEPARENT_LEN + 1];
    if (!traceparent_parse((struct str){(const char *)data, size}, &c))
        return 0;
    assert(size >= TRACEPARENT_LEN && trace_context_is_set(&c) && c.span != 0);
    assert(size == TRACEPARENT_LEN || (data[TRACEPARENT_LEN] == '-' && memcmp(data, "00", 2) != 0));
    assert((c.flags & ~TRACE_SAMPLED) == 0);
    traceparent_format(&c, text);
    assert(memcmp(data + 2, text + 2, TRACEPARENT_LEN - 4) == 0); /* but version and flags */
    return 0;
}

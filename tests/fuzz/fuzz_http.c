/* Any bytes as a stream of HTTP requests: whole and in pieces they must be the same requests, with
 * the same fields and bodies, or the same refusal. The first byte chooses the limits, the next two
 * how the rest is cut. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/rand.h"
#include "http_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct http_limits limits[] = {{16384, 100, 65536}, {200, 4, 50}};
    if (size < 3)
        return 0;
    struct rand_seeded r;
    rand_seed(&r, data[1] * 256u + data[2]);
    struct str stream = {(const char *)data + 3, size - 3};
    struct buf whole, cut;
    buf_init(&whole, 64u << 20);
    buf_init(&cut, 64u << 20);
    http_script_run(&limits[data[0] % 2], stream, (struct http_cut){0}, true, &whole);
    http_script_run(&limits[data[0] % 2], stream, (struct http_cut){.rand = &r}, true, &cut);
    if (!str_eq(buf_str(&whole), buf_str(&cut))) {
        fprintf(stderr, "whole: %s\ncut:   %s\n", whole.p, cut.p);
        abort();
    }
    buf_fini(&whole);
    buf_fini(&cut);
    return 0;
}

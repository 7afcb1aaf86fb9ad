#include "wire/gzip.h"

#include <stdint.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16) /* zlib: 16 asks for the gzip wrapper */
#define GZIP_LEVEL       5
#define GZIP_MEMORY      8

struct bytes *gzip_bytes(struct str data)
{
    z_stream z = {0};
    if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    struct bytes *out = bytes_new(data.n);
    z.next_in = (Bytef *)(uintptr_t)data.p; /* zlib's prototype lacks the const */
    z.avail_in = (uInt)data.n;
    z.next_out = (Bytef *)out->data;
    z.avail_out = (uInt)data.n;
    int result = deflate(&z, Z_FINISH);
    out->len = z.total_out;
    deflateEnd(&z);
    if (result == Z_STREAM_END)
        return out;
    bytes_unref(out);
    return NULL;
}

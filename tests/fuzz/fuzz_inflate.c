/* Any bytes as a compressed message: the limit holds while it grows, pieces change nothing, and
 * what zlib alone makes of the bytes is what we make of them. The same bytes as a text to compress
 * must come back. The first byte chooses the limit, the second how the rest is cut. */
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/rand.h"
#include "wire/ws.h"
#include "wire/ws_zip.h"

#define PIECE_MAX  50
#define OUTPUT_MAX 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static uint16_t message_inflate(struct str in, size_t max, struct rand_seeded *cut, struct buf *out)
{
    buf_init(out, max);
    struct ws_inflate *w = ws_inflate_take();
    uint16_t code = 0;
    for (size_t at = 0, n; code == 0 && at < in.n; at += n) {
        n = cut == NULL ? in.n : (size_t)rand_next_below(cut, PIECE_MAX);
        n = n < in.n - at ? n : in.n - at;
        code = ws_inflate_feed(w, (struct str){in.p + at, n}, out);
        check(out->n <= max && out->cap <= max && !out->failed);
    }
    if (code == 0)
        code = ws_inflate_end(w, out);
    check(out->n <= max && out->cap <= max && !out->failed);
    check(code == 0 || code == WS_CLOSE_BAD_DATA || code == WS_CLOSE_TOO_BIG);
    ws_inflate_give(w);
    return code;
}

/* zlib by itself, in one call. Says nothing about messages with final blocks. */
static void zlib_check(struct str in, uint16_t code, size_t max, struct str got)
{
    static unsigned char out[OUTPUT_MAX + 1];
    struct buf whole;
    buf_init(&whole, in.n + 4);
    buf_put(&whole, in.p, in.n);
    buf_put(&whole, "\0\0\xFF\xFF", 4);
    z_stream z = {.next_in = (Bytef *)whole.p, .avail_in = (uInt)whole.n};
    check(inflateInit2(&z, -MAX_WBITS) == Z_OK);
    z.next_out = out;
    z.avail_out = (uInt)max + 1;
    int r = inflate(&z, Z_SYNC_FLUSH);
    if (r != Z_STREAM_END) {
        check((code == WS_CLOSE_TOO_BIG) == (z.total_out > max));
        check(code != 0 || (r == Z_OK && str_eq(got, (struct str){(char *)out, z.total_out})));
    }
    inflateEnd(&z);
    buf_fini(&whole);
}

static void round_trip_check(struct str text)
{
    struct buf frame, out;
    buf_init(&frame, text.n + 100);
    if (ws_put_frame_deflated(&frame, text)) {
        size_t len = (unsigned char)frame.p[1];
        size_t head_n = len < 126 ? 2 : len == 126 ? 4 : 10;
        struct str packed = {frame.p + head_n, frame.n - head_n};
        check(ws_head_len(packed.n) == head_n && packed.n < text.n);
        check(message_inflate(packed, text.n, NULL, &out) == 0);
        check(str_eq(buf_str(&out), text));
        buf_fini(&out);
    }
    buf_fini(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t max = data[0] % 2 == 0 ? OUTPUT_MAX : data[0];
    struct rand_seeded r;
    rand_seed(&r, data[1]);
    struct str in = {(const char *)data + 2, size - 2};
    struct buf whole, cut;
    uint16_t code = message_inflate(in, max, NULL, &whole);
    check(message_inflate(in, max, &r, &cut) == code);
    check(code != 0 || str_eq(buf_str(&whole), buf_str(&cut)));
    zlib_check(in, code, max, buf_str(&whole));
    buf_fini(&whole);
    buf_fini(&cut);
    round_trip_check(in);
    return 0;
}

#include "ws_script.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/ws_mask.h"

#define SHOWN_MAX 64

static const uint8_t mask_key[4] = {0x37, 0xFA, 0x21, 0x3D};

void script_put_frame(struct buf *out, int first, bool masked, const void *payload, size_t n)
{
    char head[WS_HEAD_MAX];
    size_t head_n = ws_head(WS_TEXT, false, n, head);
    head[0] = (char)first;
    if (masked) {
        head[1] = (char)(head[1] | 0x80);
        memcpy(head + head_n, mask_key, sizeof mask_key);
        head_n += sizeof mask_key;
    }
    buf_put(out, head, head_n);
    buf_put(out, payload, n);
    assert_false(out->failed);
    if (masked)
        ws_mask(out->p + out->n - n, n, mask_key, 0);
}

void script_deflate(struct buf *out, struct str text, int level, int window_bits)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    size_t room = deflateBound(&z, text.n) + 16;
    z.next_in = (z_const Bytef *)(const void *)text.p;
    z.avail_in = (uInt)text.n;
    z.next_out = (Bytef *)buf_reserve(out, room);
    assert_non_null(z.next_out);
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
    assert_int_equal(z.avail_in, 0);
    out->n += room - z.avail_out - 4;
    deflateEnd(&z);
}

void script_put_deflated(struct buf *out, int first, bool masked, struct str text)
{
    struct buf packed;
    buf_init(&packed, SCRIPT_STREAM_MAX);
    script_deflate(&packed, text, 6, 15);
    script_put_frame(out, first, masked, packed.p, packed.n);
    buf_fini(&packed);
}

void script_put_all(struct buf *out, const struct ws_put *puts, size_t max, bool masked)
{
    for (size_t i = 0; i < max && puts[i].first != PUT_END; i++) {
        if (puts[i].first == PUT_RAW)
            buf_put(out, puts[i].payload, puts[i].n);
        else
            script_put_frame(out, puts[i].first, masked, puts[i].payload, puts[i].n);
    }
}

static void put_payload(struct buf *out, struct str s)
{
    if (s.n > SHOWN_MAX) {
        buf_printf(out, "#%zu:%08lx", s.n, crc32_z(0, (const Bytef *)(const void *)s.p, s.n));
        return;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= ' ' && s.p[i] <= '~' && s.p[i] != ')')
            buf_putc(out, s.p[i]);
        else
            buf_printf(out, "\\%02x", (unsigned char)s.p[i]);
    }
}

void script_put_item(struct buf *out, enum ws_result result, const struct ws_item *item)
{
    static const char *const names[] = {
        [WS_TEXT] = "text", [WS_BINARY] = "binary", [WS_CLOSE] = "close",
        [WS_PING] = "ping", [WS_PONG] = "pong",
    };
    if (out->n > 0)
        buf_putc(out, ' ');
    if (result == WS_ERROR) {
        buf_printf(out, "error(%u)", item->code);
        return;
    }
    assert_int_equal(result == WS_CONTROL, item->opcode >= WS_CLOSE);
    buf_printf(out, "%s(", names[item->opcode]);
    if (item->opcode == WS_CLOSE)
        buf_printf(out, "%u,", item->code);
    put_payload(out, item->payload);
    buf_putc(out, ')');
}

static size_t piece_len(struct script_cut cut, size_t at, size_t left)
{
    size_t n = left;
    if (cut.rand != NULL)
        n = (size_t)rand_next_below(cut.rand, 40);
    else if (cut.every > 0)
        n = cut.every;
    else if (cut.at > at)
        n = cut.at - at;
    return n < left ? n : left;
}

/* Feeds one piece, in memory of exactly its size, so that a read past it is caught. Returns false
 * after an error. */
static bool piece_feed(struct ws_decoder *d, struct str piece, struct buf *out, size_t *items)
{
    char *copy = mem_alloc(piece.n + 1);
    if (piece.n > 0)
        memcpy(copy, piece.p, piece.n);
    size_t at = 0;
    enum ws_result result;
    do {
        struct ws_item item;
        size_t used;
        result = ws_decode(d, copy + at, piece.n - at, &used, &item);
        assert_true(used <= piece.n - at);
        at += used;
        if (result != WS_MORE) {
            script_put_item(out, result, &item);
            ++*items;
        }
    } while (result != WS_MORE && result != WS_ERROR);
    assert_true(result == WS_ERROR || at == piece.n);
    mem_free(copy);
    return result != WS_ERROR;
}

size_t script_run(const struct ws_config *config, bool deflate, struct str stream,
                  struct script_cut cut, struct buf *out)
{
    struct ws_decoder d;
    ws_decoder_init(&d, config, deflate);
    size_t items = 0, at = 0;
    bool alive = true;
    while (alive && at < stream.n) {
        size_t n = piece_len(cut, at, stream.n - at);
        alive = piece_feed(&d, (struct str){stream.p + at, n}, out, &items);
        at += n;
    }
    if (!alive) {
        struct ws_item item;
        size_t used;
        char more[] = "\x89\x80xxxx";
        assert_null(d.gather);
        assert_int_equal(ws_decode(&d, more, sizeof more - 1, &used, &item), WS_ERROR);
    }
    ws_decoder_fini(&d);
    assert_null(d.gather);
    buf_putc(out, '\0');
    out->n--;
    return items;
}

/* ---- Random conversations ---- */

static size_t random_payload(struct rand_seeded *r, char *out, size_t max)
{
    static const char *const pieces[] = {"a",
                                         "Hello ",
                                         "\xC3\xA9",
                                         "\xE2\x82\xAC",
                                         "\xF0\x9F\x98\x80",
                                         "0123456789012345678901234567890"};
    size_t n = 0;
    for (uint64_t left = rand_next_below(r, 12); left > 0; left--) {
        const char *piece = pieces[rand_next_below(r, 6)];
        if (n + strlen(piece) > max)
            break;
        memcpy(out + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return n;
}

static void put_random_control(struct buf *out, struct rand_seeded *r)
{
    char payload[125];
    size_t n = random_payload(r, payload, sizeof payload);
    script_put_frame(out, rand_next_below(r, 2) == 0 ? 0x89 : 0x8A, true, payload, n);
}

static void put_random_message(struct buf *out, struct rand_seeded *r)
{
    int opcode = rand_next_below(r, 3) == 0 ? WS_BINARY : WS_TEXT;
    uint64_t fragments = rand_next_below(r, 3) == 0 ? 1 + rand_next_below(r, 5) : 1;
    char payload[400];
    size_t n = random_payload(r, payload, sizeof payload), at = 0;
    for (uint64_t i = 0; i < fragments; i++) {
        bool last = i + 1 == fragments;
        size_t piece = last ? n - at : (size_t)rand_next_below(r, n - at + 1);
        script_put_frame(out, (i == 0 ? opcode : 0) | (last ? 0x80 : 0), true, payload + at, piece);
        at += piece;
        if (!last && rand_next_below(r, 4) == 0)
            put_random_control(out, r);
    }
}

static void stream_damage(struct buf *s, struct rand_seeded *r)
{
    size_t at = (size_t)rand_next_below(r, s->n);
    switch (rand_next_below(r, 3)) {
    case 0:
        s->p[at] = (char)rand_next(r);
        break;
    case 1:
        s->p[at] = (char)(s->p[at] ^ (1 << rand_next_below(r, 8)));
        break;
    default:
        memmove(s->p + at, s->p + at + 1, s->n - at - 1);
        s->n--;
    }
}

void script_put_random(struct buf *out, struct rand_seeded *r, bool broken)
{
    for (uint64_t left = 1 + rand_next_below(r, 5); left > 0; left--) {
        if (rand_next_below(r, 4) == 0)
            put_random_control(out, r);
        else
            put_random_message(out, r);
    }
    if (rand_next_below(r, 4) == 0)
        script_put_frame(out, 0x88, true,
                         "\x03\xE8"
                         "bye",
                         5);
    if (broken)
        stream_damage(out, r);
}

/* ---- Memory ---- */

/* Under AddressSanitizer the allocator is its own. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

size_t script_heap_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes != NULL)
        return __sanitizer_get_current_allocated_bytes();
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* Compressed messages (RFC 7692): what is accepted, what is refused, that a bomb never grows past
 * the limit, and that what we compress fits the window we promise. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/ws.h"
#include "wire/ws_zip.h"
#include "ws_script.h"

static const struct ws_config server = {.message_max = 65536, .fragments_max = 1000};
static const struct ws_config tight = {.message_max = 5, .fragments_max = 16};

struct zip_case {
    const char *name;
    const struct ws_config *config;
    struct ws_put puts[6];
    const char *expected;
};

#define HELLO "\xF2\x48\xCD\xC9\xC9\x07\x00"
/* An empty block without compression, whole: the input grows, the output does not. */
#define NOTHING "\x00\x00\x00\xFF\xFF"

static const struct zip_case cases[] = {
    {"7.2.3.1 one frame", &server, {F(0xC1, HELLO)}, "text(Hello)"},
    {"7.2.3.1 two fragments",
     &server,
     {F(0x41, "\xF2\x48\xCD"), F(0x80, "\xC9\xC9\x07\x00")},
     "text(Hello)"},
    {"7.2.3.2 the window of an earlier message",
     &server,
     {F(0xC1, HELLO), F(0xC1, "\xF2\x00\x11\x00\x00")},
     "text(Hello) error(1007)"},
    {"7.2.3.3 no compression", &server, {F(0xC1, "\x00\x05\x00\xFA\xFFHello\x00")}, "text(Hello)"},
    {"7.2.3.4 a final block",
     &server,
     {F(0xC1, "\xF3\x48\xCD\xC9\xC9\x07\x00\x00")},
     "text(Hello)"},
    {"7.2.3.4 a final block, and nothing behind",
     &server,
     {F(0xC1, "\xF3\x48\xCD\xC9\xC9\x07\x00")},
     "text(Hello)"},
    {"7.2.3.4 two final blocks",
     &server,
     {F(0xC1, "\xF3\x48\xCD\xC9\xC9\x07\x00\xF3\x48\xCD\xC9\xC9\x07\x00\x00")},
     "text(HelloHello)"},
    {"7.2.3.5 two blocks",
     &server,
     {F(0xC1, "\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00")},
     "text(Hello)"},
    {"7.2.3.6 an empty message", &server, {F(0xC1, "\x00")}, "text()"},
    {"binary", &server, {F(0xC2, HELLO)}, "binary(Hello)"},
    {"plain messages between",
     &server,
     {F(0x81, "a"), F(0xC1, HELLO), F(0x81, "b")},
     "text(a) text(Hello) text(b)"},
    {"a ping between fragments",
     &server,
     {F(0x41, "\xF2\x48\xCD"), F(0x89, "p"), F(0x80, "\xC9\xC9\x07\x00")},
     "ping(p) text(Hello)"},
    {"an empty last fragment", &server, {F(0x41, HELLO), F(0x80, "")}, "text(Hello)"},
    {"a close between fragments", &server, {F(0x41, "\xF2\x48\xCD"), F(0x88, "")}, "close(1005,)"},
    {"RSV1 on a continuation",
     &server,
     {F(0x41, "\xF2\x48\xCD"), F(0xC0, "\xC9\xC9\x07\x00")},
     "error(1002)"},
    {"RSV1 on a continuation of a plain message",
     &server,
     {F(0x01, "a"), F(0xC0, HELLO)},
     "error(1002)"},
    {"RSV1 on a ping", &server, {F(0xC9, HELLO)}, "error(1002)"},
    {"RSV2 with RSV1", &server, {F(0xE1, HELLO)}, "error(1002)"},
    {"no block at all", &server, {F(0xC1, "")}, "error(1007)"},
    {"cut in a block", &server, {F(0xC1, "\xF2\x48\xCD\xC9")}, "error(1007)"},
    {"a reserved kind of block", &server, {F(0xC1, "\x07\x00")}, "error(1007)"},
    {"lengths that do not agree",
     &server,
     {F(0xC1, "\x00\x05\x00\xFA\xFEHello\x00")},
     "error(1007)"},
    {"junk", &server, {F(0xC1, "\xFF\xFF\xFF\xFF")}, "error(1007)"},
    {"the four bytes that should be left out",
     &server,
     {F(0xC1, HELLO "\x00\xFF\xFF")},
     "error(1007)"},
    {"text that is not UTF-8",
     &server,
     {F(0xC1, "\x00\x03\x00\xFC\xFF\xED\xA0\x80\x00")},
     "error(1007)"},
    {"the same bytes as binary",
     &server,
     {F(0xC2, "\x00\x03\x00\xFC\xFF\xED\xA0\x80\x00")},
     "binary(\\ed\\a0\\80)"},
    {"a character cut at the end",
     &server,
     {F(0xC1, "\x00\x02\x00\xFD\xFF\xE2\x82\x00")},
     "error(1007)"},
    {"the limit", &tight, {F(0xC1, HELLO)}, "text(Hello)"},
    {"the limit, and blocks of nothing",
     &tight,
     {F(0xC1, "\xF2\x48\xCD\xC9\xC9\x07\x00\x00\x00\xFF\xFF" NOTHING "\x00")},
     "text(Hello)"},
    {"over the limit", &tight, {F(0xC1, "\x00\x06\x00\xF9\xFFHello!\x00")}, "error(1009)"},
    {"over the limit in the second fragment",
     &tight,
     {F(0x41, "\xF2\x48\xCD\xC9\xC9\x07\x00\x00\x00\xFF\xFF"),
      F(0x80, "\x00\x01\x00\xFE\xFF!\x00")},
     "error(1009)"},
    {"a bad byte before the limit is passed",
     &tight,
     {F(0xC1, "\x00\x06\x00\xF9\xFFHe\xFFlo!\x00")},
     "error(1007)"},
};

static void transcript_check(const struct zip_case *c, struct str stream, struct script_cut cut)
{
    struct buf got;
    buf_init(&got, 65536);
    script_run(c->config, true, stream, cut, &got);
    if (strcmp(got.p, c->expected) != 0)
        fail_msg("%s (every %zu, at %zu): %s, not %s", c->name, cut.every, cut.at, got.p,
                 c->expected);
    buf_fini(&got);
}

static void test_cases_in_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf stream;
        buf_init(&stream, 65536);
        script_put_all(&stream, cases[i].puts, 6, true);
        transcript_check(&cases[i], buf_str(&stream), (struct script_cut){0});
        transcript_check(&cases[i], buf_str(&stream), (struct script_cut){.every = 1});
        for (size_t at = 1; at < stream.n; at++)
            transcript_check(&cases[i], buf_str(&stream), (struct script_cut){.at = at});
        buf_fini(&stream);
    }
}

static void test_not_negotiated(void **state)
{
    (void)state;
    struct buf stream, got;
    buf_init(&stream, 64);
    buf_init(&got, 64);
    script_put_frame(&stream, 0xC1, true, HELLO, 7);
    script_run(&server, false, buf_str(&stream), (struct script_cut){0}, &got);
    assert_string_equal(got.p, "error(1002)");
    buf_fini(&stream);
    buf_fini(&got);
}

/* Autobahn's sections 12 and 13: many sizes, levels and windows, in one frame and in fragments. */
static void test_sizes_levels_windows(void **state)
{
    static const size_t sizes[] = {16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536};
    (void)state;
    char *text = mem_alloc(65536);
    struct rand_seeded r;
    rand_seed(&r, 12);
    for (size_t i = 0; i < 65536; i++)
        text[i] = "etaoin shrdlu,.\"{}:0123456789"[rand_next_below(&r, i % 300 < 200 ? 4 : 29)];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int bits = 9; bits <= 15; bits += 2) {
            struct buf packed, stream, plain, want, got;
            buf_init(&packed, 1 << 18);
            buf_init(&stream, 1 << 18);
            buf_init(&plain, 1 << 18);
            buf_init(&want, 128);
            buf_init(&got, 128);
            script_put_frame(&plain, 0x81, true, text, sizes[i]);
            script_run(&server, false, buf_str(&plain), (struct script_cut){0}, &want);
            script_deflate(&packed, (struct str){text, sizes[i]}, (int)(i % 10), bits);
            for (size_t at = 0; at < packed.n; at += 256) {
                size_t n = packed.n - at < 256 ? packed.n - at : 256;
                script_put_frame(&stream, (at == 0 ? 0x41 : 0) | (at + n == packed.n ? 0x80 : 0),
                                 true, packed.p + at, n);
            }
            script_run(&server, true, buf_str(&stream), (struct script_cut){.every = 101}, &got);
            assert_string_equal(got.p, want.p);
            buf_fini(&packed);
            buf_fini(&stream);
            buf_fini(&plain);
            buf_fini(&want);
            buf_fini(&got);
        }
    }
    mem_free(text);
}

/* ---- Bombs ---- */

static void test_bomb_stops_at_the_limit(void **state)
{
    (void)state;
    char *zeros = mem_zalloc((size_t)32 << 20);
    struct buf bomb, out;
    buf_init(&bomb, (size_t)64 << 20);
    script_deflate(&bomb, (struct str){zeros, (size_t)32 << 20}, 9, 15);
    mem_free(zeros);
    assert_in_range(bomb.n, 1, 40000);
    buf_init(&out, 65536);
    struct ws_inflate *w = ws_inflate_take();
    assert_int_equal(ws_inflate_feed(w, buf_str(&bomb), &out), WS_CLOSE_TOO_BIG);
    assert_int_equal(out.n, 65536);
    assert_int_equal(out.cap, 65536);
    ws_inflate_give(w);
    buf_fini(&out);

    struct buf stream;
    buf_init(&stream, 1 << 20);
    script_put_frame(&stream, 0xC2, true, bomb.p, bomb.n);
    struct ws_decoder d;
    ws_decoder_init(&d, &server, true);
    size_t used;
    struct ws_item item;
    assert_int_equal(ws_decode(&d, stream.p, stream.n, &used, &item), WS_ERROR);
    assert_int_equal(item.code, WS_CLOSE_TOO_BIG);
    assert_null(d.gather);
    ws_decoder_fini(&d);
    buf_fini(&bomb);
    buf_fini(&stream);
}

/* A message that inflates to nothing for ever is bounded by what it may take compressed. */
static void test_endless_nothing_ends(void **state)
{
    (void)state;
    struct ws_decoder d;
    ws_decoder_init(&d, &server, true);
    struct buf stream;
    size_t used, fed = 0;
    struct ws_item item;
    enum ws_result result = WS_MORE;
    for (int i = 0; result == WS_MORE && i < 1000; i++) {
        char block[500];
        for (size_t k = 0; k < sizeof block; k += 5)
            memcpy(block + k, NOTHING, 5);
        buf_init(&stream, 1024);
        script_put_frame(&stream, i == 0 ? 0x42 : 0x100, true, block, sizeof block);
        result = ws_decode(&d, stream.p, stream.n, &used, &item);
        fed += sizeof block;
        buf_fini(&stream);
    }
    assert_int_equal(result, WS_ERROR);
    assert_int_equal(item.code, WS_CLOSE_TOO_BIG);
    assert_in_range(fed, 65536, 65536 * 5 / 4 + 1024);
    ws_decoder_fini(&d);
}

/* ---- What we send ---- */

/* Inflates with exactly the window that the handshake promises. */
static void inflate_check(struct str packed, struct str text)
{
    char *out = mem_alloc(text.n + 1);
    struct buf whole;
    buf_init(&whole, 1 << 20);
    buf_put(&whole, packed.p, packed.n);
    buf_put(&whole, "\0\0\xFF\xFF", 4);
    z_stream z = {.next_in = (Bytef *)whole.p, .avail_in = (uInt)whole.n};
    assert_int_equal(inflateInit2(&z, -WS_DEFLATE_WINDOW_BITS), Z_OK);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)text.n + 1;
    assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
    assert_int_equal(z.total_out, text.n);
    assert_memory_equal(out, text.p, text.n);
    inflateEnd(&z);
    buf_fini(&whole);
    mem_free(out);
}

static void test_put_frame_deflated(void **state)
{
    static const size_t sizes[] = {60, 100, 126, 127, 140, 1000, 65535, 65536, 200000};
    (void)state;
    char *text = mem_alloc(200000);
    struct rand_seeded r;
    rand_seed(&r, 5);
    for (size_t i = 0; i < 200000; i++)
        text[i] = "abcdefgh"[i < 40 ? 0 : rand_next_below(&r, i % 9000 < 4500 ? 2 : 8)];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf out;
        buf_init(&out, 1 << 20);
        buf_puts(&out, "before");
        struct str payload = {text, sizes[i]};
        assert_true(ws_put_frame_deflated(&out, payload));
        assert_memory_equal(out.p, "before", 6);
        assert_int_equal((unsigned char)out.p[6], 0xC1);
        size_t head_n = (out.p[7] & 0x7F) < 126 ? 2 : (out.p[7] & 0x7F) == 126 ? 4 : 10;
        struct str packed = {out.p + 6 + head_n, out.n - 6 - head_n};
        assert_int_equal(head_n, ws_head_len(packed.n));
        assert_true(packed.n < payload.n);
        inflate_check(packed, payload);

        static const struct ws_config client = {true, (size_t)1 << 20, 1};
        struct buf got, want, plain;
        buf_init(&got, 256);
        buf_init(&want, 256);
        buf_init(&plain, 1 << 20);
        ws_put_frame(&plain, WS_TEXT, payload);
        script_run(&client, false, buf_str(&plain), (struct script_cut){0}, &want);
        script_run(&client, true, (struct str){out.p + 6, out.n - 6}, (struct script_cut){0}, &got);
        assert_string_equal(got.p, want.p);
        buf_fini(&got);
        buf_fini(&want);
        buf_fini(&plain);
        buf_fini(&out);
    }
    mem_free(text);
}

static void test_put_frame_deflated_declines(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    buf_puts(&out, "x");
    char noise[1000];
    struct rand_seeded r;
    rand_seed(&r, 1);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)rand_next(&r);
    assert_false(ws_put_frame_deflated(&out, STR("")));
    assert_false(ws_put_frame_deflated(&out, STR("Hello")));
    assert_false(ws_put_frame_deflated(&out, (struct str){noise, sizeof noise}));
    char zeros[4096] = {0};
    assert_false(ws_put_frame_deflated(&out, (struct str){zeros, sizeof zeros})); /* no room */
    assert_int_equal(out.n, 1);
    assert_false(out.failed);
    assert_true(ws_put_frame_deflated(&out, (struct str){zeros, 2000}));
    buf_fini(&out);
}

/* ---- Threads ---- */

static void *thread_zips(void *arg)
{
    const char *text = arg;
    for (int i = 0; i < 200; i++) {
        struct buf out;
        buf_init(&out, 65536);
        char payload[3000];
        memset(payload, text[i % 3], sizeof payload);
        struct str s = {payload, sizeof payload};
        if (!ws_put_frame_deflated(&out, s))
            abort();
        inflate_check((struct str){out.p + 2, out.n - 2}, s);
        script_deflate(&out, s, 6, 15);
        struct ws_inflate *a = ws_inflate_take(), *b = ws_inflate_take();
        ws_inflate_give(a);
        ws_inflate_give(b);
        buf_fini(&out);
    }
    return NULL;
}

static void test_streams_go_with_their_thread(void **state)
{
    (void)state;
    size_t before = 0;
    for (int round = 0; round < 20; round++) {
        static char letters[2][4] = {"abc", "xyz"};
        pthread_t a, b;
        assert_int_equal(pthread_create(&a, NULL, thread_zips, letters[0]), 0);
        assert_int_equal(pthread_create(&b, NULL, thread_zips, letters[1]), 0);
        pthread_join(a, NULL);
        pthread_join(b, NULL);
        if (round == 0)
            before = script_heap_bytes();
    }
    assert_in_range(script_heap_bytes(), 0, before + 16384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_in_every_cut),
        cmocka_unit_test(test_not_negotiated),
        cmocka_unit_test(test_sizes_levels_windows),
        cmocka_unit_test(test_bomb_stops_at_the_limit),
        cmocka_unit_test(test_endless_nothing_ends),
        cmocka_unit_test(test_put_frame_deflated),
        cmocka_unit_test(test_put_frame_deflated_declines),
        cmocka_unit_test(test_streams_go_with_their_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

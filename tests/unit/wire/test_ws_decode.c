/* RFC 6455 frame by frame: each case is run whole, byte by byte, and cut in two at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/ws.h"
#include "ws_script.h"

#define TEXT   0x81
#define BINARY 0x82
#define CLOSE  0x88
#define PING   0x89
#define PONG   0x8A
/* Not final. */
#define TEXT_   0x01
#define BINARY_ 0x02
#define CONT_   0x100 /* a first byte of zero, told from PUT_END */
#define CONT    0x80
#define P125                                                                                \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234" \
    "5678901234567890123456789012345678901234"

static const struct ws_config server = {.message_max = 65536, .fragments_max = 16};
static const struct ws_config client = {.client = true, .message_max = 65536, .fragments_max = 16};
static const struct ws_config tight = {.message_max = 8, .fragments_max = 3};

struct decode_case {
    const char *name;
    const struct ws_config *config;
    struct ws_put puts[8];
    const char *expected;
};

static const struct decode_case cases[] = {
    /* 5.2: the base framing protocol */
    {"5.2 empty text", &server, {F(TEXT, "")}, "text()"},
    {"5.2 empty binary", &server, {F(BINARY, "")}, "binary()"},
    {"5.2 text and binary",
     &server,
     {F(TEXT, "Hello"), F(BINARY, "\0\xFF")},
     "text(Hello) binary(\\00\\ff)"},
    {"5.2 RSV1", &server, {F(0xC1, "x")}, "error(1002)"},
    {"5.2 RSV2", &server, {F(0xA1, "x")}, "error(1002)"},
    {"5.2 RSV3", &server, {F(0x91, "x")}, "error(1002)"},
    {"5.2 RSV on a ping", &server, {F(0xC9, "")}, "error(1002)"},
    {"5.2 RSV on a close", &server, {F(0xF8, "")}, "error(1002)"},
    {"5.2 what came before a bad frame counts",
     &server,
     {F(TEXT, "a"), F(PING, "b"), F(0xF1, "c"), F(TEXT, "d")},
     "text(a) ping(b) error(1002)"},
    {"5.2 opcode 3", &server, {F(0x83, "")}, "error(1002)"},
    {"5.2 opcode 4", &server, {F(0x84, "x")}, "error(1002)"},
    {"5.2 opcode 5", &server, {F(TEXT, "Hi"), F(0x85, "")}, "text(Hi) error(1002)"},
    {"5.2 opcode 6", &server, {F(0x86, "")}, "error(1002)"},
    {"5.2 opcode 7", &server, {F(0x87, "x")}, "error(1002)"},
    {"5.2 opcode 11", &server, {F(0x8B, "")}, "error(1002)"},
    {"5.2 opcode 12", &server, {F(0x8C, "x")}, "error(1002)"},
    {"5.2 opcode 13", &server, {F(0x8D, "")}, "error(1002)"},
    {"5.2 opcode 14", &server, {F(0x8E, "")}, "error(1002)"},
    {"5.2 opcode 15", &server, {F(0x8F, "x")}, "error(1002)"},
    {"5.2 a length of 16 bits that 7 hold",
     &server,
     {RAW("\x81\xFE\x00\x7D\0\0\0\0")},
     "error(1002)"},
    {"5.2 a length of 64 bits that 16 hold",
     &server,
     {RAW("\x81\xFF\0\0\0\0\0\0\xFF\xFF\0\0\0\0")},
     "error(1002)"},
    {"5.2 a length of 64 bits that 7 hold",
     &server,
     {RAW("\x82\xFF\0\0\0\0\0\0\0\x01\0\0\0\0x")},
     "error(1002)"},
    {"5.2 a length with the highest bit",
     &server,
     {RAW("\x82\xFF\x80\0\0\0\0\0\0\0\0\0\0\0")},
     "error(1002)"},
    {"5.2 a huge length",
     &server,
     {RAW("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0")},
     "error(1009)"},
    /* 5.1, 5.3: masking */
    {"5.1 an unmasked frame to a server", &server, {RAW("\x81\x05Hello")}, "error(1002)"},
    {"5.1 an unmasked close to a server", &server, {RAW("\x88\x00")}, "error(1002)"},
    {"5.1 an unmasked frame to a client", &client, {RAW("\x81\x05Hello")}, "text(Hello)"},
    {"5.1 a masked frame to a client",
     &client,
     {RAW("\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58")},
     "error(1002)"},
    {"5.7 a masked frame",
     &server,
     {RAW("\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58")},
     "text(Hello)"},
    /* 5.4: fragmentation */
    {"5.4 two fragments", &server, {F(TEXT_, "He"), F(CONT, "llo")}, "text(Hello)"},
    {"5.4 three, one empty",
     &server,
     {F(BINARY_, "He"), F(CONT_, ""), F(CONT, "llo")},
     "binary(Hello)"},
    {"5.4 all empty", &server, {F(TEXT_, ""), F(CONT_, ""), F(CONT, "")}, "text()"},
    {"5.4 the first empty", &server, {F(TEXT_, ""), F(CONT, "x")}, "text(x)"},
    {"5.4 two messages",
     &server,
     {F(TEXT_, "a"), F(CONT, "b"), F(TEXT, "c"), F(BINARY_, "d"), F(CONT, "")},
     "text(ab) text(c) binary(d)"},
    {"5.4 a ping between",
     &server,
     {F(TEXT_, "a"), F(PING, "p"), F(CONT, "b")},
     "ping(p) text(ab)"},
    {"5.4 many controls between",
     &server,
     {F(TEXT_, "a"), F(PING, "p"), F(PONG, "q"), F(CONT_, ""), F(PING, ""), F(CONT, "b")},
     "ping(p) pong(q) ping() text(ab)"},
    {"5.4 a close between", &server, {F(TEXT_, "a"), F(CLOSE, "\x03\xE8")}, "close(1000,)"},
    {"5.4 nothing to continue", &server, {F(CONT, "x")}, "error(1002)"},
    {"5.4 nothing to continue, not final", &server, {F(CONT_, "x")}, "error(1002)"},
    {"5.4 nothing to continue after a message",
     &server,
     {F(TEXT_, "a"), F(CONT, "b"), F(CONT_, "c")},
     "text(ab) error(1002)"},
    {"5.4 a text within a text", &server, {F(TEXT_, "a"), F(TEXT, "b")}, "error(1002)"},
    {"5.4 a binary within a text",
     &server,
     {F(TEXT_, "a"), F(CONT_, "b"), F(BINARY_, "c")},
     "error(1002)"},
    {"5.4 RSV1 on a continuation", &server, {F(TEXT_, "a"), F(0xC0, "b")}, "error(1002)"},
    /* 5.5: control frames */
    {"5.5 a ping in fragments", &server, {F(0x09, "a"), F(CONT, "b")}, "error(1002)"},
    {"5.5 a pong in fragments", &server, {F(0x0A, "a"), F(CONT, "b")}, "error(1002)"},
    {"5.5 a close in fragments", &server, {F(0x08, ""), F(CONT, "")}, "error(1002)"},
    {"5.5 a ping of 126", &server, {F(PING, P125 "x")}, "error(1002)"},
    {"5.5 a pong of 126", &server, {F(PONG, P125 "x")}, "error(1002)"},
    {"5.5 a close of 126", &server, {F(CLOSE, "\x03\xE8" P125)}, "error(1002)"},
    {"5.5.2 an empty ping", &server, {F(PING, "")}, "ping()"},
    {"5.5.2 a ping of any bytes", &server, {F(PING, "\0\xFF\xFE\xFD")}, "ping(\\00\\ff\\fe\\fd)"},
    {"5.5.3 pongs that nobody asked for",
     &server,
     {F(PONG, ""), F(PONG, "x"), F(PING, "y")},
     "pong() pong(x) ping(y)"},
    /* 5.5.1, 7: closing */
    {"7.1.5 no code", &server, {F(CLOSE, "")}, "close(1005,)"},
    {"5.5.1 one byte", &server, {F(CLOSE, "\x03")}, "error(1002)"},
    {"5.5.1 a code", &server, {F(CLOSE, "\x03\xE8")}, "close(1000,)"},
    {"5.5.1 a code and a reason",
     &server,
     {F(CLOSE, "\x03\xE8Good bye \xE2\x82\xAC")},
     "close(1000,Good bye \\e2\\82\\ac)"},
    {"5.5.1 a reason that is not UTF-8",
     &server,
     {F(CLOSE, "\x03\xE8\xCE\xBA\xED\xA0\x80")},
     "error(1007)"},
    {"5.5.1 a reason cut in a character", &server, {F(CLOSE, "\x03\xE8\xE2\x82")}, "error(1007)"},
    {"5.5.1 nothing is heard after a close",
     &server,
     {F(CLOSE, ""), F(TEXT, "x"), F(0xF3, "junk"), F(PING, "")},
     "close(1005,)"},
    {"5.5.1 a close before the rest of a message",
     &server,
     {F(TEXT_, "a"), F(CLOSE, ""), F(CONT, "b")},
     "close(1005,)"},
    /* limits */
    {"limit: a message of the limit", &tight, {F(TEXT, "12345678")}, "text(12345678)"},
    {"limit: one byte more", &tight, {F(TEXT, "123456789")}, "error(1009)"},
    {"limit: told by the head alone", &tight, {RAW("\x82\xFE\x01\x00\0\0\0\0")}, "error(1009)"},
    {"limit: fragments of the limit together",
     &tight,
     {F(TEXT_, "1234"), F(CONT, "5678")},
     "text(12345678)"},
    {"limit: fragments over it", &tight, {F(TEXT_, "1234"), F(CONT, "56789")}, "error(1009)"},
    {"limit: as many fragments as allowed",
     &tight,
     {F(TEXT_, "1"), F(CONT_, "2"), F(CONT, "3"), F(TEXT_, "4"), F(CONT, "5")},
     "text(123) text(45)"},
    {"limit: one fragment more",
     &tight,
     {F(TEXT_, "1"), F(CONT_, "2"), F(CONT_, "3"), F(CONT, "4")},
     "error(1009)"},
    {"limit: empty fragments count",
     &tight,
     {F(TEXT_, ""), F(CONT_, ""), F(CONT_, ""), F(CONT_, "")},
     "error(1009)"},
    {"limit: controls do not count",
     &tight,
     {F(TEXT_, "1"), F(PING, "23456789"), F(CONT_, "2"), F(PING, ""), F(CONT, "3")},
     "ping(23456789) ping() text(123)"},
    /* 8.1: text that is not UTF-8, wherever the fragments cut it */
    {"8.1 a bad text", &server, {F(TEXT, "\xCE\xBA\xED\xA0\x80")}, "error(1007)"},
    {"8.1 the same bytes as binary",
     &server,
     {F(BINARY, "\xCE\xBA\xED\xA0\x80")},
     "binary(\\ce\\ba\\ed\\a0\\80)"},
    {"8.1 cut at the end", &server, {F(TEXT, "\xCE\xBA\xE2\x82")}, "error(1007)"},
    {"8.1 a character over fragments",
     &server,
     {F(TEXT_, "\xF0\x9F"), F(CONT_, "\x98"), F(CONT, "\x80")},
     "text(\\f0\\9f\\98\\80)"},
    {"8.1 a character over fragments with a ping in it",
     &server,
     {F(TEXT_, "\xF0\x9F"), F(PING, "\xFF"), F(CONT, "\x98\x80")},
     "ping(\\ff) text(\\f0\\9f\\98\\80)"},
    {"8.1 bad over fragments",
     &server,
     {F(TEXT_, "\xF4"), F(CONT_, "\x90"), F(CONT, "\x80\x80")},
     "error(1007)"},
    {"8.1 cut at the end of the last fragment",
     &server,
     {F(TEXT_, "a"), F(CONT, "\xE2\x82")},
     "error(1007)"},
    {"8.1 the state does not outlive a message",
     &server,
     {F(TEXT_, "\xC3"), F(CONT, "\xA9"), F(TEXT, "a"), F(TEXT_, "b"), F(CONT, "c")},
     "text(\\c3\\a9) text(a) text(bc)"},
};

static void transcript_check(const struct decode_case *c, struct str stream, struct script_cut cut)
{
    struct buf got;
    buf_init(&got, 65536);
    script_run(c->config, false, stream, cut, &got);
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
        script_put_all(&stream, cases[i].puts, 8, !cases[i].config->client);
        transcript_check(&cases[i], buf_str(&stream), (struct script_cut){0});
        transcript_check(&cases[i], buf_str(&stream), (struct script_cut){.every = 1});
        for (size_t at = 1; at < stream.n; at++)
            transcript_check(&cases[i], buf_str(&stream), (struct script_cut){.at = at});
        buf_fini(&stream);
    }
}

/* Autobahn's first section: every length where the form of the head changes, whole and chopped. */
static void test_lengths(void **state)
{
    static const size_t lengths[] = {0, 1, 7, 8, 9, 125, 126, 127, 128, 4095, 65535, 65536};
    (void)state;
    char *payload = mem_alloc(65536);
    for (size_t i = 0; i < 65536; i++)
        payload[i] = (char)(' ' + i % 95);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int first = TEXT; first <= BINARY; first++) {
            struct buf stream, whole, cut;
            buf_init(&stream, 1 << 20);
            buf_init(&whole, 4096);
            script_put_frame(&stream, first, true, payload, lengths[i]);
            script_put_frame(&stream, PING, true, "end", 3);
            assert_int_equal(
                script_run(&server, false, buf_str(&stream), (struct script_cut){0}, &whole), 2);
            static const size_t every[] = {1, 2, 3, 14, 997, 65536};
            for (size_t k = 0; k < sizeof every / sizeof *every; k++) {
                buf_init(&cut, 4096);
                script_run(&server, false, buf_str(&stream), (struct script_cut){.every = every[k]},
                           &cut);
                assert_string_equal(cut.p, whole.p);
                buf_fini(&cut);
            }
            buf_fini(&stream);
            buf_fini(&whole);
        }
    }
    mem_free(payload);
}

/* What is whole in the input is lent from the input, and costs no memory. */
static void test_whole_frames_stay_where_they_are(void **state)
{
    (void)state;
    struct ws_decoder d;
    ws_decoder_init(&d, &server, true);
    struct buf stream;
    buf_init(&stream, 4096);
    script_put_frame(&stream, TEXT, true, "Hello", 5);
    script_put_frame(&stream, PING, true, "there", 5);
    size_t used;
    struct ws_item item;
    assert_int_equal(ws_decode(&d, stream.p, stream.n, &used, &item), WS_MESSAGE);
    assert_int_equal(used, 11);
    assert_ptr_equal(item.payload.p, stream.p + 6);
    assert_memory_equal(item.payload.p, "Hello", 5);
    assert_int_equal(ws_decode(&d, stream.p + 11, stream.n - 11, &used, &item), WS_CONTROL);
    assert_ptr_equal(item.payload.p, stream.p + 17);
    assert_null(d.gather);
    assert_int_equal(ws_decode(&d, stream.p + 22, 0, &used, &item), WS_MORE);
    ws_decoder_fini(&d);
    buf_fini(&stream);
}

/* The gather lives from the first piece to the call after the item, no longer. */
static void test_gather_is_given_back(void **state)
{
    (void)state;
    struct ws_decoder d;
    ws_decoder_init(&d, &server, false);
    struct buf stream;
    buf_init(&stream, 4096);
    script_put_frame(&stream, TEXT, true, "Hello", 5);
    size_t used;
    struct ws_item item;
    assert_int_equal(ws_decode(&d, stream.p, 1, &used, &item), WS_MORE);
    assert_non_null(d.gather);
    assert_int_equal(ws_decode(&d, stream.p + 1, 10, &used, &item), WS_MESSAGE);
    assert_memory_equal(item.payload.p, "Hello", 5);
    assert_int_equal(ws_decode(&d, stream.p + 11, 0, &used, &item), WS_MORE);
    assert_null(d.gather);
    ws_decoder_fini(&d);
    buf_fini(&stream);
}

/* A head may announce 64 MiB; memory comes with the bytes only. */
static void test_announced_length_allocates_nothing(void **state)
{
    (void)state;
    static const struct ws_config big = {.message_max = (size_t)64 << 20, .fragments_max = 1};
    struct ws_decoder d;
    ws_decoder_init(&d, &big, false);
    char bytes[] = "\x82\xFF\0\0\0\0\x04\0\0\0\0\0\0\0some bytes";
    size_t used, before = script_heap_bytes();
    struct ws_item item;
    assert_int_equal(ws_decode(&d, bytes, sizeof bytes - 1, &used, &item), WS_MORE);
    assert_in_range(script_heap_bytes() - before, 1, 4096);
    ws_decoder_fini(&d);
    assert_int_equal(script_heap_bytes(), before);
}

/* Section 7.4, and IANA's registry: each of the 65536 codes. */
static void test_close_codes(void **state)
{
    static const struct {
        unsigned from, to;
    } valid[] = {{1000, 1003}, {1007, 1014}, {3000, 4999}};
    (void)state;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        bool is_valid = false;
        for (size_t i = 0; i < 3; i++)
            is_valid = is_valid || (code >= valid[i].from && code <= valid[i].to);
        struct buf stream;
        buf_init(&stream, 64);
        char payload[2] = {(char)(code >> 8), (char)(code & 0xFF)};
        script_put_frame(&stream, CLOSE, true, payload, 2);
        struct ws_decoder d;
        ws_decoder_init(&d, &server, false);
        size_t used;
        struct ws_item item;
        enum ws_result result = ws_decode(&d, stream.p, stream.n, &used, &item);
        assert_int_equal(result, is_valid ? WS_CONTROL : WS_ERROR);
        assert_int_equal(item.code, is_valid ? code : WS_CLOSE_PROTOCOL);
        ws_decoder_fini(&d);
        buf_fini(&stream);
    }
}

/* Valid, nearly valid and broken streams: the same end in every cut. */
static void test_random_streams_in_random_cuts(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct rand_seeded r;
        rand_seed(&r, seed);
        struct buf stream, whole, cut;
        buf_init(&stream, 1 << 16);
        buf_init(&whole, 1 << 20);
        buf_init(&cut, 1 << 20);
        script_put_random(&stream, &r, seed % 2 == 0);
        script_run(&server, true, buf_str(&stream), (struct script_cut){0}, &whole);
        script_run(&server, true, buf_str(&stream), (struct script_cut){.rand = &r}, &cut);
        if (strcmp(whole.p, cut.p) != 0)
            fail_msg("seed %llu: %s, but in pieces %s", (unsigned long long)seed, whole.p, cut.p);
        buf_fini(&stream);
        buf_fini(&whole);
        buf_fini(&cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_in_every_cut),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_whole_frames_stay_where_they_are),
        cmocka_unit_test(test_gather_is_given_back),
        cmocka_unit_test(test_announced_length_allocates_nothing),
        cmocka_unit_test(test_close_codes),
        cmocka_unit_test(test_random_streams_in_random_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

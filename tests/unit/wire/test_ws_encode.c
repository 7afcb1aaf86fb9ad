#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/ws.h"
#include "wire/ws_mask.h"
#include "ws_script.h"

static void test_heads(void **state)
{
    static const struct {
        size_t n;
        bool compressed;
        const char *head;
        size_t head_n;
    } cases[] = {
        {0, false, "\x81\x00", 2},
        {125, true, "\xC1\x7D", 2},
        {126, false, "\x81\x7E\x00\x7E", 4},
        {65535, true, "\xC1\x7E\xFF\xFF", 4},
        {65536, false, "\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10},
        {0x123456789A, false, "\x81\x7F\x00\x00\x00\x12\x34\x56\x78\x9A", 10},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[WS_HEAD_MAX];
        assert_int_equal(ws_head(WS_TEXT, cases[i].compressed, cases[i].n, head), cases[i].head_n);
        assert_int_equal(ws_head_len(cases[i].n), cases[i].head_n);
        assert_memory_equal(head, cases[i].head, cases[i].head_n);
    }
}

static void test_frames(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 10);
    ws_put_frame(&out, WS_PONG, STR("abc"));
    ws_put_frame(&out, WS_TEXT, STR_NONE);
    assert_int_equal(out.n, 7);
    assert_memory_equal(out.p,
                        "\x8A\x03"
                        "abc\x81\x00",
                        7);
    ws_put_frame(&out, WS_TEXT, STR("xy")); /* over the buffer's limit */
    assert_true(out.failed);
    assert_int_equal(out.n, 7);
    buf_fini(&out);
}

static void test_masked_frames(void **state)
{
    static const struct ws_config server = {.message_max = 100000, .fragments_max = 1};
    static const size_t sizes[] = {0, 1, 5, 125, 126, 65535, 65536, 70001};
    (void)state;
    char *payload = mem_alloc(70001);
    for (size_t i = 0; i < 70001; i++)
        payload[i] = (char)(i * 7);
    char keys[2][4];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf out;
        buf_init(&out, 1 << 17);
        ws_put_frame_masked(&out, WS_BINARY, (struct str){payload, sizes[i]});
        memcpy(keys[i % 2], out.p + ws_head_len(sizes[i]), 4);
        struct ws_decoder d;
        ws_decoder_init(&d, &server, false);
        size_t used;
        struct ws_item item;
        assert_int_equal(ws_decode(&d, out.p, out.n, &used, &item), WS_MESSAGE);
        assert_int_equal(used, out.n);
        assert_int_equal(item.opcode, WS_BINARY);
        assert_int_equal(item.payload.n, sizes[i]);
        assert_memory_equal(item.payload.p, payload, sizes[i]);
        ws_decoder_fini(&d);
        buf_fini(&out);
    }
    assert_memory_not_equal(keys[0], keys[1], 4); /* once in 2^32 */
    mem_free(payload);
}

/* The words against the definition, at every length, start and phase that matters. */
static void test_mask(void **state)
{
    static const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};
    (void)state;
    for (size_t n = 0; n < 100; n++) {
        for (size_t phase = 0; phase < 4; phase++) {
            for (size_t start = 0; start < 9; start++) {
                char got[120], want[120];
                for (size_t i = 0; i < sizeof got; i++)
                    got[i] = want[i] = (char)(i * 37);
                for (size_t i = 0; i < n; i++)
                    want[start + i] = (char)(want[start + i] ^ key[(phase + i) % 4]);
                ws_mask(got + start, n, key, phase);
                assert_memory_equal(got, want, sizeof got);
            }
        }
    }
}

static void test_close_frames(void **state)
{
    (void)state;
    char out[WS_CLOSE_FRAME_MAX];
    assert_int_equal(ws_close_frame(WS_CLOSE_NO_STATUS, STR_NONE, out), 2);
    assert_memory_equal(out, "\x88\x00", 2);
    assert_int_equal(ws_close_frame(WS_CLOSE_SLOW, STR("slow"), out), 8);
    assert_memory_equal(out, "\x88\x06\x0F\xA8slow", 8);

    char longest[200];
    memset(longest, 'r', sizeof longest);
    assert_int_equal(ws_close_frame(WS_CLOSE_NORMAL, (struct str){longest, 200}, out), 127);
    assert_int_equal(out[1], 125);
    memcpy(longest + 121, "\xE2\x82\xAC", 3); /* bytes 121 to 123: one too many */
    assert_int_equal(ws_close_frame(WS_CLOSE_NORMAL, (struct str){longest, 200}, out), 2 + 2 + 121);
    assert_true(str_is_utf8((struct str){out + 4, 121}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),         cmocka_unit_test(test_frames),
        cmocka_unit_test(test_masked_frames), cmocka_unit_test(test_mask),
        cmocka_unit_test(test_close_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

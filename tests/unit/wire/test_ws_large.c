/* Messages of up to 64 MiB, echoed: whole, in reads of a socket's size, in thousands of fragments,
 * byte by byte, compressed; and that the cost grows with the bytes and not with their square. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ws_script.h"

#define MIB ((size_t)1 << 20)

static const struct ws_config server = {.message_max = 64 * MIB, .fragments_max = 100000};
static const struct ws_config client = {true, 64 * MIB, 1};

static struct str big_text(size_t n)
{
    char *p = mem_alloc(n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + i * 7 % 23 + i / 4096 % 3);
    return (struct str){p, n};
}

static uint32_t sum_of(struct str s)
{
    return (uint32_t)crc32_z(0, (const Bytef *)(const void *)s.p, s.n);
}

/* The stream is decoded in place, in pieces of `every`; its one message is sent back, and decoded
 * again by a client. */
static void echo_check(struct buf *stream, size_t every, bool deflate, struct str want)
{
    struct ws_decoder d, back;
    ws_decoder_init(&d, &server, deflate);
    ws_decoder_init(&back, &client, false);
    size_t at = 0, used, messages = 0;
    struct ws_item item;
    while (at < stream->n) {
        size_t n = stream->n - at < every ? stream->n - at : every;
        enum ws_result result = ws_decode(&d, stream->p + at, n, &used, &item);
        at += used;
        if (result == WS_MORE)
            continue;
        assert_int_equal(result, WS_MESSAGE);
        struct buf echo;
        buf_init(&echo, 65 * MIB);
        ws_put_frame(&echo, item.opcode, item.payload);
        assert_int_equal(ws_decode(&back, echo.p, echo.n, &used, &item), WS_MESSAGE);
        assert_int_equal(item.payload.n, want.n);
        assert_int_equal(sum_of(item.payload), sum_of(want));
        buf_fini(&echo);
        messages++;
    }
    assert_int_equal(messages, 1);
    assert_int_equal(ws_decode(&d, stream->p, 0, &used, &item), WS_MORE);
    assert_null(d.gather);
    ws_decoder_fini(&d);
    ws_decoder_fini(&back);
}

static void put_fragments(struct buf *out, struct str text, size_t every)
{
    for (size_t at = 0; at < text.n; at += every) {
        size_t n = text.n - at < every ? text.n - at : every;
        script_put_frame(out, (at == 0 ? 1 : 0) | (at + n == text.n ? 0x80 : 0), true, text.p + at,
                         n);
    }
}

static void test_echo(void **state)
{
    static const struct {
        size_t size, fragment, every;
    } cases[] = {
        {64 * MIB, 64 * MIB, 128 * MIB},
        {64 * MIB, 64 * MIB, 65536},
        {64 * MIB, 4096, 128 * MIB},
        {64 * MIB, 1000, 65536},
        {4 * MIB, 64, 2048},
        {2 * MIB, 2 * MIB, 1},
        {2 * MIB, 64, 1},
        {65536, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str text = big_text(cases[i].size);
        struct buf stream;
        buf_init(&stream, SCRIPT_STREAM_MAX);
        put_fragments(&stream, text, cases[i].fragment);
        echo_check(&stream, cases[i].every, false, text);
        buf_fini(&stream);
        mem_free((void *)(uintptr_t)text.p);
    }
}

static void test_echo_compressed(void **state)
{
    (void)state;
    struct str text = big_text(64 * MIB);
    struct buf stream;
    buf_init(&stream, SCRIPT_STREAM_MAX);
    script_put_deflated(&stream, 0xC1, true, text);
    echo_check(&stream, 65536, true, text);
    buf_fini(&stream);
    mem_free((void *)(uintptr_t)text.p);
}

static int64_t bytewise_us(size_t size)
{
    struct str text = big_text(size);
    struct buf stream;
    buf_init(&stream, SCRIPT_STREAM_MAX);
    put_fragments(&stream, text, 64);
    int64_t start = clock_steady_us(&clock_system);
    echo_check(&stream, 1, false, text);
    int64_t took = clock_steady_us(&clock_system) - start;
    buf_fini(&stream);
    mem_free((void *)(uintptr_t)text.p);
    return took;
}

/* 32 times the bytes cost 32 times as much; 1024 times if they were looked at again and again. */
static void test_cost_is_linear(void **state)
{
    (void)state;
    int64_t small = bytewise_us(65536), large = bytewise_us(2 * MIB);
    assert_in_range(large, 1, 200 * small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_echo_compressed),
        cmocka_unit_test(test_cost_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Envelopes, header blocks, compression, limits of answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <zlib.h>

#include <cmocka.h>

#include "delivery/http/response.h"
#include "wire/gzip.h"

static struct response answer;

static int setup(void **state)
{
    (void)state;
    response_init(&answer);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    response_fini(&answer);
    return 0;
}

static void assert_body(const char *text)
{
    assert_int_equal(answer.body.n, strlen(text));
    assert_memory_equal(answer.body.p, text, answer.body.n);
}

static void test_envelopes(void **state)
{
    (void)state;
    response_success(&answer, "done \"well\"");
    assert_body("{\"status\":\"success\",\"message\":\"done \\\"well\\\"\"}");
    response_reset(&answer);
    buf_puts(response_data_begin(&answer, "here"), "[1]");
    response_data_end(&answer);
    assert_body("{\"status\":\"success\",\"message\":\"here\",\"data\":[1]}");
    assert_int_equal(answer.status, 200);
}

/* A failure replaces what a handler had written already. */
static void test_failures(void **state)
{
    (void)state;
    struct fault f;
    response_data_begin(&answer, "half of it");
    buf_puts(&answer.fields, "Set-Cookie: a=b\r\n");
    fault_set(&f, ERR_RATE_LIMITED, NULL);
    f.retry_after_ms = 1500;
    response_fail(&answer, &f);
    assert_int_equal(answer.status, 429);
    assert_int_equal(answer.retry_after_ms, 1500);
    assert_int_equal(answer.fields.n, 0);
    assert_body("{\"status\":\"fail\",\"message\":\"Too many requests; wait a moment\","
                "\"code\":\"rate_limited\",\"retry_after_ms\":1500}");
    response_fail_err(&answer, ERR_NOT_MEMBER);
    assert_int_equal(answer.status, 403);
    assert_int_equal(answer.retry_after_ms, 0);
    assert_body("{\"status\":\"fail\",\"message\":\"Not a member of this channel\","
                "\"code\":\"forbidden\"}");
}

/* Whoever is told to come back is told when. */
static void test_503_and_429_always_say_when(void **state)
{
    (void)state;
    static const enum err errors[] = {ERR_UNAVAILABLE, ERR_UNKNOWN, ERR_RATE_LIMITED};
    for (size_t i = 0; i < 3; i++) {
        response_fail_err(&answer, errors[i]);
        assert_true(answer.retry_after_ms > 0);
    }
}

static void test_refusals_have_codes(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code;
    } cases[] = {{400, "bad_request"}, {408, "bad_request"}, {413, "too_large"},
                 {414, "too_large"},   {417, "bad_request"}, {426, "bad_request"},
                 {431, "too_large"},   {501, "bad_request"}, {505, "bad_request"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[96];
        response_refuse(&answer, cases[i].status, "why");
        snprintf(expected, sizeof expected,
                 "{\"status\":\"fail\",\"message\":\"why\",\"code\":\"%s\"}", cases[i].code);
        assert_int_equal(answer.status, cases[i].status);
        assert_body(expected);
    }
}

static void assert_head(const struct response_frame *frame, const char *text)
{
    struct buf out;
    buf_init(&out, 8192);
    response_head(&answer, frame, &out);
    buf_putc(&out, '\0');
    assert_string_equal(out.p, text);
    buf_fini(&out);
}

#define SAFE                              \
    "X-Content-Type-Options: nosniff\r\n" \
    "Referrer-Policy: no-referrer\r\n"

static void test_heads(void **state)
{
    (void)state;
    response_fail_err(&answer, ERR_UNAVAILABLE);
    answer.retry_after_ms = 1001;
    assert_head(&(struct response_frame){.allow_origin = STR("https://a.org"),
                                         .varies_by_origin = true,
                                         .close = true,
                                         .now_s = 784111777},
                "HTTP/1.1 503 Service Unavailable\r\n"
                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                "Content-Type: application/json; charset=utf-8\r\n"
                "Content-Length: 120\r\n"
                "Retry-After: 2\r\n"
                "Access-Control-Allow-Origin: https://a.org\r\n"
                "Access-Control-Expose-Headers: Retry-After\r\n"
                "Vary: Origin\r\n"
                "Cache-Control: no-store\r\n" SAFE "Connection: close\r\n\r\n");
    response_reset(&answer);
    answer.type = "text/html";
    answer.cache = "no-cache";
    answer.varies_by_coding = true;
    buf_puts(&answer.fields, "ETag: \"x\"\r\n");
    assert_head(&(struct response_frame){.varies_by_origin = true, .say_keep_alive = true},
                "HTTP/1.1 200 OK\r\n"
                "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                "Content-Type: text/html\r\n"
                "Content-Length: 0\r\n"
                "Vary: Origin, Accept-Encoding\r\n"
                "Cache-Control: no-cache\r\n" SAFE "ETag: \"x\"\r\n"
                "Connection: keep-alive\r\n\r\n");
    answer.status = 304;
    answer.varies_by_coding = false;
    assert_head(&(struct response_frame){0},
                "HTTP/1.1 304 Not Modified\r\n"
                "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                "Cache-Control: no-cache\r\n" SAFE "ETag: \"x\"\r\n\r\n");
}

static void body_fill(size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_putc(&answer.body, (char)('a' + i % 7));
}

static void assert_inflates_to(const struct bytes *gzip, struct str text)
{
    static unsigned char out[100000];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)gzip->data,
                  .avail_in = (uInt)gzip->len,
                  .next_out = out,
                  .avail_out = sizeof out};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, text.n);
    assert_memory_equal(out, text.p, text.n);
    inflateEnd(&z);
}

static void test_compression(void **state)
{
    (void)state;
    body_fill(50000);
    struct buf copy;
    buf_init(&copy, 50000);
    buf_put(&copy, answer.body.p, answer.body.n);
    response_compress(&answer, true);
    assert_true(answer.gzip && answer.varies_by_coding);
    assert_int_equal(response_length(&answer), answer.shared->len);
    assert_inflates_to(answer.shared, buf_str(&copy));
    buf_fini(&copy);
}

static void test_compression_is_left_out(void **state)
{
    (void)state;
    body_fill(HTTP_GZIP_BYTES_MIN - 1); /* small */
    response_compress(&answer, true);
    assert_true(!answer.gzip && !answer.varies_by_coding && answer.shared == NULL);
    body_fill(1);
    response_compress(&answer, false); /* not accepted */
    assert_true(!answer.gzip && answer.varies_by_coding && answer.shared == NULL);
    answer.type = "image/png";
    answer.varies_by_coding = false;
    response_compress(&answer, true); /* not JSON */
    assert_true(!answer.gzip && !answer.varies_by_coding && answer.shared == NULL);
}

/* What does not get smaller stays as it is. */
static void test_noise_is_not_compressed(void **state)
{
    (void)state;
    uint32_t x = 1;
    for (int i = 0; i < 4096; i++) {
        x = x * 1664525 + 1013904223;
        buf_putc(&answer.body, (char)(x >> 24));
    }
    assert_null(gzip_bytes(buf_str(&answer.body)));
    response_compress(&answer, true);
    assert_true(!answer.gzip && answer.shared == NULL);
    assert_int_equal(response_length(&answer), 4096);
}

static void test_body_has_a_limit(void **state)
{
    (void)state;
    char *room = buf_reserve(&answer.body, HTTP_ANSWER_BYTES_MAX);
    assert_non_null(room);
    memset(room, 'x', HTTP_ANSWER_BYTES_MAX);
    answer.body.n = HTTP_ANSWER_BYTES_MAX;
    buf_putc(&answer.body, 'x');
    assert_true(answer.body.failed);
    response_compress(&answer, true);
    assert_null(answer.shared);
}

#define RUN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(test_envelopes),
        RUN(test_failures),
        RUN(test_503_and_429_always_say_when),
        RUN(test_refusals_have_codes),
        RUN(test_heads),
        RUN(test_compression),
        RUN(test_compression_is_left_out),
        RUN(test_noise_is_not_compressed),
        RUN(test_body_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

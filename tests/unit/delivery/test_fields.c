/* What a body may be, apart from what its fields say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "kit.h"

#define NOT_JSON "The body is not valid JSON"

static const struct body_case {
    const char *body, *message; /* the beginning of it */
} cases[] = {
    {"", NOT_JSON},
    {"{", NOT_JSON},
    {"{}x", NOT_JSON},
    {"{\"email\":\"a\",\"email\":\"b\"}", NOT_JSON},
    {"{\"email\":\"\\ud800\"}", NOT_JSON},
    {"{\"email\":\"\xff\"}", NOT_JSON},
    {"{\"email\":\"\xc0\xaf\"}", NOT_JSON},
    {"{\"email\":\"a\nb\"}", NOT_JSON},
    {"{\"email\":1e999}", NOT_JSON},
    {"{\"email\":NaN}", NOT_JSON},
    {"{\"email\":99999999999999999999}", NOT_JSON},
    {"{'email':'a'}", NOT_JSON},
    {"{\"email\":\"a\",}", NOT_JSON},
    {"\"x\"", NOT_JSON},
    {"null", NOT_JSON},
    {"7", NOT_JSON},
    {"[]", "The body should be a JSON object"},
    {"{}", "The Field: email, password is required"},
    {" \t\r\n{ } ", "The Field: email, password is required"},
    {"{\"more\":{\"and\":[1,2.5,true,null]}}", "The Field: email, password is required"},
};

static void test_bodies(void **state)
{
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(kit_ask(k, NULL, "POST", "/api/login", cases[i].body), 400);
        const char *message = json_string_value(json_object_get(k->json, "message"));
        assert_memory_equal(message, cases[i].message, strlen(cases[i].message));
        assert_string_equal(json_string_value(json_object_get(k->json, "code")), "bad_request");
    }
}

static void ask_nested(struct kit *k, int depth, const char *head)
{
    struct buf body;
    buf_init(&body, 65536);
    buf_puts(&body, head);
    for (int i = 0; i < depth; i++)
        buf_putc(&body, '[');
    for (int i = 0; i < depth; i++)
        buf_putc(&body, ']');
    buf_puts(&body, "}");
    buf_putc(&body, '\0');
    kit_ask(k, NULL, "POST", "/api/login", body.p);
    buf_fini(&body);
}

/* The object itself is the first level. Brackets in strings are none. */
static void test_depth(void **state)
{
    struct kit *k = *state;
    ask_nested(k, 31, "{\"z\":");
    kit_assert_fail(k, 400, "bad_request", "The Field: email, password is required");
    ask_nested(k, 32, "{\"z\":");
    kit_assert_fail(k, 400, "bad_request", "The body is nested deeper than 32 levels");
    ask_nested(k, 30000, "{\"z\":");
    kit_assert_fail(k, 400, "bad_request", "The body is nested deeper than 32 levels");
    ask_nested(k, 31, "{\"x\":\"[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\\\",\"z\":");
    kit_assert_fail(k, 400, "bad_request", "The Field: email, password is required");
    ask_nested(k, 0, "{\"a\":[],\"b\":[],\"c\":[[]],\"d\":{}");
    kit_assert_fail(k, 400, "bad_request", "The Field: email, password is required");
}

static void test_body_limit(void **state)
{
    struct kit *k = *state;
    struct buf body;
    buf_init(&body, 70000);
    buf_puts(&body, "{\"email\":\"");
    while (body.n < 65534)
        buf_putc(&body, 'x');
    buf_puts(&body, "\"}");
    assert_int_equal(body.n, 65536);
    buf_putc(&body, '\0');
    kit_refused(k, NULL, "POST", "/api/login", body.p, 400, "bad_request",
                "The Field: password is required");
    body.n--;
    buf_puts(&body, " ");
    buf_putc(&body, '\0');
    kit_refused(k, NULL, "POST", "/api/login", body.p, 413, "too_large",
                "The request body is too large");
    buf_fini(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_RUN(test_bodies),
        KIT_RUN(test_depth),
        KIT_RUN(test_body_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

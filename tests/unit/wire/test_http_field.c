#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/http.h"

static const struct http_limits limits = {16384, 100, 65536};

/* A parser that holds a request with these header lines. */
static struct http_parser *request_with(const char *lines)
{
    struct http_parser *p = http_parser_new(&limits);
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
    size_t used;
    assert_int_equal(http_parse(p, text.p, text.n, &used), HTTP_HEAD);
    buf_fini(&text);
    return p;
}

static void test_field_get(void **state)
{
    (void)state;
    struct http_parser *p = request_with("X-A: one\r\nx-a: two\r\nEmpty:\r\n");
    const struct http_request *r = http_parser_request(p);
    struct str value;
    assert_true(http_field_get(r, "X-a", &value));
    assert_true(str_eq(value, STR("one")));
    assert_true(http_field_get(r, "empty", &value));
    assert_int_equal(value.n, 0);
    assert_false(http_field_get(r, "X-", &value));
    assert_null(value.p);
    http_parser_free(p);
}

static void test_has_token(void **state)
{
    (void)state;
    struct http_parser *p =
        request_with("X-List: , keep-alive ,\tUpgrade\r\nX-List: \"a, close\"\r\nEmpty:\r\n");
    const struct http_request *r = http_parser_request(p);
    assert_true(http_field_has_token(r, "x-list", "keep-alive"));
    assert_true(http_field_has_token(r, "x-list", "upgrade"));
    assert_false(http_field_has_token(r, "x-list", "close")); /* within a string */
    assert_false(http_field_has_token(r, "x-list", "keep"));
    assert_false(http_field_has_token(r, "empty", "x"));
    assert_false(http_field_has_token(r, "absent", "x"));
    http_parser_free(p);
}

static void test_cookies(void **state)
{
    static const struct {
        const char *lines, *value; /* of the cookie "s"; NULL: absent */
    } cases[] = {
        {"", NULL},
        {"Cookie: s=abc\r\n", "abc"},
        {"cookie: a=b; s=abc; s=second\r\n", "abc"},
        {"Cookie: a=b;s=abc;\r\n", "abc"},
        {"Cookie: a=b\r\nCookie: s=abc\r\n", "abc"},
        {"Cookie: s=a=b==\r\n", "a=b=="},
        {"Cookie: s=\r\n", ""},
        {"Cookie: s=\"q\"\r\n", "\"q\""},
        {"Cookie:  s = abc  \r\n", "abc"},
        {"Cookie: S=abc\r\n", NULL}, /* names have a case */
        {"Cookie: s\r\n", NULL},
        {"Cookie: xs=abc; sx=abc\r\n", NULL},
        {"Cookie: a=\"x; s=abc\"\r\n", "abc\""}, /* quotes hold no semicolon back */
        {"Cookie: ;;=;s=1\r\n", "1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_parser *p = request_with(cases[i].lines);
        struct str value = STR("untouched");
        bool found = http_cookie_get(http_parser_request(p), "s", &value);
        if (found != (cases[i].value != NULL) || !str_eq(value, str_of(cases[i].value)))
            fail_msg("%s: %.*s", cases[i].lines, STR_FMT(value));
        http_parser_free(p);
    }
}

static void test_query(void **state)
{
    static const struct {
        const char *query;
        int result;
        const char *value; /* of "cursor" */
    } cases[] = {
        {"", 0, NULL},
        {"cursor=abc", 1, "abc"},
        {"a=b&cursor=abc&cursor=second", 1, "abc"},
        {"cursor", 1, ""},
        {"cursor=", 1, ""},
        {"cursor&a", 1, ""},
        {"&&cursor=x&", 1, "x"},
        {"cursorx=1&xcursor=2&Cursor=3", 0, NULL},
        {"cursor=eyd+/==", 1, "eyd+/=="},
        {"cursor=eyd%2B%2f%3D=", 1, "eyd+/=="},
        {"c%75rsor=x", 1, "x"},
        {"cursor=%E2%82%AC", 1, "\xE2\x82\xAC"},
        {"cursor=a%", -1, NULL},
        {"cursor=a%4", -1, NULL},
        {"cursor=a%4x", -1, NULL},
        {"cursor=a%00b", -1, NULL},
        {"%zz=1&cursor=x", 1, "x"},
        {"cursor=123456789", 1, "123456789"},
        {"cursor=1234567890", -1, NULL}, /* no room for the NUL */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[10] = "";
        size_t len = 99;
        int result = http_query_get(str_of(cases[i].query), "cursor", out, sizeof out, &len);
        if (result != cases[i].result || (result == 1 && strcmp(out, cases[i].value) != 0))
            fail_msg("%s: %d %s", cases[i].query, result, out);
        assert_int_equal(len, result == 1 ? strlen(cases[i].value) : 99);
    }
    size_t len;
    assert_int_equal(http_query_get(STR_NONE, "cursor", NULL, 0, &len), 0);
    assert_int_equal(http_query_get(STR("cursor"), "cursor", NULL, 0, &len), -1);
}

static void test_accepts_coding(void **state)
{
    static const struct {
        const char *lines;
        bool gzip, br, identity;
    } cases[] = {
        {"", false, false, true},
        {"Accept-Encoding:\r\n", false, false, true},
        {"Accept-Encoding: gzip, deflate, br\r\n", true, true, true},
        {"Accept-Encoding: GZIP;q=1.0, br;q=0\r\n", true, false, true},
        {"Accept-Encoding: gzip;q=0.001\r\n", true, false, true},
        {"Accept-Encoding: gzip;q=0.000\r\n", false, false, true},
        {"Accept-Encoding: gzip ; q=0.5 , br ; Q=0\r\n", true, false, true},
        {"Accept-Encoding: *\r\n", true, true, true},
        {"Accept-Encoding: *;q=0, gzip\r\n", true, false, false},
        {"Accept-Encoding: gzip, *;q=0\r\n", true, false, false},
        {"Accept-Encoding: identity;q=0, *\r\n", true, true, false},
        {"Accept-Encoding: identity;q=0\r\n", false, false, false},
        {"Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n", true, true, true},
        {"Accept-Encoding: x-gzip\r\n", true, false, true},
        {"Accept-Encoding: gzipped, xbr\r\n", false, false, true},
        {"Accept-Encoding: gzip;q=, br;q=2\r\n", false, false, true},
        {"Accept-Encoding: gzip;q=1.1, br;q=0.1234\r\n", false, false, true},
        {"Accept-Encoding: gzip;q=x, br;q\r\n", false, false, true},
        {"Accept-Encoding: gzip;q=0.x, br;level=3\r\n", false, true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_parser *p = request_with(cases[i].lines);
        const struct http_request *r = http_parser_request(p);
        if (http_accepts_coding(r, "gzip") != cases[i].gzip ||
            http_accepts_coding(r, "br") != cases[i].br ||
            http_accepts_coding(r, "identity") != cases[i].identity)
            fail_msg("%s", cases[i].lines);
        http_parser_free(p);
    }
}

static void test_reasons(void **state)
{
    (void)state;
    assert_string_equal(http_reason(200), "OK");
    assert_string_equal(http_reason(101), "Switching Protocols");
    assert_string_equal(http_reason(431), "Request Header Fields Too Large");
    assert_string_equal(http_reason(299), "");
    assert_string_equal(http_reason(-1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field_get),      cmocka_unit_test(test_has_token),
        cmocka_unit_test(test_cookies),        cmocka_unit_test(test_query),
        cmocka_unit_test(test_accepts_coding), cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

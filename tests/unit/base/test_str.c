#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

/* UTF-8 as the RFC tells it, straight from the code points: the judge of ours. Returns the length
 * of the sequence at `p`, 0 when there is none. */
static size_t decode(const unsigned char *p, size_t n)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (n == 0)
        return 0;
    size_t len = p[0] < 0x80       ? 1
                 : p[0] >> 5 == 6  ? 2
                 : p[0] >> 4 == 14 ? 3
                 : p[0] >> 3 == 30 ? 4
                                   : 0;
    if (len <= 1 || len > n)
        return len > n ? 0 : len;
    uint32_t c = p[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3F);
    }
    return c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ? 0 : len;
}

static bool judge(const unsigned char *p, size_t n)
{
    while (n > 0) {
        size_t len = decode(p, n);
        if (len == 0)
            return false;
        p += len;
        n -= len;
    }
    return true;
}

/* In memory of exactly that size, so that a read past the end is seen. */
static void assert_judged_alike(const unsigned char *p, size_t n)
{
    char *copy = mem_alloc(n);
    memcpy(copy, p, n);
    struct str s = {copy, n};
    if (str_is_utf8(s) != judge(p, n) || str_utf8_first(s) != decode(p, n))
        fail_msg("%zu bytes: %02x %02x %02x %02x", n, p[0], p[1], p[2], p[3]);
    mem_free(copy);
}

static void utf8_of_every_two_and_three_bytes(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            unsigned char two[4] = {(unsigned char)a, (unsigned char)b, 0, 0};
            assert_judged_alike(two, 1);
            assert_judged_alike(two, 2);
        }
    static const unsigned char edges[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                          0xA0, 0xBF, 0xC0, 0xC2, 0xFF};
    for (unsigned a = 0x80; a < 256; a++)
        for (unsigned b = 0x70; b < 256; b++)
            for (size_t c = 0; c < sizeof edges; c++)
                for (size_t d = 0; d < sizeof edges; d++) {
                    unsigned char p[4] = {(unsigned char)a, (unsigned char)b, edges[c], edges[d]};
                    assert_judged_alike(p, 3);
                    assert_judged_alike(p, 4);
                }
}

static void utf8_of_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c <= 0x110000; c++) {
        unsigned char p[4] = {
            (unsigned char)(0xF0 | c >> 18), (unsigned char)(0x80 | (c >> 12 & 63)),
            (unsigned char)(0x80 | (c >> 6 & 63)), (unsigned char)(0x80 | (c & 63))};
        size_t skip = c < 0x800 ? 2 : c < 0x10000 ? 1 : 0;
        if (skip == 2)
            p[2] = (unsigned char)(0xC0 | c >> 6);
        if (skip == 1)
            p[1] = (unsigned char)(0xE0 | c >> 12);
        struct str s = {(const char *)p + skip, 4 - skip};
        bool valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        if (str_is_utf8(s) != valid)
            fail_msg("U+%04X", (unsigned)c);
        if (valid)
            assert_int_equal(str_chars(s), 1);
    }
}

/* The steps of eight bytes must not lose a bad byte, wherever it stands. */
static void utf8_with_a_bad_byte_anywhere(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 40; n++)
        for (size_t at = 0; at < n; at++) {
            char *text = mem_alloc(n);
            memset(text, 'a', n);
            assert_true(str_is_utf8((struct str){text, n}));
            text[at] = (char)0xFF;
            assert_false(str_is_utf8((struct str){text, n}));
            text[at] = (char)0xC3; /* a sequence that the next byte does not continue */
            assert_false(str_is_utf8((struct str){text, n}));
            if (at + 1 < n) {
                text[at + 1] = (char)0xA9;
                assert_true(str_is_utf8((struct str){text, n}));
                assert_int_equal(str_chars((struct str){text, n}), n - 1);
            }
            mem_free(text);
        }
    assert_true(str_is_utf8(STR_NONE));
    assert_int_equal(str_utf8_first(STR_NONE), 0);
    assert_true(str_is_utf8((struct str){"\0", 1}));
}

static void equal_to_the_last_byte(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), STR("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_true(str_eq(str_of(NULL), STR_NONE));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
}

static void equal_but_for_ascii_case(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_true(str_eq_nocase(STR_NONE, STR("")));
    assert_false(str_eq_nocase(STR("ab"), STR("abc")));
    assert_false(str_eq_nocase(STR("a\0b"), STR("a\0c")));
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            char x = (char)a, y = (char)b;
            bool same = a == b || (a < 128 && b < 128 && (a | 0x20) == (b | 0x20) &&
                                   (a | 0x20) >= 'a' && (a | 0x20) <= 'z');
            assert_int_equal(str_eq_nocase((struct str){&x, 1}, (struct str){&y, 1}), same);
        }
}

static void equal_to_a_secret(void **state)
{
    (void)state;
    assert_true(str_eq_secret(STR("s3cret\0x"), STR("s3cret\0x")));
    assert_false(str_eq_secret(STR("s3cret\0x"), STR("s3cret\0y")));
    assert_false(str_eq_secret(STR("s3cre"), STR("s3cret")));
    assert_false(str_eq_secret(STR(""), STR("s3cret")));
    assert_false(str_eq_secret(STR(""), STR("")));
    assert_false(str_eq_secret(STR_NONE, STR_NONE));
}

static void decimals(void **state)
{
    (void)state;
    unsigned long long v = 7;
    assert_true(str_to_u64(STR("0"), &v));
    assert_int_equal(v, 0);
    assert_true(str_to_u64(STR("007"), &v));
    assert_int_equal(v, 7);
    assert_true(str_to_u64(STR("18446744073709551615"), &v));
    assert_true(v == UINT64_MAX);
    const char *bad[] = {"",
                         "18446744073709551616",
                         "18446744073709551620",
                         "99999999999999999999",
                         "-1",
                         "+1",
                         " 1",
                         "1 ",
                         "1x",
                         "0x10",
                         "1.0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        v = 42;
        assert_false(str_to_u64(str_of(bad[i]), &v));
        assert_int_equal(v, 42);
    }
}

static void copies_that_fit(void **state)
{
    (void)state;
    char out[4] = "zzz";
    assert_true(str_copy(STR("abc"), out, sizeof out));
    assert_string_equal(out, "abc");
    assert_false(str_copy(STR("abcd"), out, sizeof out));
    assert_string_equal(out, "");
    assert_false(str_copy(STR("a\0b"), out, sizeof out));
    assert_string_equal(out, "");
    assert_true(str_copy(STR_NONE, out, sizeof out));
    assert_string_equal(out, "");
    out[0] = 'z';
    assert_false(str_copy(STR_NONE, out, 0));
    assert_int_equal(out[0], 'z');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_of_every_two_and_three_bytes),
        cmocka_unit_test(utf8_of_every_code_point),
        cmocka_unit_test(utf8_with_a_bad_byte_anywhere),
        cmocka_unit_test(equal_to_the_last_byte),
        cmocka_unit_test(equal_but_for_ascii_case),
        cmocka_unit_test(equal_to_a_secret),
        cmocka_unit_test(decimals),
        cmocka_unit_test(copies_that_fit),
    };
    return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}

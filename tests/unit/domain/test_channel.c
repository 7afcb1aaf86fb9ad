/* Names of channels, and with them the rule that all names share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/channel.h"

static bool valid(const char *name)
{
    return channel_name_is_valid(str_of(name));
}

static void test_names_as_people_write_them(void **state)
{
    static const char *const names[] = {"a",
                                        "general",
                                        "  padded  ",
                                        "Ärger & Söhne",
                                        "日本語",
                                        "#1/2 \"x\" <b>",
                                        "👩‍👩‍👧",
                                        "\xc2\xa0x" /* a no-break space before something */,
                                        "e\xcc\x81" /* combining accent */};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_true(valid(names[i]));
}

static void test_nothing_to_see(void **state)
{
    static const char *const names[] = {"",
                                        " ",
                                        "   ",
                                        "\xc2\xa0" /* no-break space */,
                                        "\xe2\x80\x83" /* em space */,
                                        "\xe3\x80\x80" /* ideographic space */,
                                        "\xe2\x80\x8b" /* zero width space */,
                                        "\xe2\x80\xae" /* right-to-left override */,
                                        "\xef\xbb\xbf" /* byte order mark */,
                                        "\xc2\xad" /* soft hyphen */,
                                        "\xe2\x80\xa8" /* line separator */,
                                        "\xe1\x9a\x80" /* ogham space */,
                                        "\xe2\x81\xa0" /* word joiner */};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(valid(names[i]));
}

static void test_control_characters(void **state)
{
    char name[] = "a?b";
    (void)state;
    for (int c = 1; c < 0x20; c++) {
        name[1] = (char)c;
        assert_false(valid(name));
    }
    name[1] = 0x7F;
    assert_false(valid(name));
    assert_false(channel_name_is_valid((struct str){"a\0b", 3}));
    char c1[] = "a\xc2?b";
    for (int c = 0x80; c <= 0x9F; c++) {
        c1[2] = (char)c;
        assert_false(valid(c1));
    }
    c1[2] = (char)0xA1;
    assert_true(valid(c1));
}

static void test_not_utf8(void **state)
{
    static const char *const names[] = {"\xff", "a\x80", "\xc0\xaf", "\xed\xa0\x80", "abc\xe2\x82"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(valid(names[i]));
}

/* `n` times the same character. */
static bool valid_repeated(const char *character, size_t n)
{
    char name[4 * (CHANNEL_NAME_CHARS_MAX + 1)];
    size_t len = strlen(character);
    for (size_t i = 0; i < n; i++)
        memcpy(name + i * len, character, len);
    return channel_name_is_valid((struct str){name, n * len});
}

static void test_length_is_in_characters(void **state)
{
    static const char *const characters[] = {"x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    (void)state;
    for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++) {
        assert_true(valid_repeated(characters[i], CHANNEL_NAME_CHARS_MAX));
        assert_false(valid_repeated(characters[i], CHANNEL_NAME_CHARS_MAX + 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_as_people_write_them), cmocka_unit_test(test_nothing_to_see),
        cmocka_unit_test(test_control_characters),         cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_length_is_in_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

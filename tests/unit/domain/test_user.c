#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/user.h"

static void test_name(void **state)
{
    char name[USER_NAME_CHARS_MAX + 1];
    (void)state;
    memset(name, 'x', sizeof name);
    assert_true(user_name_is_valid((struct str){name, USER_NAME_CHARS_MAX}));
    assert_false(user_name_is_valid((struct str){name, USER_NAME_CHARS_MAX + 1}));
    assert_false(user_name_is_valid(STR("")));
    assert_false(user_name_is_valid(STR(" \xc2\xa0 ")));
    assert_false(user_name_is_valid(STR("a\nb")));
    assert_true(user_name_is_valid(STR("Zoë O'Neill")));
}

static void test_email(void **state)
{
    static const char *const good[] = {"a@b",           "ada@example.org",    "a.b+c@d.example",
                                       "\"q\"@example", "zoë@bücher.example", "a@[127.0.0.1]"};
    static const char *const bad[] = {"",       "@",       "a@",      "@b",          "ab",
                                      "a@b@c",  "a b@c",   "a@b ",    "a\t@b",       "a@b\n",
                                      "a@\x7f", "a\xff@b", "a@b\xc2", "a\xc2\x85@b", "a\xc2\xa0@b"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(user_email_is_valid(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(user_email_is_valid(str_of(bad[i])));
    assert_false(user_email_is_valid((struct str){"a\0@b", 4}));
}

static void test_email_length(void **state)
{
    char email[USER_EMAIL_BYTES_MAX + 1];
    (void)state;
    memset(email, 'x', sizeof email);
    email[1] = '@';
    assert_true(user_email_is_valid((struct str){email, USER_EMAIL_BYTES_MAX}));
    assert_false(user_email_is_valid((struct str){email, USER_EMAIL_BYTES_MAX + 1}));
}

static void test_password(void **state)
{
    char password[USER_PASSWORD_BYTES_MAX + 1];
    (void)state;
    memset(password, 0, sizeof password); /* a NUL is a byte like any other */
    assert_false(user_password_is_valid((struct str){password, USER_PASSWORD_BYTES_MIN - 1}));
    assert_true(user_password_is_valid((struct str){password, USER_PASSWORD_BYTES_MIN}));
    assert_true(user_password_is_valid((struct str){password, USER_PASSWORD_BYTES_MAX}));
    assert_false(user_password_is_valid((struct str){password, USER_PASSWORD_BYTES_MAX + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_email),
        cmocka_unit_test(test_email_length),
        cmocka_unit_test(test_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/message.h"

static void test_client_msg_id(void **state)
{
    char id[CLIENT_MSG_ID_CHARS_MAX + 1];
    (void)state;
    assert_true(client_msg_id_is_valid(STR("a")));
    assert_true(client_msg_id_is_valid(STR("018f-AZaz09._:-")));
    assert_false(client_msg_id_is_valid(STR("")));
    memset(id, 'x', sizeof id);
    assert_true(client_msg_id_is_valid((struct str){id, CLIENT_MSG_ID_CHARS_MAX}));
    assert_false(client_msg_id_is_valid((struct str){id, CLIENT_MSG_ID_CHARS_MAX + 1}));
}

static void test_client_msg_id_takes_no_other_byte(void **state)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    (void)state;
    for (int c = 0; c < 256; c++) {
        char id[] = {'a', (char)c};
        bool want = memchr(allowed, c, sizeof allowed - 1) != NULL;
        assert_int_equal(client_msg_id_is_valid((struct str){id, 2}), want);
    }
}

static void test_content(void **state)
{
    (void)state;
    assert_false(message_content_is_valid(STR(""), 8));
    assert_true(message_content_is_valid(STR("12345678"), 8));
    assert_false(message_content_is_valid(STR("123456789"), 8));
    assert_true(message_content_is_valid((struct str){"a\0\n\"", 4}, 8));
    assert_true(message_content_is_valid(STR("\xf0\x9f\x98\x80"), 4));
    assert_false(message_content_is_valid(STR("\xf0\x9f\x98\x80"), 3));
    assert_false(message_content_is_valid(STR("a\xff"), 8));
    assert_false(message_content_is_valid(STR("\xed\xa0\x80"), 8)); /* a surrogate */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_msg_id),
        cmocka_unit_test(test_client_msg_id_takes_no_other_byte),
        cmocka_unit_test(test_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

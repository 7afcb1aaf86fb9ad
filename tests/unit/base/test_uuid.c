#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>

#include "base/uuid.h"

static bool parses(const char *text)
{
    struct uuid u;
    return uuid_from_text(str_of(text), &u);
}

static void text_and_back(void **state)
{
    (void)state;
    struct uuid u;
    assert_true(uuid_from_text(STR("00112233-4455-6677-8899-aabbccddeeff"), &u));
    for (int i = 0; i < 16; i++)
        assert_int_equal(u.b[i], i * 0x11);
    assert_string_equal(uuid_text(&u).s, "00112233-4455-6677-8899-aabbccddeeff");
    for (int i = 0; i < 1000; i++) {
        struct uuid made = uuid_random(), read;
        assert_true(uuid_from_text(str_of(uuid_text(&made).s), &read));
        assert_true(uuid_eq(&made, &read));
    }
}

static void either_case_is_read_and_lower_written(void **state)
{
    (void)state;
    struct uuid u;
    assert_true(uuid_from_text(STR("ABCDEFab-cdef-ABCD-EFab-cdefABCDEFab"), &u));
    assert_string_equal(uuid_text(&u).s, "abcdefab-cdef-abcd-efab-cdefabcdefab");
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    assert_true(parses("00112233-4455-6677-8899-aabbccddeeff"));
    assert_false(parses(""));
    assert_false(parses("00112233-4455-6677-8899-aabbccddeef"));
    assert_false(parses("00112233-4455-6677-8899-aabbccddeefff"));
    assert_false(parses("{0112233-4455-6677-8899-aabbccddeef}"));
    assert_false(parses("00112233445566778899aabbccddeeff"));
    assert_false(parses("0011-2233-4455-6677-8899aabbccddeeff"));
    struct uuid untouched = {{1}}, before = untouched;
    assert_false(uuid_from_text(STR("00112233-4455-6677-8899-aabbccddeefg"), &untouched));
    assert_true(uuid_eq(&untouched, &before));
}

/* Every byte value at every place: only hex digits and, in their four places, dashes. */
static void every_byte_at_every_place(void **state)
{
    (void)state;
    const char good[] = "00112233-4455-6677-8899-aabbccddeeff";
    for (size_t at = 0; at < UUID_TEXT_LEN; at++)
        for (int c = 0; c < 256; c++) {
            char text[UUID_TEXT_LEN];
            struct uuid u;
            memcpy(text, good, sizeof text);
            text[at] = (char)c;
            bool fits = good[at] == '-' ? c == '-' : isxdigit(c) != 0;
            assert_int_equal(uuid_from_text((struct str){text, sizeof text}, &u), fits);
        }
}

static void random_ones_are_version_4(void **state)
{
    (void)state;
    struct uuid before = UUID_NIL;
    for (int i = 0; i < 1000; i++) {
        struct uuid u = uuid_random();
        assert_int_equal(u.b[6] >> 4, 4);
        assert_int_equal(u.b[8] >> 6, 2);
        assert_false(uuid_eq(&u, &before));
        before = u;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_back),
        cmocka_unit_test(either_case_is_read_and_lower_written),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(every_byte_at_every_place),
        cmocka_unit_test(random_ones_are_version_4),
    };
    return cmocka_run_group_tests_name("base/uuid", tests, NULL, NULL);
}

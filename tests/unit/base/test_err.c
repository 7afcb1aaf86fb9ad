#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

static void every_error_has_its_row(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_OK), "ERR_OK");
    assert_int_equal(err_status(ERR_OK), 200);
    for (enum err e = ERR_OK + 1; e < ERR_COUNT; e++) {
        assert_true(err_status(e) >= 400 && err_status(e) <= 503);
        assert_true(strlen(err_code(e)) > 0);
        assert_true(strlen(err_text(e)) > 0 &&
                    strlen(err_text(e)) < sizeof((struct fault){0}.text));
        assert_memory_equal(err_name(e), "ERR_", 4);
    }
}

/* The codes are words of the wire contract: no other may slip in. */
static void codes_are_those_of_the_contract(void **state)
{
    (void)state;
    static const char *const codes[] = {"bad_request", "unauthorized", "expired",   "forbidden",
                                        "not_found",   "conflict",     "too_large", "rate_limited",
                                        "unavailable", "unknown",      "internal"};
    for (enum err e = ERR_OK + 1; e < ERR_COUNT; e++) {
        int known = 0;
        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
            known += strcmp(codes[i], err_code(e)) == 0;
        assert_int_equal(known, 1);
    }
}

static void a_fault_has_its_sentence(void **state)
{
    (void)state;
    struct fault f = {.retry_after_ms = 5, .text = "old"};
    assert_int_equal(fault_set(&f, ERR_NOT_FOUND, NULL), ERR_NOT_FOUND);
    assert_string_equal(fault_text(&f), err_text(ERR_NOT_FOUND));
    assert_int_equal(f.retry_after_ms, 0);
    fault_set(&f, ERR_BAD_REQUEST, "The Field: %s is required", "email");
    assert_string_equal(fault_text(&f), "The Field: email is required");
    assert_int_equal(f.err, ERR_BAD_REQUEST);
    assert_int_equal(fault_set(NULL, ERR_INTERNAL, "%d", 1), ERR_INTERNAL);
}

/* Cut at every place of characters of every length: what is left goes into a JSON string. */
static void a_long_sentence_is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t k = 0; k < 4; k++)
        for (int shift = 0; shift < 4; shift++) {
            char text[401] = "";
            size_t n = (size_t)shift, len = strlen(characters[k]);
            memset(text, 'x', n);
            for (; n + len < sizeof text; n += len)
                memcpy(text + n, characters[k], len);
            text[n] = '\0';
            struct fault f;
            fault_set(&f, ERR_BAD_REQUEST, "%s", text);
            assert_true(str_is_utf8(str_of(f.text)));
            assert_true(strlen(f.text) > sizeof f.text - 1 - len);
            assert_memory_equal(f.text, text, strlen(f.text));
        }
}

/* A sentence that fits stays as it is. */
static void a_sentence_that_just_fits(void **state)
{
    (void)state;
    struct fault f;
    char text[sizeof f.text];
    memset(text, 'x', sizeof text - 1);
    memcpy(text + sizeof text - 3, "\xC3\xA9", 3);
    fault_set(&f, ERR_BAD_REQUEST, "%s", text);
    assert_string_equal(f.text, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_row),
        cmocka_unit_test(codes_are_those_of_the_contract),
        cmocka_unit_test(a_fault_has_its_sentence),
        cmocka_unit_test(a_long_sentence_is_cut_between_characters),
        cmocka_unit_test(a_sentence_that_just_fits),
    };
    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}

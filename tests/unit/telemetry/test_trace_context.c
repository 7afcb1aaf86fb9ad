#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "telemetry/trace_context.h"

#define GOOD "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void what_is_formatted_is_parsed(void **state)
{
    struct trace_context c = {.trace = {0x0af7651916cd43dd, 0x8448eb211c80319c},
                              .span = 0xb7ad6b7169203331,
                              .flags = TRACE_SAMPLED};
    struct trace_context read = TRACE_NONE;
    char text[TRACEPARENT_LEN + 1], id[TRACE_ID_TEXT_LEN + 1];
    (void)state;
    traceparent_format(&c, text);
    assert_string_equal(text, GOOD);
    assert_true(traceparent_parse(str_of(text), &read));
    assert_memory_equal(&read, &c, sizeof c);
    trace_id_format(&c, id);
    assert_string_equal(id, "0af7651916cd43dd8448eb211c80319c");
    c.span = 1;
    c.flags = 0;
    traceparent_format(&c, text);
    assert_true(traceparent_parse(str_of(text), &read));
    assert_false(trace_context_is_sampled(&read));
    assert_int_equal(read.span, 1);
}

static void the_grammar_and_nothing_near_it(void **state)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
        " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
    };
    struct trace_context c = {.span = 7};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (traceparent_parse(str_of(bad[i]), &c))
            fail_msg("taken: %s", bad[i]);
    assert_false(traceparent_parse((struct str){GOOD "\0", sizeof GOOD}, &c));
    assert_int_equal(c.span, 7);
    for (size_t n = 0; n < TRACEPARENT_LEN; n++)
        assert_false(traceparent_parse((struct str){GOOD, n}, &c));
}

static void later_versions_and_flags(void **state)
{
    struct trace_context c = TRACE_NONE;
    (void)state;
    assert_true(traceparent_parse(
        STR("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes"), &c));
    assert_int_equal(c.span, 0xb7ad6b7169203331);
    assert_true(
        traceparent_parse(STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff"), &c));
    assert_int_equal(c.flags, TRACE_SAMPLED);
    assert_true(
        traceparent_parse(STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe"), &c));
    assert_int_equal(c.flags, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_formatted_is_parsed),
        cmocka_unit_test(the_grammar_and_nothing_near_it),
        cmocka_unit_test(later_versions_and_flags),
    };
    return cmocka_run_group_tests_name("telemetry/trace_context", tests, NULL, NULL);
}

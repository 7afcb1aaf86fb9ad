#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "json_draw.h"
#include "json_judge.h"

static struct reader_memory memory;

/* The reader's and jansson's verdict on `text` (they are made sure to be one), from memory of just
 * that size. */
static bool takes(struct str text)
{
    char *copy = mem_strndup(text.p, text.n);
    copy = mem_realloc(copy, text.n);
    bool taken = judge_json(&memory, (struct str){copy, text.n});
    mem_free(copy);
    return taken;
}

static void small_texts(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",           "[]",          "0",        "\"\"", " [ 1 , 2 ] ", "{\"a\":{\"a\":1}}",
        "[{},{},[[]]]", "\"\\u0000\"", "{\"\":0}", "-0",   "1e-999"};
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "}",
                                      "[",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "{,}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{1:1}",
                                      "[1 2]",
                                      "[1]]",
                                      "{}{}",
                                      "{} x",
                                      "nul",
                                      "truefalse",
                                      "\"",
                                      "\"\\",
                                      "\"\\u",
                                      "\"\t\"",
                                      "'a'",
                                      "01",
                                      "1.",
                                      "-",
                                      "1e",
                                      "[1}",
                                      "{\"a\":1]",
                                      "\xEF\xBB\xBF{}",
                                      "//\n{}",
                                      "\"\\ud800\"",
                                      "\"\\udc00\\ud800\"",
                                      "1e999",
                                      "9223372036854775808",
                                      "{\"a\":1,\"a\":1}",
                                      "{\"a\":1,\"\\u0061\":1}",
                                      "[{\"b\":{\"x\":1,\"x\":2}}]",
                                      "{\"\\u0000\":1}"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!takes(str_of(good[i])))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (takes(str_of(bad[i])))
            fail_msg("taken: %s", bad[i]);
    assert_false(takes(STR_NONE));
    assert_false(takes(STR("{}\0")));
    assert_false(takes(STR("\"a\0b\"")));
}

/* Every one- and two-byte text, and every byte inside a string and after a backslash. */
static void every_byte(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        char in[] = "[\"x\",1]", escaped[] = "\"\\n\"";
        in[2] = (char)a;
        escaped[2] = (char)a;
        takes((struct str){in, 7});
        takes((struct str){escaped, 4});
        for (unsigned b = 0; b < 256; b++) {
            char two[2] = {(char)a, (char)b};
            takes((struct str){two, 2});
        }
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (size_t depth = 30; depth <= 34; depth++) {
        char text[80];
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(takes((struct str){text, 2 * depth}), depth <= READER_DEPTH_MAX);
    }
    struct reader r;
    char deep[60000];
    memset(deep, '[', sizeof deep);
    reader_start(&r, &memory, (struct str){deep, sizeof deep});
    assert_false(reader_skip(&r));
    assert_string_equal(r.error, "The JSON text is nested too deeply");
}

static void length_is_bounded(void **state)
{
    (void)state;
    char *text = mem_alloc(READER_TEXT_MAX + 1);
    memset(text, ' ', READER_TEXT_MAX + 1);
    text[0] = '0';
    assert_true(takes((struct str){text, READER_TEXT_MAX}));
    assert_false(takes((struct str){text, READER_TEXT_MAX + 1}));
    mem_free(text);
}

static void keys_are_compared_however_many(void **state)
{
    (void)state;
    for (int n = 1; n < 200; n++)
        for (int twice = 0; twice < 2; twice++) {
            struct buf b;
            buf_init(&b, 65536);
            buf_puts(&b, "{\"o\":{");
            for (int i = 0; i < n; i++)
                buf_printf(&b, "\"%d\":[{\"k\":1}],", i * 7919 % 1000);
            buf_printf(&b, "\"%s\":null},\"p\":1}", twice ? "0" : "x");
            assert_int_equal(takes(buf_str(&b)), !twice);
            buf_fini(&b);
        }
}

/* The dearest text of the longest size must not hold up a loop: as many keys as it can hold, long
 * common beginnings, alike in length. */
static void no_text_is_slow(void **state)
{
    (void)state;
    for (int width = 1; width <= 64; width *= 4) {
        struct buf b;
        struct reader r;
        buf_init(&b, READER_TEXT_MAX);
        buf_putc(&b, '{');
        for (int i = 0; b.n + (size_t)width + 16 < READER_TEXT_MAX; i++)
            buf_printf(&b, "\"%0*x\":0,", width, (unsigned)i);
        buf_puts(&b, "\"\":0}");
        int64_t start = clock_steady_us(&clock_system);
        reader_start(&r, &memory, buf_str(&b));
        reader_skip(&r);
        assert_true(reader_finish(&r));
        /* 0.6 ms at most, 7 with sanitizers */
        assert_true(clock_steady_us(&clock_system) - start < 100000);
        buf_fini(&b);
    }
}

static void errors_are_sticky(void **state)
{
    (void)state;
    struct reader r;
    struct str s;
    struct reader_number n;
    reader_start(&r, &memory, STR("{\"a\" 1}"));
    assert_true(reader_enter(&r, READER_OBJECT));
    assert_false(reader_key(&r, &s));
    assert_string_equal(r.error, "The text is not valid JSON");
    assert_false(reader_key(&r, &s));
    assert_false(reader_item(&r));
    assert_false(reader_string(&r, &s));
    assert_false(reader_number(&r, &n));
    assert_false(reader_enter(&r, READER_LIST));
    assert_false(reader_skip(&r));
    assert_int_equal(reader_peek(&r), READER_NONE);
    assert_false(reader_finish(&r));
    assert_string_equal(r.error, "The text is not valid JSON");
}

static void asking_for_another_kind_is_an_error(void **state)
{
    (void)state;
    struct reader r;
    struct str s;
    struct reader_number n;
    reader_start(&r, &memory, STR("1"));
    assert_false(reader_string(&r, &s));
    reader_start(&r, &memory, STR("\"1\""));
    assert_false(reader_number(&r, &n));
    reader_start(&r, &memory, STR("[]"));
    assert_false(reader_enter(&r, READER_OBJECT));
    reader_start(&r, &memory, STR("[1]"));
    assert_true(reader_enter(&r, READER_LIST));
    assert_false(reader_finish(&r));
}

/* Strings without escapes are not copied; decoded ones stay in place while others are decoded. */
static void strings_stay_where_they_are(void **state)
{
    (void)state;
    struct reader r;
    const char text[] = "[\"plain\",\"a\\nb\",\"c\\td\",\"\"]";
    struct str s[4];
    size_t n = 0;
    reader_start(&r, &memory, STR(text));
    reader_enter(&r, READER_LIST);
    while (reader_item(&r) && n < 4)
        assert_true(reader_string(&r, &s[n++]));
    assert_true(reader_finish(&r));
    assert_ptr_equal(s[0].p, text + 2);
    assert_true(str_eq(s[0], STR("plain")));
    assert_true(str_eq(s[1], STR("a\nb")));
    assert_true(str_eq(s[2], STR("c\td")));
    assert_int_equal(s[3].n, 0);
}

static void drawn_texts_as_jansson(void **state)
{
    (void)state;
    struct rand_seeded r;
    unsigned taken = 0, rounds = 60000;
    rand_seed(&r, 20261124);
    for (unsigned i = 0; i < rounds; i++) {
        struct buf b;
        buf_init(&b, 200000);
        draw_value(&r, &b, 5);
        if (i % 2 == 0)
            draw_damage(&r, &b);
        taken += takes(buf_str(&b));
        buf_fini(&b);
    }
    assert_true(taken > rounds / 4 && taken < rounds * 3 / 4);
}

static int forget(void **state)
{
    (void)state;
    reader_memory_fini(&memory);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_texts),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(length_is_bounded),
        cmocka_unit_test(keys_are_compared_however_many),
        cmocka_unit_test(no_text_is_slow),
        cmocka_unit_test(errors_are_sticky),
        cmocka_unit_test(asking_for_another_kind_is_an_error),
        cmocka_unit_test(strings_stay_where_they_are),
        cmocka_unit_test(drawn_texts_as_jansson),
    };
    return cmocka_run_group_tests_name("wire/json_reader", tests, NULL, forget);
}

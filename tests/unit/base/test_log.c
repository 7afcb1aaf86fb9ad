#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"

#define LINE_MAX 2048

static int saved, ends[2];

/* stderr is a pipe while a test runs; it holds more than the longest line. */
static int capture(void **state)
{
    (void)state;
    saved = dup(STDERR_FILENO);
    return saved < 0 || pipe2(ends, O_NONBLOCK) != 0 || dup2(ends[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static int release(void **state)
{
    (void)state;
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[0]);
    close(ends[1]);
    log_setup(LOG_INFO, 1);
    return 0;
}

/* What was written since, which is at most one line. */
static struct str line(void)
{
    static char text[2 * LINE_MAX];
    ssize_t n = read(ends[0], text, sizeof text);
    if (n <= 0)
        return STR_NONE;
    assert_true(n <= LINE_MAX);
    assert_int_equal(text[n - 1], '\n');
    assert_ptr_equal(memchr(text, '\n', (size_t)n), text + n - 1);
    assert_true(str_is_utf8((struct str){text, (size_t)n}));
    for (ssize_t i = 0; i < n - 1; i++)
        assert_true((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
    return (struct str){text, (size_t)n};
}

static json_t *json_line(void)
{
    struct str text = line();
    json_t *j = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (j == NULL)
        fail_msg("not JSON: %.*s", STR_FMT(text));
    return j;
}

static void assert_field(json_t *j, const char *key, const char *value, size_t n)
{
    json_t *s = json_object_get(j, key);
    assert_non_null(s);
    assert_int_equal(json_string_length(s), n);
    assert_memory_equal(json_string_value(s), value, n);
}

static void a_line_of_json(void **state)
{
    (void)state;
    log_setup(LOG_INFO, 1);
    log_event(LOG_WARN, "listener opened", LOG_S("address", "127.0.0.1"), LOG_I("port", 9000),
              LOG_I("least", INT64_MIN), LOG_S("none", NULL));
    json_t *j = json_line();
    assert_field(j, "level", "warn", 4);
    assert_field(j, "event", "listener opened", 15);
    assert_field(j, "address", "127.0.0.1", 9);
    assert_field(j, "none", "", 0);
    assert_int_equal(json_integer_value(json_object_get(j, "port")), 9000);
    assert_true(json_integer_value(json_object_get(j, "least")) == INT64_MIN);
    const char *time = json_string_value(json_object_get(j, "time"));
    assert_int_equal(strlen(time), 27);
    assert_int_equal(time[26], 'Z');
    json_decref(j);
}

static void below_the_level_nothing(void **state)
{
    (void)state;
    log_setup(LOG_WARN, 1);
    log_note(LOG_INFO, "quiet");
    assert_int_equal(line().n, 0);
    log_note(LOG_ERROR, "loud");
    json_decref(json_line());
}

static void characters_come_through(void **state)
{
    (void)state;
    const char text[] = "\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80 \"q\" \\ \t\n\r\x7F \xC2\x9B end";
    log_setup(LOG_INFO, 1);
    log_event(LOG_INFO, "text", LOG_S("v", text));
    struct str raw = line();
    assert_non_null(memmem(raw.p, raw.n, "\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80", 9));
    assert_non_null(memmem(raw.p, raw.n, "\\u009b", 6));
    json_t *j = json_loadb(raw.p, raw.n, 0, NULL);
    assert_non_null(j);
    assert_field(j, "v", text, sizeof text - 1);
    json_decref(j);
}

static void what_is_not_utf8_is_escaped(void **state)
{
    (void)state;
    log_setup(LOG_INFO, 1);
    log_event(LOG_INFO, "bad", LOG_S("v", "a\xFFz"), LOG_STR("w", STR("\xC3")),
              LOG_STR("x", STR("\0")), LOG_S("y", "\xED\xA0\x80"));
    struct str raw = line();
    assert_non_null(memmem(raw.p, raw.n, "\"v\":\"a\\u00ffz\"", 14));
    assert_non_null(memmem(raw.p, raw.n, "\"w\":\"\\u00c3\"", 12));
    assert_non_null(memmem(raw.p, raw.n, "\"x\":\"\\u0000\"", 12));
    assert_non_null(memmem(raw.p, raw.n, "\"y\":\"\\u00ed\\u00a0\\u0080\"", 24));
}

/* Whatever the fields hold and however long they are: one line, JSON, and it says when it was cut.
 * The lengths are drawn so that the cut meets every part of a field. */
static void a_long_line_is_cut_and_stays_json(void **state)
{
    (void)state;
    struct rand_seeded r;
    int cut = 0, whole = 0;
    rand_seed(&r, 11);
    for (int round = 0; round < 6000; round++) {
        char texts[4][1500];
        struct log_field fields[9];
        bool is_json = round % 4 != 3;
        log_setup(LOG_INFO, is_json);
        for (int i = 0; i < 4; i++) {
            size_t n = rand_next_below(&r, round % 2 ? 600 : sizeof texts[i]);
            for (size_t k = 0; k < n; k++)
                texts[i][k] = (char)(rand_next_below(&r, 8) == 0 ? rand_next(&r) : 'a');
            fields[2 * i] = LOG_STR(((const char *[]){"a", "bb", "ccc", "dddd"})[i],
                                    ((struct str){texts[i], n}));
            fields[2 * i + 1] =
                LOG_I(((const char *[]){"e", "ff", "ggg", "hhhh"})[i], rand_next(&r));
        }
        log_write(LOG_INFO, "event", fields, 8);
        if (!is_json) {
            assert_true(line().n > 0);
            continue;
        }
        json_t *j = json_line();
        bool says_cut = json_is_true(json_object_get(j, "cut"));
        assert_true(says_cut || json_object_size(j) == 3 + 8);
        cut += says_cut;
        whole += !says_cut;
        json_decref(j);
    }
    assert_true(cut > 500 && whole > 500);
}

static void a_long_event_is_cut(void **state)
{
    (void)state;
    char event[3000];
    memset(event, 'e', sizeof event);
    event[sizeof event - 1] = '\0';
    log_setup(LOG_INFO, 1);
    log_event(LOG_INFO, event, LOG_I("port", 1), LOG_S("text", "x"));
    json_t *j = json_line();
    assert_true(json_is_true(json_object_get(j, "cut")));
    assert_int_equal(json_object_size(j), 4);
    json_decref(j);
}

/* At every length around the limit. */
static void lines_of_just_the_limit(void **state)
{
    (void)state;
    char text[LINE_MAX];
    memset(text, 't', sizeof text);
    log_setup(LOG_INFO, 1);
    for (size_t n = LINE_MAX - 150; n < LINE_MAX; n++) {
        log_event(LOG_INFO, "limit", LOG_STR("text", ((struct str){text, n})), LOG_S("empty", ""),
                  LOG_S("empty2", ""), LOG_I("i", 1));
        json_decref(json_line());
    }
}

static void text_for_terminals(void **state)
{
    (void)state;
    log_setup(LOG_DEBUG, 0);
    log_event(LOG_DEBUG, "hello", LOG_S("name", "a\x1B[31m\nb"), LOG_I("n", -5));
    struct str raw = line();
    assert_non_null(memmem(raw.p, raw.n, " debug hello name=a\\u001b[31m\\u000ab n=-5\n", 42));
}

static void levels_have_names(void **state)
{
    (void)state;
    enum log_level level;
    assert_true(log_level_parse(STR("debug"), &level) && level == LOG_DEBUG);
    assert_true(log_level_parse(STR("info"), &level) && level == LOG_INFO);
    assert_true(log_level_parse(STR("warn"), &level) && level == LOG_WARN);
    assert_true(log_level_parse(STR("error"), &level) && level == LOG_ERROR);
    assert_false(log_level_parse(STR("Error"), &level));
    assert_false(log_level_parse(STR(""), &level));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, capture, release)
    const struct CMUnitTest tests[] = {
        TEST(a_line_of_json),
        TEST(below_the_level_nothing),
        TEST(characters_come_through),
        TEST(what_is_not_utf8_is_escaped),
        TEST(a_long_line_is_cut_and_stays_json),
        TEST(a_long_event_is_cut),
        TEST(lines_of_just_the_limit),
        TEST(text_for_terminals),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}

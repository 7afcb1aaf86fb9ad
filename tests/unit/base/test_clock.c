#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rand.h"

/* The text as the C library makes it. */
static void judge(int64_t us, int digits, char *out, size_t size)
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    char fraction[16];
    gmtime_r(&s, &tm);
    size_t n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(fraction, sizeof fraction, ".%06d", (int)(us % 1000000));
    if (digits > 0)
        n += (size_t)snprintf(out + n, size - n, "%.*s", digits + 1, fraction);
    snprintf(out + n, size - n, "Z");
}

static void assert_as_judged(int64_t us)
{
    char ours[CLOCK_RFC3339_SIZE], theirs[64];
    for (int digits = 0; digits <= 6; digits += 3) {
        judge(us, digits, theirs, sizeof theirs);
        assert_int_equal(clock_rfc3339(us, digits, ours), strlen(theirs));
        assert_string_equal(ours, theirs);
    }
}

static void every_day_as_the_library(void **state)
{
    (void)state;
    const int64_t day_us = INT64_C(86400) * 1000000;
    for (int64_t day = 0; day < 2932897; day += day < 80000 ? 1 : 97)
        assert_as_judged(day * day_us + day % 86400 * 1000001);
    assert_as_judged(0);
    assert_as_judged(day_us - 1);
    assert_as_judged(INT64_C(951782400) * 1000000);    /* 2000-02-29 */
    assert_as_judged(INT64_C(4107542400) * 1000000);   /* 2100-03-01 */
    assert_as_judged(INT64_C(253402300799) * 1000000); /* the last second of 9999 */
    struct rand_seeded r;
    rand_seed(&r, 3);
    for (int i = 0; i < 20000; i++)
        assert_as_judged((int64_t)rand_next_below(&r, UINT64_C(253402300800) * 1000000));
}

static void times_outside_stay_a_text(void **state)
{
    (void)state;
    char out[CLOCK_RFC3339_SIZE];
    clock_rfc3339(-1, 3, out);
    assert_string_equal(out, "1970-01-01T00:00:00.000Z");
    clock_rfc3339(INT64_MIN, 3, out);
    assert_string_equal(out, "1970-01-01T00:00:00.000Z");
    clock_rfc3339(INT64_C(253402300800) * 1000000, 6, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999999Z");
    clock_rfc3339(INT64_MAX, 6, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999999Z");
}

static void the_manual_clock_moves_when_told(void **state)
{
    (void)state;
    struct clock_manual c;
    clock_manual_init(&c, 1000);
    assert_int_equal(clock_wall_us(&c.super), 1000);
    assert_int_equal(clock_steady_us(&c.super), 0);
    clock_manual_advance(&c, 5);
    assert_int_equal(clock_wall_us(&c.super), 1005);
    assert_int_equal(clock_steady_us(&c.super), 5);
    clock_manual_step(&c, -1000);
    assert_int_equal(clock_wall_us(&c.super), 5);
    assert_int_equal(clock_steady_us(&c.super), 5);
}

static void the_real_clock_tells_the_time(void **state)
{
    (void)state;
    int64_t steady = clock_steady_us(&clock_system);
    int64_t off = clock_wall_us(&clock_system) - (int64_t)time(NULL) * 1000000;
    assert_true(off > -2000000 && off < 2000000);
    assert_true(clock_steady_us(&clock_system) >= steady);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_as_the_library),
        cmocka_unit_test(times_outside_stay_a_text),
        cmocka_unit_test(the_manual_clock_moves_when_told),
        cmocka_unit_test(the_real_clock_tells_the_time),
    };
    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}

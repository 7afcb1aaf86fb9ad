#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/early.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)
#define NOON_MS (INT64_C(20000) * DAY_MS + DAY_MS / 2)

static const struct uuid user = {{1}}, other = {{2}};

static void right_clocks_leave_no_mark(void **state)
{
    (void)state;
    struct early e = {.day = 0};
    early_note(&e, &user, NOON_MS - DAY_MS, NOON_MS);
    early_note(&e, &user, NOON_MS + EARLY_CLOCKS_MS, NOON_MS);
    assert_false(e.any);
    assert_false(early_is_marked(&e, &user, NOON_MS));
}

static void mark_is_of_a_user_and_a_day(void **state)
{
    (void)state;
    struct early e = {.day = 0};
    early_note(&e, &user, NOON_MS + HOUR_MS, NOON_MS);
    assert_true(early_is_marked(&e, &user, NOON_MS + HOUR_MS));
    assert_true(early_is_marked(&e, &user, NOON_MS - HOUR_MS));
    assert_false(early_is_marked(&e, &other, NOON_MS + HOUR_MS));
    assert_false(early_is_marked(&e, &user, NOON_MS + DAY_MS));
    early_note(&e, &other, NOON_MS + DAY_MS, NOON_MS);
    assert_true(early_is_marked(&e, &other, NOON_MS + DAY_MS));
    assert_false(early_is_marked(&e, &other, NOON_MS));
    /* the next day it is today's */
    early_note(&e, &user, NOON_MS + DAY_MS, NOON_MS + DAY_MS);
    assert_true(early_is_marked(&e, &other, NOON_MS + DAY_MS));
    assert_false(early_is_marked(&e, &user, NOON_MS + DAY_MS));
    /* and two days later it is over */
    early_note(&e, &user, NOON_MS + 3 * DAY_MS, NOON_MS + 3 * DAY_MS);
    assert_false(early_is_marked(&e, &other, NOON_MS + 3 * DAY_MS));
    assert_false(early_is_marked(&e, &other, NOON_MS + 4 * DAY_MS));
}

static void who_claims_a_far_day_stays_marked(void **state)
{
    (void)state;
    struct early e = {.day = 0};
    early_note(&e, &user, INT64_C(1) << 47, NOON_MS);
    for (int day = 0; day < 100; day++) {
        int64_t now = NOON_MS + day * DAY_MS;
        early_note(&e, &other, now, now);
        assert_true(early_is_marked(&e, &user, now));
        assert_false(early_is_marked(&e, &other, now));
    }
}

/* An id of tomorrow's first minutes, tried again after midnight. */
static void midnight_is_no_border(void **state)
{
    (void)state;
    struct early e = {.day = 0};
    int64_t midnight = NOON_MS + DAY_MS / 2;
    early_note(&e, &user, midnight + 60000, midnight - 240000);
    assert_true(early_is_marked(&e, &user, midnight + 60000));
    early_note(&e, &other, midnight + 480000, midnight + 480000);
    assert_true(early_is_marked(&e, &user, midnight + 60000));
    /* and one of today's last minutes */
    struct early f = {.day = 0};
    early_note(&f, &user, midnight - 1000, midnight - 400000);
    assert_true(early_is_marked(&f, &user, midnight - 1000));
    early_note(&f, &other, midnight + 600000, midnight + 600000);
    assert_true(early_is_marked(&f, &user, midnight - 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_clocks_leave_no_mark),
        cmocka_unit_test(mark_is_of_a_user_and_a_day),
        cmocka_unit_test(who_claims_a_far_day_stays_marked),
        cmocka_unit_test(midnight_is_no_border),
    };
    return cmocka_run_group_tests_name("early", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rand.h"
#include "domain/id.h"

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

/* Milliseconds, partition and step, put together by hand. */
static uint64_t id_of(int64_t ms, unsigned partition, unsigned step)
{
    return (uint64_t)(ms - ID_EPOCH_MS) << 12 | (uint64_t)partition << 6 | step;
}

static void test_id_has_the_layout_of_the_contract(void **state)
{
    (void)state;
    assert_int_equal(id_next(0, NOW_MS, 0), id_of(NOW_MS, 0, 0));
    assert_int_equal(id_next(0, NOW_MS, 63), id_of(NOW_MS, 63, 0));
    assert_int_equal(id_next(id_of(NOW_MS, 5, 7), NOW_MS, 5), id_of(NOW_MS, 5, 8));
    assert_int_equal(id_next(id_of(NOW_MS, 5, 7), NOW_MS + 1, 5), id_of(NOW_MS + 1, 5, 0));
    assert_int_equal(id_time_ms(id_of(NOW_MS, 63, 63)), NOW_MS);
}

static void test_id_carries_its_partition(void **state)
{
    (void)state;
    for (unsigned partition = 0; partition < 64; partition++) {
        const uint64_t id = id_next(0, INT64_C(1767225600000), partition);
        assert_int_equal(id_partition(id), partition);
        assert_int_equal(id_partition(id_next(id, 0, partition)), partition);
    }
}

static void test_id_borrows_when_a_millisecond_is_full(void **state)
{
    (void)state;
    assert_int_equal(id_next(id_of(NOW_MS, 9, 63), NOW_MS, 9), id_of(NOW_MS + 1, 9, 0));
    /* and gives back what it borrowed as time goes on */
    assert_int_equal(id_next(id_of(NOW_MS + 1, 9, 0), NOW_MS + 1, 9), id_of(NOW_MS + 1, 9, 1));
    assert_int_equal(id_next(id_of(NOW_MS + 1, 9, 1), NOW_MS + 2, 9), id_of(NOW_MS + 2, 9, 0));
}

static void test_id_survives_a_clock_that_goes_back(void **state)
{
    (void)state;
    assert_int_equal(id_next(id_of(NOW_MS, 1, 3), NOW_MS - 86400000, 1), id_of(NOW_MS, 1, 4));
    assert_int_equal(id_next(id_of(NOW_MS, 1, 3), 0, 1), id_of(NOW_MS, 1, 4));
    assert_int_equal(id_next(id_of(NOW_MS, 1, 3), INT64_MIN, 1), id_of(NOW_MS, 1, 4));
}

/* A machine whose clock stands in 1970. 0 is no id: it means "none" everywhere. */
static void test_id_before_the_epoch_is_the_first_one(void **state)
{
    (void)state;
    assert_int_equal(id_next(0, 0, 0), 1);
    assert_int_equal(id_next(0, ID_EPOCH_MS - 1, 0), 1);
    assert_int_equal(id_next(1, 0, 0), 2);
    assert_int_equal(id_next(0, ID_EPOCH_MS + 1, 0), 1 << 12);
}

/* Whatever the clock does, each id is above the one before and below 2^53. */
static void test_ids_always_grow(void **state)
{
    struct rand_seeded r;
    (void)state;
    rand_seed(&r, 1);
    for (unsigned partition = 0; partition < 64; partition += 21) {
        uint64_t last = 0;
        int64_t now = NOW_MS;
        for (int i = 0; i < 100000; i++) {
            now += (int64_t)rand_next_below(&r, 7) - (i % 2 == 0 ? 3 : 2);
            uint64_t id = id_next(last, now, partition);
            assert_true(id > last && id <= ID_MAX);
            assert_int_equal(id >> 6 & 63, partition);
            assert_true(id_time_ms(id) >= now);
            last = id;
        }
    }
}

/* 41 bits of milliseconds last until 2080. */
static void test_id_lasts_until_2080(void **state)
{
    (void)state;
    int64_t last_ms = ID_EPOCH_MS + (INT64_C(1) << 41) - 1;
    assert_true(last_ms > INT64_C(3471292800000)); /* 2080-01-01 */
    assert_int_equal(id_next(0, last_ms, 63), ID_MAX - 63);
    assert_int_equal(id_next(ID_MAX - 1, last_ms, 63), ID_MAX);
}

static void test_bucket_is_ten_days(void **state)
{
    (void)state;
    const int64_t day_ms = INT64_C(86400000);
    assert_int_equal(id_bucket(0), 0);
    assert_int_equal(id_bucket(id_of(ID_EPOCH_MS + 10 * day_ms - 1, 63, 63)), 0);
    assert_int_equal(id_bucket(id_of(ID_EPOCH_MS + 10 * day_ms, 0, 0)), 1);
    assert_int_equal(id_bucket(id_of(NOW_MS, 0, 0)), (NOW_MS - ID_EPOCH_MS) / day_ms / 10);
    assert_true(id_bucket(ID_MAX) > 2500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id_has_the_layout_of_the_contract),
        cmocka_unit_test(test_id_carries_its_partition),
        cmocka_unit_test(test_id_borrows_when_a_millisecond_is_full),
        cmocka_unit_test(test_id_survives_a_clock_that_goes_back),
        cmocka_unit_test(test_id_before_the_epoch_is_the_first_one),
        cmocka_unit_test(test_ids_always_grow),
        cmocka_unit_test(test_id_lasts_until_2080),
        cmocka_unit_test(test_bucket_is_ten_days),
    };
    return cmocka_run_group_tests_name("id", tests, NULL, NULL);
}

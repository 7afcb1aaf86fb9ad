#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rand.h"
#include "telemetry/histogram.h"

#define VALUE_LAST (UINT64_C(1) << HISTOGRAM_VALUE_BITS)

/* Every value in order: the buckets come in order, none is left out, and none is wider than 1/16
 * of what it counts. */
static void buckets_are_in_order_and_narrow(void **state)
{
    (void)state;
    size_t before = 0;
    uint64_t first = 1;
    assert_int_equal(histogram_bucket(0), 0);
    for (uint64_t v = 1; v <= VALUE_LAST; v += v < 70000 ? 1 : 1 + v / 4096) {
        size_t bucket = histogram_bucket(v);
        assert_true(bucket == before || bucket == before + 1);
        if (bucket != before)
            first = v;
        assert_true((v - first) * HISTOGRAM_LINEAR <= v);
        before = bucket;
    }
    assert_int_equal(histogram_bucket(VALUE_LAST), HISTOGRAM_BUCKETS - 2);
    assert_int_equal(histogram_bucket(VALUE_LAST + 1), HISTOGRAM_BUCKETS - 1);
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void powers_of_two_end_their_bucket(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= HISTOGRAM_VALUE_BITS; bits++) {
        uint64_t v = UINT64_C(1) << bits;
        assert_int_equal(histogram_bucket(v) + 1, histogram_bucket(v + 1));
    }
}

/* Against plain counting. */
static void counts_below_are_exact(void **state)
{
    (void)state;
    struct rand_seeded r;
    struct histogram h = {.sum = 0};
    uint64_t below[HISTOGRAM_VALUE_BITS + 1] = {0}, n = 20000;
    rand_seed(&r, 4);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t v =
            i < 200 ? (UINT64_C(1) << i % 30) + i / 30 - 1 : rand_next(&r) >> (32 + i % 30);
        h.counts[histogram_bucket(v)]++;
        for (unsigned bits = 0; bits <= HISTOGRAM_VALUE_BITS; bits++)
            below[bits] += v <= UINT64_C(1) << bits;
    }
    for (unsigned bits = 0; bits <= HISTOGRAM_VALUE_BITS; bits++)
        assert_true(histogram_count_below(&h, bits) == below[bits]);
    assert_true(histogram_count(&h) == n);
    assert_true(below[0] > 0 && below[HISTOGRAM_VALUE_BITS] < n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_in_order_and_narrow),
        cmocka_unit_test(powers_of_two_end_their_bucket),
        cmocka_unit_test(counts_below_are_exact),
    };
    return cmocka_run_group_tests_name("telemetry/histogram", tests, NULL, NULL);
}

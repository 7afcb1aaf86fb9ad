#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/rand.h"
#include "cli/bench/histogram.h"

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Against sorting, over all magnitudes. */
static void quantiles_are_near(void **state)
{
    (void)state;
    enum { N = 20000 };
    static uint64_t all[N];
    static struct histogram h;
    static const double fractions[] = {0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
    struct rand_seeded r;
    rand_seed(&r, 3);
    for (int i = 0; i < N; i++) {
        all[i] = rand_next(&r) >> (24 + rand_next_below(&r, 39));
        histogram_add(&h, all[i]);
    }
    qsort(all, N, sizeof all[0], compare);
    for (size_t i = 0; i < sizeof fractions / sizeof fractions[0]; i++) {
        size_t rank = (size_t)(fractions[i] * N + 0.999999);
        uint64_t exact = all[rank - 1], got = histogram_quantile(&h, fractions[i]);
        assert_true(got >= exact);
        assert_true((double)got <= (double)exact * 1.016 + 1);
    }
    assert_int_equal(histogram_quantile(&h, 1), all[N - 1]);
}

static void the_ends_hold(void **state)
{
    (void)state;
    static struct histogram h;
    assert_int_equal(histogram_quantile(&h, 0.5), 0);
    histogram_add(&h, 0);
    assert_int_equal(histogram_quantile(&h, 0.5), 0);
    histogram_add(&h, UINT64_MAX);
    assert_true(histogram_quantile(&h, 1) == UINT64_MAX);
    assert_int_equal(histogram_quantile(&h, 0.5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_near),
        cmocka_unit_test(the_ends_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/sqlite/generation.h"
#include "base/rand.h"

enum { N = 5000 };

static uint64_t hashes[N];

static void fill(struct generation *g)
{
    struct rand_seeded r;
    rand_seed(&r, 7);
    for (uint64_t i = 0; i < N; i++) {
        hashes[i] = rand_next(&r);
        generation_add(g, hashes[i], i + 1);
    }
}

static void every_id_is_found(void **state)
{
    struct generation g = {.ids = NULL};
    size_t probe = 0;
    (void)state;
    assert_int_equal(generation_find(&g, 1, &probe), 0);
    fill(&g);
    for (uint64_t i = 0; i < N; i++) {
        probe = 0;
        assert_int_equal(generation_find(&g, hashes[i], &probe), i + 1);
        assert_int_equal(generation_find(&g, hashes[i], &probe), 0);
        probe = 0;
        assert_int_equal(generation_find(&g, hashes[i] ^ 1, &probe), 0);
    }
    generation_clear(&g);
    assert_int_equal(g.n, 0);
}

static void equal_hashes_are_all_found(void **state)
{
    struct generation g = {.ids = NULL};
    size_t probe = 0;
    uint64_t sum = 0, seq;
    (void)state;
    fill(&g);
    generation_add(&g, hashes[3], 10001);
    generation_add(&g, hashes[3], 10002);
    while ((seq = generation_find(&g, hashes[3], &probe)) != 0)
        sum += seq;
    assert_int_equal(sum, 4 + 10001 + 10002);
    generation_clear(&g);
}

static void end_can_be_taken_back(void **state)
{
    struct generation g = {.ids = NULL};
    (void)state;
    fill(&g);
    generation_truncate(&g, 100);
    for (uint64_t i = 0; i < N; i++) {
        size_t probe = 0;
        assert_int_equal(generation_find(&g, hashes[i], &probe), i < 100 ? i + 1 : 0);
    }
    generation_add(&g, hashes[200], 7);
    size_t probe = 0;
    assert_int_equal(generation_find(&g, hashes[200], &probe), 7);
    generation_clear(&g);
}

/* As the index is: by the hash as a signed number. */
static void buckets_are_the_order_of_the_index(void **state)
{
    struct generation g = {.ids = NULL};
    size_t n, total = 0;
    int64_t last = INT64_MIN;
    (void)state;
    fill(&g);
    generation_deal(&g);
    for (unsigned b = 0; b < GENERATION_BUCKETS; b++) {
        const uint32_t *bucket = generation_bucket(&g, b, &n);
        for (size_t i = 0; i < n; i++) {
            int64_t hash = (int64_t)g.ids[bucket[i]].hash;
            assert_true(hash >= last);
            last = hash;
        }
        total += n;
    }
    assert_int_equal(total, N);
    generation_clear(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_id_is_found),
        cmocka_unit_test(equal_hashes_are_all_found),
        cmocka_unit_test(end_can_be_taken_back),
        cmocka_unit_test(buckets_are_the_order_of_the_index),
    };
    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}

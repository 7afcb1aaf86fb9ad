/* Holding back: any order in, one order out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rand.h"
#include "cluster/gap.h"

static enum gap_verdict offer(struct gap *g, uint64_t offset)
{
    const struct log_record r = {.offset = offset, .value = STR("value"), .tag = STR("t")};
    return gap_offer(g, &r);
}

static uint64_t take(struct gap *g)
{
    struct gap_record *r = gap_take(g);
    if (r == NULL)
        return 0;
    uint64_t offset = r->record.offset;
    assert_true(str_eq(r->record.value, STR("value")));
    assert_true(str_eq(r->record.tag, STR("t")));
    assert_int_equal(r->record.trace.n, 0);
    mem_free(r);
    return offset;
}

static void what_is_next_goes_through(void **state)
{
    struct gap g;
    (void)state;
    gap_init(&g, 7);
    assert_int_equal(take(&g), 0);
    assert_int_equal(offer(&g, 7), GAP_NEXT);
    assert_int_equal(take(&g), 7);
    assert_int_equal(take(&g), 0);
    assert_false(gap_is_open(&g));
    gap_fini(&g);
}

static void what_is_ahead_waits(void **state)
{
    struct gap g;
    (void)state;
    gap_init(&g, 7);
    assert_int_equal(offer(&g, 9), GAP_HELD);
    assert_int_equal(take(&g), 0);
    assert_true(gap_is_open(&g));
    assert_int_equal(offer(&g, 7), GAP_NEXT);
    assert_int_equal(take(&g), 7);
    assert_true(gap_is_open(&g));
    assert_int_equal(offer(&g, 8), GAP_NEXT);
    assert_int_equal(take(&g), 8);
    assert_int_equal(take(&g), 9);
    assert_false(gap_is_open(&g));
    gap_fini(&g);
}

static void a_second_one_is_dropped(void **state)
{
    struct gap g;
    (void)state;
    gap_init(&g, 1);
    assert_int_equal(offer(&g, 2), GAP_HELD);
    assert_int_equal(offer(&g, 2), GAP_OLD);
    assert_int_equal(offer(&g, 1), GAP_NEXT);
    assert_int_equal(offer(&g, 1), GAP_OLD);
    assert_int_equal(take(&g), 1);
    assert_int_equal(offer(&g, 1), GAP_OLD);
    assert_int_equal(take(&g), 2);
    assert_int_equal(take(&g), 0);
    gap_fini(&g);
}

static void what_was_read_closes_the_gap(void **state)
{
    struct gap g;
    (void)state;
    gap_init(&g, 1);
    offer(&g, 3);
    offer(&g, 5);
    gap_advance(&g, 4); /* 1, 2, 3 came from the log */
    assert_int_equal(take(&g), 0);
    assert_true(gap_is_open(&g));
    gap_advance(&g, 2); /* nothing goes back */
    gap_advance(&g, 5);
    assert_false(gap_is_open(&g));
    assert_int_equal(take(&g), 5);
    gap_fini(&g);
}

static void what_is_too_far_is_not_forgotten(void **state)
{
    struct gap g;
    (void)state;
    gap_init(&g, 0);
    assert_int_equal(offer(&g, GAP_HELD_MAX - 1), GAP_HELD);
    assert_int_equal(offer(&g, GAP_HELD_MAX), GAP_BEYOND);
    gap_advance(&g, GAP_HELD_MAX);
    assert_int_equal(take(&g), 0);
    assert_true(gap_is_open(&g)); /* the log is to be read up to it */
    gap_advance(&g, 5 * GAP_HELD_MAX);
    assert_false(gap_is_open(&g));
    assert_int_equal(offer(&g, UINT64_MAX), GAP_OLD);
    gap_fini(&g);
}

/* Shuffled and doubled, with pieces read from the log: each offset comes out of one of the two, in
 * order and once. */
static void any_order_comes_out_as_one(void **state)
{
    enum { RECORDS = 3000 };
    struct gap g;
    struct rand_seeded r;
    uint64_t told = 1;
    (void)state;
    rand_seed(&r, 7);
    gap_init(&g, told);
    while (told < RECORDS) {
        uint64_t got, ahead = told + rand_next_below(&r, 40);
        offer(&g, ahead);
        if (rand_next_below(&r, 100) == 0) {
            told += rand_next_below(&r, 3);
            gap_advance(&g, told);
        }
        while ((got = take(&g)) != 0)
            assert_int_equal(got, told++);
        assert_int_equal(g.next, told);
    }
    gap_fini(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_next_goes_through),
        cmocka_unit_test(what_is_ahead_waits),
        cmocka_unit_test(a_second_one_is_dropped),
        cmocka_unit_test(what_was_read_closes_the_gap),
        cmocka_unit_test(what_is_too_far_is_not_forgotten),
        cmocka_unit_test(any_order_comes_out_as_one),
    };
    return cmocka_run_group_tests_name("gap", tests, NULL, NULL);
}

#include "consumer/backlog.h"

#include "base/rand.h"
#include "retry_rig.h"

enum { ITEMS = 300 };

static void due_in_order_of_time(void **state)
{
    struct backlog b;
    static struct backlog_item items[ITEMS];
    struct rand_seeded rand;
    (void)state;
    backlog_init(&b);
    rand_seed(&rand, 7);
    for (uint64_t i = 0; i < ITEMS; i++) {
        backlog_read(&b, (unsigned)(i % 3), i, &items[i]);
        backlog_wait(&b, &items[i], (int64_t)rand_next_below(&rand, 1000));
    }
    int64_t last = -1;
    for (unsigned i = 0; i < ITEMS; i++) {
        int64_t next = backlog_next_ms(&b);
        assert_null(backlog_due(&b, next - 1));
        struct backlog_item *item = backlog_due(&b, next);
        assert_non_null(item);
        assert_true(item->due_ms >= last);
        last = item->due_ms;
        backlog_done(&b, item);
    }
    assert_int_equal(backlog_next_ms(&b), INT64_MAX);
    assert_null(backlog_due(&b, INT64_MAX));
    backlog_fini(&b);
}

static void done_up_to_the_oldest_that_is_not(void **state)
{
    struct backlog b;
    struct backlog_item first, second;
    (void)state;
    backlog_init(&b);
    assert_int_equal(backlog_done_below(&b, 5), 0);
    backlog_read(&b, 5, 10, NULL);
    assert_int_equal(backlog_done_below(&b, 5), 11);
    backlog_read(&b, 5, 12, &first); /* offsets have holes */
    backlog_read(&b, 5, 13, &second);
    backlog_read(&b, 5, 14, NULL);
    backlog_done(&b, &second);
    assert_int_equal(backlog_done_below(&b, 5), 12);
    backlog_done(&b, &first);
    assert_int_equal(backlog_done_below(&b, 5), 15);
    assert_int_equal(backlog_done_below(&b, 4), 0);
    backlog_fini(&b);
}

static void count_dropped(struct backlog_item *item, void *arg)
{
    (void)item;
    ++*(unsigned *)arg;
}

static void restart_drops_what_waits_and_orphans_the_rest(void **state)
{
    struct backlog b;
    static struct backlog_item items[20];
    unsigned dropped = 0;
    (void)state;
    backlog_init(&b);
    for (unsigned i = 0; i < 20; i++) {
        backlog_read(&b, i % 2, i, &items[i]);
        backlog_wait(&b, &items[i], i);
    }
    struct backlog_item *at_work = backlog_due(&b, 0);
    assert_ptr_equal(at_work, &items[0]);
    backlog_restart(&b, 0, 100, count_dropped, &dropped);
    assert_int_equal(dropped, 9);
    assert_true(at_work->is_orphan);
    backlog_done(&b, at_work);
    assert_int_equal(backlog_done_below(&b, 0), 100);
    for (unsigned i = 1; i < 20; i += 2) {
        assert_ptr_equal(backlog_due(&b, 100), &items[i]);
        backlog_done(&b, &items[i]);
    }
    assert_int_equal(b.n, 0);
    backlog_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_in_order_of_time),
        cmocka_unit_test(done_up_to_the_oldest_that_is_not),
        cmocka_unit_test(restart_drops_what_waits_and_orphans_the_rest),
    };
    return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}

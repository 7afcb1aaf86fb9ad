#include "consumer/retry.h"

#include <time.h>

#include "retry_rig.h"
#include "telemetry/metrics.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, retry_rig_setup, retry_rig_teardown)

static void delays_grow_to_their_bound(void **state)
{
    (void)state;
    assert_int_equal(retry_delay_ms(1), 5000);
    assert_int_equal(retry_delay_ms(2), 15000);
    assert_int_equal(retry_delay_ms(3), 45000);
    assert_int_equal(retry_delay_ms(7), RETRY_DELAY_MAX_MS);
    assert_int_equal(retry_delay_ms(1000), RETRY_DELAY_MAX_MS);
}

static void success_is_committed(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 0, 0);
    retry_rig_put(r, r->retry_log, 1, 0);
    retry_rig_step_until(r, 1);
    retry_rig_advance(r, 2000);
    retry_step(r->retry, 0);
    assert_int_equal(retry_rig_committed(r), 1);
    assert_int_equal(retry_rig_dead(r, NULL), 0);
}

static void nothing_is_tried_before_its_time(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 0, 0);
    retry_rig_put(r, r->retry_log, 1, 10000);
    retry_rig_step_until(r, 0);
    retry_rig_advance(r, 9999);
    retry_rig_step_until(r, 0);
    retry_rig_advance(r, 1);
    retry_rig_step_until(r, 1);
}

/* What is due while every thread is busy with a slow receiver is no reason to hurry. */
static void busy_threads_are_waited_for(void **state)
{
    struct retry_rig *r = *state;
    unsigned steps = 0;
    retry_rig_open(r, 1, 0, 0);
    atomic_store(&r->slow_ms, 400);
    retry_rig_put(r, r->retry_log, 1, 0);
    retry_rig_put(r, r->retry_log, 2, 0);
    for (; atomic_load(&r->n_posts) < 2 && steps < 10000; steps++)
        retry_step(r->retry, 50);
    assert_int_equal(atomic_load(&r->n_posts), 2);
    assert_in_range(steps, 2, 100);
}

static void long_delay_stands_in_nobodys_way(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 0, 0);
    retry_rig_put(r, r->retry_log, 1, 60000);
    retry_rig_put(r, r->retry_log, 2, 1000);
    retry_rig_put(r, r->retry_log, 3, 0);
    retry_rig_step_until(r, 1);
    retry_rig_advance(r, 1000);
    retry_rig_step_until(r, 2);
    assert_int_equal(r->posted[0], 3);
    assert_int_equal(r->posted[1], 2);
    retry_rig_advance(r, 2000);
    retry_step(r->retry, 0);
    assert_int_equal(retry_rig_committed(r), 0); /* the first is not done */
    retry_rig_advance(r, 60000);
    retry_rig_step_until(r, 3);
    retry_rig_advance(r, 2000);
    retry_step(r->retry, 0);
    assert_int_equal(retry_rig_committed(r), 3);
}

static void failures_come_back_later_and_later_and_die(void **state)
{
    struct retry_rig *r = *state;
    unsigned attempts;
    retry_rig_open(r, 0, 4, 0);
    atomic_store(&r->fail_next, UINT_MAX);
    retry_rig_put(r, r->retry_log, 1, 0);
    retry_rig_step_until(r, 1); /* the second try: the first was notify's */
    retry_rig_advance(r, retry_delay_ms(2) * 4 / 5 - 1);
    retry_rig_step_until(r, 1);
    retry_rig_advance(r, retry_delay_ms(2) / 5 + 1);
    retry_rig_step_until(r, 2);
    assert_int_equal(retry_rig_dead(r, NULL), 0);
    retry_rig_advance(r, retry_delay_ms(3) * 4 / 5 - 1);
    retry_rig_step_until(r, 2);
    retry_rig_advance(r, retry_delay_ms(3) / 5 + 1);
    retry_rig_step_until(r, 3); /* the fourth and last */
    assert_int_equal(retry_rig_dead(r, &attempts), 1);
    assert_int_equal(attempts, 4);
    retry_rig_advance(r, RETRY_DELAY_MAX_MS);
    retry_rig_step_until(r, 3);
    assert_int_equal(retry_rig_committed(r), 3); /* one record a try */
}

static void what_was_not_done_is_done_after_a_crash(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 0, 0);
    retry_rig_put(r, r->retry_log, 1, 0);
    retry_rig_put(r, r->retry_log, 2, 60000);
    retry_rig_step_until(r, 1);
    retry_rig_advance(r, 2000);
    retry_step(r->retry, 0);
    retry_rig_crash(r);
    retry_rig_open(r, 0, 0, 0);
    retry_rig_advance(r, 60000);
    retry_rig_step_until(r, 2);
    assert_int_equal(r->posted[1], 2);
}

static void stopping_commits(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 0, 0);
    retry_rig_put(r, r->retry_log, 1, 0);
    retry_rig_step_until(r, 1);
    retry_stop(r->retry);
    retry_stop(r->retry);
    assert_int_equal(retry_rig_committed(r), 1);
}

static void what_is_no_envelope_is_passed_over(void **state)
{
    struct retry_rig *r = *state;
    struct envelope e = retry_rig_envelope(1);
    struct buf b;
    int64_t invalid = metric_value(M_RETRY_INVALID);
    retry_rig_open(r, 0, 0, 0);
    retry_rig_put_bytes(r->retry_log, STR("\xff\xfe nonsense"));
    retry_rig_put_bytes(r->retry_log, STR_NONE);
    e.kind = ENVELOPE_REPLAYED; /* belongs among the dead */
    buf_init(&b, ENVELOPE_BYTES_MAX);
    envelope_encode(&e, &b);
    retry_rig_put_bytes(r->retry_log, buf_str(&b));
    buf_fini(&b);
    retry_rig_put(r, r->retry_log, 2, 0);
    retry_rig_step_until(r, 1);
    assert_int_equal(metric_value(M_RETRY_INVALID), invalid + 3);
    retry_rig_advance(r, 2000);
    retry_step(r->retry, 0);
    assert_int_equal(retry_rig_committed(r), 4);
}

static void full_backlog_stops_reading(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 0, 4);
    for (unsigned i = 1; i <= 4; i++)
        retry_rig_put(r, r->retry_log, i, 10000);
    for (unsigned i = 0; i < 20; i++)
        retry_step(r->retry, 1);
    for (unsigned i = 5; i <= 12; i++)
        retry_rig_put(r, r->retry_log, i, 0);
    retry_rig_step_until(r, 0);
    assert_int_equal(metric_value(M_RETRY_WAITING), 4);
    retry_rig_advance(r, 10000);
    retry_rig_step_until(r, 12);
    retry_rig_advance(r, 2000);
    retry_step(r->retry, 0);
    assert_int_equal(retry_rig_committed(r), 12);
}

static void try_is_not_repeated_because_its_outcome_was_not_written(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 2, 0);
    atomic_store(&r->fail_next, UINT_MAX);
    memory_event_log_fail(r->dead_memory, MEMORY_FAULT_REFUSED, 1);
    retry_rig_put(r, r->retry_log, 1, 0);
    retry_rig_step_until(r, 1);
    assert_int_equal(retry_rig_dead(r, NULL), 0);
    memory_event_log_cut(r->dead_memory, true);
    retry_rig_advance(r, 2000);
    retry_rig_step_until(r, 1);
    assert_int_equal(retry_rig_committed(r), 0);
    memory_event_log_cut(r->dead_memory, false);
    retry_rig_advance(r, 2000);
    retry_rig_step_until(r, 1);
    assert_int_equal(retry_rig_dead(r, NULL), 1);
    retry_rig_advance(r, 2000);
    retry_step(r->retry, 0);
    assert_int_equal(retry_rig_committed(r), 1);
}

static void outage_of_the_log_is_waited_out(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 0, 0);
    memory_event_log_cut(r->retry_memory, true);
    retry_rig_step_until(r, 0);
    memory_event_log_cut(r->retry_memory, false);
    retry_rig_put(r, r->retry_log, 1, 0);
    retry_rig_step_until(r, 1);
}

static void what_the_log_dropped_is_gone_and_the_rest_is_done(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 0, 0);
    retry_rig_put(r, r->retry_log, 1, 0);
    retry_rig_step_until(r, 1);
    retry_rig_advance(r, 2000);
    retry_step(r->retry, 0);
    retry_stop(r->retry);
    retry_free(r->retry);
    for (unsigned i = 2; i <= 5; i++)
        retry_rig_put(r, r->retry_log, i, 0);
    memory_event_log_trim(r->retry_memory, 0, 3);
    retry_rig_open(r, 0, 0, 0);
    retry_rig_step_until(r, 3);
    assert_int_equal(r->posted[1], 4);
    assert_int_equal(r->posted[2], 5);
}

static void expelled_member_begins_anew(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 0, 0, 0);
    retry_rig_put(r, r->retry_log, 1, 10000);
    retry_rig_step_until(r, 0);
    struct retry *other;
    struct retry *first = r->retry;
    retry_rig_open(r, 0, 0, 0); /* one partition: one of the two has it */
    other = r->retry;
    retry_rig_advance(r, 10000);
    for (unsigned i = 0; i < 50; i++) {
        retry_step(first, 1);
        retry_step(other, 1);
    }
    assert_int_equal(atomic_load(&r->n_posts), 1);
    retry_free(first);
    for (unsigned i = 0; i < 20; i++)
        retry_step(other, 1);
    assert_int_equal(atomic_load(&r->n_posts), 1);
}

static void wait_posts(struct retry_rig *r, unsigned n)
{
    for (unsigned i = 0; i < 5000 && atomic_load(&r->n_posts) < n; i++)
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    assert_int_equal(atomic_load(&r->n_posts), n);
}

static void threads_try_side_by_side_and_stop_together(void **state)
{
    struct retry_rig *r = *state;
    retry_rig_open(r, 4, 2, 0);
    atomic_store(&r->slow_ms, 20);
    for (unsigned i = 1; i <= 40; i++)
        retry_rig_put(r, r->retry_log, i, 0);
    retry_start(r->retry);
    wait_posts(r, 40);
    atomic_store(&r->fail_next, UINT_MAX);
    retry_rig_put(r, r->retry_log, 41, 0);
    wait_posts(r, 41);
    retry_stop(r->retry);
    assert_int_equal(retry_rig_committed(r), 41);
    assert_int_equal(retry_rig_dead(r, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_grow_to_their_bound),
        TEST(success_is_committed),
        TEST(nothing_is_tried_before_its_time),
        TEST(busy_threads_are_waited_for),
        TEST(long_delay_stands_in_nobodys_way),
        TEST(failures_come_back_later_and_later_and_die),
        TEST(what_was_not_done_is_done_after_a_crash),
        TEST(stopping_commits),
        TEST(what_is_no_envelope_is_passed_over),
        TEST(full_backlog_stops_reading),
        TEST(try_is_not_repeated_because_its_outcome_was_not_written),
        TEST(outage_of_the_log_is_waited_out),
        TEST(what_the_log_dropped_is_gone_and_the_rest_is_done),
        TEST(expelled_member_begins_anew),
        TEST(threads_try_side_by_side_and_stop_together),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}

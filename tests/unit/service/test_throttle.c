#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "service/throttle.h"

#define SECOND INT64_C(1000000)

static const struct rate ten_a_minute = {10, 10, 60 * SECOND};
static const struct rate twenty_a_second = {20, 60, SECOND};

static void test_burst_then_steady(void **state)
{
    struct throttle *t = throttle_new(512);
    int64_t now = 5 * SECOND;
    (void)state;
    for (int i = 0; i < 60; i++)
        assert_int_equal(throttle_take(t, STR("ada"), &twenty_a_second, now), 0);
    assert_int_equal(throttle_take(t, STR("ada"), &twenty_a_second, now), 50);
    now += 49999;
    assert_int_equal(throttle_take(t, STR("ada"), &twenty_a_second, now), 1);
    now += 1;
    assert_int_equal(throttle_take(t, STR("ada"), &twenty_a_second, now), 0);
    assert_int_equal(throttle_take(t, STR("ada"), &twenty_a_second, now), 50);
    /* Three seconds refill the burst, a day no more than that. */
    now += 86400 * SECOND;
    for (int i = 0; i < 60; i++)
        assert_int_equal(throttle_take(t, STR("ada"), &twenty_a_second, now), 0);
    assert_int_not_equal(throttle_take(t, STR("ada"), &twenty_a_second, now), 0);
    throttle_free(t);
}

static void test_waiting_as_told_is_enough(void **state)
{
    struct throttle *t = throttle_new(512);
    struct rate rate = {7, 3, SECOND};
    int64_t now = 0;
    int admitted = 0;
    (void)state;
    for (int i = 0; i < 200; i++) {
        uint32_t wait = throttle_take(t, STR("k"), &rate, now);
        now += (int64_t)wait * 1000;
        if (wait > 0)
            assert_int_equal(throttle_take(t, STR("k"), &rate, now), 0);
        admitted++;
    }
    /* 200 at 7 a second, 3 of them at once: not slower than asked by more than the rounding. */
    assert_true(now >= 197 * SECOND / 7 - SECOND / 7 && now <= 197 * SECOND / 7 + 200 * 1000);
    assert_int_equal(admitted, 200);
    throttle_free(t);
}

static void test_refused_tries_cost_nothing(void **state)
{
    struct throttle *t = throttle_new(512);
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(throttle_take(t, STR("ada"), &ten_a_minute, 0), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(throttle_take(t, STR("ada"), &ten_a_minute, 0), 6000);
    assert_int_equal(throttle_take(t, STR("ada"), &ten_a_minute, 6 * SECOND), 0);
    throttle_free(t);
}

static void test_keys_do_not_share(void **state)
{
    struct throttle *t = throttle_new(512);
    (void)state;
    for (int i = 0; i < 10; i++)
        throttle_take(t, STR("ada"), &ten_a_minute, 0);
    assert_int_not_equal(throttle_take(t, STR("ada"), &ten_a_minute, 0), 0);
    assert_int_equal(throttle_take(t, STR("bob"), &ten_a_minute, 0), 0);
    assert_int_equal(throttle_take(t, (struct str){"ada\0", 4}, &ten_a_minute, 0), 0);
    throttle_free(t);
}

static void test_zero_switches_off_and_a_burst_of_zero_is_one(void **state)
{
    struct throttle *t = throttle_new(512);
    struct rate off = {0, 10, SECOND}, one = {1, 0, SECOND};
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(throttle_take(t, STR("ada"), &off, 0), 0);
    assert_int_equal(throttle_take(t, STR("ada"), &one, 0), 0);
    assert_int_equal(throttle_take(t, STR("ada"), &one, 0), 1000);
    throttle_free(t);
}

static void test_a_new_rate_counts_at_once(void **state)
{
    struct throttle *t = throttle_new(512);
    struct rate slow = {1, 1, 60 * SECOND}, fast = {60, 60, 60 * SECOND};
    (void)state;
    assert_int_equal(throttle_take(t, STR("ada"), &slow, 0), 0);
    assert_int_equal(throttle_take(t, STR("ada"), &slow, 0), 60000);
    assert_int_equal(throttle_take(t, STR("ada"), &fast, SECOND), 0);
    throttle_free(t);
}

/* A flood of other keys, far more than there is room for, does not give an exhausted key its tries
 * back: the ones that were used once push each other out. */
static void test_a_flood_resets_nobody(void **state)
{
    struct throttle *t = throttle_new(512);
    char key[32];
    (void)state;
    for (int i = 0; i < 10; i++)
        throttle_take(t, STR("victim"), &ten_a_minute, 0);
    for (int i = 0; i < 100000; i++) {
        int n = snprintf(key, sizeof key, "flood%d", i);
        assert_int_equal(throttle_take(t, (struct str){key, (size_t)n}, &ten_a_minute, 0), 0);
    }
    assert_int_not_equal(throttle_take(t, STR("victim"), &ten_a_minute, 0), 0);
    throttle_free(t);
}

/* What the table does forget: the bucket that is closest to full, once eight of a set are worse. */
static void test_the_fullest_is_forgotten_first(void **state)
{
    struct throttle *t = throttle_new(512);
    char key[32];
    (void)state;
    assert_int_equal(throttle_take(t, STR("once"), &ten_a_minute, 0), 0);
    for (int i = 0; i < 100000; i++) {
        int n = snprintf(key, sizeof key, "worse%d", i / 10);
        throttle_take(t, (struct str){key, (size_t)n}, &ten_a_minute, 0);
    }
    int more = 0;
    while (throttle_take(t, STR("once"), &ten_a_minute, 0) == 0)
        more++;
    assert_int_equal(more, 10); /* it was forgotten: nine had been left */
    throttle_free(t);
}

static struct throttle *shared;
static atomic_int admitted;

static void *hammer(void *arg)
{
    char key[32];
    (void)arg;
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(key, sizeof key, "key%d", i % 100);
        if (throttle_take(shared, (struct str){key, (size_t)n}, &twenty_a_second, 0) == 0)
            atomic_fetch_add(&admitted, 1);
    }
    return NULL;
}

static void test_threads_do_not_admit_more(void **state)
{
    pthread_t threads[4];
    (void)state;
    shared = throttle_new(4096);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&admitted), 100 * 60);
    throttle_free(shared);
}

static bool same_peer(const char *a, const char *b)
{
    struct throttle_address x = throttle_address(str_of(a)), y = throttle_address(str_of(b));
    return str_eq((struct str){x.bytes, x.n}, (struct str){y.bytes, y.n});
}

static void test_what_counts_as_one_peer(void **state)
{
    (void)state;
    assert_true(same_peer("192.0.2.1", "192.0.2.1"));
    assert_false(same_peer("192.0.2.1", "192.0.2.2"));
    assert_true(same_peer("::ffff:192.0.2.1", "192.0.2.1"));
    assert_false(same_peer("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
    assert_true(same_peer("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_false(same_peer("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert_true(same_peer("fe80::1%eth0", "fe80::2%eth1"));
    assert_true(same_peer("2001:DB8:1:2::1", "2001:db8:1:2::1"));
    assert_false(same_peer("proxy-a", "proxy-b"));
    assert_int_equal(throttle_address(STR("")).n, 0);
    char text[200];
    memset(text, 'x', sizeof text);
    assert_int_equal(throttle_address((struct str){text, sizeof text}).n, THROTTLE_ADDRESS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_steady),
        cmocka_unit_test(test_waiting_as_told_is_enough),
        cmocka_unit_test(test_refused_tries_cost_nothing),
        cmocka_unit_test(test_keys_do_not_share),
        cmocka_unit_test(test_zero_switches_off_and_a_burst_of_zero_is_one),
        cmocka_unit_test(test_a_new_rate_counts_at_once),
        cmocka_unit_test(test_a_flood_resets_nobody),
        cmocka_unit_test(test_the_fullest_is_forgotten_first),
        cmocka_unit_test(test_threads_do_not_admit_more),
        cmocka_unit_test(test_what_counts_as_one_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cond.h"

static int64_t ns_until(struct timespec t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)(t.tv_sec - now.tv_sec) * 1000000000 + t.tv_nsec - now.tv_nsec;
}

static void deadline_is_that_far_ahead_and_a_valid_time(void **state)
{
    static const unsigned waits[] = {0, 1, 999, 1000, 1500, 86400000};
    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        const struct timespec t = cond_deadline(waits[i]);
        const int64_t wait_ns = (int64_t)waits[i] * 1000000;
        assert_in_range(t.tv_nsec, 0, 999999999);
        assert_true(ns_until(t) <= wait_ns);
        assert_true(ns_until(t) > wait_ns - INT64_C(5000000000)); /* on a machine that stumbles */
    }
}

static void wait_ends_at_the_deadline(void **state)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    (void)state;
    cond_init(&cond);
    const struct timespec until = cond_deadline(30);
    int answer = 0;
    pthread_mutex_lock(&mutex);
    while (answer == 0)
        answer = pthread_cond_timedwait(&cond, &mutex, &until);
    pthread_mutex_unlock(&mutex);
    assert_int_equal(answer, ETIMEDOUT);
    assert_true(ns_until(until) <= 0);
    pthread_cond_destroy(&cond);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadline_is_that_far_ahead_and_a_valid_time),
        cmocka_unit_test(wait_ends_at_the_deadline),
    };
    return cmocka_run_group_tests_name("base/cond", tests, NULL, NULL);
}

/* The memory of which buckets are written down: it may forget, and never remembers what was not. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapter/cassandra/buckets.h"

static struct uuid channel_of(unsigned number)
{
    struct uuid u = {{0}};
    memcpy(u.b, &number, sizeof number);
    return u;
}

static void first_position_counts(void **state)
{
    struct buckets b;
    struct uuid channel = channel_of(1);
    (void)state;
    buckets_init(&b);
    assert_false(buckets_has(&b, &channel, 7, 100));
    buckets_note(&b, &channel, 7, 100);
    assert_true(buckets_has(&b, &channel, 7, 100));
    assert_true(buckets_has(&b, &channel, 7, 101));
    assert_false(buckets_has(&b, &channel, 7, 99)); /* a post before: its first position moves */
    buckets_note(&b, &channel, 7, 99);
    buckets_note(&b, &channel, 7, 200); /* and never forward again */
    assert_true(buckets_has(&b, &channel, 7, 99));
    buckets_fini(&b);
}

static void buckets_are_apart(void **state)
{
    struct buckets b;
    struct uuid channel = channel_of(1), other = channel_of(2);
    (void)state;
    buckets_init(&b);
    buckets_note(&b, &channel, -1, 5);
    assert_true(buckets_has(&b, &channel, -1, 5));
    assert_false(buckets_has(&b, &channel, 0, 5));
    assert_false(buckets_has(&b, &channel, 1, 5));
    assert_false(buckets_has(&b, &other, -1, 5));
    buckets_fini(&b);
}

/* Far more than there are places: a newcomer takes the place, and what it says stays true. */
static void forgetting_is_not_inventing(void **state)
{
    enum { CHANNELS = 3 * BUCKETS_MAX };
    struct buckets b;
    unsigned known = 0;
    (void)state;
    buckets_init(&b);
    for (unsigned i = 1; i <= CHANNELS; i++) {
        struct uuid channel = channel_of(i);
        buckets_note(&b, &channel, (int32_t)(i % 5), i);
        assert_true(buckets_has(&b, &channel, (int32_t)(i % 5), i));
    }
    for (unsigned i = 1; i <= CHANNELS; i++) {
        struct uuid channel = channel_of(i);
        known += buckets_has(&b, &channel, (int32_t)(i % 5), i);
        assert_false(buckets_has(&b, &channel, (int32_t)(i % 5), i - 1));
        assert_false(buckets_has(&b, &channel, (int32_t)(i % 5) + 5, i));
    }
    assert_in_range(known, BUCKETS_MAX / 2, BUCKETS_MAX);
    buckets_fini(&b);
}

enum { THREADS = 4, ROUNDS = 20000 };

struct worker {
    pthread_t thread;
    struct buckets *buckets;
    unsigned number;
};

static void *note_and_ask(void *arg)
{
    struct worker *w = arg;
    struct uuid channel = channel_of(w->number);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        buckets_note(w->buckets, &channel, (int32_t)i, i);
        if (buckets_has(w->buckets, &channel, (int32_t)i, i - 1))
            return w; /* nobody ever said so */
    }
    return NULL;
}

static void any_thread_may_ask(void **state)
{
    struct buckets b;
    struct worker workers[THREADS];
    (void)state;
    buckets_init(&b);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.buckets = &b, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, note_and_ask, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(workers[i].thread, &wrong);
        assert_null(wrong);
    }
    buckets_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_position_counts),
        cmocka_unit_test(buckets_are_apart),
        cmocka_unit_test(forgetting_is_not_inventing),
        cmocka_unit_test(any_thread_may_ask),
    };
    return cmocka_run_group_tests_name("cassandra buckets", tests, NULL, NULL);
}

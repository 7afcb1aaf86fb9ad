#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "telemetry/metrics.h"
#include "telemetry/trace_export.h"
#include "telemetry/trace_sieve.h"

/* ---- The sieve ---- */

struct kept {
    uint64_t ids[2 * TRACE_UNDECIDED_MAX];
    size_t n;
};

static void on_kept(const struct trace_span *s, void *arg)
{
    struct kept *k = arg;
    k->ids[k->n++] = s->id;
}

static struct trace_span span_of(uint64_t trace, uint64_t id)
{
    return (struct trace_span){.name = "x",
                               .kind = TRACE_INTERNAL,
                               .id = id,
                               .parents = {.n = 1, .of = {{{trace, trace}, 1, 0}}}};
}

static struct trace_span slow_request(uint64_t trace, uint64_t id)
{
    struct trace_span s = span_of(trace, id);
    s.is_request = s.is_slow = true;
    return s;
}

static void the_slow_take_theirs_along(void **state)
{
    struct trace_sieve *sieve = trace_sieve_new();
    struct kept kept = {.n = 0};
    struct trace_span mine = span_of(1, 10), other = span_of(2, 20), late = span_of(1, 11),
                      request = slow_request(1, 1);
    (void)state;
    trace_sieve_take(sieve, &mine, on_kept, &kept);
    trace_sieve_take(sieve, &other, on_kept, &kept);
    assert_int_equal(kept.n, 0);
    trace_sieve_take(sieve, &request, on_kept, &kept);
    assert_int_equal(kept.n, 2);
    assert_true(kept.ids[0] == 1 && kept.ids[1] == 10);
    trace_sieve_take(sieve, &late, on_kept, &kept);
    trace_sieve_take(sieve, &other, on_kept, &kept);
    assert_int_equal(kept.n, 3);
    assert_int_equal(kept.ids[2], 11);
    trace_sieve_free(sieve);
}

static void the_chosen_pass(void **state)
{
    struct trace_sieve *sieve = trace_sieve_new();
    struct kept kept = {.n = 0};
    struct trace_span chosen = span_of(1, 10);
    (void)state;
    chosen.parents.of[0].flags = TRACE_SAMPLED;
    trace_sieve_take(sieve, &chosen, on_kept, &kept);
    assert_int_equal(kept.n, 1);
    trace_sieve_free(sieve);
}

static void the_oldest_undecided_make_room(void **state)
{
    struct trace_sieve *sieve = trace_sieve_new();
    struct kept kept = {.n = 0};
    struct trace_span old = span_of(1, 10), request = slow_request(1, 1);
    (void)state;
    trace_sieve_take(sieve, &old, on_kept, &kept);
    for (unsigned i = 0; i < TRACE_UNDECIDED_MAX; i++) {
        struct trace_span s = span_of(2, 100 + i);
        trace_sieve_take(sieve, &s, on_kept, &kept);
    }
    trace_sieve_take(sieve, &request, on_kept, &kept);
    assert_int_equal(kept.n, 1);
    request = slow_request(2, 2);
    trace_sieve_take(sieve, &request, on_kept, &kept);
    assert_int_equal(kept.n, 2 + TRACE_UNDECIDED_MAX);
    assert_int_equal(kept.ids[2], 100);
    trace_sieve_free(sieve);
}

/* ---- The exporter ---- */

struct collector {
    pthread_mutex_t mutex;
    enum err answer;
    size_t posts, spans, largest;
    int64_t at_us[64];
};

static enum err on_send(void *arg, const struct trace_span *spans, size_t n, char *reason,
                        size_t reason_size)
{
    struct collector *c = arg;
    pthread_mutex_lock(&c->mutex);
    if (c->posts < 64)
        c->at_us[c->posts] = clock_steady_us(&clock_system);
    c->posts++;
    c->largest = n > c->largest ? n : c->largest;
    enum err e = c->answer;
    if (e == ERR_OK)
        c->spans += n;
    else
        memcpy(reason, "no", reason_size < 3 ? reason_size : 3);
    assert_true(spans[0].name != NULL && spans[n - 1].name != NULL);
    pthread_mutex_unlock(&c->mutex);
    return e;
}

static struct trace_export *start(struct collector *c, enum err answer)
{
    *c = (struct collector){.mutex = PTHREAD_MUTEX_INITIALIZER, .answer = answer};
    trace_open(&(struct trace_config){.ratio = 1});
    return trace_export_start(&(struct trace_export_config){
        .send = on_send,
        .arg = c,
        .batch_max = 16,
        .queue_max = 64,
        .linger_ms = 20,
        .backoff_min_ms = 40,
        .backoff_max_ms = 80,
        .stop_ms = 500,
    });
}

static void answer_with(struct collector *c, enum err answer)
{
    pthread_mutex_lock(&c->mutex);
    c->answer = answer;
    pthread_mutex_unlock(&c->mutex);
}

static size_t posts_of(struct collector *c)
{
    pthread_mutex_lock(&c->mutex);
    size_t n = c->posts;
    pthread_mutex_unlock(&c->mutex);
    return n;
}

static void await_posts(struct collector *c, size_t n)
{
    for (unsigned ms = 0; posts_of(c) < n && ms < 10000; ms += 5)
        clock_sleep_ms(5);
    assert_true(posts_of(c) >= n);
}

static void request(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct trace_span s;
        trace_begin_request(&s, "GET /x", STR_NONE, false);
        trace_end_request(&s, NULL);
    }
}

static void stop(struct trace_export *x)
{
    trace_export_stop(x);
    trace_close();
}

static void stopping_sends_what_there_is(void **state)
{
    struct collector c;
    struct trace_export *x = start(&c, ERR_OK);
    int64_t exported = metric_value(M_TRACE_EXPORTED);
    (void)state;
    request(50);
    stop(x);
    assert_int_equal(c.spans, 50);
    assert_int_equal(metric_value(M_TRACE_EXPORTED) - exported, 50);
    assert_true(c.largest <= 16);
}

static void a_collector_that_is_away_is_tried_again(void **state)
{
    struct collector c;
    struct trace_export *x = start(&c, ERR_UNAVAILABLE);
    (void)state;
    request(10);
    await_posts(&c, 4);
    assert_true(c.at_us[1] - c.at_us[0] >= 40000);
    assert_true(c.at_us[2] - c.at_us[1] >= 80000 && c.at_us[3] - c.at_us[2] >= 80000);
    answer_with(&c, ERR_OK);
    await_posts(&c, 5);
    stop(x);
    assert_int_equal(c.spans, 10);
}

static void the_queue_is_bounded(void **state)
{
    struct collector c;
    struct trace_export *x = start(&c, ERR_UNAVAILABLE);
    int64_t dropped = metric_value(M_TRACE_DROPPED);
    (void)state;
    request(100);
    await_posts(&c, 2);
    int64_t until_us = clock_steady_us(&clock_system) + 10000000;
    while (metric_value(M_TRACE_DROPPED) - dropped < 36 &&
           clock_steady_us(&clock_system) < until_us)
        clock_sleep_ms(5);
    assert_int_equal(metric_value(M_TRACE_DROPPED) - dropped, 36);
    answer_with(&c, ERR_OK);
    stop(x);
    assert_int_equal(c.spans, 64);
}

static void what_is_refused_is_not_tried_again(void **state)
{
    struct collector c;
    struct trace_export *x = start(&c, ERR_BAD_REQUEST);
    int64_t refused = metric_value(M_TRACE_REFUSED);
    (void)state;
    request(5);
    await_posts(&c, 1);
    clock_sleep_ms(300);
    stop(x);
    assert_int_equal(c.posts, 1);
    assert_int_equal(metric_value(M_TRACE_REFUSED) - refused, 5);
}

static void a_dead_collector_does_not_hold_up_the_end(void **state)
{
    struct collector c;
    struct trace_export *x = start(&c, ERR_UNAVAILABLE);
    int64_t dropped = metric_value(M_TRACE_DROPPED);
    (void)state;
    request(5);
    int64_t began_us = clock_steady_us(&clock_system);
    stop(x);
    assert_true(clock_steady_us(&clock_system) - began_us < 2000000);
    assert_int_equal(metric_value(M_TRACE_DROPPED) - dropped, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_slow_take_theirs_along),
        cmocka_unit_test(the_chosen_pass),
        cmocka_unit_test(the_oldest_undecided_make_room),
        cmocka_unit_test(stopping_sends_what_there_is),
        cmocka_unit_test(a_collector_that_is_away_is_tried_again),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(what_is_refused_is_not_tried_again),
        cmocka_unit_test(a_dead_collector_does_not_hold_up_the_end),
    };
    return cmocka_run_group_tests_name("telemetry/trace_export", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"
#include "telemetry/trace_ring.h"

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

struct seen {
    struct trace_span spans[4 * TRACE_RING_SPANS];
    size_t n;
};
static struct seen seen;

static void on_span(const struct trace_span *s, void *arg)
{
    struct seen *to = arg;
    assert_true(to->n < sizeof to->spans / sizeof to->spans[0]);
    to->spans[to->n++] = *s;
}

static const struct seen *drain(void)
{
    seen.n = 0;
    trace_drain(on_span, &seen);
    return &seen;
}

static void open_with(double ratio, int64_t slow_us)
{
    trace_open(&(struct trace_config){.ratio = ratio, .slow_us = slow_us});
}

static void off_is_nothing(void **state)
{
    struct trace_span request, child, here;
    (void)state;
    trace_begin_request(&request, "GET /x", STR(PARENT), true);
    trace_enter(&here, &request);
    trace_begin(&child, "SELECT", TRACE_CLIENT);
    trace_add_number(&child, "n", 1);
    trace_end(&child, ERR_OK);
    trace_leave(&here);
    trace_end_request(&request, NULL);
    struct trace_context c = trace_start(), of = trace_of(&request);
    assert_false(trace_context_is_set(&c));
    assert_false(trace_context_is_set(&of));
    assert_int_equal(drain()->n, 0);
}

static void spans_nest(void **state)
{
    struct trace_span request, outer, inner, here;
    (void)state;
    open_with(1, 0);
    trace_begin_request(&request, "GET /x", STR_NONE, false);
    trace_enter(&here, &request);
    trace_begin(&outer, "outer", TRACE_INTERNAL);
    trace_begin(&inner, "inner", TRACE_CLIENT);
    trace_add_text(&inner, "db.system.name", "sqlite");
    trace_add_number(&inner, "rows", 3);
    trace_end(&inner, ERR_UNAVAILABLE);
    trace_end(&outer, ERR_OK);
    trace_leave(&here);
    struct trace_context none = trace_here();
    assert_false(trace_context_is_set(&none));
    trace_end_request(&request, "500");
    const struct seen *s = drain();
    assert_int_equal(s->n, 3);
    const struct trace_span *i = &s->spans[0], *o = &s->spans[1], *r = &s->spans[2];
    assert_string_equal(i->name, "inner");
    assert_string_equal(i->error, "ERR_UNAVAILABLE");
    assert_int_equal(i->n_attrs, 2);
    assert_string_equal(i->attrs[0].text, "sqlite");
    assert_int_equal(i->attrs[1].number, 3);
    assert_true(i->parents.of[0].span == o->id && o->parents.of[0].span == r->id);
    assert_true(trace_context_is_same_trace(&i->parents.of[0], &r->parents.of[0]));
    assert_true(r->parents.of[0].span == 0 && r->is_request && r->kind == TRACE_SERVER);
    assert_string_equal(r->error, "500");
    assert_true(r->begun_us <= o->begun_us && i->ended_us <= o->ended_us);
    trace_close();
}

static void the_dice_keep_to_the_ratio(void **state)
{
    unsigned kept = 0;
    (void)state;
    open_with(0.25, 0);
    for (unsigned i = 0; i < 20000; i++) {
        struct trace_context c = trace_start();
        assert_true(trace_context_is_set(&c) && c.span != 0);
        kept += trace_context_is_sampled(&c);
    }
    assert_in_range(kept, 4600, 5400); /* six deviations off */
    trace_close();
    open_with(0, 0);
    for (unsigned i = 0; i < 1000; i++) {
        struct trace_context c = trace_start();
        assert_false(trace_context_is_sampled(&c));
    }
    trace_close();
    open_with(1, 0);
    for (unsigned i = 0; i < 1000; i++) {
        struct trace_context c = trace_start();
        assert_true(trace_context_is_sampled(&c));
    }
    trace_close();
}

/* Whoever is trusted decides; a stranger's word is a link, whatever flag he sets. */
static void whom_a_request_follows(void **state)
{
    struct trace_context said;
    struct trace_span s;
    (void)state;
    assert_true(traceparent_parse(STR(PARENT), &said));
    open_with(0, 0);
    trace_begin_request(&s, "GET /x", STR(PARENT), true);
    assert_true(trace_context_is_same_trace(&s.parents.of[0], &said));
    assert_true(s.parents.of[0].span == said.span && !s.has_link);
    trace_end_request(&s, NULL);
    assert_int_equal(drain()->n, 1);
    trace_begin_request(&s, "GET /x", STR(PARENT), false);
    assert_false(trace_context_is_same_trace(&s.parents.of[0], &said));
    assert_true(s.has_link && s.parents.n == 1 && s.parents.of[1].span == said.span);
    trace_end_request(&s, NULL);
    assert_int_equal(drain()->n, 0);
    trace_begin_request(&s, "GET /x", STR("00-nonsense"), true);
    assert_true(s.parents.of[0].span == 0 && !s.has_link);
    trace_end_request(&s, NULL);
    trace_close();
}

static void only_what_is_kept_travels(void **state)
{
    char text[TRACEPARENT_LEN + 1];
    struct trace_context kept, not_kept;
    (void)state;
    open_with(1, 0);
    kept = trace_start();
    assert_int_equal(trace_carry(&kept, text).n, TRACEPARENT_LEN);
    trace_close();
    open_with(0, 1);
    not_kept = trace_start();
    assert_int_equal(trace_carry(&not_kept, text).n, 0);
    assert_int_equal(trace_carry(&TRACE_NONE, text).n, 0);
    trace_close();
}

static void batches_serve_many(void **state)
{
    struct trace_set set = {.n = 0}, empty = {.n = 0};
    struct trace_span batch, call;
    int64_t dropped = metric_value(M_TRACE_DROPPED);
    (void)state;
    open_with(1, 0);
    for (unsigned i = 0; i < TRACE_PARENTS_MAX + 2; i++) {
        struct trace_context c = trace_start();
        trace_set_add(&set, &c);
    }
    trace_set_add(&set, &TRACE_NONE);
    assert_int_equal(set.n, TRACE_PARENTS_MAX);
    assert_int_equal(metric_value(M_TRACE_DROPPED) - dropped, 2);
    trace_begin_batch(&batch, &empty, "persist", TRACE_CONSUMER);
    trace_begin(&call, "INSERT", TRACE_CLIENT);
    trace_end(&call, ERR_OK);
    trace_end(&batch, ERR_OK);
    assert_int_equal(drain()->n, 0);
    trace_begin_batch(&batch, &set, "persist", TRACE_CONSUMER);
    trace_begin(&call, "INSERT", TRACE_CLIENT);
    trace_end(&call, ERR_OK);
    trace_end(&batch, ERR_OK);
    const struct seen *s = drain();
    assert_int_equal(s->n, 2);
    for (unsigned i = 0; i < TRACE_PARENTS_MAX; i++) {
        assert_memory_equal(&s->spans[1].parents.of[i], &set.of[i], sizeof set.of[i]);
        assert_true(s->spans[0].parents.of[i].span == s->spans[1].id + i);
    }
    trace_close();
}

/* Not chosen: nothing of it, unless it took long, and then what took long. */
static void slow_ones_leave_what_was_slow(void **state)
{
    struct trace_span request, here, quick, slow;
    (void)state;
    open_with(0, 64000);
    trace_begin_request(&request, "GET /x", STR_NONE, false);
    trace_enter(&here, &request);
    trace_begin(&quick, "quick", TRACE_CLIENT);
    trace_end(&quick, ERR_OK);
    trace_begin(&slow, "slow", TRACE_CLIENT);
    clock_sleep_ms(5);
    trace_end(&slow, ERR_OK);
    trace_leave(&here);
    trace_end_request(&request, NULL);
    const struct seen *s = drain();
    assert_int_equal(s->n, 2);
    assert_string_equal(s->spans[0].name, "slow");
    assert_false(s->spans[1].is_slow);
    struct trace_context at = trace_start();
    struct trace_span noted = {.name = "websocket CreateMessage", .kind = TRACE_SERVER};
    trace_note_request(&noted, &at, clock_steady_us(&clock_system) - 64000, NULL);
    s = drain();
    assert_int_equal(s->n, 1);
    assert_true(s->spans[0].is_slow && s->spans[0].id == at.span);
    trace_close();
}

static void a_full_ring_drops_and_counts(void **state)
{
    int64_t dropped = metric_value(M_TRACE_DROPPED);
    (void)state;
    open_with(1, 0);
    for (unsigned i = 0; i < TRACE_RING_SPANS + 7; i++) {
        struct trace_span s;
        trace_begin_request(&s, "GET /x", STR_NONE, false);
        trace_end_request(&s, NULL);
    }
    assert_int_equal(metric_value(M_TRACE_DROPPED) - dropped, 7);
    assert_int_equal(drain()->n, TRACE_RING_SPANS);
    assert_int_equal(drain()->n, 0);
    trace_close();
}

#define THREADS 4
#define EACH    20000

static void *record_many(void *arg)
{
    for (unsigned i = 0; i < EACH; i++) {
        struct trace_span s;
        trace_begin_request(&s, "GET /x", STR_NONE, false);
        trace_add_number(&s, "i", i);
        trace_add_number(&s, "again", i);
        trace_end_request(&s, NULL);
    }
    return arg;
}

struct count {
    uint64_t n;
    bool is_whole;
};

static void on_counted(const struct trace_span *s, void *arg)
{
    struct count *c = arg;
    c->n++;
    c->is_whole = c->is_whole && s->n_attrs == 2 && s->attrs[0].number == s->attrs[1].number;
}

/* None is torn, none is lost but those that are counted, also of threads that have ended. */
static void threads_record_while_one_drains(void **state)
{
    pthread_t threads[THREADS];
    struct count c = {.is_whole = true};
    int64_t dropped = metric_value(M_TRACE_DROPPED);
    (void)state;
    open_with(1, 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_many, NULL), 0);
    for (unsigned i = 0; i < 500; i++) {
        trace_wait(1);
        trace_drain(on_counted, &c);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    trace_drain(on_counted, &c);
    assert_true(c.is_whole);
    assert_int_equal(c.n + (uint64_t)(metric_value(M_TRACE_DROPPED) - dropped), THREADS * EACH);
    assert_true(c.n > TRACE_RING_SPANS);
    trace_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off_is_nothing),
        cmocka_unit_test(spans_nest),
        cmocka_unit_test(the_dice_keep_to_the_ratio),
        cmocka_unit_test(whom_a_request_follows),
        cmocka_unit_test(only_what_is_kept_travels),
        cmocka_unit_test(batches_serve_many),
        cmocka_unit_test(slow_ones_leave_what_was_slow),
        cmocka_unit_test(a_full_ring_drops_and_counts),
        cmocka_unit_test(threads_record_while_one_drains),
    };
    return cmocka_run_group_tests_name("telemetry/trace", tests, NULL, NULL);
}

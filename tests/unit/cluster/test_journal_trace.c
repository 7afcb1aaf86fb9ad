/* One trace over two nodes and persist: whose spans are there, and what is above each. */
#include <string.h>

#include "base/mem.h"
#include "engine_rig.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

#define SPANS_MAX 512

static struct trace_span spans[SPANS_MAX];
static size_t n_spans;

static void on_span(const struct trace_span *s, void *arg)
{
    (void)arg;
    assert_true(n_spans < SPANS_MAX);
    spans[n_spans++] = *s;
}

static int open_rig(void **state)
{
    struct engine_rig *r = MEM_NEW(struct engine_rig);
    rig_open(r, 2);
    trace_open(&(struct trace_config){.ratio = 1});
    n_spans = 0;
    *state = r;
    return 0;
}

static int close_rig(void **state)
{
    struct engine_rig *r = *state;
    rig_close(r);
    trace_close();
    mem_free(r);
    return 0;
}

/* The i-th (from 0) of that name in a trace; NULL when there are not so many. */
static const struct trace_span *span_of(const struct trace_context *trace, const char *name,
                                        unsigned i)
{
    for (size_t k = 0; k < n_spans; k++)
        for (unsigned p = 0; p < spans[k].parents.n; p++)
            if (strcmp(spans[k].name, name) == 0 &&
                trace_context_is_same_trace(&spans[k].parents.of[p], trace) && i-- == 0)
                return &spans[k];
    return NULL;
}

static void a_send_is_one_trace(void **state)
{
    struct engine_rig *r = *state;
    struct node *a = node_open(r), *b = node_open(r);
    struct persist *p = rig_persist(r);
    const struct trace_context trace = a->trace = trace_start();
    assert_int_equal(node_say(a, 1, 1, "text", NULL).err, ERR_OK);
    node_await(b, 1);
    rig_persist_all(p);
    persist_free(p);
    node_close(b);
    node_close(a);
    trace_drain(on_span, NULL);
    const struct trace_span *send = span_of(&trace, "send events", 0);
    assert_non_null(send);
    assert_true(send->parents.of[0].span == trace.span && send->kind == TRACE_PRODUCER);
    for (unsigned i = 0; i < 2; i++) {
        const struct trace_span *here = span_of(&trace, "process events", i);
        assert_non_null(here);
        assert_true(here->parents.of[0].span == send->id);
        assert_string_equal(here->attrs[4].key, "parley.verdict");
        assert_string_equal(here->attrs[4].text, "post");
    }
    assert_null(span_of(&trace, "process events", 2));
    const struct trace_span *persist = span_of(&trace, "persist", 0);
    assert_non_null(persist);
    assert_true(persist->parents.of[0].span == send->id && persist->error == NULL);
}

/* Two sends in one batch of persist: one record with both above it. */
static void a_batch_belongs_to_each(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    struct trace_context first = n->trace = trace_start();
    assert_int_equal(node_say(n, 1, 1, "one", NULL).err, ERR_OK);
    struct trace_context second = n->trace = trace_start();
    assert_int_equal(node_say(n, 1, 1, "two", NULL).err, ERR_OK);
    rig_persist_all(p);
    persist_free(p);
    node_close(n);
    trace_drain(on_span, NULL);
    assert_non_null(span_of(&first, "persist", 0));
    assert_ptr_equal(span_of(&first, "persist", 0), span_of(&second, "persist", 0));
    assert_int_equal(span_of(&first, "persist", 0)->parents.n, 2);
}

/* What is not kept leaves no header, and nothing on the other side. */
static void what_is_not_kept_does_not_travel(void **state)
{
    struct engine_rig *r = *state;
    struct node *n = node_open(r);
    struct persist *p = rig_persist(r);
    n->trace = trace_start();
    n->trace.flags = 0;
    assert_int_equal(node_say(n, 1, 1, "text", NULL).err, ERR_OK);
    rig_persist_all(p);
    persist_free(p);
    node_close(n);
    trace_drain(on_span, NULL);
    assert_int_equal(n_spans, 0);
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(a_send_is_one_trace),
        RIG_TEST(a_batch_belongs_to_each),
        RIG_TEST(what_is_not_kept_does_not_travel),
    };
    return cmocka_run_group_tests_name("cluster/journal_trace", tests, NULL, NULL);
}

/* What becomes of a traced record on this node: a span from the record to its publishing, under the
 * producer's, whichever node that was on. */
#include "base/clock.h"
#include "cluster/journal_state.h"
#include "telemetry/metrics.h"

static const char *const verdict_names[] = {
    [VERDICT_POST] = "post",         [VERDICT_CHANGE] = "change", [VERDICT_REPEAT] = "repeat",
    [VERDICT_CONFLICT] = "conflict", [VERDICT_STALE] = "stale",   [VERDICT_INVALID] = "invalid",
    [VERDICT_KNOWN] = "known",
};

struct trace_context journal_hear(struct cluster_journal *j, const struct log_record *r,
                                  enum verdict verdict)
{
    struct trace_context producer;
    if (r->trace.n == 0 || !trace_is_on() || !traceparent_parse(r->trace, &producer) ||
        !trace_context_is_sampled(&producer))
        return TRACE_NONE;
    if (j->n_heard == JOURNAL_HEARD) {
        metric_inc(M_TRACE_DROPPED);
        return producer;
    }
    struct journal_heard *h = &j->heard[j->n_heard++];
    *h = (struct journal_heard){
        .producer = producer,
        .trace = trace_child(&producer),
        .verdict = verdict,
        .partition = r->partition,
        .offset = r->offset,
        .begun_us = clock_steady_us(&clock_system),
    };
    return h->trace;
}

static void heard_end(const struct journal_heard *h, int64_t now_us)
{
    struct trace_span s = {
        .name = "process events",
        .kind = TRACE_CONSUMER,
        .id = h->trace.span,
        .begun_us = h->begun_us,
        .ended_us = now_us,
    };
    trace_add_text(&s, "messaging.system", "kafka");
    trace_add_text(&s, "messaging.operation.type", "process");
    trace_add_number(&s, "messaging.destination.partition.id", h->partition);
    trace_add_number(&s, "messaging.kafka.offset", (int64_t)h->offset);
    trace_add_text(&s, "parley.verdict", verdict_names[h->verdict]);
    trace_note(&s, &h->producer);
}

void journal_heard_end(struct cluster_journal *j)
{
    if (j->n_heard == 0)
        return;
    int64_t now_us = clock_steady_us(&clock_system);
    for (size_t i = 0; i < j->n_heard; i++)
        heard_end(&j->heard[i], now_us);
    j->n_heard = 0;
}

#include "telemetry/trace_sieve.h"

#include "base/mem.h"

struct trace_sieve {
    unsigned next_undecided, next_slow; /* the places of the oldest */
    struct trace_context slow[TRACE_SLOW_KNOWN];
    struct trace_span undecided[TRACE_UNDECIDED_MAX]; /* name NULL: free */
};

struct trace_sieve *trace_sieve_new(void)
{
    return MEM_NEW(struct trace_sieve);
}

void trace_sieve_free(struct trace_sieve *s)
{
    mem_free(s);
}

static bool is_slow(const struct trace_sieve *s, const struct trace_context *c)
{
    for (unsigned i = 0; i < TRACE_SLOW_KNOWN; i++)
        if (trace_context_is_same_trace(&s->slow[i], c))
            return true;
    return false;
}

static void learn_slow(struct trace_sieve *s, const struct trace_context *c, trace_keep_f keep,
                       void *arg)
{
    s->slow[s->next_slow++ % TRACE_SLOW_KNOWN] = *c;
    for (unsigned i = 0; i < TRACE_UNDECIDED_MAX; i++) {
        struct trace_span *u = &s->undecided[(s->next_undecided + i) % TRACE_UNDECIDED_MAX];
        if (u->name == NULL || !trace_context_is_same_trace(&u->parents.of[0], c))
            continue;
        keep(u, arg);
        u->name = NULL;
    }
}

void trace_sieve_take(struct trace_sieve *s, const struct trace_span *span, trace_keep_f keep,
                      void *arg)
{
    const struct trace_context *c = &span->parents.of[0];
    bool is_kept = trace_context_is_sampled(c) || (span->is_request && span->is_slow);
    if (!is_kept && !is_slow(s, c)) {
        s->undecided[s->next_undecided++ % TRACE_UNDECIDED_MAX] = *span;
        return;
    }
    keep(span, arg);
    if (!trace_context_is_sampled(c) && span->is_request)
        learn_slow(s, c, keep, arg);
}

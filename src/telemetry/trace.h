/* Spans: what was done for one request, when, and under which other span. Off until trace_open, and
 * then nothing but a look at a flag; a span that is not wanted allocates nothing and locks nothing.
 *
 *     trace_begin_request ── trace_begin ... trace_end ── trace_end_request
 *                                   │ wanted?
 *                                   v
 *                      the thread's ring (bounded; full: dropped and counted)
 *                                   │ trace_drain: the exporter's thread
 *                                   v
 *                      trace_export.h: kept, or waits for its request to turn out slow
 *
 * Two ways lead out of the process.
 *   By head: when a request begins, dice decide (`ratio`) and the decision travels with the trace.
 *   By slowness: a request that was not chosen and takes `slow_us` or more is kept all the same,
 *   with those of its spans in this process that took a sixteenth of that or more: shorter ones did
 *   not make it slow, and in quick times there is nothing to record.
 *
 * On one thread spans nest: trace_begin makes a span the child of the thread's current one, and is
 * nothing when there is none. So a driver says what it does, and need not be told for whom; whoever
 * takes up a request on a thread says so by trace_enter. A span that serves several requests at
 * once (a batch) is one record with several parents; each of their traces gets a copy, linked to
 * the others, up to TRACE_PARENTS_MAX (more are counted as dropped).
 *
 * Names and attributes follow OpenTelemetry's semantic conventions. They are constants and numbers
 * only: nothing a user wrote, no token and no address can get into a span.
 *
 * Any thread; a span belongs to one thread at a time.
 */
#ifndef PARLEY_TELEMETRY_TRACE_H
#define PARLEY_TELEMETRY_TRACE_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/err.h"
#include "telemetry/trace_context.h"

#define TRACE_PARENTS_MAX 8
#define TRACE_ATTRS_MAX   6

/* OTLP's numbers. */
enum trace_kind {
    TRACE_INTERNAL = 1,
    TRACE_SERVER = 2,
    TRACE_CLIENT = 3,
    TRACE_PRODUCER = 4,
    TRACE_CONSUMER = 5,
};

struct trace_attr {
    const char *key;  /* constant */
    const char *text; /* constant; NULL: a number */
    int64_t number;
};

/* Under what something is done: the spans above it, one a trace. */
struct trace_set {
    unsigned n;
    struct trace_context of[TRACE_PARENTS_MAX];
};

struct trace_span {
    const char *name; /* constant; NULL: nothing is recorded */
    enum trace_kind kind;
    bool is_request; /* decides about its trace by how long it took */
    bool is_slow;    /* set when recorded */
    bool has_link;   /* parents.of[1] is no parent but a link: what an untrusted client says */
    unsigned n_attrs;
    int64_t begun_us, ended_us; /* the steady clock */
    const char *error;          /* constant; NULL: it went well */
    uint64_t id;                /* of the copy in the first trace; + i in the i-th */
    struct trace_set parents;   /* a trace that begins here: its context with span 0 */
    struct trace_attr attrs[TRACE_ATTRS_MAX];
    struct trace_span *outer; /* the thread's current one before it */
};

/* ---- The process ---- */

struct trace_config {
    double ratio;    /* of requests kept, 0 to 1 */
    int64_t slow_us; /* a request that takes so long is kept; 0: none is for that */
};
/* Before the threads that record begin. */
void trace_open(const struct trace_config *config);
/* After they have ended; what was not drained is gone. */
void trace_close(void);

extern atomic_bool trace_is_on_;
static inline bool trace_is_on(void)
{
    return atomic_load_explicit(&trace_is_on_, memory_order_relaxed);
}

/* ---- Requests: where traces begin ---- */

/* A trace of its own, chosen or not; none while off. */
struct trace_context trace_start(void);
/* Begins the span of a request, which becomes nothing while off. `traceparent` is what came with
 * it, if anything: `trusted` (a proxy of ours, another node), it is followed, its decision too;
 * else it is linked to and nothing more, since nobody outside shall decide what is kept or write
 * into a trace that is not his. Does not make it the thread's current one. */
void trace_begin_request(struct trace_span *s, const char *name, struct str traceparent,
                         bool trusted);
/* Ends and records it. */
void trace_end_request(struct trace_span *s, const char *error);
/* The same of a request whose trace was begun by trace_start, and which is known whole only now:
 * `s` has its name, kind and attributes. Slow ones are logged, as by trace_end_request. */
void trace_note_request(struct trace_span *s, const struct trace_context *at, int64_t begun_us,
                        const char *error);

/* Says that what this thread does until trace_leave is for `of`, which may be nothing, and which
 * another thread may end meanwhile: `here` takes its place. They nest. */
void trace_enter(struct trace_span *here, const struct trace_span *of);
void trace_leave(struct trace_span *here);

/* ---- Within a request ---- */

void trace_begin(struct trace_span *s, const char *name, enum trace_kind kind);
/* Ends and records it; ERR_OK: it went well. */
void trace_end(struct trace_span *s, enum err e);
void trace_add_number(struct trace_span *s, const char *key, int64_t value);
void trace_add_text(struct trace_span *s, const char *key, const char *constant);

/* The context of a span, for what goes on elsewhere; none of a span that is nothing. */
struct trace_context trace_of(const struct trace_span *s);
/* Of the thread's current span. */
struct trace_context trace_here(void);
/* What is to travel with a request to another process: only a trace that is kept does. Returns the
 * text in `out`, or none. */
struct str trace_carry(const struct trace_context *c, char out[TRACEPARENT_LEN + 1]);

/* Adds `c` if it is kept; one too many is counted as dropped. */
void trace_set_add(struct trace_set *set, const struct trace_context *c);
/* Begins a span that serves all of `set`, and makes it current; nothing if that is empty. */
void trace_begin_batch(struct trace_span *s, const struct trace_set *set, const char *name,
                       enum trace_kind kind);

/* A span known only when it is over, under `parent` alone, if it is wanted: `s` has its name, kind,
 * begin, end, error and attributes. Its id, if `s` has none, is made. */
void trace_note(struct trace_span *s, const struct trace_context *parent);
/* Would it be? For whoever notes many. */
bool trace_is_wanted(const struct trace_context *parent, int64_t took_us);
/* Is that long for a request? */
bool trace_is_slow(int64_t took_us);
/* Ids for spans noted later, whose children begin before: in the trace of `parent`. */
struct trace_context trace_child(const struct trace_context *parent);
/* A span of `set` that ends now, or, if it began slow_us ago and `set` is empty, of a trace of its
 * own. */
void trace_note_batch(struct trace_span *s, const struct trace_set *set);

/* ---- The exporter ---- */

/* Hands out every span recorded so far, thread by thread, in order within each. One thread. */
void trace_drain(void (*take)(const struct trace_span *s, void *arg), void *arg);
/* Waits until a ring is half full or `wait_ms` are over. */
void trace_wait(unsigned wait_ms);
/* Ends a wait, also the next one. */
void trace_wake(void);

#endif

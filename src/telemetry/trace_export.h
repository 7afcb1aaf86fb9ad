/* The thread that takes spans out of the process: it empties the rings (trace.h), keeps what is to
 * leave (trace_sieve.h), and hands it on in batches.
 *
 *     rings -> sieve -> queue (bounded) -> send
 *
 * A batch goes out when it is full or its first span has waited for `linger_ms`. While `send` says
 * ERR_UNAVAILABLE, the same batch is tried again after a pause that doubles up to
 * `backoff_max_ms`; meanwhile the queue fills, and what does not fit is dropped and counted. A
 * batch that is refused for good (any other error) is dropped, counted and not tried again. Both
 * are said in the log once, when it begins and when it ends.
 *
 * Stopping sends what there is, for as long as it goes well and `stop_ms` are not over.
 */
#ifndef PARLEY_TELEMETRY_TRACE_EXPORT_H
#define PARLEY_TELEMETRY_TRACE_EXPORT_H

#include "telemetry/trace.h"

struct trace_export_config {
    /* Blocks, for a bounded time. Why it failed, for people, in `reason`. */
    enum err (*send)(void *arg, const struct trace_span *spans, size_t n, char *reason,
                     size_t reason_size);
    void *arg;
    /* 0: the default */
    size_t batch_max;        /* 512 spans */
    size_t queue_max;        /* 4,096 spans */
    unsigned linger_ms;      /* 1,000 */
    unsigned backoff_min_ms; /* 1,000 */
    unsigned backoff_max_ms; /* 30,000 */
    unsigned stop_ms;        /* 3,000 */
};

struct trace_export;
/* After trace_open. */
struct trace_export *trace_export_start(const struct trace_export_config *config);
/* Whoever recorded has ended. NULL is fine. */
void trace_export_stop(struct trace_export *x);

#endif

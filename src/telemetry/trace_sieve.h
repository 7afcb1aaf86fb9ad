/* Which of the recorded spans leave: all of traces that were chosen, and those of traces whose
 * request turned out slow. A trace that is neither yet leaves its spans here until its request
 * ends, as long as there is room: the oldest make room. Inside telemetry only: part of
 * trace_export.c, on one thread. */
#ifndef PARLEY_TELEMETRY_TRACE_SIEVE_H
#define PARLEY_TELEMETRY_TRACE_SIEVE_H

#include "telemetry/trace.h"

#define TRACE_UNDECIDED_MAX 1024 /* spans */
#define TRACE_SLOW_KNOWN    128  /* slow traces whose late spans are still kept */

typedef void (*trace_keep_f)(const struct trace_span *s, void *arg);

struct trace_sieve;
struct trace_sieve *trace_sieve_new(void);
void trace_sieve_free(struct trace_sieve *s);
/* Takes a span; calls `keep` with each that is to leave now. */
void trace_sieve_take(struct trace_sieve *s, const struct trace_span *span, trace_keep_f keep,
                      void *arg);

#endif

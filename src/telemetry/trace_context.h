/* What a span is known by, and how that travels: W3C Trace Context, level 1
 * (https://www.w3.org/TR/trace-context/).
 *
 *     traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *                  version, trace, span, flags
 *
 * Pure functions. What comes in is hostile until it is parsed: the parser takes exactly what the
 * standard's grammar allows and nothing near it.
 */
#ifndef PARLEY_TELEMETRY_TRACE_CONTEXT_H
#define PARLEY_TELEMETRY_TRACE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define TRACE_SAMPLED 1u /* the flag: somebody keeps this trace */

#define TRACEPARENT_LEN   55
#define TRACE_ID_TEXT_LEN 32

struct trace_context {
    uint64_t trace[2]; /* the sixteen bytes, the first ones first; both 0: there is none */
    uint64_t span;     /* 0: none; in a trace that just begins */
    uint64_t flags;    /* as wide as the rest: no padding */
};

#define TRACE_NONE ((struct trace_context){{0, 0}, 0, 0})

static inline bool trace_context_is_set(const struct trace_context *c)
{
    return (c->trace[0] | c->trace[1]) != 0;
}

static inline bool trace_context_is_sampled(const struct trace_context *c)
{
    return (c->flags & TRACE_SAMPLED) != 0;
}

static inline bool trace_context_is_same_trace(const struct trace_context *a,
                                               const struct trace_context *b)
{
    return a->trace[0] == b->trace[0] && a->trace[1] == b->trace[1];
}

/* Of a later version than 00 what version 00 has is taken, as the standard asks. Flags that it does
 * not name are dropped. False leaves `*out` alone. */
bool traceparent_parse(struct str text, struct trace_context *out);
/* Version 00, lower case, TRACEPARENT_LEN characters and a NUL. */
void traceparent_format(const struct trace_context *c, char out[TRACEPARENT_LEN + 1]);
/* The trace alone, as logs and OTLP have it. */
void trace_id_format(const struct trace_context *c, char out[TRACE_ID_TEXT_LEN + 1]);

#endif

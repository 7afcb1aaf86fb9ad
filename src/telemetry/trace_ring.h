/* Where a thread leaves its spans: a ring of its own that the exporter's thread empties. One writer
 * and one reader, so two counters suffice; a full ring drops the new span and counts it. Made at
 * the thread's first span; what a thread that ended left is read before its ring is freed. Inside
 * telemetry only: part of trace.c. */
#ifndef PARLEY_TELEMETRY_TRACE_RING_H
#define PARLEY_TELEMETRY_TRACE_RING_H

#include "telemetry/trace.h"

#define TRACE_RING_SPANS 256u /* of a thread; some 110 KiB */

/* Copies `s` into the calling thread's ring. */
void trace_ring_put(const struct trace_span *s);
/* Empties all of them; the exporter has ended. */
void trace_rings_clear(void);

#endif

/* Where spans go when they leave the process: a collector. Calls block, for as long as the driver's
 * time limits say; one thread.
 *
 * Every driver promises: nothing of a batch is lost in silence (what the collector rejects is said
 * in the log), a batch that it could not hand over may be given again, and what the collector
 * answers is read no further than it needs to be. */
#ifndef PARLEY_PORT_SPAN_SINK_H
#define PARLEY_PORT_SPAN_SINK_H

#include "telemetry/trace.h"

struct span_sink;
struct span_sink_ops {
    /* ERR_OK: taken. ERR_UNAVAILABLE: try again later. ERR_BAD_REQUEST: it will never be taken.
     * Why, for people, in `reason`. */
    enum err (*take)(struct span_sink *self, const struct trace_span *spans, size_t n, char *reason,
                     size_t reason_size);
};

struct span_sink {
    const struct span_sink_ops *ops;
};

#endif

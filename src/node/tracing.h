/* Traces of this node: the module that knows the collector (adapter/otlp), loaded when the
 * configuration names one, and the thread that feeds it (telemetry/trace_export.h). Started before
 * everything that records and stopped after it. */
#ifndef PARLEY_NODE_TRACING_H
#define PARLEY_NODE_TRACING_H

#include "node/config.h"

struct tracing;
/* NULL in `*out` when nothing is to be traced. On failure a sentence in `reason`. */
enum err tracing_start(const struct config *config, const char *node, struct tracing **out,
                       char *reason);
/* Sends what there is still, for a bounded time. NULL is fine. */
void tracing_stop(struct tracing *t);

#endif

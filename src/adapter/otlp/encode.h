/* Spans as OTLP's JSON: the protobuf messages of opentelemetry.proto.collector.trace.v1 by the JSON
 * mapping, with OTLP's own exceptions (ids in hex, lower camel case, enums as numbers). Pure
 * functions. Inside adapter/otlp only. */
#ifndef PARLEY_ADAPTER_OTLP_ENCODE_H
#define PARLEY_ADAPTER_OTLP_ENCODE_H

#include "base/buf.h"
#include "telemetry/trace.h"

struct otlp_resource {
    const char *service, *node, *version; /* any UTF-8 */
};

/* Appends an ExportTraceServiceRequest. A span of several parents becomes one in each of their
 * traces, linked to the others. Times are the steady clock's and become the wall's by adding
 * `epoch_us`. */
void otlp_encode(const struct otlp_resource *r, const struct trace_span *spans, size_t n,
                 int64_t epoch_us, struct buf *out);

#endif

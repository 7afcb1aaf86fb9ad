/* port/span_sink.h over libcurl: OTLP/HTTP with JSON
 * (https://opentelemetry.io/docs/specs/otlp/), which Jaeger, the OpenTelemetry collector and most
 * others take on port 4318.
 *
 * A batch is one POST to <endpoint>/v1/traces. 429, 502, 503, 504 and whatever keeps the request
 * from being answered mean: again, later. Any other refusal is for good. It goes to the configured
 * address and nowhere else: no redirects, no proxy of the environment, no netrc; certificates and
 * their names are verified; connecting and the whole exchange have time limits.
 */
#ifndef PARLEY_ADAPTER_OTLP_OTLP_H
#define PARLEY_ADAPTER_OTLP_OTLP_H

#include "port/span_sink.h"

#define OTLP_ANSWER_MAX ((size_t)64 * 1024)
#define OTLP_BODY_MAX   ((size_t)16 * 1024 * 1024)

/* Strings are copied. Numbers: 0 means the default. */
struct otlp_config {
    const char *endpoint; /* http:// or https://; "/v1/traces" is appended unless it ends so */
    const char *service;  /* service.name */
    const char *node;     /* service.instance.id */
    unsigned connect_ms;  /* 1,000 */
    unsigned total_ms;    /* 3,000 */
};

struct otlp;
/* ERR_BAD_REQUEST with the reason when the configuration cannot be meant. */
enum err otlp_open(const struct otlp_config *config, struct otlp **out, char *reason,
                   size_t reason_size);
/* No call may be under way. NULL is fine. */
void otlp_close(struct otlp *o);
/* The port; lives as long as `o`. */
struct span_sink *otlp_port(struct otlp *o);

#endif

/* Counters, gauges and histograms of this process. One table names them all, with the text that
 * /metrics and the documents show. Each thread counts in a block of its own (no shared cache
 * lines, no atomics beyond relaxed stores); readers add the blocks up. What a thread counted
 * stays when the thread ends.
 *
 * Histograms are log-linear (see histogram.h); /metrics shows them as classic Prometheus buckets.
 */
#ifndef PARLEY_TELEMETRY_METRICS_H
#define PARLEY_TELEMETRY_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "telemetry/histogram.h"

/* X(id, type, family, labels ("" or `key="value"`), help). Rows of one family stand together;
 * the help of the first counts. */
/* clang-format off */
#define METRICS_TABLE(X)       \
    METRICS_TABLE_NET(X)       \
    METRICS_TABLE_CHAT(X)      \
    METRICS_TABLE_RPC(X)       \
    METRICS_TABLE_STORE(X)     \
    METRICS_TABLE_WORDS(X)     \
    METRICS_TABLE_CLUSTER(X)   \
    METRICS_TABLE_REDIS(X)     \
    METRICS_TABLE_NOTIFY(X)    \
    METRICS_TABLE_POSTGRES(X)  \
    METRICS_TABLE_LOG(X)       \
    METRICS_TABLE_CASSANDRA(X) \
    METRICS_TABLE_SERVICES(X)  \
    METRICS_TABLE_RETRY(X)     \
    METRICS_TABLE_TRACE(X)
/* clang-format on */

#include "telemetry/metrics.def.h"

enum metric {
#define METRIC_ENUM(id, type, family, labels, help) id,
    METRICS_TABLE(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};

enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_GAUGE_US, /* set in microseconds, seconds on the page */
    METRIC_HISTOGRAM_US,
    METRIC_HISTOGRAM_SIZE
};

struct metric_row {
    enum metric_type type;
    const char *family, *labels, *help;
};
/* The table's row of `m`. Static. */
const struct metric_row *metric_row(enum metric m);

/* Counters (`n` >= 0) and gauges. Any thread. */
void metric_add(enum metric m, int64_t n);
static inline void metric_inc(enum metric m)
{
    metric_add(m, 1);
}
/* A gauge that is set, not counted (a queue's depth): the last set value counts, process-wide. */
void metric_set(enum metric m, int64_t value);
/* Adds one observation of `us` microseconds to a histogram (also used for plain sizes). */
void metric_observe(enum metric m, uint64_t value);
/* The value now, summed over the threads (of a histogram: how many observations). For tests and
 * for /readyz. */
int64_t metric_value(enum metric m);
/* The observations of a histogram, summed over the threads. */
void metric_histogram(enum metric m, struct histogram *out);
/* The engine that build info names, "embedded" until told; kept, not copied. Before threads
 * start. */
void metrics_set_engine(const char *name);
/* The whole page: Prometheus text format 0.0.4, or OpenMetrics 1.0 when `openmetrics`. Process
 * figures (CPU, memory, descriptors, start time) and build info are added. */
void metrics_render(struct buf *out, bool openmetrics);

#endif

/* Latencies: a log-linear histogram (HdrHistogram's idea), 64 buckets to each doubling, 1.6 % at
 * worst, from nanoseconds to minutes. The maximum is exact. */
#ifndef PARLEY_CLI_BENCH_HISTOGRAM_H
#define PARLEY_CLI_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 64 * 36 };

struct histogram {
    uint64_t n, max_ns;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t ns);
/* The smallest latency that at least `fraction` (0..1) of the observations do not exceed; 0 when
 * there are none. */
uint64_t histogram_quantile(const struct histogram *h, double fraction);

#endif

/* Log-linear histograms (HdrHistogram's idea): 16 buckets to each doubling from 1 to 2^26 (of
 * microseconds: 67 s), so that a bucket is at most 6 % wide; what is above shares one more.
 *
 * A bucket ends at its greatest value, inclusive, as Prometheus' `le` does: values are counted
 * less one, and so every power of two is the end of a bucket and a page that shows those bounds
 * tells no value wrong.
 */
#ifndef PARLEY_TELEMETRY_HISTOGRAM_H
#define PARLEY_TELEMETRY_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_LINEAR_BITS 4
#define HISTOGRAM_LINEAR      (1u << HISTOGRAM_LINEAR_BITS)
#define HISTOGRAM_VALUE_BITS  26
/* The last one is for values above 2^HISTOGRAM_VALUE_BITS. */
#define HISTOGRAM_BUCKETS \
    ((HISTOGRAM_VALUE_BITS - HISTOGRAM_LINEAR_BITS + 1) * HISTOGRAM_LINEAR + 1)

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t sum; /* of the values */
};

/* The bucket that counts `value`; 0 is counted with 1. */
static inline size_t histogram_bucket(uint64_t value)
{
    uint64_t v = value > 0 ? value - 1 : 0;
    if (v < HISTOGRAM_LINEAR)
        return (size_t)v;
    if (v >> HISTOGRAM_VALUE_BITS != 0)
        return HISTOGRAM_BUCKETS - 1;
    unsigned doubling = 63u - (unsigned)__builtin_clzll(v) - HISTOGRAM_LINEAR_BITS;
    return (size_t)((doubling + 1) * HISTOGRAM_LINEAR + ((v >> doubling) & (HISTOGRAM_LINEAR - 1)));
}

/* How many observations there are in all. */
uint64_t histogram_count(const struct histogram *h);
/* How many of them were at most 2^`bits`, `bits` being at most HISTOGRAM_VALUE_BITS. */
uint64_t histogram_count_below(const struct histogram *h, unsigned bits);

#endif

#include "telemetry/histogram.h"

#include <assert.h>

static uint64_t count_until(const struct histogram *h, size_t end)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < end; i++)
        sum += h->counts[i];
    return sum;
}

uint64_t histogram_count(const struct histogram *h)
{
    return count_until(h, HISTOGRAM_BUCKETS);
}

uint64_t histogram_count_below(const struct histogram *h, unsigned bits)
{
    assert(bits <= HISTOGRAM_VALUE_BITS);
    return count_until(h, histogram_bucket(UINT64_C(1) << bits) + 1);
}

#include "domain/id.h"

#include <assert.h>

#define PARTITION_BITS 6
#define STEP_BITS      6
#define STEP_MASK      ((UINT64_C(1) << STEP_BITS) - 1)

/* (milliseconds, step) of an id as one number, the partition taken out. */
static uint64_t stamp_of(uint64_t id)
{
    return (id >> (PARTITION_BITS + STEP_BITS)) << STEP_BITS | (id & STEP_MASK);
}

uint64_t id_next(uint64_t last, int64_t now_ms, unsigned partition)
{
    assert(partition < (1u << PARTITION_BITS));
    uint64_t ms = now_ms > ID_EPOCH_MS ? (uint64_t)(now_ms - ID_EPOCH_MS) : 0;
    uint64_t stamp = ms << STEP_BITS;
    if (stamp <= stamp_of(last))
        stamp = stamp_of(last) + 1;
    uint64_t id = (stamp >> STEP_BITS) << (PARTITION_BITS + STEP_BITS) |
                  (uint64_t)partition << STEP_BITS | (stamp & STEP_MASK);
    assert(id <= ID_MAX);
    return id;
}

unsigned id_partition(uint64_t id)
{
    return (unsigned)(id >> STEP_BITS) & ((1u << PARTITION_BITS) - 1);
}

int64_t id_time_ms(uint64_t id)
{
    return (int64_t)(id >> (PARTITION_BITS + STEP_BITS)) + ID_EPOCH_MS;
}

int32_t id_bucket(uint64_t id)
{
    return (int32_t)((id_time_ms(id) - ID_EPOCH_MS) / ID_BUCKET_MS);
}

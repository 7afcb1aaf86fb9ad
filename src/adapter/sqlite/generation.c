#include "adapter/sqlite/generation.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CAP_FIRST 256

void generation_clear(struct generation *g)
{
    mem_free(g->ids);
    mem_free(g->slots);
    mem_free(g->order);
    memset(g, 0, sizeof *g);
}

static void slot_put(struct generation *g, uint64_t hash, size_t index)
{
    size_t at = hash & (g->n_slots - 1);
    while (g->slots[at] != 0)
        at = (at + 1) & (g->n_slots - 1);
    g->slots[at] = (uint32_t)(index + 1);
}

static void slots_fill(struct generation *g)
{
    memset(g->slots, 0, g->n_slots * sizeof *g->slots);
    for (size_t i = 0; i < g->n; i++)
        slot_put(g, g->ids[i].hash, i);
}

static void generation_grow(struct generation *g)
{
    g->cap = g->cap == 0 ? CAP_FIRST : 2 * g->cap;
    g->ids = mem_realloc(g->ids, g->cap * sizeof *g->ids);
    g->n_slots = 2 * g->cap;
    g->slots = mem_realloc(g->slots, g->n_slots * sizeof *g->slots);
    slots_fill(g);
}

void generation_add(struct generation *g, uint64_t hash, uint64_t seq)
{
    if (g->n == g->cap)
        generation_grow(g);
    g->ids[g->n] = (struct recent_id){hash, seq};
    slot_put(g, hash, g->n++);
}

uint64_t generation_find(const struct generation *g, uint64_t hash, size_t *probe)
{
    while (g->n > 0) {
        uint32_t slot = g->slots[(hash + *probe) & (g->n_slots - 1)];
        if (slot == 0)
            return 0;
        ++*probe;
        if (g->ids[slot - 1].hash == hash)
            return g->ids[slot - 1].seq;
    }
    return 0;
}

void generation_truncate(struct generation *g, size_t n)
{
    if (n == g->n)
        return;
    g->n = n;
    slots_fill(g);
}

/* The first byte of the hash as a signed number, counted from 0. */
static unsigned bucket_of(uint64_t hash)
{
    return (unsigned)(hash >> 56) ^ 0x80;
}

void generation_deal(struct generation *g)
{
    uint32_t next[GENERATION_BUCKETS] = {0}, sum = 0;
    for (size_t i = 0; i < g->n; i++)
        next[bucket_of(g->ids[i].hash)]++;
    for (unsigned b = 0; b < GENERATION_BUCKETS; b++) {
        uint32_t count = next[b];
        next[b] = sum;
        sum += count;
        g->bucket_ends[b] = sum;
    }
    g->order = mem_array(g->n, sizeof *g->order);
    for (size_t i = 0; i < g->n; i++)
        g->order[next[bucket_of(g->ids[i].hash)]++] = (uint32_t)i;
}

static int by_hash(const void *a, const void *b, void *arg)
{
    const struct recent_id *ids = arg;
    int64_t x = (int64_t)ids[*(const uint32_t *)a].hash;
    int64_t y = (int64_t)ids[*(const uint32_t *)b].hash;
    return (x > y) - (x < y);
}

const uint32_t *generation_bucket(struct generation *g, unsigned bucket, size_t *n)
{
    uint32_t start = bucket == 0 ? 0 : g->bucket_ends[bucket - 1];
    *n = g->bucket_ends[bucket] - start;
    if (*n > 1)
        qsort_r(g->order + start, *n, sizeof *g->order, by_hash, g->ids);
    return g->order + start;
}

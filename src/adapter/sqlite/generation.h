/* A stretch of the log's client ids in memory: up to GENERATION_EVENTS events, of which those with
 * a client_msg_id are found by its hash. Inside adapter/sqlite only; no locks.
 *
 * Ids are kept in the order of the log, so that the end of it can be taken back. To be written to
 * the lasting index they are sorted, but only as far as needed: one pass deals them into 256
 * buckets by the first byte of the hash, and each bucket is sorted when its turn comes. */
#ifndef PARLEY_ADAPTER_SQLITE_GENERATION_H
#define PARLEY_ADAPTER_SQLITE_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GENERATION_EVENTS  65536 /* when it has seen so many it is full; a batch more may come */
#define GENERATION_BUCKETS 256

struct recent_id {
    uint64_t hash, seq;
};

struct generation {
    struct recent_id *ids;
    size_t n, cap;
    uint32_t *slots; /* open-addressed: an index into `ids` plus one, 0 free */
    size_t n_slots;  /* a power of two, at least twice `cap` */
    uint32_t *order; /* after generation_deal: indexes into `ids`, bucket by bucket */
    uint32_t bucket_ends[GENERATION_BUCKETS];

    /* What it has seen altogether: restored by generation_truncate's caller. */
    size_t n_events;
    uint64_t last_seq;
    int64_t max_time_ms;
};

/* An empty one is all zeros. Frees its memory and makes it so. */
void generation_clear(struct generation *g);
void generation_add(struct generation *g, uint64_t hash, uint64_t seq);
/* The seq of the next id with that hash, 0 when there is none. `*probe` is 0 for the first. */
uint64_t generation_find(const struct generation *g, uint64_t hash, size_t *probe);
/* Forgets all ids but the first `n`. */
void generation_truncate(struct generation *g, size_t n);
/* Deals the ids into buckets; nothing is added afterwards. */
void generation_deal(struct generation *g);
/* Bucket `bucket`, sorted as the index is (hashes as signed numbers): `*n` indexes into `ids`. */
const uint32_t *generation_bucket(struct generation *g, unsigned bucket, size_t *n);

#endif

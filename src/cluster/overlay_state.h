/* What the parts of the overlay share. Inside cluster only. */
#ifndef PARLEY_CLUSTER_OVERLAY_STATE_H
#define PARLEY_CLUSTER_OVERLAY_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <uthash.h>

#include "cluster/overlay.h"
#include "port/event_log.h"

struct overlay_chunk;

struct overlay_post {
    struct event event;
    struct overlay_post *older; /* in the channel: alive if prev_seq is at or after the start */
    struct overlay_post *newer; /* in the channel; NULL: the newest */
    struct overlay_post *same;  /* the reply before it to the same message */
    uint64_t same_seq;          /* of `same`; 0: none */
    struct overlay_chunk *chunk;
};

/* The posts of a channel that are here. */
struct overlay_channel {
    struct uuid id;
    struct overlay_post *newest;
    uint64_t before; /* the seq of the post before the oldest */
    uint32_t n;
    UT_hash_handle hh;
};

/* The replies to a message that are here. */
struct overlay_thread {
    uint64_t message_id;
    struct overlay_post *newest;
    uint32_t n;
    UT_hash_handle hh;
};

struct overlay_partition {
    uint32_t epoch;
    uint64_t start;
    atomic_uint_least64_t persisted;
    struct overlay_post **posts; /* a ring of cap, in the order of the log */
    uint32_t cap, first, n;
    struct overlay_chunk *oldest, *newest;
    size_t bytes;
};

struct overlay {
    pthread_mutex_t mutex;
    unsigned n_partitions;
    size_t bytes, bytes_max;
    struct overlay_partition partitions[LOG_PARTITIONS_MAX];
    struct overlay_channel *channels;
    struct overlay_thread *threads;
};

/* Called with the mutex held. */

struct overlay_post *overlay_post_at(const struct overlay_partition *p, uint32_t i);
/* The index of the first post whose seq (`by_id`: id) is at or above `value`. */
uint32_t overlay_find(const struct overlay_partition *p, uint64_t value, bool by_id);
struct overlay_channel *overlay_channel_find(const struct overlay *o, const struct uuid *id);
struct overlay_thread *overlay_thread_find(const struct overlay *o, uint64_t message_id);
/* The post before `post` in its channel, NULL when it is not here. */
struct overlay_post *overlay_older(const struct overlay *o, const struct overlay_post *post);
/* The reply before `post` to the same message, NULL when it is not here. */
struct overlay_post *overlay_same(const struct overlay *o, const struct overlay_post *post);

#endif

/* The ends of all channels of a partition. Inside cluster only, part of a follower. An index names
 * a channel for as long as the heads live: none is ever taken out. */
#ifndef PARLEY_CLUSTER_HEADS_H
#define PARLEY_CLUSTER_HEADS_H

#include "port/history_store.h"

#define HEADS_NONE UINT32_MAX

struct heads {
    struct channel_head *all;
    uint32_t n, cap;
    uint32_t *slots; /* index + 1 of a channel, by the hash of its id; 0: free */
    uint32_t mask;
    uint64_t seed;
    bool *is_changed; /* of each channel: it is in `changed` */
    uint32_t *changed;
    uint32_t n_changed;
};

void heads_init(struct heads *h, uint64_t seed);
void heads_fini(struct heads *h);
/* HEADS_NONE when there is none. */
uint32_t heads_find(const struct heads *h, const struct uuid *channel);
/* Found, or made as an empty one. */
uint32_t heads_get(struct heads *h, const struct uuid *channel);
/* It is to be written. */
void heads_mark(struct heads *h, uint32_t index);

#endif

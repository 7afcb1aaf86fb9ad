/* What the parts of the history in memory share. Inside adapter/memory only. */
#ifndef PARLEY_ADAPTER_MEMORY_HISTORY_STATE_H
#define PARLEY_ADAPTER_MEMORY_HISTORY_STATE_H

#include <pthread.h>
#include <uthash.h>

#include "adapter/memory/history_store.h"

/* A channel's posts, by seq; their strings are owned. */
struct memory_posts {
    struct uuid channel;
    struct event **posts;
    size_t n, cap;
    UT_hash_handle hh;
};

struct memory_head {
    struct memory_head *next;
    uint32_t epoch;
    unsigned partition;
    struct channel_head head;
};

struct memory_snapshot {
    struct memory_snapshot *next;
    struct log_snapshot snapshot; /* not_first is owned */
};

struct memory_history {
    struct history_store door;
    struct message_store messages;
    pthread_mutex_t mutex;
    bool refusing, fails;
    size_t writes_left; /* before it fails */
    struct memory_posts *by_channel;
    struct memory_head *heads;
    struct memory_snapshot *snapshots;
};

extern const struct message_store_ops memory_history_messages_ops;

/* Called with the mutex held; NULL when there is nothing. */
struct memory_posts *memory_posts_find(const struct memory_history *h, const struct uuid *channel);
/* The index of the first post of `c` with a seq at or above `seq`. */
size_t memory_posts_at(const struct memory_posts *c, uint64_t seq);
/* A copy, its strings in the arena. */
struct event memory_post_copy(const struct event *e, struct arena *arena);

#endif

/* A read of one channel that crosses buckets of time: over the buckets that exist, in order,
 * without a look at any other. The first bucket is asked at the same time as the list of buckets;
 * each further round asks more of them at once, so that a channel with one message a month does not
 * take as long as it has months, and one with thousands is read no further than it must. Inside
 * adapter/cassandra only. */
#ifndef PARLEY_ADAPTER_CASSANDRA_WALK_H
#define PARLEY_ADAPTER_CASSANDRA_WALK_H

#include "adapter/cassandra/calls.h"

struct walk {
    const struct uuid *channel;
    bool oldest_first;
    uint64_t newest_id; /* no bucket after this id's; 0: all */
    uint64_t after_seq; /* no bucket that ends at or before this position; 0: all */
    enum statement statement;
    /* What the statement needs beyond the channel and the bucket, which are its first two. */
    void (*ask)(struct request *r, void *arg);
    /* A row; false when that is enough. What it finds bad makes the walk ERR_INTERNAL. */
    bool (*take)(struct row *row, void *arg);
    void *arg;
};

/* ERR_OK also when `take` said that it is enough. */
enum err walk_run(const struct walk *w, struct calls *calls);

#endif

/* How many replies messages have: counted once, then only what came after. Replies are never taken
 * away, and become visible in their order (write.c), so an old count plus what follows its last one
 * is the count. Where replies are written here while they are counted, the count is not remembered;
 * nor is one kept that a write comes before. Inside adapter/cassandra only; any thread. */
#ifndef PARLEY_ADAPTER_CASSANDRA_REPLY_COUNTS_H
#define PARLEY_ADAPTER_CASSANDRA_REPLY_COUNTS_H

#include <pthread.h>

#include "adapter/cassandra/calls.h"
#include "port/message_store.h"

#define REPLY_COUNTS_MAX 16384 /* a power of two */

struct reply_count {
    uint64_t message_id; /* 0: an empty place */
    uint64_t last_id;    /* of the last reply that is counted */
    uint64_t count;
};

struct reply_counts {
    pthread_mutex_t mutex;
    uint64_t writes; /* begun or ended */
    struct reply_count *places;
};

void reply_counts_init(struct reply_counts *c);
void reply_counts_fini(struct reply_counts *c);
/* Fills in the reply_count of each message in the page, all at once. */
enum err reply_counts_fill(struct reply_counts *c, struct calls *calls, struct post_page *page);
/* Replies are about to be written, or have been. */
void reply_counts_written(struct reply_counts *c, const struct event *posts, size_t n);

#endif

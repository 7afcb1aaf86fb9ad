/* How many replies long threads have: counted once, then only what came after. A thread's replies
 * are never taken away, so an old count plus what follows its last one is the count. Inside
 * adapter/sqlite only; any thread. */
#ifndef PARLEY_ADAPTER_SQLITE_REPLY_COUNTS_H
#define PARLEY_ADAPTER_SQLITE_REPLY_COUNTS_H

#include <pthread.h>

#include "adapter/sqlite/db.h"

#define REPLY_COUNTS_MAX 1024

struct reply_counts {
    pthread_mutex_t mutex;
    struct reply_count {
        uint64_t message_id, count, last_seq;
    } places[REPLY_COUNTS_MAX]; /* direct-mapped: a thread takes the place of another */
};

void reply_counts_init(struct reply_counts *c);
void reply_counts_fini(struct reply_counts *c);
/* The replies to `message_id` in the snapshot of `db`, or more if more were seen already. */
uint64_t reply_counts_get(struct reply_counts *c, struct db *db, uint64_t message_id);

#endif

/* Which buckets of time this process knows to be written down, so that not every post has to say
 * again that its bucket exists. What was forgotten is written again, which changes nothing. Inside
 * adapter/cassandra only; any thread. */
#ifndef PARLEY_ADAPTER_CASSANDRA_BUCKETS_H
#define PARLEY_ADAPTER_CASSANDRA_BUCKETS_H

#include <pthread.h>
#include <stdbool.h>

#include "base/uuid.h"

#define BUCKETS_MAX 8192 /* a power of two */

struct bucket {
    struct uuid channel;
    int32_t number;
    uint64_t first_seq; /* at most; 0: an empty place */
};

struct buckets {
    pthread_mutex_t mutex;
    struct bucket *places; /* by hash; a newcomer takes the place */
};

void buckets_init(struct buckets *b);
void buckets_fini(struct buckets *b);
/* Is the bucket known to be written down with a first position of `seq` or before? */
bool buckets_has(struct buckets *b, const struct uuid *channel, int32_t number, uint64_t seq);
/* It is written down now. */
void buckets_note(struct buckets *b, const struct uuid *channel, int32_t number, uint64_t seq);

#endif

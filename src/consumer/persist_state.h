/* What the parts of persist share. Inside consumer only. */
#ifndef PARLEY_CONSUMER_PERSIST_STATE_H
#define PARLEY_CONSUMER_PERSIST_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "cluster/start.h"
#include "consumer/persist.h"
#include "telemetry/trace.h"

#define PERSIST_RECORDS_MAX 2000
#define PERSIST_BYTES_MAX   ((size_t)8 * 1024 * 1024)

struct persist_partition {
    struct follower *follower; /* NULL: not ours */
    bool is_paused, is_broken;
    bool is_due; /* records of it are in the batch */
};

/* What was judged and is not written. */
struct persist_batch {
    struct arena arena;
    struct event *posts; /* PERSIST_RECORDS_MAX; strings in the arena */
    size_t n_posts, n_records;
    struct trace_set traces; /* of the posts that are traced */
    int64_t oldest_ms;       /* when the log took the oldest of them */
};

struct persist {
    struct persist_config config;
    struct start start;
    unsigned n_partitions;
    struct log_listener listener;
    struct log_reader *reader; /* NULL: not a member */
    struct persist_partition partitions[LOG_PARTITIONS_MAX];
    struct persist_batch batch;
    struct buf blob; /* of a snapshot */
    bool must_rejoin;

    pthread_t thread;
    bool runs;
    atomic_bool stopping;
    _Atomic(enum err) last;       /* how the last round went */
    atomic_uint_least64_t broken; /* a bit a partition */
};

/* Writes the batch, all steps; ERR_OK: it is empty now. */
enum err persist_flush(struct persist *p);
/* Forgets the batch. */
void persist_batch_clear(struct persist *p);

#endif

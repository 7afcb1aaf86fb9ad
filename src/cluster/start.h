/* Where followers begin: at persist's snapshot with the heads of the partition; where there is
 * none, at the beginning of the log with the heads of the newest older log, whose channels may have
 * lain in other partitions. Blocks. */
#ifndef PARLEY_CLUSTER_START_H
#define PARLEY_CLUSTER_START_H

#include "cluster/follower.h"

struct start {
    struct event_log *log;
    struct history_store *store;
    uint32_t epoch;
    uint64_t seed;
    bool has_looked;   /* for an older log */
    uint32_t older;    /* its epoch */
    uint64_t older_id; /* its last stamp; 0: there is none */
};

void start_init(struct start *s, struct event_log *log, struct history_store *store,
                uint32_t epoch);
/* A follower of `partition`, to be fed from follower_read_from on. ERR_UNAVAILABLE, ERR_INTERNAL
 * (what is stored is no snapshot, or the log has lost records that nobody judged; it is logged). */
enum err start_follower(struct start *s, unsigned partition, struct follower **out);

#endif

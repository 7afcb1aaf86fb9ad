/* What the parts of the follower share. Inside cluster only. */
#ifndef PARLEY_CLUSTER_FOLLOWER_STATE_H
#define PARLEY_CLUSTER_FOLLOWER_STATE_H

#include "cluster/early.h"
#include "cluster/follower.h"
#include "cluster/heads.h"
#include "cluster/window.h"
#include "domain/id.h"

/* A log's time that is later (in 2080) is nonsense, and counts as none: stamps then go on from the
 * last one. The same goes for a snapshot's last stamp, which leaves a month for borrowing. */
#define FOLLOWER_TIME_MAX (ID_EPOCH_MS + (INT64_C(1) << 41) - INT64_C(31) * 24 * 3600 * 1000)

struct follower {
    uint32_t epoch;
    unsigned partition;
    uint64_t seed;
    uint64_t next, last_id, exact_from;
    struct heads heads;
    struct window window;
    struct early early;
    /* While the window is built again: */
    struct heads *rebuilt; /* NULL otherwise */
    uint64_t rebuilt_id, rebuilt_next;
    uint32_t rebuilt_others; /* how many of the list were passed */
    bool is_unsound;
};

/* Looks whether what was read back ends at the snapshot's last stamp. Harmless when repeated. */
void follower_end_rebuild(struct follower *f);
/* Passes a listed post: learns the last stamp before it. */
void follower_rebuild_other(struct follower *f, uint64_t offset);

#endif

/* How far people have read by writing: sending moves one's own read position. That would be one
 * more page to write for every message, so these moves stay in memory for a while and are written
 * behind, in the order in which they became due, a few with every transaction. Inside
 * adapter/sqlite only.
 *
 * The table member and this memory together say how far somebody has read: the greater of both.
 * A reader asks memory first and the table's snapshot after, because a move is taken out of memory
 * only when it is committed to the table: so it is seen in one or the other. After a crash memory
 * is rebuilt from the log above the same watermark as the client ids (client_ids.h).
 *
 * The writer changes it; other threads read under the mutex. */
#ifndef PARLEY_ADAPTER_SQLITE_POSITIONS_H
#define PARLEY_ADAPTER_SQLITE_POSITIONS_H

#include <pthread.h>

#include "adapter/sqlite/db.h"
#include "base/list.h"

struct position_move {
    int64_t user, channel; /* rows */
    uint64_t seq;
};

struct position;
struct position_user;
struct positions {
    pthread_mutex_t mutex;
    struct position *all;        /* by user and channel */
    struct position_user *users; /* the positions of each */
    struct list due;             /* in the order of their first move */
    size_t n_flushed;            /* of `due`, by the transaction under way */
};

void positions_init(struct positions *p);
void positions_fini(struct positions *p);
/* After the commit of the posts behind them. */
void positions_move(struct positions *p, const struct position_move *moves, size_t n);
/* Of one user in one channel, 0 when memory knows nothing. */
uint64_t positions_get(struct positions *p, int64_t user, int64_t channel);
/* All of one user, in the arena. */
size_t positions_of(struct positions *p, int64_t user, struct arena *arena,
                    struct position_move **out);

/* The writer, within a transaction: writes up to `max` of the moves that began at or before
 * `until_seq`; true when none of those is left. Once a transaction. */
bool positions_flush(struct positions *p, struct db *db, size_t max, uint64_t until_seq);
/* What became of the transaction. */
void positions_commit(struct positions *p);
void positions_undo(struct positions *p);

#endif

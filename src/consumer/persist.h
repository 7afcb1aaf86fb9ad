/* Writes behind: what happened in the log goes to the history, from where every node reads it.
 *
 *     poll -> judge (own followers) -> batch -> write posts
 *                                               write the heads that changed
 *                                               write the snapshot
 *                                               the recent windows of the cache
 *                                               commit
 *
 * A member of the group of persist; the partitions it is given begin at their snapshot.
 * Each step may be the last one before a crash, and each is harmless when it is done again: posts
 * have the same stamps on every node, heads and snapshots carry positions and only move forward, a
 * window knows what it has. A snapshot is behind the heads and the posts, so whoever starts from it
 * finds at least what it says; the commit is behind the snapshot, so what other nodes let go of is
 * in the store. A member that lost a partition without knowing it writes what its successor writes.
 *
 * A batch is what was polled within linger_ms, at most so many records and bytes. When the store
 * does not take it, it is tried again, with growing pauses, and the partitions are paused
 * meanwhile: the log holds the rest. A partition whose snapshot cannot be read is tried by joining
 * the group again. What can never be right (see cluster/start.h) is logged, and the partition left
 * alone.
 *
 * One thread of its own; or, for tests, steps.
 */
#ifndef PARLEY_CONSUMER_PERSIST_H
#define PARLEY_CONSUMER_PERSIST_H

#include "base/clock.h"
#include "port/cache.h"
#include "port/event_log.h"
#include "port/history_store.h"

struct persist_config {
    struct event_log *log;
    struct history_store *store;
    struct cache *cache; /* NULL: none */
    const char *group;   /* borrowed */
    uint32_t epoch;      /* of the log */
    unsigned linger_ms;  /* how long a batch gathers; nobody waits for it, see PERSIST_LINGER_MS */
};

/* What a node lingers. The heads, snapshots, windows and commits of a batch cost the same whatever
 * is in it, and a channel's posts of one batch are one request: so the longer it is, the less each
 * message costs the store. What was acknowledged is to be there within a second. */
#define PERSIST_LINGER_MS 250

struct persist;
struct persist *persist_new(const struct persist_config *config);
void persist_start(struct persist *p);
/* Writes what is polled, leaves the group, ends the thread. Harmless when repeated. */
void persist_stop(struct persist *p);
/* NULL is fine. */
void persist_free(struct persist *p);

/* Instead of the thread: one round; waits up to `wait_ms` for something to come. How many records
 * it wrote; what could not be written is kept for the next round. */
size_t persist_step(struct persist *p, unsigned wait_ms);
/* The process ends here: leaves the group with nothing further done. */
void persist_abandon(struct persist *p);

/* Did the last round go well, and is no partition left alone? Otherwise says why not. Never blocks.
 */
bool persist_is_ready(struct persist *p, char *detail, size_t size);

#endif

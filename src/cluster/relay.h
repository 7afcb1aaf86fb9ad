/* The relay: puts what waits in the outbox into the log, on whichever node holds the lock.
 *
 *     take the lock ──> read the outbox ──> produce ──> reported ──> facts into the cache ──> done
 *           ^                                  │ refused, unknown                              │
 *           └───────── let go, pause ──────────┴── the channel waits, and is tried again       │
 *                                      ^───────────────────────────────────────────────────────┘
 *
 * The changes of one channel go one after the other: the next is produced when the one before is
 * in the log and taken out of the outbox. Those of different channels go together. So the log holds
 * each channel's versions in order, without a gap; what is in it twice (a report was lost, a
 * process died before `done`) is stale to every follower. Taking out of the outbox goes through the
 * session that holds the lock: who has lost it can put into the log once more what its successor
 * puts there too, and nothing after it.
 *
 * Every node runs one; all but one wait for the lock. Each step can be the last of its process:
 * the next holder of the lock begins at the first row that is still there.
 * docs/internals/channels.md goes through them. */
#ifndef PARLEY_CLUSTER_RELAY_H
#define PARLEY_CLUSTER_RELAY_H

#include <stdint.h>

#include "port/cache.h"
#include "port/channel_table.h"
#include "port/event_log.h"

enum relay_step {
    RELAY_TOOK,     /* the lock */
    RELAY_READ,     /* the outbox, and something was there */
    RELAY_PRODUCED, /* given to the log */
    RELAY_REPORTED, /* in the log */
    RELAY_CACHED,
    RELAY_DONE, /* taken out of the outbox */
};

struct relay_config {
    struct channel_table *table;
    struct event_log *log;
    struct cache *cache; /* NULL: none */
    uint32_t epoch;      /* of the log */
    unsigned rows_max;   /* at once; 0: 256 */
    unsigned wait_ms;    /* for a row, or for the lock; 0: 500 */
    /* Told of each step, on the relay's thread; NULL: nobody. */
    void (*at)(enum relay_step step, void *arg);
    void *arg;
};

struct relay;
/* Everything is borrowed. */
struct relay *relay_new(const struct relay_config *config);
/* NULL is fine. Not while it runs. */
void relay_free(struct relay *r);

/* Does it in a thread of its own. */
void relay_start(struct relay *r);
/* Finishes what is under way, lets the lock go, ends the thread. Harmless when repeated. */
void relay_stop(struct relay *r);

/* Without a thread: one pass, as far as it gets without waiting for a row; waits for the log's
 * reports. How many rows were done. */
size_t relay_pass(struct relay *r);

#endif

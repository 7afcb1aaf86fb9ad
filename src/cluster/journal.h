/* The journal of the cluster engine: port/journal.h over a partitioned log that all nodes share.
 *
 *     append -> admission -> pending -> log ........ (all nodes' sends)
 *                                                          |  poll: the journal's thread
 *     done <- pending <- sink <- overlay <- follower <-----+
 *
 * A send goes out as a record (record.h) and is answered when this node has read it back, its
 * follower has judged it and the sink has published it; so every node publishes the same events in
 * the same order, and nothing is promised that a reader could not see. There is nothing to discard:
 * a follower sees only what is durable.
 *
 * Start: followers begin at persist's snapshot (start.h), the thread reads to the end that the log
 * had then, and only after that the journal is ready and takes appends. What lies above the
 * snapshot is published meanwhile, so the hub's tail and the overlay reach back to what the store
 * holds.
 *
 * Two threads of its own: the journal's, and one that asks every second how far persist is (for the
 * overlay) and where the log ends (for the lag); and the workers of the admission (admission.h).
 *
 * It does not know users, and channels only by what happened in them: whether they exist was asked
 * when the sender's membership was.
 */
#ifndef PARLEY_CLUSTER_JOURNAL_H
#define PARLEY_CLUSTER_JOURNAL_H

#include "base/clock.h"
#include "cluster/channel_view.h"
#include "cluster/overlay.h"
#include "port/event_log.h"
#include "port/history_store.h"
#include "port/journal.h"

#define CLUSTER_REACH_MS 3000 /* for a position that this node has not read yet */

struct cluster_journal_config {
    struct event_log *log;
    struct history_store *store;
    const struct clock *clock;
    const char *persist_group; /* whose commits tell what the store holds; borrowed */
    uint32_t epoch;            /* of the log: channel_table.epoch */
    size_t appends_max;        /* that may wait; more are refused. 0: 65,536 */
    size_t overlay_bytes;      /* 0: OVERLAY_BYTES_DEFAULT */
    unsigned workers;          /* of the admission, for look-ups. 0: 4 */
};

struct cluster_journal;
struct cluster_journal *cluster_journal_new(const struct cluster_journal_config *config);
/* Loads the followers: where each partition goes on is known from here on. Blocks.
 * ERR_UNAVAILABLE: try again, ERR_INTERNAL: see start.h. */
enum err cluster_journal_load(struct cluster_journal *j);
/* Loads them if that was not done, and starts the threads; `sink` (may be NULL) hears of every
 * batch from here on. The same errors. */
enum err cluster_journal_start(struct cluster_journal *j, struct journal_sink *sink);
/* Has it caught up, and is the log within reach? Otherwise says why not. Never blocks. */
bool cluster_journal_is_ready(struct cluster_journal *j, char *detail, size_t size);
/* Waits until it is ready, at most `wait_ms`; false: it is not. */
bool cluster_journal_wait_ready(struct cluster_journal *j, unsigned wait_ms);
/* Refuses new appends, answers what waits (what is not judged within a few seconds as unknown),
 * ends the threads. Harmless when repeated. */
void cluster_journal_stop(struct cluster_journal *j);
/* Stops it if need be, and waits until the log has reported on every send that it was given: closed
 * before, it has. NULL is fine. */
void cluster_journal_free(struct cluster_journal *j);

/* The doors. They live as long as the journal. */
struct journal *cluster_journal_door(struct cluster_journal *j);
struct overlay *cluster_journal_overlay(struct cluster_journal *j);
struct channel_view *cluster_journal_view(struct cluster_journal *j);

/* The end of a channel as this node knows it; false when nothing ever happened in it. Any thread;
 * waits shortly for the follower. */
bool cluster_journal_head(struct cluster_journal *j, const struct uuid *channel,
                          struct channel_head *out);

/* Position `seq` of a channel, which somebody names, may have been shown by another node: waits
 * until this one has followed as far, but for no longer than CLUSTER_REACH_MS, and not at all for
 * what the log does not hold. Blocks. */
void cluster_journal_reach(struct cluster_journal *j, const struct uuid *channel, uint64_t seq);

#endif

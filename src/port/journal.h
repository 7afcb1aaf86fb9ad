/* The journal: the ordered, durable log of events. The door through which every message goes.
 *
 * A driver takes appends from any thread, puts them into one order, stamps `seq`, `prev_seq` and
 * `id`, makes a whole batch durable at once, and only then lets anyone hear of it:
 *
 *     append ... append        any thread; queued (bounded)
 *        stamp the batch       the journal's thread
 *        sink->prepare         stamped, not yet durable: the hub encodes while nothing is promised
 *        make durable          one transaction, one sync
 *        sink->publish         in order: pushes and acks go out
 *        append->done          each append of the batch, in order
 *
 * A journal may have several partitions, each an order of its own (the embedded engine has one). A
 * channel lives in one of them for as long as the journal is open; positions compare within a
 * partition, never across.
 *
 * Every driver promises: the events of a partition are published in `seq` order, each exactly once
 * (a batch may mix partitions); an append whose
 * `client_msg_id` was seen before (same user, same channel, same content) is answered with the
 * first one's stamps and `duplicate`, is not published again, and its `done` comes only when the
 * first one is durable; with another content it fails with ERR_CLIENT_ID_CONFLICT; a reply to a
 * message that is not in that channel fails with ERR_MESSAGE_NOT_FOUND; an append to a channel or
 * by a user that does not exist fails with ERR_CHANNEL_NOT_FOUND or ERR_USER_NOT_FOUND (whether the
 * author is a member is not the journal's to ask; the cluster engine, which has no table of either,
 * leaves this too to whoever asked that); a batch that could not be made durable is
 * discarded whole: every append fails with ERR_UNAVAILABLE and nothing of it is ever seen. The
 * drivers share one contract suite (tests/contract/journal.c).
 */
#ifndef PARLEY_PORT_JOURNAL_H
#define PARLEY_PORT_JOURNAL_H

#include "base/err.h"
#include "domain/event.h"

#define JOURNAL_PARTITIONS_MAX 64 /* six bits of an id */

/* One message or reply on its way. The caller owns it, fills the upper part, keeps it and the
 * strings it points at unchanged until `done`. */
struct append {
    struct append *next;  /* the driver's */
    enum event_kind kind; /* EVENT_MESSAGE or EVENT_REPLY */
    uint64_t parent;      /* a reply's message_id */
    struct uuid channel, user;
    struct str username, content, client_msg_id; /* the last one valid, or empty: none */
    struct origin origin;
    struct trace_context trace; /* the request's span; none: it is not traced */
    int64_t queued_us; /* the steady clock when it was appended: for the latency histogram */
    /* On the journal's thread, once: must not block and not append. Owns the append again. */
    void (*done)(struct append *self);

    /* The verdict, set before `done`. */
    enum err err;
    bool duplicate;
    uint64_t seq, prev_seq, id;
};

/* Who hears of batches: one, the hub. All calls come on the journal's thread. */
struct journal_sink {
    /* `events`, in seq order within each partition, are stamped but not yet durable; they and their
     * strings live until publish or discard. Returns what the sink made of them. */
    void *(*prepare)(struct journal_sink *self, const struct event *events, size_t n);
    /* They are durable: hand them out. Takes `prepared`. May block while the readers' side is
     * full: that is the back-pressure that in the end refuses appends. */
    void (*publish)(struct journal_sink *self, void *prepared);
    /* They will never be: forget them. Takes `prepared`. */
    void (*discard)(struct journal_sink *self, void *prepared);
};

struct journal;
struct journal_ops {
    enum err (*append)(struct journal *self, struct append *a);
    uint64_t (*position)(struct journal *self, unsigned partition);
    /* NULL, both, where there is one partition. Fixed while the journal is open. Any thread. */
    unsigned (*partitions)(struct journal *self);
    unsigned (*partition_of)(struct journal *self, const struct uuid *channel);
};

struct journal {
    const struct journal_ops *ops;
};

/* Queues `a`. ERR_OK: `done` will be called. ERR_UNAVAILABLE: the queue is full or the journal
 * stops; `done` will not be called. */
static inline enum err journal_append(struct journal *j, struct append *a)
{
    return j->ops->append(j, a);
}

/* The last published `seq` of a partition; before the first batch the one from which it goes on, 0
 * when there is none. */
static inline uint64_t journal_position(struct journal *j, unsigned partition)
{
    return j->ops->position(j, partition);
}

/* 1..JOURNAL_PARTITIONS_MAX. */
static inline unsigned journal_partitions(struct journal *j)
{
    return j->ops->partitions == NULL ? 1 : j->ops->partitions(j);
}

/* Below the number of partitions, whether or not the channel exists. */
static inline unsigned journal_partition_of(struct journal *j, const struct uuid *channel)
{
    return j->ops->partition_of == NULL ? 0 : j->ops->partition_of(j, channel);
}

#endif

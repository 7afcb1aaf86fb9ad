/* The history of the cluster engine as its writer sees it (Cassandra): what the follower judged is
 * written behind, with the snapshot from which another follower can go on. Readers use the
 * message_store of the same driver. Calls block.
 *
 * Every driver promises: writes are idempotent (the same events again change nothing); what a call
 * answered ERR_OK to is durable and seen by every later read from any node; a head or a snapshot
 * that comes late (its `at`, its `next_offset` is below what is there) changes nothing; a write
 * that failed may have been done in part; nothing is read by scanning. ERR_UNAVAILABLE where the
 * store cannot be reached or does not answer in time.
 */
#ifndef PARLEY_PORT_HISTORY_STORE_H
#define PARLEY_PORT_HISTORY_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "domain/event.h"
#include "port/message_store.h"

#define LOG_NOT_FIRST_MAX (1024 * 1024)

/* Where the follower of a partition stood: with the heads and the log from `next_offset` on,
 * another one comes to the same verdicts. It is written after the heads, so these may be ahead of
 * it; the follower knows by `at`. */
struct log_snapshot {
    uint32_t epoch;
    unsigned partition;
    uint64_t next_offset; /* every record below it is in the store */
    uint64_t last_id;     /* the last stamp */
    uint64_t window_from; /* client ids are remembered from this offset on */
    struct str not_first; /* which records of the window were repeats, and what else the follower
                             keeps of it: bytes, up to LOG_NOT_FIRST_MAX (cluster/follower.h) */
};

/* The end of a channel. */
struct channel_head {
    struct uuid channel;
    uint64_t seq;     /* of the last message or reply; 0: none */
    uint64_t id;      /* its id */
    uint64_t version; /* of the last join, leave or creation (channel_table.h); 0: none */
    uint64_t at;      /* seq of the event that changed any of these last */
};

struct history_store;
struct history_store_ops {
    /* Messages and replies, in seq order within a channel. */
    enum err (*write)(struct history_store *self, const struct event *posts, size_t n);
    enum err (*write_heads)(struct history_store *self, uint32_t epoch, unsigned partition,
                            const struct channel_head *heads, size_t n);
    enum err (*write_snapshot)(struct history_store *self, const struct log_snapshot *s);
    /* ERR_NOT_FOUND: there is none yet. */
    enum err (*read_snapshot)(struct history_store *self, uint32_t epoch, unsigned partition,
                              struct arena *arena, struct log_snapshot *out);
    /* In no order; stops when `each` returns false. */
    enum err (*read_heads)(struct history_store *self, uint32_t epoch, unsigned partition,
                           bool (*each)(const struct channel_head *, void *arg), void *arg);
    /* The first message or reply that `user` posted in `channel` under `client_msg_id`; strings in
     * the arena. ERR_NOT_FOUND. */
    enum err (*by_client_id)(struct history_store *self, const struct uuid *user,
                             const struct uuid *channel, struct str client_msg_id,
                             struct arena *arena, struct event *out);
    /* The user's own last post in each channel. */
    enum err (*own_heads)(struct history_store *self, const struct uuid *user,
                          void (*each)(const struct uuid *channel, uint64_t seq, void *arg),
                          void *arg);
    /* Others' posts of `channel` after `seq`, counted to `max`. */
    enum err (*unread)(struct history_store *self, const struct uuid *user,
                       const struct uuid *channel, uint64_t seq, unsigned max, unsigned *out);
    /* For who reads all of a channel: as `after` of the message_store, but replies are not counted.
     */
    enum err (*replay)(struct history_store *self, const struct uuid *channel, uint64_t seq,
                       unsigned limit, struct arena *arena, struct post_page *out);
    /* Does it hold anything at all of ours? */
    enum err (*is_empty)(struct history_store *self, bool *out);
    /* Did the last call reach the store? Otherwise says why not. Never blocks. */
    bool (*is_ready)(struct history_store *self, char *detail, size_t size);
};

struct history_store {
    const struct history_store_ops *ops;
    struct message_store *messages; /* the reading side; counts replies, knows nothing of what is
                                       not written yet */
};

#endif

/* Channels and memberships of the cluster engine as rows (PostgreSQL), and the outbox from which a
 * relay puts each change into the log. Calls block.
 *
 * Every driver promises: a change and its outbox rows commit together or not at all; the versions
 * of a channel grow by one with each of its changes, across all nodes; what was answered ERR_OK is
 * durable; a refused call changes nothing. ERR_UNAVAILABLE where the store cannot be reached;
 * ERR_UNKNOWN where the connection was lost while a commit was under way (the caller asks again:
 * every change can be repeated and then answers as what it finds).
 *
 * A row knows the position of its event in the log once the relay has told it. That is how a node
 * can say who was a member as of a given position: a join whose seq is above it, or not known yet,
 * is still to be heard of; a leave whose seq is above it has not been heard of yet.
 */
#ifndef PARLEY_PORT_CHANNEL_TABLE_H
#define PARLEY_PORT_CHANNEL_TABLE_H

#include "base/arena.h"
#include "base/err.h"
#include "domain/channel.h"
#include "domain/event.h"
#include "domain/user.h"

/* One channel of one user, present or past. */
struct membership_row {
    struct channel channel;
    uint64_t join_version, join_seq;   /* seq 0: not in the log yet */
    uint64_t leave_version, leave_seq; /* version 0: still a member */
    uint64_t read_seq;                 /* 0: nothing read */
};

/* A change that waits for the log: `event.kind` EVENT_CREATED, EVENT_JOINED or EVENT_LEFT, all
 * fields but seq, prev_seq and id set (`members` too). */
struct outbox_row {
    uint64_t id; /* grows with the commits of one channel */
    uint64_t version;
    struct event event;
};

struct channel_table;
struct channel_table_ops {
    /* As in channel_store.h; `version` is that of the last event written. */
    enum err (*create)(struct channel_table *self, const struct channel *c, uint32_t channels_max,
                       uint64_t *version);
    enum err (*join)(struct channel_table *self, const struct uuid *user,
                     const struct uuid *channel, uint32_t channels_max, uint64_t *version);
    enum err (*leave)(struct channel_table *self, const struct uuid *user,
                      const struct uuid *channel, uint64_t *version);
    enum err (*get)(struct channel_table *self, const struct uuid *id, struct arena *arena,
                    struct channel *out);
    enum err (*list)(struct channel_table *self, void (*each)(const struct channel *, void *arg),
                     void *arg);
    enum err (*members)(struct channel_table *self, const struct uuid *channel,
                        void (*each)(const struct user *, void *arg), void *arg);
    /* The row of one user in one channel, ERR_NOT_MEMBER when there is none, present or lately
     * past; ERR_CHANNEL_NOT_FOUND. */
    enum err (*membership)(struct channel_table *self, const struct uuid *user,
                           const struct uuid *channel, struct arena *arena,
                           struct membership_row *out);
    /* All of a user, in order of joining, those who left within the last hour among them. */
    enum err (*memberships)(struct channel_table *self, const struct uuid *user,
                            struct arena *arena, struct membership_row **out, size_t *n);
    /* Forward only; `*now` where it stands, `*moved` whether it moved. ERR_NOT_MEMBER. */
    enum err (*mark_read)(struct channel_table *self, const struct uuid *user,
                          const struct uuid *channel, uint64_t seq, uint64_t *now, bool *moved);

    /* The relay's side. Only one process of all is the relay: ERR_OK when this one is (it stays so
     * until its connection is lost or it lets go), ERR_UNAVAILABLE when another one is. Everything
     * a former relay still does after losing it is refused. */
    enum err (*relay_take)(struct channel_table *self);
    void (*relay_let_go)(struct channel_table *self);
    /* The oldest rows, at most `max`, each channel's in version order; strings in the arena. Waits
     * up to `wait_ms` for one to come. */
    enum err (*outbox)(struct channel_table *self, unsigned max, unsigned wait_ms,
                       struct arena *arena, struct outbox_row **out, size_t *n);
    /* `row` is in the log at `seq`: told to its membership, and taken out of the outbox. */
    enum err (*outbox_done)(struct channel_table *self, const struct outbox_row *row, uint64_t seq);

    /* The epoch (1..4095) of the log `identity` with `partitions` partitions; a new one gets the
     * next number. ERR_TOO_LARGE when there is none left. */
    enum err (*epoch)(struct channel_table *self, const struct uuid *identity, unsigned partitions,
                      uint32_t *out);
    bool (*is_ready)(struct channel_table *self, char *detail, size_t size);
};

struct channel_table {
    const struct channel_table_ops *ops;
};

#endif

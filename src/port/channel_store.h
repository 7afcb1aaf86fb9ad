/* Channels, memberships and read positions. Calls block: for workers only.
 *
 * Every driver promises: creating, joining and leaving commit together with their events
 * (EVENT_CREATED, EVENT_JOINED, EVENT_LEFT), which the journal's sink hears in the same order as
 * everyone else's, and have been published when the call returns. A refused call changes nothing.
 * Writes can also be answered ERR_UNAVAILABLE, reads where the store cannot be reached. */
#ifndef PARLEY_PORT_CHANNEL_STORE_H
#define PARLEY_PORT_CHANNEL_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "domain/channel.h"
#include "domain/user.h"

/* One channel of one user. */
struct membership {
    struct channel channel;
    uint64_t head_seq;   /* the last message or reply of the channel, 0: none */
    uint64_t read_seq;   /* how far the user has read */
    uint32_t unread;     /* others' messages and replies after read_seq, at most LIMIT_UNREAD */
    bool unread_is_part; /* there may be more: what would have to be counted cannot be read now */
};

/* The channels of one user as they were at one position of each partition of the journal. */
struct memberships {
    /* One a partition, in the arena: every join and leave up to it is accounted for, none after;
     * heads are those of then, or later ones. Each is the position of an event that the journal's
     * sink has heard of or soon hears of, or where the journal began. */
    const uint64_t *positions;
    size_t n;
    struct membership *items; /* in the arena */
};

struct channel_store;
struct channel_store_ops {
    /* Makes the channel `c` (id, name, owner, time given by the caller) with its owner as member:
     * EVENT_CREATED, then the owner's EVENT_JOINED. ERR_USER_NOT_FOUND, ERR_TOO_MANY_CHANNELS when
     * the owner is in `channels_max`. */
    enum err (*create)(struct channel_store *self, const struct channel *c, uint32_t channels_max);
    /* ERR_CHANNEL_NOT_FOUND. */
    enum err (*get)(struct channel_store *self, const struct uuid *id, struct arena *arena,
                    struct channel *out);
    /* Every channel, oldest first. */
    enum err (*list)(struct channel_store *self, void (*each)(const struct channel *, void *arg),
                     void *arg);
    /* The new member has read everything up to then. ERR_CHANNEL_NOT_FOUND, ERR_USER_NOT_FOUND,
     * ERR_ALREADY_MEMBER, ERR_TOO_MANY_CHANNELS. */
    enum err (*join)(struct channel_store *self, const struct uuid *user,
                     const struct uuid *channel, uint32_t channels_max);
    /* ERR_CHANNEL_NOT_FOUND, ERR_NOT_JOINED. */
    enum err (*leave)(struct channel_store *self, const struct uuid *user,
                      const struct uuid *channel);
    /* ERR_OK, ERR_NOT_MEMBER, ERR_CHANNEL_NOT_FOUND. */
    enum err (*is_member)(struct channel_store *self, const struct uuid *user,
                          const struct uuid *channel);
    /* Members in order of joining, those who came again at the end; only id and name are set.
     * ERR_CHANNEL_NOT_FOUND. */
    enum err (*members)(struct channel_store *self, const struct uuid *channel,
                        void (*each)(const struct user *, void *arg), void *arg);
    /* In order of joining. `with_unread`: count them (costs an index walk a channel). */
    enum err (*memberships)(struct channel_store *self, const struct uuid *user, bool with_unread,
                            struct arena *arena, struct memberships *out);
    /* Moves the read position forward to `seq`, clipped to the channel's head; never back.
     * `*now` is where it stands after, `*moved` whether it moved. ERR_NOT_MEMBER. */
    enum err (*mark_read)(struct channel_store *self, const struct uuid *user,
                          const struct uuid *channel, uint64_t seq, uint64_t *now, bool *moved);
};

struct channel_store {
    const struct channel_store_ops *ops;
};

#endif

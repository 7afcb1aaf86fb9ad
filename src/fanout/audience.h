/* An audience: the sessions of one shard that hear one channel, and what has happened in it that
 * they have not been handed yet.
 *
 * What arrives waits in a list, in order. A pass takes all messages and replies at its front (or
 * one join, leave or creation), first serves the sessions that wrote some of them (their acks must
 * not wait for ten thousand pushes), then walks the members, a slice at a time. Members [0, cursor)
 * have been visited in this lap, and that stays true when someone leaves in the middle; someone who
 * comes is appended, and his position says what of the pass is news to him.
 *
 * Messages that arrive while the walk is under way join it where it is: a visit hands out
 * everything since the member's last one, in one write, and the walk goes round until each item has
 * been everywhere. So the more there is to say, the more each write carries, and nothing waits for
 * a walk to end before its own begins.
 *
 * A member that is held (it catches up, or has not settled) is passed over; what lies up to the
 * audience's boundary is then its gap's to deliver (catchup.h).
 *
 * The audience of UUID_NIL are all extended sessions: they hear of new channels. What they hear
 * comes from all partitions, so their positions are the numbers by which the shard received it. */
#ifndef PARLEY_FANOUT_AUDIENCE_H
#define PARLEY_FANOUT_AUDIENCE_H

#include "fanout/shard.h"

enum member_flag {
    MEMBER_HELD = 1,
    MEMBER_GAP = 2,      /* the session has a gap open for this channel */
    MEMBER_WATCHES = 4,  /* wants presence and typing */
    MEMBER_NEWCOMER = 8, /* wants to be told who is online */
    MEMBER_AWAITS = 16,  /* that answer is on its way */
    MEMBER_BLOCKED = 32, /* the gap waits for the next visit */
};

struct member {
    struct session *session;
    uint64_t pos;  /* everything up to it was heard (when not held) */
    uint32_t slot; /* of the subscription in the session's list */
    uint32_t flags;
};

/* An item of a feed that waits in an audience; part of the feed's share. */
struct pending {
    struct pending *next;
    struct feed_share *share;
    const struct feed_item *item;
    uint32_t handed;    /* frames, acks included */
    uint32_t lap, turn; /* when the pass took it: everyone before `turn` gets it in the next lap */
};

struct audience {
    struct table_node node; /* in shard->audiences */
    struct list link;       /* in shard->fresh or shard->busy */
    struct shard *shard;
    struct uuid channel;
    unsigned partition; /* of the channel */

    struct member *members;
    uint32_t n, cap;
    uint32_t cursor; /* of the pass under way */
    uint32_t lap;    /* walks finished, ever; wraps around */
    uint32_t pins;   /* loops over the members that must outlive a callback */

    struct pending *first, **last; /* the pass's items, then those of no pass yet: */
    struct pending *unbegun;
    uint64_t pass_last; /* the last position the pass has taken (of UUID_NIL: the last number) */
    bool in_pass;

    bool head_is_known; /* `head_seq` is the channel's last post as of what was received */
    uint64_t head_seq;
    uint64_t since; /* every post after it was received here */

    uint32_t n_watchers;
    struct watch *watch; /* NULL while nobody watches */
};

struct audience *audience_find(struct shard *sh, const struct uuid *channel);
/* The same, made when there is none. */
struct audience *audience_get(struct shard *sh, const struct uuid *channel);
/* Frees it when it has no members and nothing to do. */
void audience_put(struct audience *a);
/* Returns the index of the new member. */
uint32_t audience_add(struct audience *a, struct session *s, uint32_t slot, uint64_t pos,
                      uint32_t flags);
void audience_remove(struct audience *a, uint32_t index);
struct member *audience_member(const struct session *s, uint32_t slot);
/* Appends `p`, whose item is of this channel. */
void audience_receive(struct audience *a, struct pending *p);
/* Does a join or leave of the user wait for its turn? */
bool audience_awaits(const struct audience *a, const struct uuid *user);
/* The channel's last post was `head_seq` at `position` of its partition. */
void audience_learn_head(struct audience *a, uint64_t head_seq, uint64_t position);
/* Up to here passes have begun: authors were answered or are owed their acks. */
uint64_t audience_boundary(const struct audience *a);
/* One slice of passes; true while more is left. When false, the audience may be gone. */
bool audience_step(struct audience *a);
/* `frame` to the members with `flag` whose user is not `except` (NULL: all). */
void audience_frame(struct audience *a, uint32_t flag, const struct uuid *except,
                    struct bytes *frame);

/* shard.c: the how-manieth item its shard received it is. */
uint64_t pending_number(const struct pending *p);
/* shard.c: when its shard was given it. */
int64_t pending_published_us(const struct pending *p);
/* shard.c: the item of `p` has been handed out. Frees `p` with the last of its share. */
void pending_done(struct pending *p);

#endif

/* The inside of a shard: what one loop knows of its sessions and of the channels they hear. Only
 * the loop touches it, but for the inbox and the counters that say so.
 *
 * audience.c   the sessions of one channel, and the passes that hand them what happened
 * attach.c     how a session learns its channels
 * request.c    Hello and Resume
 * catchup.c    gaps: what a session missed, read and replayed at its own pace
 * watch.c      presence and typing for those who watch a channel
 */
#ifndef PARLEY_FANOUT_SHARD_H
#define PARLEY_FANOUT_SHARD_H

#include <stdatomic.h>

#include "fanout/feed.h"
#include "fanout/hub.h"
#include "fanout/job.h"
#include "fanout/reads.h"
#include "fanout/table.h"

struct attaching;
struct audience;
struct herald;
struct presence;
struct request;
struct tail;

/* One channel of one session. The other half is the audience's `struct member`. */
struct subscription {
    struct audience *audience;
    uint32_t index; /* in its members */
};

enum session_flag {
    SESSION_ATTACHED = 1, /* the memberships are known */
    SESSION_SETTLED = 2,  /* live events may flow */
    SESSION_OPEN = 4,     /* Hello was answered */
    SESSION_SETTLE = 8,   /* settle as soon as attached */
};

/* What a session needs only at times: while it attaches, is asked something or catches up. */
struct session_work {
    struct attaching *attaching; /* while the memberships are being loaded */
    struct reads *reads;         /* until Hello or settle: what they said */
    struct request *request;     /* a Hello or Resume that is not answered yet */
    struct list gaps;            /* catchup.c */
    bool is_reading;             /* a page of history is on its way */
};

struct session_state {
    struct table_node by_id, by_user;
    struct session *session;
    /* The subscriptions: one lies here, more have room of their own (session_subs). */
    union {
        struct subscription one;
        struct subscription *many; /* when `subs_cap` is above 1 */
    };
    uint32_t n_subs, subs_cap;
    uint32_t flags;
    uint64_t accounted; /* joins and leaves received up to here are subscriptions */
    struct session_work *work;
};

struct shard {
    struct hub *hub;
    uint32_t index;
    struct executor *executor;
    void (*kick)(void *arg);
    void *kick_arg;

    struct task_queue inbox;
    struct task wakeup;    /* of the inbox, on the executor */
    size_t backlog;        /* bytes in feeds not handed out yet; under the hub's mutex */
    atomic_uint notices;   /* in the inbox */
    atomic_uint n_watched; /* audiences with watchers */
    atomic_bool is_stale;  /* a presence notice was dropped */

    uint64_t *positions; /* of the journal, one a partition: the last event received */
    uint64_t received;   /* items of feeds, ever: the shard's own order (pending_number) */
    uint64_t last_id;    /* of a session */
    uint64_t n_detached; /* ever: tells whether a callback made someone vanish */
    uint64_t ticks;
    struct table by_id, by_user, audiences;
    struct list fresh;   /* audiences that got something from the feed being received */
    struct list busy;    /* audiences with passes to go on with, taken in turns */
    struct list ahead;   /* attaching sessions whose snapshot is ahead of `positions` */
    struct list watched; /* audiences with watchers */
    struct job_queue jobs;
};

/* hub.c */
const struct hub_config *hub_config(const struct hub *h);
unsigned hub_partitions(const struct hub *h);
struct presence *hub_presence(const struct hub *h);
/* NULL: this node is alone. */
struct herald *hub_herald(const struct hub *h);
/* NULL past the last. */
struct shard *hub_shard(const struct hub *h, uint32_t index);
const struct hub_config *shard_config(const struct shard *sh);
struct tail *shard_tail(const struct shard *sh);
/* The partition of the journal that a channel is in; of UUID_NIL any. */
unsigned shard_partition_of(const struct shard *sh, const struct uuid *channel);
struct presence *shard_presence(const struct shard *sh);
/* `bytes` of feeds were handed out (or ignored). */
void shard_handed_out(struct shard *sh, size_t bytes);

/* shard.c */
struct shard *shard_new(struct hub *h, uint32_t index, struct executor *executor,
                        void (*kick)(void *arg), void *arg);
void shard_free(struct shard *sh);
/* The shard's share of a feed, of which it takes a reference. The journal's thread. */
void shard_post_feed(struct shard *sh, struct feed *f);
/* The sessions of a user: the first, and the one after `s`. */
struct session *shard_user_first(struct shard *sh, const struct uuid *user);
struct session *shard_user_next(const struct session *s);

/* session.c */
static inline struct subscription *session_subs(const struct session *s)
{
    struct session_state *st = s->hub;
    return st->subs_cap > 1 ? st->many : &st->one;
}
/* The slot of its subscription, -1 when there is none. */
int session_find(const struct session *s, const struct audience *a);
/* Adds the session to the channel's audience, with everything up to `pos` heard. */
void session_subscribe(struct session *s, const struct uuid *channel, uint64_t pos);
void session_unsubscribe(struct session *s, uint32_t slot);
/* Live events of subscription `slot` wait from here on. */
void session_hold(struct session *s, uint32_t slot);
struct session_work *session_get_work(struct session *s);
/* Gives the work back when nothing is left of it. */
void session_put_work(struct session *s);
static inline bool session_is(const struct session *s, enum session_flag flag)
{
    return (s->hub->flags & flag) != 0;
}
/* After a callback into the owner: is the session `id` gone? `n_detached` as it was before. */
static inline bool session_is_gone(struct shard *sh, uint64_t id, uint64_t n_detached)
{
    return sh->n_detached != n_detached && shard_session(sh, id) == NULL;
}
/* Opens gaps for what is held and lets live events flow. `s` may be gone afterwards. */
void session_release(struct session *s);

/* attach.c */
void attach_start(struct session *s);
/* The user joined or left `item->subject`, while the memberships are being loaded. */
void attach_note(struct session *s, const struct feed_item *item);
/* The shard's positions have moved: sessions whose snapshot they have reached now are attached. */
void attach_positions_moved(struct shard *sh);
void attach_tick(struct shard *sh);
void attach_free(struct attaching *a);

/* request.c */
/* Decides and answers the session's request; it is attached. `s` may be gone afterwards. */
void request_begin(struct session *s);
void request_free(struct request *r);

#endif

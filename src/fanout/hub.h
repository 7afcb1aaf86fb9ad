/* The hub: who is connected here, which channels they hear, and how what happens reaches them.
 *
 * One hub a process, one shard a loop. The journal's thread encodes a batch once (prepare) and,
 * when it is durable, posts it to every shard; each shard hands it to its own sessions. A session
 * is the hub's side of a websocket; the delivery room embeds it and implements `session_ops`.
 *
 * Order and completeness: a session has, per channel, the position it has heard up to. Live events
 * at or below it are skipped; while it is being caught up live events are held, and the gap is
 * read from the tail (recent events in memory) or the store until nothing is left between them.
 * Hence none twice, none missing, live never before replay.
 *
 * Of several nodes each has a hub that reads the whole journal. What is no event of the journal
 * (presence, typing, read positions, revocations) they tell each other over a bus; see herald.h.
 *
 * Positions compare within a channel, and so within a partition of the journal. What concerns all
 * channels of a session at once (which joins and leaves it has accounted for, which creations it
 * was to hear of) is told by the order in which its shard received it.
 */
#ifndef PARLEY_FANOUT_HUB_H
#define PARLEY_FANOUT_HUB_H

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/task.h"
#include "domain/limits.h"
#include "fanout/run.h"
#include "port/bus.h"
#include "port/channel_store.h"
#include "port/journal.h"
#include "port/message_store.h"
#include "port/notifier.h"

struct hub;
struct shard;
struct session;

struct hub_config {
    const struct run_encoder *encoder;
    struct journal *journal; /* asked for its partitions; NULL: there is one */
    struct bus *bus;         /* to the other nodes; NULL: this one is alone */
    struct channel_store *channels;
    struct message_store *messages;
    /* Runs `t` where it may block (the workers); false when that is full: try again later. */
    bool (*run_blocking)(void *arg, struct task *t);
    void *run_blocking_arg;
    const struct clock *clock;
    size_t tail_bytes_max;    /* of all tails together, e.g. 32 MiB */
    size_t backlog_bytes_max; /* published but not handed out by a shard; publish waits above it */
    uint32_t channels_max;    /* limits.channels_per_connection */
};

struct hub *hub_new(const struct hub_config *config);
/* After every session was detached and the journal, the bus, the workers and all loops have
 * stopped. */
void hub_free(struct hub *h);
/* Where a partition of the journal stands, once it is open and before the first append or session:
 * what is at or below it was published before this hub existed. */
void hub_set_position(struct hub *h, unsigned partition, uint64_t position);
/* The same of all partitions, as the journal says. */
void hub_take_positions(struct hub *h);
struct journal_sink *hub_sink(struct hub *h);
struct notifier *hub_notifier(struct hub *h);
/* Makes publish stop waiting for shards that no longer run, and takes leave of the other nodes. */
void hub_stop(struct hub *h);

/* A shard for the loop behind `executor`; `kick` makes the loop call shard_step again. Before any
 * thread runs. */
struct shard *hub_add_shard(struct hub *h, struct executor *executor, void (*kick)(void *arg),
                            void *arg);
/* Begins to hear the other nodes and to tell them: after the last shard was added. What was revoked
 * before is not told. */
void hub_listen(struct hub *h);
uint32_t shard_index(const struct shard *s);
/* One slice of fan-out work (at most 64 sessions of one channel); true while more is left. The
 * loop calls it every turn. Small batches overtake large ones of other channels. */
bool shard_step(struct shard *s);
/* Once a second: presence, and whatever waits for a worker or the store. */
void shard_tick(struct shard *s);

struct resume_point {
    struct uuid channel;
    uint64_t seq;
};

struct session_channel {
    struct uuid channel;
    uint64_t head_seq, read_seq;
    bool resume_asked, recovered;
};

struct session_ops {
    /* Frames [first, last) of `r`, live. */
    void (*push)(struct session *s, struct run *r, unsigned first, unsigned last);
    /* The session sent frame `index` itself: its ack, in its place. */
    void (*ack)(struct session *s, struct run *r, unsigned index);
    /* Frames [first, last), replayed: with the replay flag. Only while `is_writable`. */
    void (*replay)(struct session *s, struct run *r, unsigned first, unsigned last);
    /* A ready frame: presence, typing, read. */
    void (*frame)(struct session *s, struct bytes *frame);
    /* The memberships are loaded: sends may be judged now. Not ERR_OK: it could not attach. */
    void (*attached)(struct session *s, enum err err);
    /* The answer to session_hello / session_resume; replays and live events follow it. `resumed`
     * also comes unasked, with `recovered` false, for a channel whose replay had to be given up
     * because the store failed; never while an answer is owed. */
    void (*hello)(struct session *s, const struct session_channel *channels, size_t n);
    void (*resumed)(struct session *s, const struct session_channel *channels, size_t n);
    /* The token behind it is void: close with 4001. */
    void (*revoked)(struct session *s);
    /* Is the connection's queue low enough for more replay? When it says no, the owner calls
     * session_writable once it has drained. */
    bool (*is_writable)(struct session *s);
};

/* Replay goes on while less than this many bytes are queued, or than a quarter of the queue's
 * bound. */
#define SESSION_REPLAY_BYTES 65536
static inline size_t session_replay_bound(size_t queue_bytes_max)
{
    size_t quarter = queue_bytes_max / 4;
    return quarter < SESSION_REPLAY_BYTES ? quarter : SESSION_REPLAY_BYTES;
}

/* The hub's part of a websocket. Fields are the hub's; the owner reads id, user, extended. */
struct session {
    const struct session_ops *ops;
    struct shard *shard;
    uint64_t id; /* within the shard, never used twice */
    struct uuid user;
    struct str username; /* borrowed from the owner, for as long as the session lives */
    struct uuid jti;
    int64_t issued_us;
    bool extended;             /* said Hello */
    struct session_state *hub; /* subscriptions, catch-up */
};

/* Everything below: on the shard's loop. */

/* Attaches at the journal's current position: what is published from here on will be heard. The
 * memberships are loaded on a worker, then `attached` is called. Live events are held until
 * session_settle, so that a Hello which follows at once can still say where to resume. */
void session_attach(struct shard *sh, struct session *s);
/* Live events may flow (the first frame after the authentication was not Hello, or a moment has
 * passed). Harmless when repeated; session_hello does it too. */
void session_settle(struct session *s);
bool session_is_attached(const struct session *s);
/* Is the user in `channel`, as this session knows it now? */
bool session_has(const struct session *s, const struct uuid *channel);
/* Opens the extended session. ERR_BAD_REQUEST when it is open already, or one of the lists is too
 * long. `hello` answers, at once or when the store has been asked. */
enum err session_hello(struct session *s, const struct resume_point *resume, size_t n_resume,
                       const struct uuid *watch, size_t n_watch);
/* Fills holes; `resumed` answers. One at a time: ERR_RATE_LIMITED while one is under way. */
enum err session_resume(struct session *s, const struct resume_point *points, size_t n);
/* Replaces the list of watched channels (those the user is not in are left out).
 * ERR_BAD_REQUEST before Hello was answered, or when the list is too long. */
enum err session_watch(struct session *s, const struct uuid *watch, size_t n);
/* Tells the channel's watchers, on every shard. ERR_NOT_MEMBER. */
enum err session_typing(struct session *s, const struct uuid *channel);
/* The connection's queue has drained: replay goes on. */
void session_writable(struct session *s);
/* The connection is gone. The session's memory is the owner's again when this returns. */
void session_detach(struct session *s);
/* The extended or not, attached or not, session of that id, NULL when it is gone. */
struct session *shard_session(struct shard *sh, uint64_t id);
/* Sessions now, for drains. */
void shard_each_session(struct shard *sh, void (*each)(struct session *s, void *arg), void *arg);

#endif

/* Every post that persist has not written yet, and a little more: what a reader must add to the
 * store. In memory, by partition in the order of the log; the oldest go when persist has committed
 * past them, or when the whole is over its limit. The latter leaves a gap between store and
 * overlay, which every view tells of.
 *
 *     log:      ......................................................... end
 *     store:    everything here .......... some of this ....
 *     overlay:                       [start                              end
 *                                       persisted
 *
 * Readers look here first and into the store second: what persist commits in between is then in
 * both, never in neither.
 *
 * A post lies in a chunk of its partition, with its strings, and never moves. It knows the post
 * before it in its channel, and a reply the reply before it to the same message; whether these are
 * still here, their positions tell. Ids and positions grow within a partition, so both are found by
 * halving.
 *
 * One thread adds and trims, and may look at what it added until it trims; any thread reads.
 */
#ifndef PARLEY_CLUSTER_OVERLAY_H
#define PARLEY_CLUSTER_OVERLAY_H

#include "port/message_store.h"

#define OVERLAY_BYTES_DEFAULT ((size_t)256 * 1024 * 1024)

struct overlay;
struct overlay *overlay_new(unsigned partitions, size_t bytes_max);
void overlay_free(struct overlay *o);

/* ---- The follower's side ---- */

/* It is complete from offset `start` of epoch `epoch` on. Once, before the first post. */
void overlay_begin(struct overlay *o, unsigned partition, uint32_t epoch, uint64_t start);
/* Copies an event; posts are kept for readers, others only live as long. Returns the copy, which
 * lives until the next trim. */
const struct event *overlay_add(struct overlay *o, const struct event *e);
/* The store holds everything below `offset`: any thread may say so. */
void overlay_set_persisted(struct overlay *o, unsigned partition, uint64_t offset);
/* Lets go of what the store holds, and of what is over the limit. */
void overlay_trim(struct overlay *o);

/* ---- The readers' side ---- */

uint64_t overlay_persisted(struct overlay *o, unsigned partition);
/* When the oldest post that is not known to be in the store happened, microseconds since 1970; 0:
 * there is none. */
int64_t overlay_oldest_us(struct overlay *o);
/* Is something of the partition neither here nor known to be in the store? */
bool overlay_has_gap(struct overlay *o, unsigned partition);
/* The offset from which on it holds everything. */
uint64_t overlay_start(struct overlay *o, unsigned partition);
/* How many bytes it holds. */
size_t overlay_bytes(struct overlay *o);

/* A part of the overlay: newest or oldest first, as asked. */
struct overlay_view {
    struct post *rows; /* copies in the arena; reply_count counts the replies that are here */
    size_t n;
    bool more;       /* there are more in that direction */
    bool has_gap;    /* of the partition, at that moment */
    bool is_known;   /* there are posts of the channel here; then: */
    uint64_t before; /* the post before the oldest of them, 0: none; all after it are here */
};

/* Messages with an id at most `from_id` (0: any), newest first, at most `limit`. */
void overlay_messages(struct overlay *o, unsigned partition, const struct uuid *channel,
                      uint64_t from_id, unsigned limit, struct arena *arena,
                      struct overlay_view *out);
/* Replies to a message, newest first; the last three fields are not set. */
void overlay_replies(struct overlay *o, uint64_t message_id, uint64_t from_id, unsigned limit,
                     struct arena *arena, struct overlay_view *out);
/* Posts after `seq`, oldest first. */
void overlay_after(struct overlay *o, unsigned partition, const struct uuid *channel, uint64_t seq,
                   unsigned limit, struct arena *arena, struct overlay_view *out);
/* How many posts of the channel above `seq` are here, counted to `max`; others' than `except`'s
 * when that is not NULL. `*before`: the post before the oldest one here, 0: none. False: none is
 * here. */
bool overlay_count(struct overlay *o, const struct uuid *channel, uint64_t seq,
                   const struct uuid *except, unsigned max, unsigned *count, uint64_t *before);
/* How many replies to a message are here. */
uint64_t overlay_reply_count(struct overlay *o, uint64_t message_id);
/* The position of the last post by `user` in the channel; 0: none is here. */
uint64_t overlay_own_head(struct overlay *o, const struct uuid *channel, const struct uuid *user);
/* The channel of a message; false when it is not here. */
bool overlay_channel_of(struct overlay *o, uint64_t message_id, struct uuid *channel);

#endif

/* A feed: one batch of the journal as the shards take it. The batch's events are grouped by
 * channel; a channel's messages and replies become runs, each other event an item of its own, in
 * the channel's order. Immutable once built; shared by the shards, freed by the last. */
#ifndef PARLEY_FANOUT_FEED_H
#define PARLEY_FANOUT_FEED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/event.h"
#include "fanout/run.h"

enum feed_kind { FEED_POSTS, FEED_JOINED, FEED_LEFT, FEED_CREATED };

struct feed_item {
    enum feed_kind kind;
    uint32_t members;    /* joined, left: how many the channel has after it */
    struct uuid channel; /* who hears it; UUID_NIL: every extended session (created) */
    unsigned partition;
    uint64_t first_seq, last_seq; /* in that partition */
    uint64_t prev_seq;            /* of the message or reply before it in the channel */
    struct uuid subject;          /* created: the new channel, else `channel` */
    struct uuid user;             /* joined, left, created: who */
    struct str username;          /* joined: borrowed from the feed */
    struct run *run;
    struct run *own; /* joined, left: for the user's own sessions */
    size_t bytes;    /* towards the backlog */
};

struct feed {
    atomic_uint refs;
    size_t bytes;         /* of all items */
    int64_t published_us; /* the steady clock when the shards were given it */
    size_t n;
    struct feed_item items[];
};

/* With one reference. */
struct feed *feed_build(const struct run_encoder *encoder, const struct event *events, size_t n);
struct feed *feed_ref(struct feed *f);
void feed_unref(struct feed *f);

#endif

/* The truth of a simulation: what was made durable, in order, and what must be true of it. It
 * listens to the journal before the hub does. */
#ifndef PARLEY_TESTS_SIM_ORACLE_H
#define PARLEY_TESTS_SIM_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/event.h"
#include "port/journal.h"

#define SIM_CHANNELS   5
#define SIM_USERS      6
#define SIM_SEQ_MAX    65536
#define SIM_PARTITIONS 4

/* Channels and users are numbered; their UUIDs carry the number. */
struct uuid sim_channel(unsigned n);
struct uuid sim_user(unsigned n);
unsigned sim_number(const struct uuid *u);

struct truth {
    enum event_kind kind; /* 0: no such position */
    uint8_t channel, user;
    uint32_t number; /* of a message, by its sender's count; 0: none */
    uint64_t prev_seq;
};

/* One partition of the journal. */
struct oracle_log {
    struct truth log[SIM_SEQ_MAX]; /* by position */
    uint64_t prepared, durable;    /* the last position */
};

struct oracle {
    unsigned of[SIM_CHANNELS]; /* the partition of each channel */
    struct oracle_log logs[SIM_PARTITIONS];
};

/* Each partition goes on from its position in `journal`. */
void oracle_init(struct oracle *o, struct journal *journal);
void oracle_prepare(struct oracle *o, const struct event *events, size_t n);
void oracle_publish(struct oracle *o);
void oracle_discard(struct oracle *o);

static inline const struct oracle_log *oracle_log(const struct oracle *o, unsigned channel)
{
    return &o->logs[o->of[channel]];
}
/* The last durable position of the channel's partition. */
static inline uint64_t oracle_end(const struct oracle *o, unsigned channel)
{
    return oracle_log(o, channel)->durable;
}
static inline bool oracle_is_post(const struct oracle *o, uint64_t seq, unsigned channel)
{
    const struct truth *t = &oracle_log(o, channel)->log[seq];
    return (t->kind == EVENT_MESSAGE || t->kind == EVENT_REPLY) && t->channel == channel;
}
/* Was the user in the channel at position `seq`? */
bool oracle_is_member(const struct oracle *o, unsigned user, unsigned channel, uint64_t seq);
/* Does the user leave the channel after `seq`? */
bool oracle_leaves_after(const struct oracle *o, unsigned user, unsigned channel, uint64_t seq);
/* The posts of a channel in (after, to]. */
unsigned oracle_count(const struct oracle *o, unsigned channel, uint64_t after, uint64_t to);
/* The channel's last post at or before `seq`, 0: none. */
uint64_t oracle_head(const struct oracle *o, unsigned channel, uint64_t seq);
/* The position of the user's message `number`, 0: not durable. Stops when there are two. */
uint64_t oracle_find(const struct oracle *o, unsigned user, uint32_t number);

#endif

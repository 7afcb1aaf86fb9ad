/* What happens in a channel, in the order of the journal: the one record that the journal writes,
 * the hub fans out and the history is made of. Plain data; strings are borrowed from whoever made
 * the event and live as long as it does. */
#ifndef PARLEY_DOMAIN_EVENT_H
#define PARLEY_DOMAIN_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"
#include "domain/channel.h"
#include "telemetry/trace_context.h"

enum event_kind {
    EVENT_MESSAGE = 1,
    EVENT_REPLY = 2,
    EVENT_JOINED = 3,
    EVENT_LEFT = 4,
    EVENT_CREATED = 5, /* of a channel; told to everyone connected */
};

#define ORIGIN_NO_SHARD UINT32_MAX

/* The session of this process that waits for the ack of an event. */
struct origin {
    uint32_t shard;   /* the hub's shard, ORIGIN_NO_SHARD when no session waits */
    uint64_t session; /* the session's id within it */
    struct str ref;   /* the client's `ref` as raw JSON text; empty: none */
};

struct event {
    enum event_kind kind;
    unsigned partition; /* of the journal: the channel's; 0 where there is one */
    uint64_t seq;       /* position in that partition, > 0 */
    uint64_t prev_seq;  /* of the message or reply before it in this channel; 0 for the first */
    uint64_t id;        /* message_id or reply_id; 0 for the other kinds */
    uint64_t parent;    /* a reply's message_id; 0 for the other kinds */
    int64_t at_us;      /* when, microseconds since 1970; of messages and replies the id's time */
    struct uuid channel;
    struct uuid user; /* who wrote, joined, left, created */
    struct str username;
    struct str content;          /* message, reply: valid UTF-8, may hold NUL */
    struct str client_msg_id;    /* message, reply: empty when the client gave none */
    struct channel channel_info; /* joined, left, created: the channel itself */
    uint32_t members;            /* joined, left: how many the channel has after it */
    struct origin origin;
    struct trace_context trace; /* what hears of it is done for; none: nobody traces it */
    int64_t queued_us; /* message, reply: when its append was queued (steady clock); 0: unknown */
};

static inline bool event_is_post(const struct event *e)
{
    return e->kind == EVENT_MESSAGE || e->kind == EVENT_REPLY;
}

#endif

#include "delivery/grpc/encode.h"

#include <stdio.h>

#include "delivery/grpc/edge.h"
#include "wire/proto.h"

/* The numbers of chat.proto. */
enum { RESPONSE_EVENTS = 1 };
enum { EVENT_FIELD_HELLO = 1, EVENT_FIELD_POST, EVENT_FIELD_JOINED, EVENT_FIELD_LEFT };
enum { EVENT_FIELD_CHANNEL_CREATED = 5, EVENT_FIELD_GAP = 6 };
enum {
    POST_CHANNEL_ID = 1,
    POST_MESSAGE_ID,
    POST_REPLY_ID,
    POST_SEQ,
    POST_PREV_SEQ,
    POST_USER_ID,
    POST_USERNAME,
    POST_CONTENT,
    POST_CREATED_AT,
    POST_CLIENT_MSG_ID,
    POST_REPLY_COUNT,
};
enum { CHANNEL_ID = 1, CHANNEL_NAME, CHANNEL_USER_ID, CHANNEL_CREATED_AT };
enum { MEMBER_CHANNEL_ID = 1, MEMBER_SEQ, MEMBER_PREV_SEQ, MEMBER_USER_ID, MEMBER_USERNAME };
enum { MEMBER_CHANNEL = 6 };
enum { HELLO_USER_ID = 1, HELLO_SESSION_ID, HELLO_NODE, HELLO_CHANNELS };
enum { HELLO_CHANNEL_ID = 1, HELLO_HEAD_SEQ, HELLO_READ_SEQ, HELLO_RESUMED, HELLO_RECOVERED };
enum { GAP_CHANNEL_ID = 1, GAP_HEAD_SEQ };

void encode_post(struct buf *out, unsigned field, const struct event *e, uint64_t reply_count)
{
    const bool is_reply = e->kind == EVENT_REPLY;
    size_t post = proto_begin(out, field);
    proto_put_uuid(out, POST_CHANNEL_ID, &e->channel);
    proto_put_u64(out, POST_MESSAGE_ID, is_reply ? e->parent : e->id);
    proto_put_u64(out, POST_REPLY_ID, is_reply ? e->id : 0);
    proto_put_u64(out, POST_SEQ, e->seq);
    proto_put_u64(out, POST_PREV_SEQ, e->prev_seq);
    proto_put_uuid(out, POST_USER_ID, &e->user);
    proto_put_text(out, POST_USERNAME, e->username);
    proto_put_text(out, POST_CONTENT, e->content);
    proto_put_time(out, POST_CREATED_AT, e->at_us);
    proto_put_text(out, POST_CLIENT_MSG_ID, e->client_msg_id);
    proto_put_u64(out, POST_REPLY_COUNT, reply_count);
    proto_end(out, post);
}

static void put_channel(struct buf *out, unsigned field, const struct channel *c)
{
    size_t channel = proto_begin(out, field);
    proto_put_uuid(out, CHANNEL_ID, &c->id);
    proto_put_text(out, CHANNEL_NAME, c->name);
    proto_put_uuid(out, CHANNEL_USER_ID, &c->owner);
    proto_put_time(out, CHANNEL_CREATED_AT, c->created_us);
    proto_end(out, channel);
}

static void put_member(struct buf *out, unsigned field, const struct event *e,
                       enum run_variant variant)
{
    size_t member = proto_begin(out, field);
    proto_put_uuid(out, MEMBER_CHANNEL_ID, &e->channel);
    proto_put_u64(out, MEMBER_SEQ, e->seq);
    proto_put_u64(out, MEMBER_PREV_SEQ, e->prev_seq);
    proto_put_uuid(out, MEMBER_USER_ID, &e->user);
    proto_put_text(out, MEMBER_USERNAME, e->username);
    if (variant == RUN_OWN)
        put_channel(out, MEMBER_CHANNEL, &e->channel_info);
    proto_end(out, member);
}

void grpc_event_encode(const struct event *e, enum run_variant variant, struct buf *out)
{
    size_t event = proto_begin(out, RESPONSE_EVENTS);
    if (event_is_post(e))
        encode_post(out, EVENT_FIELD_POST, e, 0);
    else if (e->kind == EVENT_CREATED)
        put_channel(out, EVENT_FIELD_CHANNEL_CREATED, &e->channel_info);
    else
        put_member(out, e->kind == EVENT_JOINED ? EVENT_FIELD_JOINED : EVENT_FIELD_LEFT, e,
                   variant);
    proto_end(out, event);
}

static void put_hello_channel(struct buf *out, const struct session_channel *c)
{
    size_t channel = proto_begin(out, HELLO_CHANNELS);
    proto_put_uuid(out, HELLO_CHANNEL_ID, &c->channel);
    proto_put_u64(out, HELLO_HEAD_SEQ, c->head_seq);
    proto_put_u64(out, HELLO_READ_SEQ, c->read_seq);
    proto_put_u64(out, HELLO_RESUMED, c->resume_asked);
    proto_put_u64(out, HELLO_RECOVERED, c->recovered);
    proto_end(out, channel);
}

void encode_hello(struct buf *out, const struct session *s, const char *node,
                  const struct session_channel *channels, size_t n)
{
    char id[48];
    snprintf(id, sizeof id, "%u-%llu", shard_index(s->shard), (unsigned long long)s->id);
    size_t event = proto_begin(out, RESPONSE_EVENTS);
    size_t hello = proto_begin(out, EVENT_FIELD_HELLO);
    proto_put_uuid(out, HELLO_USER_ID, &s->user);
    proto_put_text(out, HELLO_SESSION_ID, str_of(id));
    proto_put_text(out, HELLO_NODE, str_of(node));
    for (size_t i = 0; i < n; i++)
        put_hello_channel(out, &channels[i]);
    proto_end(out, hello);
    proto_end(out, event);
}

void encode_gap(struct buf *out, const struct session_channel *c)
{
    size_t event = proto_begin(out, RESPONSE_EVENTS);
    size_t gap = proto_begin(out, EVENT_FIELD_GAP);
    proto_put_uuid(out, GAP_CHANNEL_ID, &c->channel);
    proto_put_u64(out, GAP_HEAD_SEQ, c->head_seq);
    proto_end(out, gap);
    proto_end(out, event);
}

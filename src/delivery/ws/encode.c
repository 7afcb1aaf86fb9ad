/* Events as websocket frames. The payload of every frame ends with its "data" object, so that
 * acks and replays can be cut from the bytes of the push. */
#include "delivery/ws/conn.h"

#include <assert.h>

#include "base/mem.h"
#include "domain/id.h"
#include "wire/frame.h"

#define FRAME_BYTES_MAX (1024u * 1024) /* a presence frame of a large channel is the longest */

const char *ws_action_of(enum event_kind kind)
{
    switch (kind) {
    case EVENT_MESSAGE:
        return "Message";
    case EVENT_REPLY:
        return "Reply";
    case EVENT_JOINED:
        return "Joined";
    case EVENT_LEFT:
        return "Left";
    case EVENT_CREATED:
        return "ChannelCreated";
    }
    return "";
}

static const char *message_of(enum event_kind kind)
{
    switch (kind) {
    case EVENT_JOINED:
        return "user joined";
    case EVENT_LEFT:
        return "user left";
    case EVENT_CREATED:
        return "channel created";
    default:
        return "send message successfully";
    }
}

void ws_frame_finish(struct buf *out, size_t start)
{
    size_t len = out->n - start;
    char head[WS_HEAD_MAX];
    size_t n = ws_head(WS_TEXT, false, len, head);
    if (buf_reserve(out, n) == NULL)
        return;
    memmove(out->p + start + n, out->p + start, len);
    memcpy(out->p + start, head, n);
    out->n += n;
}

static void put_channel(struct buf *out, const struct channel *c)
{
    frame_put_channel(out, &c->id, c->name, &c->owner, c->created_us);
}

static void put_membership(struct buf *out, const struct event *e, enum run_variant variant)
{
    buf_puts(out, "{\"channel_id\":");
    json_put_uuid(out, &e->channel);
    buf_puts(out, ",\"seq\":");
    json_put_u64(out, e->seq);
    buf_puts(out, ",\"prev_seq\":");
    json_put_u64(out, e->prev_seq);
    buf_puts(out, ",\"user_id\":");
    json_put_uuid(out, &e->user);
    buf_puts(out, ",\"username\":");
    json_put_string(out, e->username);
    if (variant == RUN_OWN) {
        buf_puts(out, ",\"channel\":");
        put_channel(out, &e->channel_info);
    }
    buf_putc(out, '}');
}

static void put_post(struct buf *out, const struct event *e)
{
    frame_put_post(out, &(struct frame_post){
                            .channel = e->channel,
                            .user = e->user,
                            .message_id = e->kind == EVENT_REPLY ? e->parent : e->id,
                            .reply_id = e->kind == EVENT_REPLY ? e->id : 0,
                            .seq = e->seq,
                            .prev_seq = e->prev_seq,
                            .created_us = e->at_us,
                            .content = e->content,
                            .username = e->username,
                            .client_msg_id = e->client_msg_id,
                        });
}

static void encode_event(const struct event *e, enum run_variant variant, struct buf *out,
                         struct run_frame *f)
{
    size_t start = out->n;
    frame_put_success(out, ws_action_of(e->kind), STR_NONE, "", message_of(e->kind));
    size_t data = out->n;
    if (event_is_post(e))
        put_post(out, e);
    else if (e->kind == EVENT_CREATED)
        put_channel(out, &e->channel_info);
    else
        put_membership(out, e, variant);
    buf_putc(out, '}');
    size_t payload = out->n - start;
    ws_frame_finish(out, start);
    f->start = (uint32_t)start;
    f->end = (uint32_t)out->n;
    f->data = (uint32_t)(data + ws_head_len(payload));
}

static struct bytes *finish_bytes(struct buf *out)
{
    buf_putc(out, '}');
    ws_frame_finish(out, 0);
    assert(!out->failed);
    struct bytes *b = bytes_copy(out->p, out->n);
    buf_fini(out);
    return b;
}

static struct bytes *encode_read(const struct uuid *channel, uint64_t seq)
{
    struct buf out;
    buf_init(&out, FRAME_BYTES_MAX);
    frame_put_success(&out, "Read", STR_NONE, "", "read position moved");
    buf_puts(&out, "{\"channel_id\":");
    json_put_uuid(&out, channel);
    buf_puts(&out, ",\"read_seq\":");
    json_put_u64(&out, seq);
    buf_putc(&out, '}');
    return finish_bytes(&out);
}

static struct bytes *encode_typing(const struct uuid *channel, const struct uuid *user,
                                   struct str name)
{
    struct buf out;
    buf_init(&out, FRAME_BYTES_MAX);
    frame_put_success(&out, "Typing", STR_NONE, "", "user is typing");
    buf_puts(&out, "{\"channel_id\":");
    json_put_uuid(&out, channel);
    buf_puts(&out, ",\"user_id\":");
    json_put_uuid(&out, user);
    buf_puts(&out, ",\"username\":");
    json_put_string(&out, name);
    buf_putc(&out, '}');
    return finish_bytes(&out);
}

static void put_users(struct buf *out, const char *key, const struct user *users, size_t n)
{
    buf_printf(out, ",\"%s\":[", key);
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i == 0 ? "{\"id\":" : ",{\"id\":");
        json_put_uuid(out, &users[i].id);
        buf_puts(out, ",\"name\":");
        json_put_string(out, users[i].name);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static struct bytes *encode_presence(const struct uuid *channel, const struct user *online,
                                     size_t n_online, const struct user *offline, size_t n_offline)
{
    struct buf out;
    buf_init(&out, FRAME_BYTES_MAX);
    frame_put_success(&out, "Presence", STR_NONE, "", "presence changed");
    buf_puts(&out, "{\"channel_id\":");
    json_put_uuid(&out, channel);
    put_users(&out, "online", online, n_online);
    put_users(&out, "offline", offline, n_offline);
    buf_putc(&out, '}');
    return finish_bytes(&out);
}

const struct run_encoder ws_run_encoder = {
    .event = encode_event,
    .read = encode_read,
    .typing = encode_typing,
    .presence = encode_presence,
};

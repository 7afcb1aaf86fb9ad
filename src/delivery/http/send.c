/* Sending a message or reply without a websocket. The worker asks whether the author may; the
 * journal's thread notes the verdict and posts the exchange home; the loop writes it down. */
#include "delivery/http/fields.h"
#include "delivery/http/handlers.h"
#include "domain/id.h"
#include "telemetry/metrics.h"
#include "wire/frame.h"

struct sending { /* x->work */
    struct frame_post post;
    enum err verdict;
    bool duplicate;
};

static void send_judged(const struct append *a, void *arg)
{
    struct exchange *x = arg;
    struct sending *s = x->work;
    s->verdict = a->err;
    s->duplicate = a->duplicate;
    s->post.seq = a->seq;
    s->post.prev_seq = a->prev_seq;
    s->post.created_us = id_time_ms(a->id) * 1000;
    if (a->kind == EVENT_REPLY)
        s->post.reply_id = a->id;
    else
        s->post.message_id = a->id;
    exchange_return(x);
}

static void send_finish(struct exchange *x)
{
    const struct sending *s = x->work;
    if (s->verdict != ERR_OK) {
        exchange_fail_err(x, s->verdict);
        return;
    }
    if (s->duplicate)
        metric_inc(M_DUPLICATES);
    struct buf *out = &x->response.body;
    buf_printf(out, "{\"status\":\"success\",\"message\":\"create %s successfully\",%s\"data\":",
               s->post.reply_id != 0 ? "reply" : "message",
               s->duplicate ? "\"duplicate\":true," : "");
    frame_put_post(out, &s->post);
    response_data_end(&x->response);
}

/* `v`: channel_id, message_id (of replies), content, client_msg_id. */
static enum handled send_post(struct exchange *x, enum event_kind kind, const struct field_value *v)
{
    const struct http_deps *deps = exchange_deps(x);
    metric_inc(M_MESSAGES_IN_HTTP);
    enum err e = channels_require_member(deps->channels, &x->identity.user, &v[0].uuid);
    if (e != ERR_OK)
        return exchange_fail_err(x, e);
    struct sending *s = arena_alloc(&x->arena, sizeof *s);
    s->post = (struct frame_post){
        .channel = v[0].uuid,
        .user = x->identity.user,
        .message_id = v[1].number,
        .content = v[2].text,
        .username = x->identity.name,
        .client_msg_id = v[3].text,
    };
    struct send send = {
        .kind = kind,
        .channel = v[0].uuid,
        .user = x->identity.user,
        .parent = v[1].number,
        .username = x->identity.name,
        .content = v[2].text,
        .client_msg_id = v[3].text,
        .origin = {.shard = ORIGIN_NO_SHARD},
        .is_member = true,
        .trace = trace_of(&x->span),
    };
    x->work = s;
    x->finish = send_finish;
    struct fault f = {0};
    e = messages_send(deps->messages, &send, send_judged, x, &f);
    if (e == ERR_OK)
        return HANDLED_LATER;
    x->finish = NULL;
    return exchange_refuse(x, e, &f);
}

enum handled on_post_send_message(struct exchange *x)
{
    static const struct field fields[] = {
        {"channel_id", "channelid", FIELD_UUID},
        {"content", "content", FIELD_TEXT},
        {"client_msg_id", NULL, FIELD_CLIENT_ID},
    };
    struct field_value v[3];
    struct fault f = {0};
    enum err e = fields_from_body(x, fields, 3, v, &f);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    return send_post(x, EVENT_MESSAGE, (struct field_value[]){v[0], {0}, v[1], v[2]});
}

enum handled on_post_send_reply(struct exchange *x)
{
    static const struct field fields[] = {
        {"channel_id", "channelid", FIELD_UUID},
        {"message_id", "messageid", FIELD_ID},
        {"content", "content", FIELD_TEXT},
        {"client_msg_id", NULL, FIELD_CLIENT_ID},
    };
    struct field_value v[4];
    struct fault f = {0};
    enum err e = fields_from_body(x, fields, 4, v, &f);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    return send_post(x, EVENT_REPLY, v);
}

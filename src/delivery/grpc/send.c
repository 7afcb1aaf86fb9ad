/* Chat.Send: the worker asks whether the author may; the journal's thread notes the verdict; the
 * edge's loop answers. */
#include "base/mem.h"
#include "delivery/grpc/context.h"
#include "delivery/grpc/encode.h"
#include "domain/id.h"
#include "telemetry/metrics.h"
#include "wire/proto.h"

enum { RESPONSE_POST = 1, RESPONSE_DUPLICATE = 2 };

static void answer(struct task *t)
{
    struct grpc_call *c = MEM_OWNER(t, struct grpc_call, task);
    const struct rpc_request *r = c->request;
    struct fault f = {.err = c->verdict};
    if (err_status(c->verdict) == 503)
        f.retry_after_ms = GRPC_BUSY_RETRY_MS;
    if (c->verdict == ERR_OK) {
        struct event e = {
            .kind = r->message_id != 0 ? EVENT_REPLY : EVENT_MESSAGE,
            .seq = c->seq,
            .prev_seq = c->prev_seq,
            .id = c->id,
            .parent = r->message_id,
            .at_us = id_time_ms(c->id) * 1000,
            .user = c->claims.user,
            .username = str_of(c->claims.name),
            .content = r->content,
            .client_msg_id = r->client_msg_id,
        };
        uuid_from_text(r->channel_id, &e.channel);
        encode_post(&c->out, RESPONSE_POST, &e, 0);
        proto_put_u64(&c->out, RESPONSE_DUPLICATE, c->duplicate);
        if (c->duplicate)
            metric_inc(M_DUPLICATES);
    }
    grpc_call_end(c, &f);
}

static void judged(const struct append *a, void *arg)
{
    struct grpc_call *c = arg;
    struct executor *loop = c->edge->config.executor;
    c->verdict = a->err;
    c->duplicate = a->duplicate;
    c->seq = a->seq;
    c->prev_seq = a->prev_seq;
    c->id = a->id;
    c->task.run = answer;
    loop->post(loop, &c->task);
}

static enum err check(const struct rpc_request *r, struct uuid *channel, struct fault *f)
{
    if (r->channel_id.n == 0)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: channelid is required");
    if (!uuid_from_text(r->channel_id, channel))
        return fault_set(f, ERR_BAD_REQUEST, "The Field: channelid should be uuid");
    if (r->message_id > ID_MAX)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: messageid is no id of ours");
    return ERR_OK;
}

void grpc_send(struct grpc_call *c)
{
    const struct grpc_edge_config *config = &c->edge->config;
    const struct rpc_request *r = c->request;
    struct fault f = {.err = ERR_OK};
    struct uuid channel;
    metric_inc(M_MESSAGES_IN_RPC);
    enum err e = check(r, &channel, &f);
    if (e == ERR_OK) {
        e = channels_require_member(config->channels, &c->claims.user, &channel);
        fault_set(&f, e, NULL);
    }
    if (e == ERR_OK) {
        struct send send = {
            .kind = r->message_id != 0 ? EVENT_REPLY : EVENT_MESSAGE,
            .channel = channel,
            .user = c->claims.user,
            .parent = r->message_id,
            .username = str_of(c->claims.name),
            .content = r->content,
            .client_msg_id = r->client_msg_id,
            .origin = {.shard = ORIGIN_NO_SHARD},
            .is_member = true,
        };
        e = messages_send(config->messages, &send, judged, c, &f);
    }
    if (e != ERR_OK)
        grpc_call_end(c, &f);
}

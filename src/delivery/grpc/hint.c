/* message.MessageService: a peer says that a message or reply exists. That is looked up, and no
 * more: what a peer says of its author and text is not read. */
#include "delivery/grpc/context.h"
#include "domain/id.h"
#include "telemetry/metrics.h"

static enum err check(const struct rpc_request *r, struct uuid *channel, struct fault *f)
{
    if (!uuid_from_text(r->channel_id, channel))
        return fault_set(f, ERR_BAD_REQUEST, "The Field: channelid should be uuid");
    if (r->message_id == 0 || r->message_id > ID_MAX)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: messageid is no id of ours");
    if (r->method == RPC_REPLY_RECEIVED && (r->reply_id == 0 || r->reply_id > ID_MAX))
        return fault_set(f, ERR_BAD_REQUEST, "The Field: replyid is no id of ours");
    return ERR_OK;
}

/* Is there such a message in that channel, and such a reply to it? */
static enum err look(struct message_store *store, const struct rpc_request *r,
                     const struct uuid *channel)
{
    struct uuid found;
    enum err e = store->ops->channel_of(store, r->message_id, &found);
    if (e == ERR_OK && !uuid_eq(&found, channel))
        e = ERR_MESSAGE_NOT_FOUND;
    if (e != ERR_OK || r->method == RPC_MESSAGE_RECEIVED)
        return e;
    struct arena arena;
    struct post_page page = {0};
    arena_init(&arena);
    e = store->ops->replies(store, r->message_id, r->reply_id, 1, &arena, &page);
    if (e == ERR_OK && (page.n == 0 || page.rows[0].event.id != r->reply_id))
        e = ERR_MESSAGE_NOT_FOUND;
    arena_fini(&arena);
    return e;
}

void grpc_hint(struct grpc_call *c)
{
    struct fault f = {.err = ERR_OK};
    struct uuid channel;
    enum err e = check(c->request, &channel, &f);
    if (e == ERR_OK) {
        e = look(c->edge->config.history->messages, c->request, &channel);
        metric_inc(e == ERR_OK ? M_RPC_HINT_KNOWN : M_RPC_HINT_UNKNOWN);
        if (e == ERR_UNAVAILABLE)
            fault_set(&f, e, NULL);
    }
    grpc_call_end(c, &f);
}

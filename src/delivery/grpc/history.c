/* Chat.History: a page of messages or replies. */
#include "delivery/grpc/context.h"
#include "delivery/grpc/encode.h"
#include "domain/id.h"
#include "wire/proto.h"

#define PAGE_ROWS 10 /* unless `limit` says otherwise, as by HTTP */

enum { RESPONSE_POSTS = 1, RESPONSE_NEXT_ID = 2, RESPONSE_NEXT_AFTER = 3 };

static enum err check(const struct rpc_request *r, struct uuid *channel, struct fault *f)
{
    const bool is_replies = r->message_id != 0;
    if (!is_replies && r->channel_id.n == 0)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: channelid is required");
    if (!is_replies && !uuid_from_text(r->channel_id, channel))
        return fault_set(f, ERR_BAD_REQUEST, "The Field: channelid should be uuid");
    if (r->message_id > ID_MAX || r->from_id > ID_MAX || r->after_seq > ID_MAX)
        return fault_set(f, ERR_BAD_REQUEST, "An id or position of ours is below 2^53");
    if (r->limit > LIMIT_PAGE_ROWS)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: limit should be 1 to %d", LIMIT_PAGE_ROWS);
    if (r->has_after && (is_replies || r->from_id != 0))
        return fault_set(f, ERR_BAD_REQUEST, "after_seq reads a channel, and without from_id");
    return ERR_OK;
}

static enum err read_page(const struct grpc_call *c, const struct uuid *channel,
                          struct arena *arena, struct post_page *page)
{
    const struct history *h = c->edge->config.history;
    const struct rpc_request *r = c->request;
    const struct uuid *reader = &c->claims.user;
    unsigned limit = r->limit == 0 ? PAGE_ROWS : r->limit;
    if (r->message_id != 0)
        return history_replies(h, reader, r->message_id, r->from_id, limit, arena, page);
    if (r->has_after)
        return history_after(h, reader, channel, r->after_seq, limit, arena, page);
    return history_messages(h, reader, channel, r->from_id, limit, arena, page);
}

static void put_page(struct buf *out, const struct post_page *page, bool oldest_first)
{
    for (size_t i = 0; i < page->n; i++)
        encode_post(out, RESPONSE_POSTS, &page->rows[i].event, page->rows[i].reply_count);
    if (!oldest_first)
        proto_put_u64(out, RESPONSE_NEXT_ID, page->next_id);
    else if (page->more && page->n > 0)
        proto_put_u64(out, RESPONSE_NEXT_AFTER, page->rows[page->n - 1].event.seq);
}

void grpc_history(struct grpc_call *c)
{
    struct fault f = {.err = ERR_OK};
    struct uuid channel = UUID_NIL;
    struct arena arena;
    struct post_page page = {0};
    arena_init(&arena);
    if (check(c->request, &channel, &f) == ERR_OK) {
        fault_set(&f, read_page(c, &channel, &arena, &page), NULL);
        if (err_status(f.err) == 503)
            f.retry_after_ms = GRPC_BUSY_RETRY_MS;
    }
    if (f.err == ERR_OK)
        put_page(&c->out, &page, c->request->has_after);
    arena_fini(&arena);
    grpc_call_end(c, &f);
}

/* Reading messages and replies, in pages. */
#include "delivery/http/fields.h"
#include "delivery/http/handlers.h"
#include "domain/id.h"
#include "wire/cursor.h"
#include "wire/frame.h"

#define PAGE_ROWS 10 /* chat-app's page, unless `limit` says otherwise */

static void row_put(struct buf *out, const struct post *post)
{
    const struct event *e = &post->event;
    bool is_reply = e->kind == EVENT_REPLY;
    struct frame_post row = {
        .channel = e->channel,
        .user = e->user,
        .message_id = is_reply ? e->parent : e->id,
        .reply_id = is_reply ? e->id : 0,
        .seq = e->seq,
        .prev_seq = e->prev_seq,
        .created_us = e->at_us,
        .content = e->content,
        .username = e->username,
        .client_msg_id = e->client_msg_id,
        .has_reply_count = !is_reply,
        .reply_count = post->reply_count,
    };
    frame_put_post(out, &row);
}

/* {"<name>":[...]  -- the object is left open. */
static struct buf *page_begin(struct exchange *x, const char *message, const char *name,
                              const struct post_page *page)
{
    struct buf *out = response_data_begin(&x->response, message);
    buf_printf(out, "{\"%s\":[", name);
    for (size_t i = 0; i < page->n; i++) {
        if (i > 0)
            buf_putc(out, ',');
        row_put(out, &page->rows[i]);
    }
    buf_putc(out, ']');
    return out;
}

/* A page that is read backwards ends with the cursor of the next. */
static enum handled cursor_answer(struct exchange *x, const char *message, const char *name,
                                  const char *key, const struct post_page *page)
{
    char cursor[CURSOR_TEXT_SIZE] = "";
    if (page->next_id != 0)
        cursor_encode(key, page->next_id, cursor);
    struct buf *out = page_begin(x, message, name, page);
    buf_printf(out, ",\"next_cursor\":\"%s\"}", cursor);
    response_data_end(&x->response);
    return HANDLED;
}

static enum handled after_answer(struct exchange *x, const struct post_page *page)
{
    struct buf *out = page_begin(x, "get message successfully", "messages", page);
    if (page->more && page->n > 0) {
        buf_puts(out, ",\"next_after\":");
        json_put_u64(out, page->rows[page->n - 1].event.seq);
    }
    buf_putc(out, '}');
    response_data_end(&x->response);
    return HANDLED;
}

static enum err cursor_read(const char *key, const struct field_value *v, uint64_t *id,
                            struct fault *f)
{
    *id = 0;
    if (v->text.n == 0 || cursor_decode(key, v->text, id))
        return ERR_OK;
    return fault_set(f, ERR_BAD_REQUEST, "The Field: cursor is none that was given out");
}

static unsigned limit_of(const struct field_value *v)
{
    return v->given ? (unsigned)v->number : PAGE_ROWS;
}

static enum handled messages_after(struct exchange *x, const struct field_value *channel,
                                   const struct field_value *after, unsigned limit)
{
    struct post_page page;
    enum err e = history_after(exchange_deps(x)->history, &x->identity.user, &channel->uuid,
                               after->number, limit, &x->arena, &page);
    return e == ERR_OK ? after_answer(x, &page) : exchange_fail_err(x, e);
}

enum handled on_post_messages(struct exchange *x)
{
    static const struct field fields[] = {
        {"channel_id", "channelid", FIELD_UUID},
        {"limit", NULL, FIELD_LIMIT},
        {"cursor", NULL, FIELD_TEXT},
        {"after", NULL, FIELD_SEQ},
    };
    struct field_value v[4];
    struct fault f = {0};
    struct post_page page;
    uint64_t from_id = 0;
    enum err e = fields_from_query(x, fields, 4, v, &f);
    if (e == ERR_OK && v[2].text.n > 0 && v[3].given)
        e = fault_set(&f, ERR_BAD_REQUEST, "Give either cursor or after, not both");
    if (e == ERR_OK)
        e = cursor_read("message_id", &v[2], &from_id, &f);
    if (e == ERR_OK && v[3].given)
        return messages_after(x, &v[0], &v[3], limit_of(&v[1]));
    if (e == ERR_OK)
        e = history_messages(exchange_deps(x)->history, &x->identity.user, &v[0].uuid, from_id,
                             limit_of(&v[1]), &x->arena, &page);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    return cursor_answer(x, "get message successfully", "messages", "message_id", &page);
}

enum handled on_post_replies(struct exchange *x)
{
    static const struct field fields[] = {
        {"message_id", "messageid", FIELD_ID},
        {"limit", NULL, FIELD_LIMIT},
        {"cursor", NULL, FIELD_TEXT},
    };
    struct field_value v[3];
    struct fault f = {0};
    struct post_page page;
    uint64_t from_id = 0;
    enum err e = fields_from_query(x, fields, 3, v, &f);
    if (e == ERR_OK)
        e = cursor_read("reply_id", &v[2], &from_id, &f);
    if (e == ERR_OK)
        e = history_replies(exchange_deps(x)->history, &x->identity.user, v[0].number, from_id,
                            limit_of(&v[1]), &x->arena, &page);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    return cursor_answer(x, "get reply successfully", "replies", "reply_id", &page);
}

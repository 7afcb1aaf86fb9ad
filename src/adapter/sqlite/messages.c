#include "adapter/sqlite/find.h"
#include "adapter/sqlite/row.h"
#include "adapter/sqlite/state.h"
#include "base/mem.h"
#include "domain/id.h"

static struct sqlite_store *store_of(struct message_store *self)
{
    return MEM_OWNER(self, struct sqlite_store, messages);
}

struct event row_post(sqlite3_stmt *st, struct arena *arena)
{
    struct event e = {.seq = db_u64(st, 0),
                      .id = db_u64(st, 1),
                      .kind = (enum event_kind)db_int(st, 2),
                      .prev_seq = db_u64(st, 3),
                      .parent = db_u64(st, 4),
                      .client_msg_id = db_str_copy(st, 5, arena),
                      .content = db_str_copy(st, 6, arena),
                      .user = db_uuid(st, 7),
                      .username = db_str_copy(st, 8, arena),
                      .channel = db_uuid(st, 9),
                      .origin = {.shard = ORIGIN_NO_SHARD}};
    e.at_us = id_time_ms(e.id) * 1000;
    return e;
}

static struct post post_of_row(sqlite3_stmt *st, struct arena *arena)
{
    return (struct post){.event = row_post(st, arena)};
}

static void page_count_replies(struct sqlite_store *s, struct db *db, struct post_page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        struct post *p = &page->rows[i];
        if (p->event.kind == EVENT_MESSAGE)
            p->reply_count = reply_counts_get(&s->reply_counts, db, p->event.id);
    }
}

static int64_t channel_row(struct db *db, const struct uuid *channel)
{
    sqlite3_stmt *st = db_statement(db, ST_CHANNEL_ROW);
    db_bind_uuid(st, 1, channel);
    if (!db_row(db, st))
        return 0;
    int64_t row = db_int(st, 0);
    db_reset(st);
    return row;
}

/* Fills a newest-first page from `id`, a statement that takes what the posts belong to, the last
 * seq and a limit. One row more than asked for tells where the next page begins. */
static void page_back(struct db *db, enum statement id, int64_t belongs_to, uint64_t from_id,
                      unsigned limit, struct arena *arena, struct post_page *out)
{
    uint64_t last = 0, stamp = 0;
    *out = (struct post_page){.rows = arena_alloc(arena, limit * sizeof *out->rows)};
    if (!find_last(db, &last, &stamp))
        return;
    if (from_id != 0 && from_id < stamp)
        last = find_first_from_id(db, from_id + 1, last) - 1;
    sqlite3_stmt *st = db_statement(db, id);
    db_bind_int(st, 1, belongs_to);
    db_bind_u64(st, 2, last);
    db_bind_int(st, 3, (int64_t)limit + 1);
    while (db_row(db, st)) {
        if (out->n < limit)
            out->rows[out->n++] = post_of_row(st, arena);
        else
            out->next_id = db_u64(st, 1);
    }
}

static enum err message_messages(struct message_store *self, const struct uuid *channel,
                                 uint64_t from_id, unsigned limit, struct arena *arena,
                                 struct post_page *out)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    db_begin_read(&r->db);
    page_back(&r->db, ST_MESSAGES_BACK, channel_row(&r->db, channel), from_id, limit, arena, out);
    page_count_replies(s, &r->db, out);
    return readers_give(&s->readers, r, ERR_OK);
}

static enum err message_replies(struct message_store *self, uint64_t message_id, uint64_t from_id,
                                unsigned limit, struct arena *arena, struct post_page *out)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    int64_t parent = message_id > ID_MAX ? -1 : (int64_t)message_id;
    db_begin_read(&r->db);
    page_back(&r->db, ST_REPLIES_BACK, parent, from_id, limit, arena, out);
    return readers_give(&s->readers, r, ERR_OK);
}

static sqlite3_stmt *after_statement(struct db *db, enum statement id, int64_t channel,
                                     uint64_t seq, unsigned limit)
{
    sqlite3_stmt *st = db_statement(db, id);
    db_bind_int(st, 1, channel);
    db_bind_u64(st, 2, seq);
    db_bind_int(st, 3, (int64_t)limit + 1);
    return st;
}

/* Messages and replies have an index each, both in order: merged here. */
static void page_after(struct db *db, int64_t channel, uint64_t seq, unsigned limit,
                       struct arena *arena, struct post_page *out)
{
    sqlite3_stmt *messages = after_statement(db, ST_MESSAGES_AFTER, channel, seq, limit);
    sqlite3_stmt *replies = after_statement(db, ST_REPLIES_AFTER, channel, seq, limit);
    bool has_message = db_row(db, messages), has_reply = db_row(db, replies);
    while (out->n < limit && (has_message || has_reply)) {
        bool is_message = has_message && (!has_reply || db_u64(messages, 0) < db_u64(replies, 0));
        sqlite3_stmt *next = is_message ? messages : replies;
        out->rows[out->n++] = post_of_row(next, arena);
        *(is_message ? &has_message : &has_reply) = db_row(db, next);
    }
    out->more = has_message || has_reply;
    db_reset(messages);
    db_reset(replies);
}

static enum err message_after(struct message_store *self, const struct uuid *channel, uint64_t seq,
                              unsigned limit, struct arena *arena, struct post_page *out)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    *out = (struct post_page){.rows = arena_alloc(arena, limit * sizeof *out->rows)};
    db_begin_read(&r->db);
    page_after(&r->db, channel_row(&r->db, channel), seq, limit, arena, out);
    page_count_replies(s, &r->db, out);
    return readers_give(&s->readers, r, ERR_OK);
}

static int64_t missed_count(struct db *db, enum statement id, int64_t channel, uint64_t seq,
                            unsigned max)
{
    sqlite3_stmt *st = db_statement(db, id);
    db_bind_int(st, 1, channel);
    db_bind_u64(st, 2, seq);
    db_bind_int(st, 3, max);
    if (!db_row(db, st))
        return 0;
    int64_t n = db_int(st, 0);
    db_reset(st);
    return n;
}

static enum err message_missed(struct message_store *self, const struct uuid *channel, uint64_t seq,
                               unsigned max, unsigned *count, uint64_t *head_seq)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    db_begin_read(&r->db);
    int64_t row = channel_row(&r->db, channel);
    int64_t n = missed_count(&r->db, ST_MISSED_MESSAGES, row, seq, max) +
                missed_count(&r->db, ST_MISSED_REPLIES, row, seq, max);
    *count = n < max ? (unsigned)n : max;
    *head_seq = find_head(&r->db, row);
    return readers_give(&s->readers, r, ERR_OK);
}

static bool find_channel(struct db *db, uint64_t message_id, struct uuid *channel)
{
    uint64_t last, stamp;
    if (!find_last(db, &last, &stamp))
        return false;
    sqlite3_stmt *st = db_statement(db, ST_MESSAGE_CHANNEL);
    db_bind_u64(st, 1, find_first_from_id(db, message_id, last));
    db_bind_u64(st, 2, message_id);
    if (!db_row(db, st))
        return false;
    *channel = db_uuid(st, 0);
    db_reset(st);
    return true;
}

static enum err message_channel_of(struct message_store *self, uint64_t message_id,
                                   struct uuid *channel)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    bool found = find_channel(&r->db, message_id, channel);
    return readers_give(&s->readers, r, found ? ERR_OK : ERR_MESSAGE_NOT_FOUND);
}

const struct message_store_ops sqlite_message_ops = {
    message_messages, message_replies, message_after, message_missed, message_channel_of,
};

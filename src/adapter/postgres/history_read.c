/* The history's pages. Each call is one statement on one range of one index; a page asks for one
 * row more than it gives. */
#include "adapter/postgres/state.h"
#include "domain/id.h"

#define LIMIT_MAX 100000

static struct pg_pool *pool_of(struct message_store *self)
{
    return &MEM_OWNER(self, struct postgres_store, messages)->pool;
}

struct event pg_post(const PGresult *r, int row, struct arena *arena)
{
    struct event e = {.kind = pg_int(r, row, 0) == EVENT_REPLY ? EVENT_REPLY : EVENT_MESSAGE,
                      .seq = pg_u64(r, row, 1),
                      .prev_seq = pg_u64(r, row, 2),
                      .id = pg_u64(r, row, 3),
                      .parent = pg_u64(r, row, 4),
                      .channel = pg_uuid(r, row, 5),
                      .user = pg_uuid(r, row, 6),
                      .username = arena_str(arena, pg_str(r, row, 7)),
                      .content = arena_str(arena, pg_str(r, row, 8)),
                      .client_msg_id = arena_str(arena, pg_str(r, row, 9)),
                      .origin = {.shard = ORIGIN_NO_SHARD}};
    e.at_us = id_time_ms(e.id) * 1000;
    e.partition = id_partition(e.id);
    return e;
}

struct page_query {
    enum pg_statement statement;
    struct pg_args args;
    PGresult *rows;
};

static enum err page_read(struct pg_conn *c, void *arg)
{
    struct page_query *q = arg;
    q->rows = pg_run(c, q->statement, &q->args);
    return ERR_OK;
}

/* Runs `q`, whose last parameter is still to come, and copies at most `limit` rows; `*next` is the
 * id of the row after them, 0 when there is none. */
static enum err page_take(struct message_store *self, struct page_query *q, unsigned limit,
                          struct arena *arena, struct post_page *out, uint64_t *next)
{
    limit = limit > LIMIT_MAX ? LIMIT_MAX : limit;
    *next = 0;
    *out = (struct post_page){.rows = NULL};
    pg_args_int(&q->args, (int64_t)limit + 1);
    enum err e = pg_pool_read(pool_of(self), page_read, q);
    if (e != ERR_OK)
        return e;
    size_t found = (size_t)PQntuples(q->rows);
    out->n = found < limit ? found : limit;
    out->rows = arena_alloc(arena, out->n * sizeof *out->rows);
    for (size_t i = 0; i < out->n; i++) {
        out->rows[i].event = pg_post(q->rows, (int)i, arena);
        out->rows[i].reply_count = pg_u64(q->rows, (int)i, 10);
    }
    if (found > limit)
        *next = pg_u64(q->rows, (int)limit, 3);
    PQclear(q->rows);
    return ERR_OK;
}

static uint64_t id_at_most(uint64_t from_id)
{
    return from_id == 0 || from_id > INT64_MAX ? INT64_MAX : from_id;
}

static enum err history_messages(struct message_store *self, const struct uuid *channel,
                                 uint64_t from_id, unsigned limit, struct arena *arena,
                                 struct post_page *out)
{
    struct page_query q = {.statement = PG_MESSAGES};
    pg_args_uuid(&q.args, channel);
    pg_args_u64(&q.args, id_at_most(from_id));
    uint64_t next;
    enum err e = page_take(self, &q, limit, arena, out, &next);
    out->next_id = next;
    return e;
}

static enum err history_replies(struct message_store *self, uint64_t message_id, uint64_t from_id,
                                unsigned limit, struct arena *arena, struct post_page *out)
{
    struct page_query q = {.statement = PG_REPLIES};
    pg_args_u64(&q.args, message_id > INT64_MAX ? INT64_MAX : message_id);
    pg_args_u64(&q.args, id_at_most(from_id));
    uint64_t next;
    enum err e = page_take(self, &q, limit, arena, out, &next);
    out->next_id = next;
    return e;
}

static enum err history_after(struct message_store *self, const struct uuid *channel, uint64_t seq,
                              unsigned limit, struct arena *arena, struct post_page *out)
{
    struct page_query q = {.statement = PG_POSTS_AFTER};
    pg_args_uuid(&q.args, channel);
    pg_args_u64(&q.args, seq > INT64_MAX ? INT64_MAX : seq);
    uint64_t next;
    enum err e = page_take(self, &q, limit, arena, out, &next);
    out->more = next != 0;
    return e;
}

static enum err history_missed(struct message_store *self, const struct uuid *channel, uint64_t seq,
                               unsigned max, unsigned *count, uint64_t *head_seq)
{
    struct page_query q = {.statement = PG_MISSED};
    *count = 0;
    *head_seq = 0;
    pg_args_uuid(&q.args, channel);
    pg_args_u64(&q.args, seq > INT64_MAX ? INT64_MAX : seq);
    pg_args_int(&q.args, max);
    enum err e = pg_pool_read(pool_of(self), page_read, &q);
    if (e == ERR_OK && PQntuples(q.rows) == 1) {
        *count = (unsigned)pg_u64(q.rows, 0, 0);
        *head_seq = pg_u64(q.rows, 0, 1);
    }
    PQclear(q.rows);
    return e;
}

static enum err history_channel_of(struct message_store *self, uint64_t message_id,
                                   struct uuid *channel)
{
    struct page_query q = {.statement = PG_CHANNEL_OF};
    pg_args_u64(&q.args, message_id > INT64_MAX ? INT64_MAX : message_id);
    enum err e = pg_pool_read(pool_of(self), page_read, &q);
    if (e != ERR_OK)
        return e;
    bool found = PQntuples(q.rows) >= 1;
    if (found)
        *channel = pg_uuid(q.rows, 0, 0);
    PQclear(q.rows);
    return found ? ERR_OK : ERR_MESSAGE_NOT_FOUND;
}

const struct message_store_ops pg_message_ops = {
    history_messages, history_replies, history_after, history_missed, history_channel_of,
};

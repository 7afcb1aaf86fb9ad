/* What persist writes behind, and what followers begin with. Everything may be written again: a
 * post is known by its channel and seq, heads and snapshots only go forward. */
#include "adapter/postgres/oids.h"
#include "adapter/postgres/state.h"

#define CHUNK_ROWS      512
#define CHUNK_BYTES_MAX (64 * 1024 * 1024)
#define READ_ROWS       1000

static struct pg_pool *pool_of(struct history_store *self)
{
    return &MEM_OWNER(self, struct postgres_store, history)->pool;
}

/* One that was lost may have come through, or be written again. */
static enum err write_surely(struct history_store *self, pg_body_f *body, void *arg)
{
    enum err e = pg_pool_change(pool_of(self), body, arg);
    return e == ERR_UNKNOWN ? ERR_UNAVAILABLE : e;
}

/* ---- Posts ---- */

enum post_column {
    COLUMN_KIND,
    COLUMN_SEQ,
    COLUMN_PREV,
    COLUMN_ID,
    COLUMN_PARENT,
    COLUMN_CHANNEL,
    COLUMN_USER,
    COLUMN_NAME,
    COLUMN_CONTENT,
    COLUMN_CLIENT_ID,
    COLUMNS
};

struct posts {
    struct pg_array columns[COLUMNS];
};

static void posts_init(struct posts *w)
{
    for (unsigned i = 0; i < COLUMN_CHANNEL; i++)
        pg_array_init(&w->columns[i], PG_OID_INT8S, PG_OID_INT8, CHUNK_BYTES_MAX);
    for (unsigned i = COLUMN_CHANNEL; i < COLUMN_NAME; i++)
        pg_array_init(&w->columns[i], PG_OID_UUIDS, PG_OID_UUID, CHUNK_BYTES_MAX);
    for (unsigned i = COLUMN_NAME; i < COLUMNS; i++)
        pg_array_init(&w->columns[i], PG_OID_BYTEAS, PG_OID_BYTEA, CHUNK_BYTES_MAX);
}

static void posts_fini(struct posts *w)
{
    for (unsigned i = 0; i < COLUMNS; i++)
        pg_array_fini(&w->columns[i]);
}

static void posts_add(struct posts *w, const struct event *e)
{
    pg_array_int(&w->columns[COLUMN_KIND], e->kind);
    pg_array_int(&w->columns[COLUMN_SEQ], (int64_t)e->seq);
    pg_array_int(&w->columns[COLUMN_PREV], (int64_t)e->prev_seq);
    pg_array_int(&w->columns[COLUMN_ID], (int64_t)e->id);
    pg_array_int(&w->columns[COLUMN_PARENT], (int64_t)e->parent);
    pg_array_uuid(&w->columns[COLUMN_CHANNEL], &e->channel);
    pg_array_uuid(&w->columns[COLUMN_USER], &e->user);
    pg_array_bytes(&w->columns[COLUMN_NAME], e->username);
    pg_array_bytes(&w->columns[COLUMN_CONTENT], e->content);
    pg_array_bytes(&w->columns[COLUMN_CLIENT_ID], e->client_msg_id);
}

static enum err posts_run(struct pg_conn *c, void *arg)
{
    struct posts *w = arg;
    struct pg_args a = {.n = 0}, own = {.n = 0};
    for (unsigned i = 0; i < COLUMNS; i++)
        pg_args_array(&a, &w->columns[i]);
    pg_change(c, PG_POSTS_WRITE, &a);
    pg_args_array(&own, &w->columns[COLUMN_USER]);
    pg_args_array(&own, &w->columns[COLUMN_CHANNEL]);
    pg_args_array(&own, &w->columns[COLUMN_SEQ]);
    pg_change(c, PG_OWN_HEADS_WRITE, &own);
    return ERR_OK;
}

static enum err history_write(struct history_store *self, const struct event *posts, size_t n)
{
    enum err e = ERR_OK;
    for (size_t from = 0, to; from < n && e == ERR_OK; from = to) {
        struct posts w;
        posts_init(&w);
        to = n - from < CHUNK_ROWS ? n : from + CHUNK_ROWS;
        for (size_t i = from; i < to; i++)
            posts_add(&w, &posts[i]);
        e = write_surely(self, posts_run, &w);
        posts_fini(&w);
    }
    return e;
}

/* ---- Heads ---- */

enum { HEAD_CHANNEL, HEAD_SEQ, HEAD_ID, HEAD_VERSION, HEAD_AT, HEAD_COLUMNS };

struct heads {
    uint32_t epoch;
    unsigned partition;
    struct pg_array columns[HEAD_COLUMNS];
};

static void heads_init(struct heads *w, uint32_t epoch, unsigned partition)
{
    w->epoch = epoch;
    w->partition = partition;
    pg_array_init(&w->columns[HEAD_CHANNEL], PG_OID_UUIDS, PG_OID_UUID, CHUNK_BYTES_MAX);
    for (unsigned i = HEAD_SEQ; i < HEAD_COLUMNS; i++)
        pg_array_init(&w->columns[i], PG_OID_INT8S, PG_OID_INT8, CHUNK_BYTES_MAX);
}

static void heads_fini(struct heads *w)
{
    for (unsigned i = 0; i < HEAD_COLUMNS; i++)
        pg_array_fini(&w->columns[i]);
}

static void heads_add(struct heads *w, const struct channel_head *h)
{
    pg_array_uuid(&w->columns[HEAD_CHANNEL], &h->channel);
    pg_array_int(&w->columns[HEAD_SEQ], (int64_t)h->seq);
    pg_array_int(&w->columns[HEAD_ID], (int64_t)h->id);
    pg_array_int(&w->columns[HEAD_VERSION], (int64_t)h->version);
    pg_array_int(&w->columns[HEAD_AT], (int64_t)h->at);
}

static enum err heads_run(struct pg_conn *c, void *arg)
{
    struct heads *w = arg;
    struct pg_args a = {.n = 0};
    pg_args_int(&a, w->epoch);
    pg_args_int(&a, w->partition);
    for (unsigned i = 0; i < HEAD_COLUMNS; i++)
        pg_args_array(&a, &w->columns[i]);
    pg_change(c, PG_HEADS_WRITE, &a);
    return ERR_OK;
}

static enum err history_write_heads(struct history_store *self, uint32_t epoch, unsigned partition,
                                    const struct channel_head *heads, size_t n)
{
    enum err e = ERR_OK;
    for (size_t from = 0, to; from < n && e == ERR_OK; from = to) {
        struct heads w;
        heads_init(&w, epoch, partition);
        to = n - from < CHUNK_ROWS ? n : from + CHUNK_ROWS;
        for (size_t i = from; i < to; i++)
            heads_add(&w, &heads[i]);
        e = write_surely(self, heads_run, &w);
        heads_fini(&w);
    }
    return e;
}

struct heads_query {
    uint32_t epoch;
    unsigned partition;
    struct uuid after;
    PGresult *rows;
};

static enum err heads_read(struct pg_conn *c, void *arg)
{
    struct heads_query *q = arg;
    struct pg_args a = {.n = 0};
    pg_args_int(&a, q->epoch);
    pg_args_int(&a, q->partition);
    pg_args_uuid(&a, &q->after);
    pg_args_int(&a, READ_ROWS);
    q->rows = pg_run(c, PG_HEADS_READ, &a);
    return ERR_OK;
}

static enum err history_read_heads(struct history_store *self, uint32_t epoch, unsigned partition,
                                   bool (*each)(const struct channel_head *, void *arg), void *arg)
{
    struct heads_query q = {epoch, partition, UUID_NIL, NULL};
    bool wanted = true;
    int n = READ_ROWS;
    while (wanted && n == READ_ROWS) {
        enum err e = pg_pool_read(pool_of(self), heads_read, &q);
        if (e != ERR_OK)
            return e;
        n = PQntuples(q.rows);
        for (int i = 0; i < n && wanted; i++) {
            const struct channel_head h = {pg_uuid(q.rows, i, 0), pg_u64(q.rows, i, 1),
                                           pg_u64(q.rows, i, 2), pg_u64(q.rows, i, 3),
                                           pg_u64(q.rows, i, 4)};
            q.after = h.channel;
            wanted = each(&h, arg);
        }
        PQclear(q.rows);
    }
    return ERR_OK;
}

/* ---- Snapshots ---- */

static enum err snapshot_run(struct pg_conn *c, void *arg)
{
    const struct log_snapshot *s = arg;
    struct pg_args a = {.n = 0};
    pg_args_int(&a, s->epoch);
    pg_args_int(&a, s->partition);
    pg_args_u64(&a, s->next_offset);
    pg_args_u64(&a, s->last_id);
    pg_args_u64(&a, s->window_from);
    pg_args_bytes(&a, s->not_first);
    pg_change(c, PG_SNAPSHOT_WRITE, &a);
    return ERR_OK;
}

static enum err history_write_snapshot(struct history_store *self, const struct log_snapshot *s)
{
    struct log_snapshot copy = *s;
    return write_surely(self, snapshot_run, &copy);
}

struct snapshot_query {
    struct arena *arena;
    struct log_snapshot *out; /* whose epoch and partition are asked for */
};

static enum err snapshot_read(struct pg_conn *c, void *arg)
{
    const struct snapshot_query *q = arg;
    struct pg_args a = {.n = 0};
    pg_args_int(&a, q->out->epoch);
    pg_args_int(&a, q->out->partition);
    PGresult *r = pg_run(c, PG_SNAPSHOT_READ, &a);
    bool found = PQntuples(r) == 1;
    if (found) {
        q->out->next_offset = pg_u64(r, 0, 0);
        q->out->last_id = pg_u64(r, 0, 1);
        q->out->window_from = pg_u64(r, 0, 2);
        q->out->not_first = arena_str(q->arena, pg_str(r, 0, 3));
    }
    PQclear(r);
    return found ? ERR_OK : ERR_NOT_FOUND;
}

static enum err history_read_snapshot(struct history_store *self, uint32_t epoch,
                                      unsigned partition, struct arena *arena,
                                      struct log_snapshot *out)
{
    struct snapshot_query q = {arena, out};
    *out = (struct log_snapshot){.epoch = epoch, .partition = partition};
    return pg_pool_read(pool_of(self), snapshot_read, &q);
}

/* ---- Look-ups ---- */

struct look_up {
    const struct uuid *user, *channel;
    struct str client_msg_id;
    struct arena *arena;
    struct event *out;
    uint64_t seq, max;
    PGresult *rows;
};

static enum err client_id_run(struct pg_conn *c, void *arg)
{
    const struct look_up *q = arg;
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, q->user);
    pg_args_uuid(&a, q->channel);
    pg_args_bytes(&a, q->client_msg_id);
    PGresult *r = pg_run(c, PG_POST_BY_CLIENT_ID, &a);
    bool found = PQntuples(r) == 1;
    if (found)
        *q->out = pg_post(r, 0, q->arena);
    PQclear(r);
    return found ? ERR_OK : ERR_NOT_FOUND;
}

static enum err history_by_client_id(struct history_store *self, const struct uuid *user,
                                     const struct uuid *channel, struct str client_msg_id,
                                     struct arena *arena, struct event *out)
{
    struct look_up q = {.user = user,
                        .channel = channel,
                        .client_msg_id = client_msg_id,
                        .arena = arena,
                        .out = out};
    return pg_pool_read(pool_of(self), client_id_run, &q);
}

static enum err own_heads_run(struct pg_conn *c, void *arg)
{
    struct look_up *q = arg;
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, q->user);
    q->rows = pg_run(c, PG_OWN_HEADS, &a);
    return ERR_OK;
}

static enum err history_own_heads(struct history_store *self, const struct uuid *user,
                                  void (*each)(const struct uuid *channel, uint64_t seq, void *arg),
                                  void *arg)
{
    struct look_up q = {.user = user};
    enum err e = pg_pool_read(pool_of(self), own_heads_run, &q);
    for (int i = 0; e == ERR_OK && i < PQntuples(q.rows); i++) {
        struct uuid channel = pg_uuid(q.rows, i, 0);
        each(&channel, pg_u64(q.rows, i, 1), arg);
    }
    PQclear(q.rows);
    return e;
}

static enum err unread_run(struct pg_conn *c, void *arg)
{
    struct look_up *q = arg;
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, q->channel);
    pg_args_u64(&a, q->seq > INT64_MAX ? INT64_MAX : q->seq);
    pg_args_uuid(&a, q->user);
    pg_args_u64(&a, q->max);
    q->rows = pg_run(c, PG_UNREAD, &a);
    return ERR_OK;
}

static enum err history_unread(struct history_store *self, const struct uuid *user,
                               const struct uuid *channel, uint64_t seq, unsigned max,
                               unsigned *out)
{
    struct look_up q = {.user = user, .channel = channel, .seq = seq, .max = max};
    enum err e = pg_pool_read(pool_of(self), unread_run, &q);
    *out = e == ERR_OK && PQntuples(q.rows) == 1 ? (unsigned)pg_u64(q.rows, 0, 0) : 0;
    PQclear(q.rows);
    return e;
}

static bool history_is_ready(struct history_store *self, char *detail, size_t size)
{
    return pg_pool_is_ready(pool_of(self), detail, size);
}

const struct history_store_ops pg_history_ops = {
    .write = history_write,
    .write_heads = history_write_heads,
    .write_snapshot = history_write_snapshot,
    .read_snapshot = history_read_snapshot,
    .read_heads = history_read_heads,
    .by_client_id = history_by_client_id,
    .own_heads = history_own_heads,
    .unread = history_unread,
    .is_ready = history_is_ready,
};

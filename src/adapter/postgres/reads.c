/* Channels and memberships: reading them. What changes them is in changes.c. */
#include "adapter/postgres/state.h"

#define CHUNK_ROWS    256  /* of a list */
#define PAST_ROWS_MAX 1000 /* of one user */

struct channel pg_channel(const PGresult *r, int row, int at, struct arena *arena)
{
    return (struct channel){.id = pg_uuid(r, row, at),
                            .name = pg_name(r, row, at + 1, CHANNEL_NAME_CHARS_MAX, arena),
                            .owner = pg_uuid(r, row, at + 2),
                            .created_us = pg_time(r, row, at + 3)};
}

/* ---- Channels ---- */

struct channel_query {
    const struct uuid *id;
    struct arena *arena;
    struct channel *out;
};

static enum err channel_find(struct pg_conn *c, void *arg)
{
    const struct channel_query *q = arg;
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, q->id);
    PGresult *r = pg_run(c, PG_CHANNEL_BY_ID, &a);
    bool found = r != NULL && PQntuples(r) == 1;
    if (found)
        *q->out = pg_channel(r, 0, 0, q->arena);
    PQclear(r);
    return found ? ERR_OK : ERR_CHANNEL_NOT_FOUND;
}

enum err pg_channel_get(struct channel_table *self, const struct uuid *id, struct arena *arena,
                        struct channel *out)
{
    struct channel_query q = {id, arena, out};
    return pg_pool_read(&pg_store_of(self)->pool, channel_find, &q);
}

/* What follows (created_us, id), or version, of the chunk before. */
struct chunk {
    const struct uuid *channel; /* of members */
    bool by_version;            /* members: those with a version follow those without */
    int64_t created_us;
    struct uuid id;
    uint64_t version;
    PGresult *rows; /* outlive the connection's turn, so that `each` may call the store */
};

static enum err channels_read(struct pg_conn *c, void *arg)
{
    struct chunk *chunk = arg;
    struct pg_args a = {.n = 0};
    pg_args_time(&a, chunk->created_us);
    pg_args_uuid(&a, &chunk->id);
    pg_args_int(&a, CHUNK_ROWS);
    chunk->rows = pg_run(c, PG_CHANNELS_AFTER, &a);
    return ERR_OK;
}

enum err pg_channel_list(struct channel_table *self,
                         void (*each)(const struct channel *, void *arg), void *arg)
{
    struct chunk chunk = {.created_us = INT64_MIN};
    enum err e = ERR_OK;
    int n = CHUNK_ROWS;
    while (n == CHUNK_ROWS &&
           (e = pg_pool_read(&pg_store_of(self)->pool, channels_read, &chunk)) == ERR_OK) {
        struct arena arena;
        arena_init(&arena);
        n = PQntuples(chunk.rows);
        for (int i = 0; i < n; i++) {
            const struct channel c = pg_channel(chunk.rows, i, 0, &arena);
            chunk.created_us = c.created_us;
            chunk.id = c.id;
            each(&c, arg);
        }
        PQclear(chunk.rows);
        arena_fini(&arena);
    }
    return e;
}

/* ---- Members ---- */

static bool channel_is_there(struct pg_conn *c, const struct uuid *id)
{
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, id);
    PGresult *r = pg_run(c, PG_CHANNEL_BY_ID, &a);
    bool found = r != NULL && PQntuples(r) == 1;
    PQclear(r);
    return found;
}

static enum err members_read(struct pg_conn *c, void *arg)
{
    struct chunk *chunk = arg;
    struct pg_args a = {.n = 0};
    if (!channel_is_there(c, chunk->channel))
        return ERR_CHANNEL_NOT_FOUND;
    pg_args_uuid(&a, chunk->channel);
    if (chunk->by_version) {
        pg_args_u64(&a, chunk->version);
    } else {
        pg_args_time(&a, chunk->created_us);
        pg_args_uuid(&a, &chunk->id);
    }
    pg_args_int(&a, CHUNK_ROWS);
    chunk->rows = pg_run(c, chunk->by_version ? PG_MEMBERS_AFTER : PG_MEMBERS_OLD, &a);
    return ERR_OK;
}

static enum err members_part(struct pg_pool *p, struct chunk *chunk,
                             void (*each)(const struct user *, void *arg), void *arg)
{
    enum err e = ERR_OK;
    int n = CHUNK_ROWS;
    while (n == CHUNK_ROWS && (e = pg_pool_read(p, members_read, chunk)) == ERR_OK) {
        struct arena arena;
        arena_init(&arena);
        n = PQntuples(chunk->rows);
        for (int i = 0; i < n; i++) {
            const struct user u = {.id = pg_uuid(chunk->rows, i, 0),
                                   .name = pg_name(chunk->rows, i, 1, USER_NAME_CHARS_MAX, &arena)};
            chunk->created_us = pg_time(chunk->rows, i, 2);
            chunk->version = pg_u64(chunk->rows, i, 3);
            chunk->id = u.id;
            each(&u, arg);
        }
        PQclear(chunk->rows);
        arena_fini(&arena);
    }
    return e;
}

enum err pg_channel_members(struct channel_table *self, const struct uuid *channel,
                            void (*each)(const struct user *, void *arg), void *arg)
{
    struct pg_pool *p = &pg_store_of(self)->pool;
    struct chunk old = {.channel = channel, .created_us = INT64_MIN},
                 ours = {.channel = channel, .by_version = true};
    enum err e = members_part(p, &old, each, arg);
    return e == ERR_OK ? members_part(p, &ours, each, arg) : e;
}

/* ---- Memberships ---- */

struct membership_query {
    const struct uuid *user, *channel;
    PGresult *rows;
};

/* Columns 5.. of PG_MEMBERSHIP and PG_MEMBERSHIPS. */
static struct membership_row membership_copy(const PGresult *r, int row, struct arena *arena)
{
    return (struct membership_row){
        .channel = pg_channel(r, row, 0, arena),
        .join_version = pg_u64(r, row, 5),
        .join_seq = pg_u64(r, row, 6),
        .leave_version = pg_u64(r, row, 7),
        .leave_seq = pg_u64(r, row, 8),
        .read_seq = pg_u64(r, row, 9),
    };
}

static enum err membership_read(struct pg_conn *c, void *arg)
{
    struct membership_query *q = arg;
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, q->user);
    if (q->channel != NULL)
        pg_args_uuid(&a, q->channel);
    else
        pg_args_int(&a, PAST_ROWS_MAX);
    q->rows = pg_run(c, q->channel != NULL ? PG_MEMBERSHIP : PG_MEMBERSHIPS, &a);
    return ERR_OK;
}

enum err pg_channel_membership(struct channel_table *self, const struct uuid *user,
                               const struct uuid *channel, struct arena *arena,
                               struct membership_row *out)
{
    struct membership_query q = {.user = user, .channel = channel};
    enum err e = pg_pool_read(&pg_store_of(self)->pool, membership_read, &q);
    if (e == ERR_OK && PQntuples(q.rows) == 0)
        e = ERR_CHANNEL_NOT_FOUND;
    else if (e == ERR_OK && PQgetisnull(q.rows, 0, 4))
        e = ERR_NOT_MEMBER;
    if (e == ERR_OK)
        *out = membership_copy(q.rows, 0, arena);
    PQclear(q.rows);
    return e;
}

enum err pg_channel_memberships(struct channel_table *self, const struct uuid *user,
                                struct arena *arena, struct membership_row **out, size_t *n)
{
    struct membership_query q = {.user = user};
    enum err e = pg_pool_read(&pg_store_of(self)->pool, membership_read, &q);
    *n = e == ERR_OK ? (size_t)PQntuples(q.rows) : 0;
    *out = arena_alloc(arena, *n * sizeof **out);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = membership_copy(q.rows, (int)i, arena);
    PQclear(q.rows);
    return e;
}

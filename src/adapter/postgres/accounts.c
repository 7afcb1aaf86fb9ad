#include <string.h>

#include "adapter/postgres/state.h"

#define CHUNK_ROWS      256 /* of a list */
#define FORGET_ROWS_MAX 100 /* expired revocations, at each new one */

static struct pg_pool *pool_of(struct account_store *self)
{
    return &MEM_OWNER(self, struct postgres_store, accounts)->pool;
}

/* ---- Reading ---- */

struct account_query {
    const struct uuid *id; /* or */
    struct str email;
    struct arena *arena;
    struct account *out;
};

/* The columns are PG_ACCOUNT_COLUMNS. */
static void account_copy(const PGresult *r, int row, struct arena *arena, struct account *out)
{
    *out = (struct account){
        .user = {.id = pg_uuid(r, row, 0),
                 .name = pg_name(r, row, 1, USER_NAME_CHARS_MAX, arena),
                 .email = arena_str(arena, pg_str(r, row, 2)),
                 .created_us = pg_time(r, row, 3)},
        .password_hash = arena_str(arena, pg_str(r, row, 4)),
        .valid_after_us = pg_int(r, row, 5),
    };
}

static enum err account_find(struct pg_conn *c, void *arg)
{
    const struct account_query *q = arg;
    struct pg_args a = {.n = 0};
    if (q->id != NULL)
        pg_args_uuid(&a, q->id);
    else
        pg_args_str(&a, q->email);
    PGresult *r = pg_run(c, q->id != NULL ? PG_USER_BY_ID : PG_USER_BY_EMAIL, &a);
    bool found = r != NULL && PQntuples(r) == 1;
    if (found)
        account_copy(r, 0, q->arena, q->out);
    PQclear(r);
    return found ? ERR_OK : ERR_USER_NOT_FOUND;
}

static enum err account_by_email(struct account_store *self, struct str email, struct arena *arena,
                                 struct account *out)
{
    struct account_query q = {NULL, email, arena, out};
    /* PostgreSQL takes no other text, and nobody can have registered with it */
    if (!str_is_utf8(email) || memchr(email.p, '\0', email.n) != NULL)
        return ERR_USER_NOT_FOUND;
    return pg_pool_read(pool_of(self), account_find, &q);
}

static enum err account_by_id(struct account_store *self, const struct uuid *id,
                              struct arena *arena, struct account *out)
{
    struct account_query q = {id, STR_NONE, arena, out};
    return pg_pool_read(pool_of(self), account_find, &q);
}

/* The accounts after the last one of the chunk before. */
struct account_chunk {
    int64_t created_us;
    struct uuid id;
    struct arena arena;
    size_t n;
    struct account rows[CHUNK_ROWS];
};

static enum err chunk_read(struct pg_conn *c, void *arg)
{
    struct account_chunk *chunk = arg;
    struct pg_args a = {.n = 0};
    pg_args_time(&a, chunk->created_us);
    pg_args_uuid(&a, &chunk->id);
    pg_args_int(&a, CHUNK_ROWS);
    PGresult *r = pg_run(c, PG_USERS_AFTER, &a);
    chunk->n = r == NULL ? 0 : (size_t)PQntuples(r);
    for (size_t i = 0; i < chunk->n; i++)
        account_copy(r, (int)i, &chunk->arena, &chunk->rows[i]);
    PQclear(r);
    return ERR_OK;
}

static enum err account_list(struct account_store *self,
                             bool (*each)(const struct account *, void *arg), void *arg)
{
    struct account_chunk *chunk = MEM_NEW(struct account_chunk);
    enum err e = ERR_OK;
    bool wanted = true;
    chunk->created_us = INT64_MIN;
    do {
        arena_init(&chunk->arena);
        e = pg_pool_read(pool_of(self), chunk_read, chunk);
        for (size_t i = 0; i < chunk->n && e == ERR_OK && wanted; i++) {
            chunk->created_us = chunk->rows[i].user.created_us;
            chunk->id = chunk->rows[i].user.id;
            wanted = each(&chunk->rows[i], arg);
        }
        arena_fini(&chunk->arena);
    } while (e == ERR_OK && wanted && chunk->n == CHUNK_ROWS);
    mem_free(chunk);
    return e;
}

/* ---- Writing ---- */

struct account_write {
    const struct user *user;
    const struct uuid *id;
    struct str password_hash;
    const struct revocation *revocation;
    int64_t now_us;
};

/* May be repeated: an account that is there under this very id and address is this one. */
static enum err add_run(struct pg_conn *c, void *arg)
{
    const struct account_write *w = arg;
    struct pg_args a = {.n = 0}, email = {.n = 0};
    pg_args_uuid(&a, &w->user->id);
    pg_args_str(&a, w->user->name);
    pg_args_str(&a, w->user->email);
    pg_args_str(&a, w->password_hash);
    pg_args_time(&a, w->user->created_us);
    if (pg_change(c, PG_USER_ADD, &a) == 1 || c->failure != PG_FINE)
        return ERR_OK;
    pg_args_str(&email, w->user->email);
    PGresult *r = pg_run(c, PG_USER_BY_EMAIL, &email);
    struct uuid id = r != NULL && PQntuples(r) == 1 ? pg_uuid(r, 0, 0) : UUID_NIL;
    PQclear(r);
    return uuid_eq(&id, &w->user->id) ? ERR_OK : ERR_EMAIL_TAKEN;
}

static enum err account_add(struct account_store *self, const struct user *u, struct str hash)
{
    struct account_write w = {.user = u, .password_hash = hash};
    return pg_pool_write(pool_of(self), add_run, &w);
}

static enum err password_run(struct pg_conn *c, void *arg)
{
    const struct account_write *w = arg;
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, w->id);
    pg_args_str(&a, w->password_hash);
    pg_args_int(&a, w->now_us);
    return pg_change(c, PG_USER_PASSWORD, &a) == 1 ? ERR_OK : ERR_USER_NOT_FOUND;
}

static enum err account_set_password(struct account_store *self, const struct uuid *id,
                                     struct str hash, int64_t now_us)
{
    struct account_write w = {.id = id, .password_hash = hash, .now_us = now_us};
    return pg_pool_write(pool_of(self), password_run, &w);
}

static enum err revoke_run(struct pg_conn *c, void *arg)
{
    const struct account_write *w = arg;
    struct pg_args a = {.n = 0}, old = {.n = 0};
    pg_args_uuid(&a, &w->revocation->jti);
    pg_args_uuid(&a, &w->revocation->user);
    pg_args_int(&a, w->revocation->issued_before_us);
    pg_args_int(&a, w->revocation->expires_us);
    pg_change(c, PG_REVOKE, &a);
    pg_args_int(&old, w->now_us);
    pg_args_int(&old, FORGET_ROWS_MAX);
    pg_change(c, PG_REVOKE_FORGET, &old);
    return ERR_OK;
}

static enum err account_revoke(struct account_store *self, const struct revocation *revocation)
{
    const struct postgres_store *s = MEM_OWNER(self, struct postgres_store, accounts);
    struct account_write w = {.revocation = revocation, .now_us = clock_wall_us(s->clock)};
    return pg_pool_write(pool_of(self), revoke_run, &w);
}

struct revocation_query {
    int64_t now_us;
    PGresult *rows;
};

static enum err revocations_read(struct pg_conn *c, void *arg)
{
    struct revocation_query *q = arg;
    struct pg_args a = {.n = 0};
    pg_args_int(&a, q->now_us);
    q->rows = pg_run(c, PG_REVOCATIONS, &a);
    return ERR_OK;
}

static enum err account_revocations(struct account_store *self, int64_t now_us,
                                    void (*each)(const struct revocation *, void *arg), void *arg)
{
    struct revocation_query q = {.now_us = now_us};
    enum err e = pg_pool_read(pool_of(self), revocations_read, &q);
    for (int i = 0; e == ERR_OK && i < PQntuples(q.rows); i++) {
        const struct revocation r = {pg_uuid(q.rows, i, 0), pg_uuid(q.rows, i, 1),
                                     pg_int(q.rows, i, 2), pg_int(q.rows, i, 3)};
        each(&r, arg);
    }
    PQclear(q.rows);
    return e;
}

const struct account_store_ops pg_account_ops = {
    account_add,          account_by_email, account_by_id,       account_list,
    account_set_password, account_revoke,   account_revocations,
};

#include "adapter/sqlite/state.h"
#include "base/mem.h"

#define CHUNK_ROWS 256 /* of a list: read under one snapshot, handed out with none held */

static struct sqlite_store *store_of(struct account_store *self)
{
    return MEM_OWNER(self, struct sqlite_store, accounts);
}

struct add_job {
    struct job super;
    const struct user *user;
    struct str password_hash;
};

static bool email_is_taken(struct writer *w, struct str email)
{
    sqlite3_stmt *st = db_statement(&w->db, ST_USER_BY_EMAIL);
    db_bind_str(st, 1, email);
    bool taken = db_row(&w->db, st);
    db_reset(st);
    return taken;
}

static enum err add_run(struct writer *w, struct job *self)
{
    const struct add_job *job = (const struct add_job *)self;
    if (email_is_taken(w, job->user->email))
        return ERR_EMAIL_TAKEN;
    sqlite3_stmt *st = db_statement(&w->db, ST_USER_ADD);
    db_bind_uuid(st, 1, &job->user->id);
    db_bind_str(st, 2, job->user->name);
    db_bind_str(st, 3, job->user->email);
    db_bind_str(st, 4, job->password_hash);
    db_bind_int(st, 5, job->user->created_us);
    db_run(&w->db, st);
    return ERR_OK;
}

static enum err account_add(struct account_store *self, const struct user *u, struct str hash)
{
    struct add_job job = {.super.run = add_run, .user = u, .password_hash = hash};
    return queue_run(&store_of(self)->queue, &job.super);
}

/* The columns are USER_COLUMNS. */
static void account_copy(sqlite3_stmt *st, struct arena *arena, struct account *out)
{
    *out = (struct account){
        .user = {.id = db_uuid(st, 0),
                 .name = db_str_copy(st, 1, arena),
                 .email = db_str_copy(st, 2, arena),
                 .created_us = db_int(st, 3)},
        .password_hash = db_str_copy(st, 4, arena),
        .valid_after_us = db_int(st, 5),
    };
}

static enum err account_row(struct db *db, sqlite3_stmt *st, struct arena *arena,
                            struct account *out)
{
    if (!db_row(db, st))
        return ERR_USER_NOT_FOUND;
    account_copy(st, arena, out);
    db_reset(st);
    return ERR_OK;
}

static enum err account_by_email(struct account_store *self, struct str email, struct arena *arena,
                                 struct account *out)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    sqlite3_stmt *st = db_statement(&r->db, ST_USER_BY_EMAIL);
    db_bind_str(st, 1, email);
    return readers_give(&s->readers, r, account_row(&r->db, st, arena, out));
}

static enum err account_by_id(struct account_store *self, const struct uuid *id,
                              struct arena *arena, struct account *out)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    sqlite3_stmt *st = db_statement(&r->db, ST_USER_BY_UUID);
    db_bind_uuid(st, 1, id);
    return readers_give(&s->readers, r, account_row(&r->db, st, arena, out));
}

/* The accounts after row `*after`; `*n` of at most CHUNK_ROWS. */
static enum err account_chunk(struct sqlite_store *s, int64_t *after, struct arena *arena,
                              struct account *rows, size_t *n)
{
    struct reader *r = readers_take(&s->readers);
    *n = 0;
    if (r == NULL)
        return ERR_UNAVAILABLE;
    sqlite3_stmt *st = db_statement(&r->db, ST_USERS_AFTER);
    db_bind_int(st, 1, *after);
    db_bind_int(st, 2, CHUNK_ROWS);
    while (db_row(&r->db, st)) {
        account_copy(st, arena, &rows[(*n)++]);
        *after = db_int(st, 6);
    }
    return readers_give(&s->readers, r, ERR_OK);
}

static enum err account_list(struct account_store *self,
                             bool (*each)(const struct account *, void *arg), void *arg)
{
    struct account rows[CHUNK_ROWS];
    int64_t after = 0;
    size_t n = CHUNK_ROWS;
    enum err e = ERR_OK;
    bool wanted = true;
    while (e == ERR_OK && wanted && n == CHUNK_ROWS) {
        struct arena arena;
        arena_init(&arena);
        e = account_chunk(store_of(self), &after, &arena, rows, &n);
        for (size_t i = 0; i < n && e == ERR_OK && wanted; i++)
            wanted = each(&rows[i], arg);
        arena_fini(&arena);
    }
    return e;
}

struct password_job {
    struct job super;
    const struct uuid *id;
    struct str password_hash;
    int64_t now_us;
};

static enum err password_run(struct writer *w, struct job *self)
{
    const struct password_job *job = (const struct password_job *)self;
    sqlite3_stmt *st = db_statement(&w->db, ST_USER_PASSWORD);
    db_bind_uuid(st, 1, job->id);
    db_bind_str(st, 2, job->password_hash);
    db_bind_int(st, 3, job->now_us);
    return db_run(&w->db, st) ? ERR_OK : ERR_USER_NOT_FOUND;
}

static enum err account_set_password(struct account_store *self, const struct uuid *id,
                                     struct str hash, int64_t now_us)
{
    struct password_job job = {
        .super.run = password_run, .id = id, .password_hash = hash, .now_us = now_us};
    return queue_run(&store_of(self)->queue, &job.super);
}

struct revoke_job {
    struct job super;
    const struct revocation *revocation;
};

static enum err revoke_run(struct writer *w, struct job *self)
{
    const struct revocation *r = ((const struct revoke_job *)self)->revocation;
    sqlite3_stmt *st = db_statement(&w->db, ST_REVOKE_FORGET);
    db_bind_int(st, 1, clock_wall_us(w->store->clock));
    db_run(&w->db, st);
    st = db_statement(&w->db, ST_REVOKE);
    db_bind_uuid(st, 1, &r->jti);
    db_bind_uuid(st, 2, &r->user);
    db_bind_int(st, 3, r->issued_before_us);
    db_bind_int(st, 4, r->expires_us);
    db_run(&w->db, st);
    return ERR_OK;
}

static enum err account_revoke(struct account_store *self, const struct revocation *r)
{
    struct revoke_job job = {.super.run = revoke_run, .revocation = r};
    return queue_run(&store_of(self)->queue, &job.super);
}

struct revocations {
    struct revocation *rows;
    size_t n, cap;
};

static void revocations_add(struct revocations *all, struct revocation row)
{
    if (all->n == all->cap) {
        all->cap = all->cap == 0 ? 64 : 2 * all->cap;
        all->rows = mem_realloc(all->rows, all->cap * sizeof *all->rows);
    }
    all->rows[all->n++] = row;
}

static void revocations_read(struct db *db, int64_t now_us, struct revocations *all)
{
    sqlite3_stmt *st = db_statement(db, ST_REVOCATIONS);
    db_bind_int(st, 1, now_us);
    while (db_row(db, st))
        revocations_add(
            all, (struct revocation){db_uuid(st, 0), db_uuid(st, 1), db_int(st, 2), db_int(st, 3)});
    st = db_statement(db, ST_USERS_VOIDED);
    while (db_row(db, st))
        revocations_add(all, (struct revocation){.user = db_uuid(st, 0),
                                                 .issued_before_us = db_int(st, 1),
                                                 .expires_us = INT64_MAX});
}

static enum err account_revocations(struct account_store *self, int64_t now_us,
                                    void (*each)(const struct revocation *, void *arg), void *arg)
{
    struct sqlite_store *s = store_of(self);
    struct revocations all = {.n = 0};
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    revocations_read(&r->db, now_us, &all);
    enum err e = readers_give(&s->readers, r, ERR_OK);
    for (size_t i = 0; i < all.n && e == ERR_OK; i++)
        each(&all.rows[i], arg);
    mem_free(all.rows);
    return e;
}

const struct account_store_ops sqlite_account_ops = {
    account_add,          account_by_email, account_by_id,       account_list,
    account_set_password, account_revoke,   account_revocations,
};

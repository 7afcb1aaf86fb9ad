/* An installation that is moved here (port/import.h). Everything goes through one session, which
 * holds a lock of its own: when the session ends, the lock is gone and what comes after is refused.
 * What is loaded is loaded in one transaction, so there is no half of it. */
#include <stdio.h>

#include "adapter/postgres/import_rows.h"
#include "adapter/postgres/schema.h"
#include "adapter/postgres/state.h"

#define ROWS_BYTES_MAX (16u << 20) /* of one call: names have 255 characters at most */
#define LOAD_MS        600000

static struct postgres_store *store_of(struct import_table *self)
{
    return MEM_OWNER(self, struct postgres_store, imports);
}

static enum err finish(struct postgres_store *s)
{
    if (s->import == NULL)
        return ERR_UNAVAILABLE;
    enum err e = pg_failure_err(s->import);
    if (e != ERR_OK)
        pg_pool_note(&s->pool, s->import->text);
    return e;
}

/* ---- Who may ---- */

static enum err refuse(char *reason, size_t size, const char *why)
{
    snprintf(reason, size, "%s", why);
    return ERR_FORBIDDEN;
}

static bool take_lock(struct pg_conn *c)
{
    PGresult *r = pg_run(c, PG_IMPORT_LOCK, NULL);
    bool taken = PQntuples(r) == 1 && pg_int(r, 0, 0) == 1;
    PQclear(r);
    return taken;
}

/* Nothing was moved here yet: is there anything else? */
static enum err look_around(struct pg_conn *c, bool in_place, char *reason, size_t size)
{
    PGresult *r = pg_run(c, PG_IMPORT_OTHERS, NULL);
    bool users = PQntuples(r) == 1 && pg_int(r, 0, 0) != 0;
    bool ours = PQntuples(r) == 1 && pg_int(r, 0, 1) != 0;
    bool nodes = PQntuples(r) == 1 && pg_int(r, 0, 2) != 0;
    PQclear(r);
    if (nodes || ours)
        return refuse(reason, size, "a node has run on this database: it must be a new one");
    if (users && !in_place)
        return refuse(reason, size, "this database has accounts of something else");
    return ERR_OK;
}

/* What is noted; beside a node that is just starting, either it finds the note or this finds its
 * epoch. */
static enum err note_read(struct pg_conn *c, const struct uuid *source, bool in_place,
                          struct import_note *out, char *reason, size_t size)
{
    enum err e = ERR_OK;
    pg_begin(c);
    pg_change(c, PG_EPOCH_LOCK, NULL);
    PGresult *r = pg_run(c, PG_IMPORT_GET, NULL);
    *out = (struct import_note){.source = *source};
    if (PQntuples(r) == 1) {
        const struct uuid noted = pg_uuid(r, 0, 0);
        out->stage = (enum import_stage)pg_int(r, 0, 1);
        out->cursor = pg_u64(r, 0, 2);
        if (!uuid_eq(&noted, source))
            e = refuse(reason, size, "another installation was moved to this database");
    } else {
        e = look_around(c, in_place, reason, size);
        struct pg_args a = {.n = 0};
        pg_args_uuid(&a, source);
        pg_args_int(&a, IMPORT_NONE);
        pg_args_int(&a, 0);
        if (e == ERR_OK)
            pg_change(c, PG_IMPORT_SET, &a);
    }
    PQclear(r);
    if (e == ERR_OK)
        return pg_commit(c);
    pg_rollback(c);
    return e;
}

static enum err import_open(struct import_table *self, const struct uuid *source, bool in_place,
                            struct import_note *out, char *reason, size_t reason_size)
{
    struct postgres_store *s = store_of(self);
    self->ops->close(self);
    if ((s->import = pg_schema_connect(&s->settings, reason, reason_size)) == NULL)
        return ERR_UNAVAILABLE;
    if (!take_lock(s->import) && s->import->failure == PG_FINE)
        return refuse(reason, reason_size, "another process is moving an installation here");
    enum err e = note_read(s->import, source, in_place, out, reason, reason_size);
    if (e != ERR_OK && e != ERR_FORBIDDEN) {
        snprintf(reason, reason_size, "%s", s->import->text);
        e = ERR_UNAVAILABLE;
    }
    return e;
}

static void import_close(struct import_table *self)
{
    struct postgres_store *s = store_of(self);
    pg_conn_close(s->import);
    s->import = NULL;
}

static void note_set(struct pg_conn *c, const struct import_note *note)
{
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, &note->source);
    pg_args_int(&a, note->stage);
    pg_args_u64(&a, note->cursor);
    pg_change(c, PG_IMPORT_SET, &a);
}

static enum err import_note(struct import_table *self, const struct import_note *note)
{
    struct postgres_store *s = store_of(self);
    if (s->import != NULL)
        note_set(s->import, note);
    return finish(s);
}

/* ---- Loading ---- */

static enum err import_load_begin(struct import_table *self, bool in_place)
{
    struct postgres_store *s = store_of(self);
    if (s->import == NULL)
        return ERR_UNAVAILABLE;
    s->import_in_place = in_place;
    pg_rollback(s->import);
    pg_begin(s->import);
    pg_exec(s->import,
            "SET LOCAL statement_timeout=0; SET LOCAL lock_timeout=0;"
            "SET LOCAL idle_in_transaction_session_timeout=0;"
            "DELETE FROM parley_member; DELETE FROM parley_past_member; DELETE FROM parley_outbox;"
            "DELETE FROM parley_channel; DELETE FROM parley_account;",
            LOAD_MS);
    if (!in_place)
        pg_exec(s->import, "DELETE FROM user_to_channel; DELETE FROM channel; DELETE FROM users;",
                LOAD_MS);
    return finish(s);
}

typedef void rows_f(struct buf *b, const void *rows, size_t n);

static enum err load(struct import_table *self, const char *sql, rows_f *fill, const void *rows,
                     size_t n)
{
    struct postgres_store *s = store_of(self);
    struct buf b;
    if (s->import == NULL)
        return ERR_UNAVAILABLE;
    buf_init(&b, ROWS_BYTES_MAX);
    import_rows_begin(&b);
    fill(&b, rows, n);
    struct str data = import_rows_end(&b);
    bool fits = !b.failed;
    if (fits)
        pg_copy(s->import, sql, data);
    buf_fini(&b);
    return fits ? finish(s) : ERR_TOO_LARGE;
}

static void fill_users(struct buf *b, const void *rows, size_t n)
{
    for (const struct account *a = rows; n-- > 0; a++) {
        import_row(b, 5);
        import_uuid(b, &a->user.id);
        import_str(b, a->user.name);
        import_str(b, a->user.email);
        import_str(b, a->password_hash);
        import_time(b, a->user.created_us);
    }
}

static void fill_voided(struct buf *b, const void *rows, size_t n)
{
    for (const struct account *a = rows; n-- > 0; a++) {
        if (a->valid_after_us == 0)
            continue;
        import_row(b, 2);
        import_uuid(b, &a->user.id);
        import_int(b, a->valid_after_us);
    }
}

static enum err import_load_accounts(struct import_table *self, const struct account *rows,
                                     size_t n)
{
    enum err e = load(self,
                      "COPY users(id, username, email, password, created_at)"
                      " FROM STDIN BINARY",
                      fill_users, rows, n);
    if (e != ERR_OK)
        return e;
    return load(self, "COPY parley_account(user_id, valid_after_us) FROM STDIN BINARY", fill_voided,
                rows, n);
}

static void fill_channels(struct buf *b, const void *rows, size_t n)
{
    for (const struct import_channel *c = rows; n-- > 0; c++) {
        import_row(b, 4);
        import_uuid(b, &c->channel.id);
        import_str(b, c->channel.name);
        import_uuid(b, &c->channel.owner);
        import_time(b, c->channel.created_us);
    }
}

static void fill_versions(struct buf *b, const void *rows, size_t n)
{
    for (const struct import_channel *c = rows; n-- > 0; c++) {
        if (c->head.version == 0)
            continue;
        import_row(b, 2);
        import_uuid(b, &c->channel.id);
        import_int(b, (int64_t)c->head.version);
    }
}

static enum err import_load_channels(struct import_table *self, const struct import_channel *rows,
                                     size_t n)
{
    enum err e = load(self, "COPY channel(id, name, user_id, created_at) FROM STDIN BINARY",
                      fill_channels, rows, n);
    if (e != ERR_OK)
        return e;
    return load(self, "COPY parley_channel(channel_id, version) FROM STDIN BINARY", fill_versions,
                rows, n);
}

static void fill_members(struct buf *b, const void *rows, size_t n)
{
    for (const struct import_member *m = rows; n-- > 0; m++) {
        import_row(b, 3);
        import_uuid(b, &m->user);
        import_uuid(b, &m->channel);
        import_time(b, m->joined_us);
    }
}

/* Places are in the order of joining, which the positions have already. */
static void fill_places(struct buf *b, const void *rows, size_t n)
{
    for (const struct import_member *m = rows; n-- > 0; m++) {
        if (m->join_version == 0 && m->read_seq == 0)
            continue;
        import_row(b, 6);
        import_uuid(b, &m->channel);
        import_uuid(b, &m->user);
        import_int(b, (int64_t)m->join_seq);
        import_int(b, (int64_t)m->join_version);
        import_int(b, (int64_t)m->join_seq);
        import_int(b, (int64_t)m->read_seq);
    }
}

static enum err import_load_members(struct import_table *self, const struct import_member *rows,
                                    size_t n)
{
    enum err e = ERR_OK;
    if (!store_of(self)->import_in_place)
        e = load(self, "COPY user_to_channel(user_id, channel_id, created_at) FROM STDIN BINARY",
                 fill_members, rows, n);
    if (e != ERR_OK)
        return e;
    return load(self,
                "COPY parley_member(channel_id, user_id, place, join_version, join_seq, read_seq)"
                " FROM STDIN BINARY",
                fill_places, rows, n);
}

static enum err import_load_end(struct import_table *self, const struct import_note *note,
                                uint32_t epoch)
{
    struct postgres_store *s = store_of(self);
    char sql[256];
    if (s->import == NULL)
        return ERR_UNAVAILABLE;
    snprintf(sql, sizeof sql,
             "DELETE FROM parley_log_epoch;"
             "INSERT INTO parley_log_epoch(epoch, identity, partitions) VALUES(%u,'%s',1);"
             "SELECT setval('parley_place',(SELECT coalesce(max(place),0)+1 FROM parley_member))",
             epoch, uuid_text(&note->source).s);
    pg_exec(s->import, sql, LOAD_MS);
    note_set(s->import, note);
    enum err e = pg_commit(s->import);
    return e == ERR_OK ? ERR_OK : finish(s);
}

static enum err import_count(struct import_table *self, struct import_count *out)
{
    struct postgres_store *s = store_of(self);
    *out = (struct import_count){0};
    if (s->import == NULL)
        return ERR_UNAVAILABLE;
    PGresult *r = pg_run(s->import, PG_IMPORT_COUNT, NULL);
    if (PQntuples(r) == 1)
        *out = (struct import_count){pg_u64(r, 0, 0), pg_u64(r, 0, 1), pg_u64(r, 0, 2)};
    PQclear(r);
    return finish(s);
}

const struct import_table_ops pg_import_ops = {
    .open = import_open,
    .close = import_close,
    .note = import_note,
    .load_begin = import_load_begin,
    .load_accounts = import_load_accounts,
    .load_channels = import_load_channels,
    .load_members = import_load_members,
    .load_end = import_load_end,
    .count = import_count,
};

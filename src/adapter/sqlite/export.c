/* A store as the source of an import. The positions of joins are looked up in the log once more,
 * because a channel's version counts its events, which the embedded engine has no use for. SQLite
 * sorts them in a temporary file, so memory does not grow with the log. */
#include "adapter/sqlite/export.h"

#include "adapter/sqlite/find.h"
#include "adapter/sqlite/row.h"
#include "adapter/sqlite/state.h"
#include "base/mem.h"

static struct sqlite_store *store_of(struct import_source *self)
{
    return MEM_OWNER(self, struct sqlite_store, source);
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t meta_u64(struct db *db, const char *key)
{
    int64_t v = 0;
    return db_meta_int(db, key, &v) && v > 0 ? (uint64_t)v : 0;
}

/* Accounts are never removed, so the first one names the installation. */
static struct uuid first_account(struct db *db)
{
    sqlite3_stmt *st = db_statement(db, ST_USERS_AFTER);
    struct uuid id = UUID_NIL;
    db_bind_int(st, 1, 0);
    db_bind_int(st, 2, 1);
    if (db_row(db, st))
        id = db_uuid(st, 0);
    db_reset(st);
    return id;
}

static enum err export_size(struct import_source *self, struct import_size *out)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    struct db *db = &r->db;
    *out = (struct import_size){
        .source = first_account(db),
        .posts = (uint64_t)db_query_int(db, "SELECT count(*) FROM event WHERE kind=1") +
                 (uint64_t)db_query_int(db, "SELECT count(*) FROM event WHERE kind=2"),
        .accounts = (uint64_t)db_query_int(db, "SELECT count(*) FROM user"),
        .channels = (uint64_t)db_query_int(db, "SELECT count(*) FROM channel"),
        .members = (uint64_t)db_query_int(db, "SELECT count(*) FROM member"),
    };
    find_last(db, &out->last_seq, &out->last_id);
    /* what a restore jumped over */
    out->last_seq = max_u64(out->last_seq, meta_u64(db, "floor.seq"));
    out->last_id = max_u64(out->last_id, meta_u64(db, "floor.id"));
    return readers_give(&s->readers, r, ERR_OK);
}

static enum err export_posts(struct import_source *self, uint64_t seq, size_t max,
                             struct arena *arena, struct event **out, size_t *n)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    *n = 0;
    if (r == NULL)
        return ERR_UNAVAILABLE;
    *out = arena_alloc(arena, max * sizeof **out);
    sqlite3_stmt *st = db_statement(&r->db, ST_EXPORT_POSTS);
    db_bind_u64(st, 1, seq);
    db_bind_int(st, 2, (int64_t)max);
    while (db_row(&r->db, st))
        (*out)[(*n)++] = row_post(st, arena);
    return readers_give(&s->readers, r, ERR_OK);
}

static enum err export_accounts(struct import_source *self,
                                bool (*each)(const struct account *, void *arg), void *arg)
{
    struct account_store *accounts = &store_of(self)->accounts;
    return accounts->ops->list(accounts, each, arg);
}

/* The columns are those of ST_EXPORT_CHANNELS. */
static struct import_channel channel_of_row(struct db *db, sqlite3_stmt *st, struct arena *arena)
{
    struct import_channel c = {.channel = {.id = db_uuid(st, 0),
                                           .name = db_str_copy(st, 1, arena),
                                           .owner = db_uuid(st, 2),
                                           .created_us = db_int(st, 3)}};
    c.head = (struct channel_head){
        .channel = c.channel.id, .seq = find_head(db, db_int(st, 4)), .version = db_u64(st, 5)};
    c.head.at = max_u64(c.head.seq, db_u64(st, 6));
    sqlite3_stmt *last = db_statement(db, ST_EVENT_BY_SEQ);
    db_bind_u64(last, 1, c.head.seq);
    if (c.head.seq != 0 && db_row(db, last))
        c.head.id = db_u64(last, 5);
    db_reset(last);
    return c;
}

static enum err export_channels(struct import_source *self,
                                bool (*each)(const struct import_channel *, void *arg), void *arg)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    bool wanted = true;
    if (r == NULL)
        return ERR_UNAVAILABLE;
    sqlite3_stmt *st = db_statement(&r->db, ST_EXPORT_CHANNELS);
    while (wanted && db_row(&r->db, st)) {
        struct arena arena;
        arena_init(&arena);
        const struct import_channel c = channel_of_row(&r->db, st, &arena);
        wanted = each(&c, arg);
        arena_fini(&arena);
    }
    return readers_give(&s->readers, r, ERR_OK);
}

static enum err export_members(struct import_source *self,
                               bool (*each)(const struct import_member *, void *arg), void *arg)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    bool wanted = true;
    if (r == NULL)
        return ERR_UNAVAILABLE;
    sqlite3_stmt *st = db_statement(&r->db, ST_EXPORT_MEMBERS);
    while (wanted && db_row(&r->db, st)) {
        const struct import_member m = {.user = db_uuid(st, 0),
                                        .channel = db_uuid(st, 1),
                                        .join_version = db_u64(st, 2),
                                        .join_seq = db_u64(st, 3),
                                        .read_seq = db_u64(st, 4),
                                        .joined_us = db_int(st, 5)};
        wanted = each(&m, arg);
    }
    return readers_give(&s->readers, r, ERR_OK);
}

static enum err export_revocations(struct import_source *self,
                                   void (*each)(const struct revocation *, void *arg), void *arg)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    sqlite3_stmt *st = db_statement(&r->db, ST_REVOCATIONS);
    db_bind_int(st, 1, clock_wall_us(s->clock));
    while (db_row(&r->db, st)) {
        const struct revocation v = {db_uuid(st, 0), db_uuid(st, 1), db_int(st, 2), db_int(st, 3)};
        each(&v, arg);
    }
    return readers_give(&s->readers, r, ERR_OK);
}

const struct import_source_ops sqlite_export_ops = {
    export_size, export_posts, export_accounts, export_channels, export_members, export_revocations,
};

/* Channels and memberships: reading them. */
#include "adapter/sqlite/channels.h"
#include "adapter/sqlite/find.h"
#include "base/mem.h"
#include "domain/limits.h"

#define CHUNK_ROWS 256 /* of a list: read under one snapshot, handed out with none held */

static struct sqlite_store *store_of(struct channel_store *self)
{
    return MEM_OWNER(self, struct sqlite_store, channels);
}

struct channel channel_of_row(sqlite3_stmt *st, struct arena *arena)
{
    return (struct channel){.id = db_uuid(st, 0),
                            .name = db_str_copy(st, 1, arena),
                            .owner = db_uuid(st, 2),
                            .created_us = db_int(st, 3)};
}

static int64_t row_of(struct db *db, enum statement id, const struct uuid *uuid)
{
    sqlite3_stmt *st = db_statement(db, id);
    db_bind_uuid(st, 1, uuid);
    if (!db_row(db, st))
        return 0;
    int64_t row = db_int(st, 0);
    db_reset(st);
    return row;
}

enum err channel_get(struct channel_store *self, const struct uuid *id, struct arena *arena,
                     struct channel *out)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    sqlite3_stmt *st = db_statement(&r->db, ST_CHANNEL_BY_UUID);
    db_bind_uuid(st, 1, id);
    bool found = db_row(&r->db, st);
    if (found)
        *out = channel_of_row(st, arena);
    db_reset(st);
    return readers_give(&s->readers, r, found ? ERR_OK : ERR_CHANNEL_NOT_FOUND);
}

static enum err channel_chunk(struct sqlite_store *s, int64_t *after, struct arena *arena,
                              struct channel *rows, size_t *n)
{
    struct reader *r = readers_take(&s->readers);
    *n = 0;
    if (r == NULL)
        return ERR_UNAVAILABLE;
    sqlite3_stmt *st = db_statement(&r->db, ST_CHANNELS_AFTER);
    db_bind_int(st, 1, *after);
    db_bind_int(st, 2, CHUNK_ROWS);
    while (db_row(&r->db, st)) {
        rows[(*n)++] = channel_of_row(st, arena);
        *after = db_int(st, 5);
    }
    return readers_give(&s->readers, r, ERR_OK);
}

enum err channel_list(struct channel_store *self, void (*each)(const struct channel *, void *arg),
                      void *arg)
{
    struct channel rows[CHUNK_ROWS];
    int64_t after = 0;
    size_t n = CHUNK_ROWS;
    enum err e = ERR_OK;
    while (e == ERR_OK && n == CHUNK_ROWS) {
        struct arena arena;
        arena_init(&arena);
        e = channel_chunk(store_of(self), &after, &arena, rows, &n);
        for (size_t i = 0; i < n && e == ERR_OK; i++)
            each(&rows[i], arg);
        arena_fini(&arena);
    }
    return e;
}

static enum err find_member(struct db *db, const struct uuid *user, const struct uuid *channel)
{
    int64_t channel_row = row_of(db, ST_CHANNEL_ROW, channel);
    int64_t user_row = row_of(db, ST_USER_ROW, user);
    if (channel_row == 0)
        return ERR_CHANNEL_NOT_FOUND;
    sqlite3_stmt *st = db_statement(db, ST_MEMBER_GET);
    db_bind_int(st, 1, user_row);
    db_bind_int(st, 2, channel_row);
    bool found = db_row(db, st);
    db_reset(st);
    return found ? ERR_OK : ERR_NOT_MEMBER;
}

enum err channel_is_member(struct channel_store *self, const struct uuid *user,
                           const struct uuid *channel)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    return readers_give(&s->readers, r, find_member(&r->db, user, channel));
}

/* The members who joined after `*after`. */
static enum err members_chunk(struct sqlite_store *s, const struct uuid *channel, uint64_t *after,
                              struct arena *arena, struct user *rows, size_t *n)
{
    struct reader *r = readers_take(&s->readers);
    *n = 0;
    if (r == NULL)
        return ERR_UNAVAILABLE;
    int64_t row = row_of(&r->db, ST_CHANNEL_ROW, channel);
    sqlite3_stmt *st = db_statement(&r->db, ST_MEMBERS_AFTER);
    db_bind_int(st, 1, row);
    db_bind_u64(st, 2, *after);
    db_bind_int(st, 3, CHUNK_ROWS);
    while (db_row(&r->db, st)) {
        rows[(*n)++] = (struct user){.id = db_uuid(st, 0), .name = db_str_copy(st, 1, arena)};
        *after = db_u64(st, 2);
    }
    return readers_give(&s->readers, r, row == 0 ? ERR_CHANNEL_NOT_FOUND : ERR_OK);
}

enum err channel_members(struct channel_store *self, const struct uuid *channel,
                         void (*each)(const struct user *, void *arg), void *arg)
{
    struct user rows[CHUNK_ROWS];
    uint64_t after = 0;
    size_t n = CHUNK_ROWS;
    enum err e = ERR_OK;
    while (e == ERR_OK && n == CHUNK_ROWS) {
        struct arena arena;
        arena_init(&arena);
        e = members_chunk(store_of(self), channel, &after, &arena, rows, &n);
        for (size_t i = 0; i < n && e == ERR_OK; i++)
            each(&rows[i], arg);
        arena_fini(&arena);
    }
    return e;
}

/* ---- The channels of one user ---- */

struct listed {
    struct membership membership;
    int64_t channel; /* row */
};

static uint32_t unread_of(struct db *db, const struct listed *l, int64_t user)
{
    int64_t n = 0;
    if (l->membership.head_seq <= l->membership.read_seq)
        return 0;
    for (int i = 0; i < 2; i++) {
        sqlite3_stmt *st = db_statement(db, i == 0 ? ST_UNREAD_MESSAGES : ST_UNREAD_REPLIES);
        db_bind_int(st, 1, l->channel);
        db_bind_u64(st, 2, l->membership.read_seq);
        db_bind_int(st, 3, user);
        db_bind_int(st, 4, LIMIT_UNREAD);
        if (db_row(db, st))
            n += db_int(st, 0);
        db_reset(st);
    }
    return n < LIMIT_UNREAD ? (uint32_t)n : LIMIT_UNREAD;
}

struct listing {
    struct listed *rows;
    size_t n, cap;
};

static void listing_read(struct db *db, int64_t user, struct arena *arena, struct listing *all)
{
    sqlite3_stmt *st = db_statement(db, ST_MEMBERSHIPS);
    db_bind_int(st, 1, user);
    while (db_row(db, st)) {
        if (all->n == all->cap) {
            all->cap = all->cap == 0 ? 16 : 2 * all->cap;
            all->rows = mem_realloc(all->rows, all->cap * sizeof *all->rows);
        }
        all->rows[all->n++] = (struct listed){
            {.channel = channel_of_row(st, arena), .read_seq = db_u64(st, 6)}, db_int(st, 5)};
    }
}

static void listing_apply_moves(struct listing *all, const struct position_move *moves, size_t n)
{
    for (size_t m = 0; m < n; m++)
        for (size_t i = 0; i < all->n; i++)
            if (all->rows[i].channel == moves[m].channel &&
                all->rows[i].membership.read_seq < moves[m].seq)
                all->rows[i].membership.read_seq = moves[m].seq;
}

static void memberships_fill(struct db *db, int64_t user, bool with_unread, struct listing *all,
                             struct arena *arena, struct memberships *out)
{
    uint64_t stamp, *position = arena_alloc(arena, sizeof *position);
    *position = 0;
    find_last(db, position, &stamp);
    out->positions = position;
    out->n = all->n;
    out->items = arena_alloc(arena, all->n * sizeof *out->items);
    for (size_t i = 0; i < all->n; i++) {
        struct listed *l = &all->rows[i];
        l->membership.head_seq = find_head(db, l->channel);
        if (with_unread)
            l->membership.unread = unread_of(db, l, user);
        out->items[i] = l->membership;
    }
}

enum err channel_memberships(struct channel_store *self, const struct uuid *user, bool with_unread,
                             struct arena *arena, struct memberships *out)
{
    struct sqlite_store *s = store_of(self);
    struct reader *r = readers_take(&s->readers);
    struct listing all = {.n = 0};
    struct position_move *moves;
    if (r == NULL)
        return ERR_UNAVAILABLE;
    int64_t row = row_of(&r->db, ST_USER_ROW, user);
    size_t n = positions_of(&s->positions, row, arena, &moves); /* before the snapshot, see there */
    db_begin_read(&r->db);
    listing_read(&r->db, row, arena, &all);
    listing_apply_moves(&all, moves, n);
    memberships_fill(&r->db, row, with_unread, &all, arena, out);
    mem_free(all.rows);
    return readers_give(&s->readers, r, ERR_OK);
}

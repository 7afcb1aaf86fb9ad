/* Proving that a store is sound. One walk along the log holds every event against what the events
 * before it left behind; then the tables are held against what the whole log left behind. */
#include "adapter/sqlite/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "adapter/sqlite/client_ids.h"
#include "adapter/sqlite/dir.h"
#include "adapter/sqlite/find.h"
#include "adapter/sqlite/schema.h"
#include "base/mem.h"
#include "domain/event.h"
#include "domain/id.h"
#include "domain/message.h"

#define CACHE_KIB    2048
#define PROBLEMS_MAX 1000
#define PROBES_MAX   64

/* What the log says so far of a channel. */
struct seen_channel {
    int64_t row;
    uint64_t head;
    int64_t members, members_said; /* by joins and leaves; by the table */
    bool created;
    UT_hash_handle hh;
};

/* Who is in, by joins and leaves. */
struct seen_member {
    struct {
        int64_t user, channel;
    } key;
    uint64_t joined_seq;
    UT_hash_handle hh;
};

struct seen_user {
    int64_t row;
    UT_hash_handle hh;
};

struct walk {
    struct db *db;
    void (*problem)(const char *sentence, void *arg);
    void *arg;
    struct sqlite_verify_result *out;
    struct seen_channel *channels;
    struct seen_member *members;
    struct seen_user *users;
    struct client_ids ids;    /* for its seed and watermark */
    struct recent_id *recent; /* client ids above the watermark */
    size_t n_recent, recent_cap;
    uint64_t n_indexed; /* client ids at or below it */
    uint64_t last_seq, last_id;
};

static void report(struct walk *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void report(struct walk *w, const char *format, ...)
{
    char sentence[256];
    va_list ap;
    if (w->out->problems++ >= PROBLEMS_MAX)
        return;
    va_start(ap, format);
    vsnprintf(sentence, sizeof sentence, format, ap);
    va_end(ap);
    w->problem(sentence, w->arg);
}

/* ---- What is loaded before the walk ---- */

static sqlite3_stmt *query(struct walk *w, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(w->db->handle, sql, -1, &st, NULL);
    if (code != SQLITE_OK)
        db_note(w->db, code);
    return st;
}

static void check_file(struct walk *w)
{
    sqlite3_stmt *st = query(w, "PRAGMA integrity_check(100)");
    while (db_row(w->db, st)) {
        struct str line = db_str(st, 0);
        if (!str_eq(line, STR("ok")))
            report(w, "the file: %.*s", STR_FMT(line));
    }
    sqlite3_finalize(st);
}

static void load_tables(struct walk *w)
{
    sqlite3_stmt *st = query(w, "SELECT id FROM user");
    while (db_row(w->db, st)) {
        struct seen_user *u = MEM_NEW(struct seen_user);
        u->row = db_int(st, 0);
        HASH_ADD(hh, w->users, row, sizeof u->row, u);
        w->out->users++;
    }
    sqlite3_finalize(st);
    st = query(w, "SELECT id, members FROM channel");
    while (db_row(w->db, st)) {
        struct seen_channel *c = MEM_NEW(struct seen_channel);
        c->row = db_int(st, 0);
        c->members_said = db_int(st, 1);
        HASH_ADD(hh, w->channels, row, sizeof c->row, c);
        w->out->channels++;
    }
    sqlite3_finalize(st);
}

static bool user_exists(const struct walk *w, int64_t row)
{
    struct seen_user *u;
    HASH_FIND(hh, w->users, &row, sizeof row, u);
    return u != NULL;
}

static struct seen_member *member_find(const struct walk *w, int64_t user, int64_t channel)
{
    struct seen_member wanted, *m;
    memset(&wanted, 0, sizeof wanted);
    wanted.key.user = user;
    wanted.key.channel = channel;
    HASH_FIND(hh, w->members, &wanted.key, sizeof wanted.key, m);
    return m;
}

/* ---- The walk ---- */

struct row {
    uint64_t seq, id, prev, parent;
    int64_t kind, channel, user;
    struct str client_msg_id;
    bool has_content;
};

static bool row_is_post(const struct row *r)
{
    return r->kind == EVENT_MESSAGE || r->kind == EVENT_REPLY;
}

static void check_joined(struct walk *w, const struct row *r, struct seen_channel *c)
{
    if (member_find(w, r->user, r->channel) != NULL) {
        report(w, "event %" PRIu64 " joins somebody who is in already", r->seq);
        return;
    }
    struct seen_member *m = MEM_NEW(struct seen_member);
    m->key.user = r->user;
    m->key.channel = r->channel;
    m->joined_seq = r->seq;
    HASH_ADD(hh, w->members, key, sizeof m->key, m);
    c->members++;
}

static void check_left(struct walk *w, const struct row *r, struct seen_channel *c)
{
    struct seen_member *m = member_find(w, r->user, r->channel);
    if (m == NULL) {
        report(w, "event %" PRIu64 " takes out somebody who is not in", r->seq);
        return;
    }
    HASH_DEL(w->members, m);
    mem_free(m);
    c->members--;
}

static void check_parent(struct walk *w, const struct row *r)
{
    sqlite3_stmt *st = db_statement(w->db, ST_EVENT_BY_SEQ);
    db_bind_u64(st, 1, find_first_from_id(w->db, r->parent, r->seq));
    bool found = db_row(w->db, st) && db_int(st, 0) == EVENT_MESSAGE &&
                 db_u64(st, 5) == r->parent && db_int(st, 1) == r->channel;
    db_reset(st);
    if (!found)
        report(w, "reply %" PRIu64 " answers no message of its channel", r->seq);
}

/* Do two posts stand under one client id? */
static bool is_same_client_id(struct walk *w, uint64_t seq, const struct row *r)
{
    sqlite3_stmt *st = db_statement(w->db, ST_EVENT_BY_SEQ);
    db_bind_u64(st, 1, seq);
    bool same = db_row(w->db, st) && db_int(st, 1) == r->channel && db_int(st, 2) == r->user &&
                str_eq(db_str(st, 6), r->client_msg_id);
    db_reset(st);
    return same;
}

static void recent_add(struct walk *w, uint64_t hash, uint64_t seq)
{
    if (w->n_recent == w->recent_cap) {
        w->recent_cap = w->recent_cap == 0 ? 1024 : 2 * w->recent_cap;
        w->recent = mem_realloc(w->recent, w->recent_cap * sizeof *w->recent);
    }
    w->recent[w->n_recent++] = (struct recent_id){hash, seq};
}

static void check_client_id(struct walk *w, const struct row *r)
{
    if (r->client_msg_id.n > CLIENT_MSG_ID_CHARS_MAX) {
        report(w, "event %" PRIu64 " has a client id that is too long", r->seq);
        return;
    }
    uint64_t hash = client_ids_hash(&w->ids, r->user, r->channel, r->client_msg_id);
    bool found = false;
    w->out->client_ids++;
    for (uint64_t i = 0; i < PROBES_MAX && !found; i++) {
        sqlite3_stmt *st = db_statement(w->db, ST_CLIENT_ID_GET);
        db_bind_int(st, 1, (int64_t)(hash + i));
        if (!db_row(w->db, st))
            break;
        uint64_t seq = db_u64(st, 0);
        db_reset(st);
        found = seq == r->seq;
        if (!found && is_same_client_id(w, seq, r))
            report(w, "events %" PRIu64 " and %" PRIu64 " have one client id", seq, r->seq);
    }
    if (r->seq > w->ids.indexed_seq)
        recent_add(w, hash, r->seq);
    else if (!found)
        report(w, "the client id of event %" PRIu64 " is not in the index", r->seq);
    w->n_indexed += found;
}

static void check_post(struct walk *w, const struct row *r, struct seen_channel *c)
{
    if (r->id <= w->last_id)
        report(w, "the id of event %" PRIu64 " is not above the one before", r->seq);
    if (!r->has_content)
        report(w, "event %" PRIu64 " has no text", r->seq);
    if (r->kind == EVENT_REPLY)
        check_parent(w, r);
    else if (r->parent != 0)
        report(w, "message %" PRIu64 " answers something", r->seq);
    if (r->client_msg_id.n > 0)
        check_client_id(w, r);
    c->head = r->seq;
}

static void check_event(struct walk *w, const struct row *r)
{
    struct seen_channel *c;
    HASH_FIND(hh, w->channels, &r->channel, sizeof r->channel, c);
    w->out->events++;
    if (c == NULL || !user_exists(w, r->user)) {
        report(w, "event %" PRIu64 " is of a channel or user that does not exist", r->seq);
        return;
    }
    if (r->prev != c->head)
        report(w, "event %" PRIu64 " follows %" PRIu64 ", but names %" PRIu64, r->seq, c->head,
               r->prev);
    if (c->created == (r->kind == EVENT_CREATED))
        report(w, "event %" PRIu64 " does not begin with the channel's creation", r->seq);
    c->created = true;
    if (row_is_post(r))
        check_post(w, r, c);
    else if (r->kind == EVENT_JOINED)
        check_joined(w, r, c);
    else if (r->kind == EVENT_LEFT)
        check_left(w, r, c);
    else if (r->kind != EVENT_CREATED)
        report(w, "event %" PRIu64 " is of no known kind", r->seq);
    if (r->id < w->last_id)
        report(w, "the stamp of event %" PRIu64 " goes back", r->seq);
}

static void walk_log(struct walk *w)
{
    sqlite3_stmt *st = query(w, "SELECT seq, id, kind, channel, user, prev, parent, client_msg_id,"
                                " content IS NOT NULL FROM event ORDER BY seq");
    while (db_row(w->db, st)) {
        const struct row r = {db_u64(st, 0), db_u64(st, 1), db_u64(st, 5),
                              db_u64(st, 6), db_int(st, 2), db_int(st, 3),
                              db_int(st, 4), db_str(st, 7), db_int(st, 8) != 0};
        check_event(w, &r);
        w->last_seq = r.seq;
        w->last_id = r.id;
    }
    sqlite3_finalize(st);
    if (w->last_seq >= UINT64_C(1) << 53 || w->last_id > ID_MAX)
        report(w, "the last position or id is too great for JSON");
}

/* ---- What the whole log left behind ---- */

static int by_hash(const void *a, const void *b)
{
    const struct recent_id *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static void check_recent(struct walk *w)
{
    if (w->n_recent > 1)
        qsort(w->recent, w->n_recent, sizeof *w->recent, by_hash);
    for (size_t i = 1; i < w->n_recent; i++)
        if (w->recent[i].hash == w->recent[i - 1].hash)
            report(w, "events %" PRIu64 " and %" PRIu64 " have one client id", w->recent[i - 1].seq,
                   w->recent[i].seq);
}

static void check_members(struct walk *w)
{
    sqlite3_stmt *st = query(w, "SELECT user, channel, joined_seq, read_seq FROM member");
    while (db_row(w->db, st)) {
        int64_t user = db_int(st, 0), channel = db_int(st, 1);
        struct seen_member *m = member_find(w, user, channel);
        struct seen_channel *c;
        HASH_FIND(hh, w->channels, &channel, sizeof channel, c);
        w->out->memberships++;
        if (m == NULL || m->joined_seq != db_u64(st, 2))
            report(w, "the log does not know member %" PRId64 " of channel %" PRId64, user,
                   channel);
        if (c != NULL && db_u64(st, 3) > c->head)
            report(w, "member %" PRId64 " of channel %" PRId64 " has read what was not said", user,
                   channel);
    }
    sqlite3_finalize(st);
    if (w->out->memberships < HASH_COUNT(w->members))
        report(w, "%" PRIu64 " members of the log are not in the table",
               HASH_COUNT(w->members) - w->out->memberships);
}

static void check_channels(struct walk *w)
{
    for (const struct seen_channel *c = w->channels; c != NULL; c = c->hh.next) {
        if (!c->created)
            report(w, "the log does not know channel %" PRId64, c->row);
        if (c->members != c->members_said)
            report(w, "channel %" PRId64 " has %" PRId64 " members, not %" PRId64, c->row,
                   c->members, c->members_said);
    }
}

static void check_index(struct walk *w)
{
    int64_t rows = db_query_int(w->db, "SELECT count(*) FROM client_id");
    if (rows != (int64_t)w->n_indexed)
        report(w, "the index of client ids has %" PRId64 " entries for %" PRIu64 " posts", rows,
               w->n_indexed);
}

static void walk_free(struct walk *w)
{
    struct seen_channel *c, *next_c;
    struct seen_member *m, *next_m;
    struct seen_user *u, *next_u;
    HASH_ITER (hh, w->channels, c, next_c) {
        HASH_DEL(w->channels, c);
        mem_free(c);
    }
    HASH_ITER (hh, w->members, m, next_m) {
        HASH_DEL(w->members, m);
        mem_free(m);
    }
    HASH_ITER (hh, w->users, u, next_u) {
        HASH_DEL(w->users, u);
        mem_free(u);
    }
    mem_free(w->recent);
}

static void load_watermark(struct walk *w)
{
    int64_t seq = 0;
    db_meta_blob(w->db, "client_id.seed", &w->ids.seed, sizeof w->ids.seed);
    db_meta_int(w->db, "client_id.seq", &seq);
    w->ids.indexed_seq = (uint64_t)seq;
}

enum err verify_database(struct db *db, void (*problem)(const char *sentence, void *arg), void *arg,
                         struct sqlite_verify_result *out)
{
    struct walk w = {.db = db, .problem = problem, .arg = arg, .out = out};
    *out = (struct sqlite_verify_result){0};
    db_begin_read(db);
    check_file(&w);
    load_watermark(&w);
    load_tables(&w);
    walk_log(&w);
    check_recent(&w);
    check_members(&w);
    check_channels(&w);
    check_index(&w);
    walk_free(&w);
    return db_commit(db);
}

enum err sqlite_verify(const char *dir, void (*problem)(const char *sentence, void *arg), void *arg,
                       struct sqlite_verify_result *out, char *reason, size_t reason_size)
{
    char path[DIR_PATH_SIZE];
    struct db db;
    *out = (struct sqlite_verify_result){0};
    if (!dir_has_store(dir) || !dir_path(dir, DIR_DB, path)) {
        snprintf(reason, reason_size, "there is no store in %s", dir);
        return ERR_UNAVAILABLE;
    }
    enum err e = db_open(&db, path, DB_READ, CACHE_KIB, DB_BUSY_MS, reason, reason_size);
    if (e != ERR_OK)
        return e;
    e = schema_check(&db, reason, reason_size);
    if (e == ERR_OK && (e = verify_database(&db, problem, arg, out)) != ERR_OK)
        snprintf(reason, reason_size, "%s cannot be read to its end", path);
    db_close(&db);
    return e;
}

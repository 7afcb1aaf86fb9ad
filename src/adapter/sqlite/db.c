#include "adapter/sqlite/db.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define LOG_EVERY_US 1000000

static const char *const sql_of[STATEMENT_COUNT] = {
#define STATEMENT_SQL(id, sql) [id] = sql,
    STATEMENTS(STATEMENT_SQL)
#undef STATEMENT_SQL
};

/* Every connection stays with one thread at a time, so SQLite needs no mutex around it, and its
 * global memory statistics would be the one lock that all of them share. */
static void configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool is_failed_sync(int code)
{
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

void db_note(struct db *db, int code)
{
    if (is_failed_sync(code)) {
        log_event(LOG_ERROR, "a sync failed: what is on disk is not known any more, stopping",
                  LOG_I("errno", sqlite3_system_errno(db->handle)));
        abort();
    }
    if (db->failed == SQLITE_OK)
        db->failed = code;
}

static void set_pragmas(struct db *db, enum db_mode mode, int cache_kib)
{
    char sql[64];
    int persist = 1;
    snprintf(sql, sizeof sql, "PRAGMA cache_size=-%d", cache_kib);
    db_exec(db, sql);
    if (mode == DB_SINGLE)
        return;
    db_exec(db, "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_spill=0");
    sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_PERSIST_WAL, &persist);
    if (mode == DB_READ)
        db_exec(db, "PRAGMA query_only=1");
}

enum err db_open(struct db *db, const char *path, enum db_mode mode, int cache_kib, int busy_ms,
                 char *reason, size_t reason_size)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    pthread_once(&configured, configure_library);
    *db = (struct db){.handle = NULL};
    int code =
        sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, busy_ms);
    db->failed = code;
    if (db_ok(db))
        set_pragmas(db, mode, cache_kib);
    if (db_ok(db))
        db_query_int(db, "SELECT count(*) FROM sqlite_master"); /* is it a database at all? */
    if (db_ok(db))
        return ERR_OK;
    snprintf(reason, reason_size, "%s cannot be opened: %s", path, db_error_text(db));
    db_close(db);
    return ERR_UNAVAILABLE;
}

void db_close(struct db *db)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    int code = sqlite3_close(db->handle);
    assert(code == SQLITE_OK);
    *db = (struct db){.handle = NULL};
}

sqlite3_stmt *db_statement(struct db *db, enum statement id)
{
    if (!db_ok(db))
        return NULL;
    if (db->statements[id] == NULL) {
        int code = sqlite3_prepare_v3(db->handle, sql_of[id], -1, SQLITE_PREPARE_PERSISTENT,
                                      &db->statements[id], NULL);
        if (code != SQLITE_OK)
            db_note(db, code);
    }
    return db->statements[id];
}

/* A parameter that cannot be bound is a bug in a statement of ours; one of no statement follows a
 * failure. */
static void check_bound(const sqlite3_stmt *st, int code)
{
    assert(st == NULL || code == SQLITE_OK);
}

void db_bind_int(sqlite3_stmt *st, int at, int64_t v)
{
    if (st != NULL)
        check_bound(st, sqlite3_bind_int64(st, at, v));
}

void db_bind_u64(sqlite3_stmt *st, int at, uint64_t v)
{
    db_bind_int(st, at, v > INT64_MAX ? INT64_MAX : (int64_t)v);
}

void db_bind_null(sqlite3_stmt *st, int at)
{
    if (st != NULL)
        check_bound(st, sqlite3_bind_null(st, at));
}

void db_bind_str(sqlite3_stmt *st, int at, struct str v)
{
    assert(v.n <= INT32_MAX);
    if (st != NULL)
        check_bound(st, sqlite3_bind_text(st, at, v.n == 0 ? "" : v.p, (int)v.n, SQLITE_STATIC));
}

void db_bind_blob(sqlite3_stmt *st, int at, const void *p, size_t n)
{
    assert(n <= INT32_MAX);
    if (st != NULL)
        check_bound(st, sqlite3_bind_blob(st, at, p, (int)n, SQLITE_STATIC));
}

void db_bind_uuid(sqlite3_stmt *st, int at, const struct uuid *v)
{
    db_bind_blob(st, at, v->b, sizeof v->b);
}

bool db_row(struct db *db, sqlite3_stmt *st)
{
    if (!db_ok(db) || st == NULL)
        return false;
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        return true;
    sqlite3_reset(st);
    if (code != SQLITE_DONE)
        db_note(db, code);
    return false;
}

void db_reset(sqlite3_stmt *st)
{
    if (st != NULL)
        sqlite3_reset(st);
}

bool db_run(struct db *db, sqlite3_stmt *st)
{
    bool row = db_row(db, st);
    assert(!row);
    return db_ok(db) && sqlite3_changes(db->handle) > 0;
}

int64_t db_int(sqlite3_stmt *st, int at)
{
    return sqlite3_column_int64(st, at);
}

uint64_t db_u64(sqlite3_stmt *st, int at)
{
    int64_t v = sqlite3_column_int64(st, at);
    return v < 0 ? 0 : (uint64_t)v;
}

bool db_is_null(sqlite3_stmt *st, int at)
{
    return sqlite3_column_type(st, at) == SQLITE_NULL;
}

struct str db_str(sqlite3_stmt *st, int at)
{
    const char *p = (const char *)sqlite3_column_text(st, at);
    return (struct str){p, (size_t)sqlite3_column_bytes(st, at)};
}

struct str db_blob(sqlite3_stmt *st, int at)
{
    const char *p = sqlite3_column_blob(st, at);
    return (struct str){p, (size_t)sqlite3_column_bytes(st, at)};
}

struct str db_str_copy(sqlite3_stmt *st, int at, struct arena *arena)
{
    return arena_str(arena, db_str(st, at));
}

struct uuid db_uuid(sqlite3_stmt *st, int at)
{
    struct uuid u = UUID_NIL;
    struct str b = db_blob(st, at);
    if (b.n == sizeof u.b)
        memcpy(u.b, b.p, sizeof u.b);
    return u;
}

void db_exec(struct db *db, const char *sql)
{
    if (!db_ok(db))
        return;
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        db_note(db, code);
}

int64_t db_query_int(struct db *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int64_t v = 0;
    if (!db_ok(db))
        return 0;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL);
    if (code != SQLITE_OK)
        db_note(db, code);
    if (db_row(db, st))
        v = db_int(st, 0);
    sqlite3_finalize(st);
    return v;
}

void db_begin_write(struct db *db)
{
    db_run(db, db_statement(db, ST_BEGIN_WRITE));
}

void db_begin_read(struct db *db)
{
    db_run(db, db_statement(db, ST_BEGIN_READ));
}

/* SQLite may have rolled back by itself, on a full disk for instance. */
static void roll_back(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

enum err db_commit(struct db *db)
{
    db_run(db, db_statement(db, ST_COMMIT));
    return db_finish(db);
}

void db_rollback(struct db *db)
{
    roll_back(db);
    db->failed = SQLITE_OK;
}

static void log_failure(struct db *db)
{
    int64_t now_us = clock_steady_us(&clock_system);
    if (db->logged_us != 0 && now_us - db->logged_us < LOG_EVERY_US)
        return;
    db->logged_us = now_us;
    log_event(LOG_ERROR, "the store failed", LOG_S("reason", db_error_text(db)),
              LOG_I("sqlite", db->failed));
}

enum err db_finish(struct db *db)
{
    if (db_ok(db))
        return ERR_OK;
    log_failure(db);
    db_rollback(db);
    return ERR_UNAVAILABLE;
}

const char *db_error_text(const struct db *db)
{
    switch (db->failed & 0xff) {
    case SQLITE_FULL:
        return "the disk is full";
    case SQLITE_BUSY:
        return "another process holds the store";
    case SQLITE_NOTADB:
        return "it is not a parley store";
    case SQLITE_CORRUPT:
        return "it is damaged";
    default:
        return sqlite3_errstr(db->failed);
    }
}

bool db_meta_int(struct db *db, const char *key, int64_t *out)
{
    sqlite3_stmt *st = db_statement(db, ST_META_GET);
    db_bind_str(st, 1, str_of(key));
    if (!db_row(db, st))
        return false;
    *out = db_int(st, 0);
    db_reset(st);
    return true;
}

void db_meta_put_int(struct db *db, const char *key, int64_t v)
{
    sqlite3_stmt *st = db_statement(db, ST_META_PUT);
    db_bind_str(st, 1, str_of(key));
    db_bind_int(st, 2, v);
    db_run(db, st);
}

bool db_meta_blob(struct db *db, const char *key, void *out, size_t n)
{
    sqlite3_stmt *st = db_statement(db, ST_META_GET);
    db_bind_str(st, 1, str_of(key));
    if (!db_row(db, st))
        return false;
    struct str b = db_blob(st, 0);
    bool fits = b.n == n;
    if (fits)
        memcpy(out, b.p, n);
    db_reset(st);
    return fits;
}

void db_meta_put_blob(struct db *db, const char *key, const void *p, size_t n)
{
    sqlite3_stmt *st = db_statement(db, ST_META_PUT);
    db_bind_str(st, 1, str_of(key));
    db_bind_blob(st, 2, p, n);
    db_run(db, st);
}

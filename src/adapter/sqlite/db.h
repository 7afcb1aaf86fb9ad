/* One connection and its prepared statements. Inside adapter/sqlite only; a connection is used by
 * one thread at a time.
 *
 * Failures stick: after one every further call does nothing (a query has no rows), until db_finish
 * ends the transaction, reports it and clears it. So a transaction is written straight down and
 * checked once. A failed sync alone is not reported: after one the kernel may have dropped what was
 * written and will say "synced" the next time, so the process stops rather than promise anything
 * (docs/internals/journal.md).
 */
#ifndef PARLEY_ADAPTER_SQLITE_DB_H
#define PARLEY_ADAPTER_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "adapter/sqlite/statements.def.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

enum statement {
#define STATEMENT_ENUM(id, sql) id,
    STATEMENTS(STATEMENT_ENUM)
#undef STATEMENT_ENUM
        STATEMENT_COUNT
};

/* How long a writer waits for another process (the command line), whose turns are short. */
#define DB_BUSY_MS 5000

struct db {
    sqlite3 *handle;
    int failed;        /* the SQLite code that stuck, SQLITE_OK when none did */
    int64_t logged_us; /* when a failure was logged last: at most once a second */
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

enum db_mode {
    DB_WRITE,
    DB_READ,   /* refuses to write */
    DB_SINGLE, /* a file on its own, such as a backup: no write-ahead log */
};

/* Opens the existing file `path`. `cache_kib` bounds the pages it keeps in memory; `busy_ms` how
 * long it waits for another process. On failure the sentence is in `reason` and nothing is open. */
enum err db_open(struct db *db, const char *path, enum db_mode mode, int cache_kib, int busy_ms,
                 char *reason, size_t reason_size);
/* Also of one that is not open. */
void db_close(struct db *db);

static inline bool db_ok(const struct db *db)
{
    return db->failed == SQLITE_OK;
}

/* The statement, ready for its parameters. NULL after a failure; all calls below then do nothing.
 */
sqlite3_stmt *db_statement(struct db *db, enum statement id);
/* Parameters count from 1. Texts and blobs are borrowed until the statement has run. */
void db_bind_int(sqlite3_stmt *st, int at, int64_t v);
void db_bind_u64(sqlite3_stmt *st, int at, uint64_t v);
void db_bind_null(sqlite3_stmt *st, int at);
void db_bind_str(sqlite3_stmt *st, int at, struct str v);
void db_bind_blob(sqlite3_stmt *st, int at, const void *p, size_t n);
void db_bind_uuid(sqlite3_stmt *st, int at, const struct uuid *v);
/* The next row; false at the end or on failure, when the statement is reset. */
bool db_row(struct db *db, sqlite3_stmt *st);
/* Ends a statement before its last row. */
void db_reset(sqlite3_stmt *st);
/* Runs a statement that gives no rows; true when it changed something. */
bool db_run(struct db *db, sqlite3_stmt *st);
/* Columns count from 0; texts live until the next row. */
int64_t db_int(sqlite3_stmt *st, int at);
uint64_t db_u64(sqlite3_stmt *st, int at);
bool db_is_null(sqlite3_stmt *st, int at);
struct str db_str(sqlite3_stmt *st, int at);
struct str db_blob(sqlite3_stmt *st, int at);
struct str db_str_copy(sqlite3_stmt *st, int at, struct arena *arena);
/* UUID_NIL for a blob that is not 16 bytes. */
struct uuid db_uuid(sqlite3_stmt *st, int at);

/* A statement that is not worth keeping. */
void db_exec(struct db *db, const char *sql);
/* Its first column of its first row, 0 when there is none. */
int64_t db_query_int(struct db *db, const char *sql);

void db_begin_write(struct db *db);
/* A snapshot for the statements that follow. */
void db_begin_read(struct db *db);
/* Commits, or rolls back when anything failed. ERR_UNAVAILABLE then, and the failure is logged and
 * cleared. */
enum err db_commit(struct db *db);
/* Gives the transaction up without a log line. */
void db_rollback(struct db *db);
/* The same as db_commit for what was no kept transaction: clears a failure and reports it. */
enum err db_finish(struct db *db);
/* What failed, in English. Static or the connection's. */
const char *db_error_text(const struct db *db);
/* Records `code` as if a statement had returned it: stops the process if it is a failed sync. */
void db_note(struct db *db, int code);

/* Values of the table `meta`. */
bool db_meta_int(struct db *db, const char *key, int64_t *out);
void db_meta_put_int(struct db *db, const char *key, int64_t v);
/* Copies exactly `n` bytes; false, and `out` untouched, when it is not there with that size. */
bool db_meta_blob(struct db *db, const char *key, void *out, size_t n);
void db_meta_put_blob(struct db *db, const char *key, const void *p, size_t n);

#endif

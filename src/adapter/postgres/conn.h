/* One connection: statements that are prepared at their first use, parameters and results in
 * binary, and a deadline on every step. Inside adapter/postgres only.
 *
 * A failure sticks: what is called after it does nothing and returns nothing, so that a body of
 * statements reads straight down and whoever began it looks once, at the end. There are two kinds:
 * the server refused (the connection is fine, a transaction is not), or the connection is gone.
 */
#ifndef PARLEY_ADAPTER_POSTGRES_CONN_H
#define PARLEY_ADAPTER_POSTGRES_CONN_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapter/postgres/statements.def.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "telemetry/trace.h"

enum pg_statement {
#define PG_STATEMENT_ENUM(id, columns, sql) id,
    PG_STATEMENTS(PG_STATEMENT_ENUM)
#undef PG_STATEMENT_ENUM
        PG_STATEMENT_COUNT
};

#define PG_SETTINGS_MAX 16
#define PG_REASON_SIZE  256

/* How to connect; strings are owned by whoever filled it. */
struct pg_settings {
    const char *keys[PG_SETTINGS_MAX + 1], *values[PG_SETTINGS_MAX + 1]; /* NULL-terminated */
    unsigned connect_timeout_ms, statement_timeout_ms;
};

enum pg_failure {
    PG_FINE,
    PG_REFUSED, /* `state` says why */
    PG_LOST,    /* only closing it helps */
};

struct pg_conn {
    struct pg_conn *next; /* the pool's */
    PGconn *handle;
    enum pg_failure failure;
    char state[6]; /* SQLSTATE of a refusal, "" when there is none */
    char text[PG_REASON_SIZE];
    unsigned timeout_ms; /* of one statement, seen from here */
    unsigned generation; /* the pool's */
    int64_t taken_us;
    struct trace_span span; /* from taking to giving */
    bool prepared[PG_STATEMENT_COUNT];
};

/* Opens one and looks whether the server is fit: version, encoding. NULL with a sentence. */
struct pg_conn *pg_conn_open(const struct pg_settings *settings, char *reason, size_t reason_size);
/* NULL is fine. */
void pg_conn_close(struct pg_conn *c);
/* Has an idle one been closed by the server? Does not ask it anything. */
bool pg_conn_is_alive(struct pg_conn *c);

#define PG_ARGS_MAX 16

/* The parameters of one statement, in order. Texts and ids are borrowed until it has run. */
struct pg_args {
    int n;
    Oid types[PG_ARGS_MAX];
    const char *values[PG_ARGS_MAX];
    int lengths[PG_ARGS_MAX];
    uint64_t words[PG_ARGS_MAX];
};

void pg_args_uuid(struct pg_args *a, const struct uuid *u);
void pg_args_str(struct pg_args *a, struct str s);
/* Any bytes. */
void pg_args_bytes(struct pg_args *a, struct str s);
void pg_args_int(struct pg_args *a, int64_t v);
static inline void pg_args_u64(struct pg_args *a, uint64_t v)
{
    pg_args_int(a, (int64_t)v);
}
/* A timestamp without time zone, given as microseconds since 1970 in UTC; what PostgreSQL cannot
 * hold becomes its infinities. */
void pg_args_time(struct pg_args *a, int64_t us);
/* The same as PostgreSQL holds it: microseconds since 2000. */
int64_t pg_time_of(int64_t us);

/* An array as one parameter, for statements that take many rows at once. */
struct pg_array {
    Oid type, element;
    unsigned n;
    struct buf bytes;
};

/* Empty; `bytes_max` bounds it. The types are those of oids.h. */
void pg_array_init(struct pg_array *a, Oid type, Oid element, size_t bytes_max);
void pg_array_fini(struct pg_array *a);
void pg_array_clear(struct pg_array *a);
void pg_array_bytes(struct pg_array *a, struct str s);
void pg_array_int(struct pg_array *a, int64_t v);
void pg_array_uuid(struct pg_array *a, const struct uuid *u);
/* Borrowed until the statement has run, and not empty. */
void pg_args_array(struct pg_args *a, struct pg_array *array);

/* Runs it. The rows (PQclear them), or NULL after a failure. `args` may be NULL. */
PGresult *pg_run(struct pg_conn *c, enum pg_statement id, const struct pg_args *args);
/* The same for what gives no rows: how many it changed, 0 after a failure. */
uint64_t pg_change(struct pg_conn *c, enum pg_statement id, const struct pg_args *args);
/* Statements that are not worth preparing, several at once; `timeout_ms` 0 is the usual one. True
 * when all went well. */
bool pg_exec(struct pg_conn *c, const char *sql, unsigned timeout_ms);
/* The first column of the first row of one such statement as an integer; 0 when there is none. */
int64_t pg_exec_int(struct pg_conn *c, const char *sql);

/* COPY ... FROM STDIN: `sql` with all of its `data`. True when all went well. */
bool pg_copy(struct pg_conn *c, const char *sql, struct str data);

void pg_begin(struct pg_conn *c);
/* ERR_OK: it is committed. ERR_UNKNOWN: it may be. ERR_UNAVAILABLE: it is not. */
enum err pg_commit(struct pg_conn *c);
/* Ends a transaction that is to change nothing, and forgets a refusal. */
void pg_rollback(struct pg_conn *c);
/* Forgets a refusal outside a transaction. */
void pg_forgive(struct pg_conn *c);
/* What the failure is to a caller. */
enum err pg_failure_err(const struct pg_conn *c);
/* May it go better at the next try? A deadlock, a plan that a migration made old. */
bool pg_failure_passes(const struct pg_conn *c);
/* Has this connection to be given up for it? */
bool pg_failure_is_of_connection(const struct pg_conn *c);

/* Waits up to `wait_ms` for a notification; true when there was one. Takes all that came. */
bool pg_wait_notification(struct pg_conn *c, unsigned wait_ms);

/* Columns of a row, counted from 0; they are of the types that the statement's row in the table
 * names. NULL is 0, UUID_NIL, STR_NONE. Texts live as long as the result. */
int64_t pg_int(const PGresult *r, int row, int column);
static inline uint64_t pg_u64(const PGresult *r, int row, int column)
{
    return (uint64_t)pg_int(r, row, column);
}
int64_t pg_time(const PGresult *r, int row, int column);
struct str pg_str(const PGresult *r, int row, int column);
struct uuid pg_uuid(const PGresult *r, int row, int column);
/* A name of at most `chars_max` characters, in the arena. One that chat-app took and we would not
 * is cut, and its control characters are left out: what it came to is valid. */
struct str pg_name(const PGresult *r, int row, int column, size_t chars_max, struct arena *arena);

#endif

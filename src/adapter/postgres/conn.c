#include "adapter/postgres/conn.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "adapter/postgres/oids.h"
#include "base/clock.h"
#include "base/mem.h"

#define GRACE_MS          1000 /* the server's own limit comes first */
#define SERVER_VERSION    140000
#define READS_MAX         64 /* of what an idle connection has to say */
#define NAME_SIZE         16
#define NOTIFICATIONS_MAX 1024 /* taken at once */

static const struct {
    const char *columns, *sql;
} statements[] = {
#define PG_STATEMENT_ROW(id, columns, sql) {columns, sql},
    PG_STATEMENTS(PG_STATEMENT_ROW)
#undef PG_STATEMENT_ROW
};

static int64_t now_us(void)
{
    return clock_steady_us(&clock_system);
}

static void quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

/* The first line of what libpq says, without a line's end. */
static void copy_line(const char *text, char *out, size_t size)
{
    snprintf(out, size, "%.*s", (int)strcspn(text == NULL ? "" : text, "\r\n"),
             text == NULL ? "" : text);
}

static void conn_lose(struct pg_conn *c, const char *why)
{
    if (c->failure == PG_LOST)
        return;
    c->failure = PG_LOST;
    c->state[0] = '\0';
    copy_line(why, c->text, sizeof c->text);
}

static void conn_refuse(struct pg_conn *c, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (c->failure != PG_FINE)
        return;
    c->failure = PG_REFUSED;
    snprintf(c->state, sizeof c->state, "%s", state == NULL ? "" : state);
    /* the primary message only: the details quote rows */
    copy_line(PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY), c->text, sizeof c->text);
}

/* ---- Waiting ---- */

/* Waits until the socket can do `events`; false when time is up. */
static bool wait_socket(const PGconn *handle, short events, int64_t until_us)
{
    struct pollfd p = {.fd = PQsocket(handle), .events = events};
    int64_t left_ms = (until_us - now_us() + 999) / 1000;
    if (p.fd < 0 || left_ms <= 0)
        return false;
    /* a signal ends the wait early; the caller comes round again */
    return poll(&p, 1, left_ms > 60000 ? 60000 : (int)left_ms) != 0 || now_us() < until_us;
}

/* Sends what is queued and reads until a result is whole. */
static bool wait_result(struct pg_conn *c, int64_t until_us)
{
    int unsent;
    while ((unsent = PQflush(c->handle)) > 0 || PQisBusy(c->handle)) {
        if (!wait_socket(c->handle, (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN), until_us)) {
            conn_lose(c, "the server does not answer in time");
            return false;
        }
        if (PQconsumeInput(c->handle) == 0)
            break;
    }
    if (unsent < 0 || PQstatus(c->handle) != CONNECTION_OK) {
        conn_lose(c, PQerrorMessage(c->handle));
        return false;
    }
    return true;
}

/* The last result of what was sent; an error, if there was one, instead. NULL after a failure. */
static PGresult *take_result(struct pg_conn *c, unsigned timeout_ms)
{
    int64_t until_us = now_us() + (int64_t)timeout_ms * 1000;
    PGresult *last = NULL, *r = NULL;
    while (wait_result(c, until_us) && (r = PQgetResult(c->handle)) != NULL) {
        PQclear(last);
        last = r;
        ExecStatusType status = PQresultStatus(r);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            conn_refuse(c, r);
    }
    if (c->failure == PG_FINE || last == NULL)
        return last;
    PQclear(last);
    return NULL;
}

/* ---- Opening ---- */

static bool connect_by(PGconn *handle, int64_t until_us, char *reason, size_t reason_size)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE); /* with the SQLSTATE, for refusal.c */
    while (PQstatus(handle) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
           next != PGRES_POLLING_FAILED) {
        short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_socket(handle, events, until_us)) {
            snprintf(reason, reason_size, "no connection within the time limit");
            return false;
        }
        next = PQconnectPoll(handle);
    }
    if (next == PGRES_POLLING_OK && PQstatus(handle) == CONNECTION_OK)
        return true;
    copy_line(PQerrorMessage(handle), reason, reason_size);
    return false;
}

/* A session of our own making, whatever the server's defaults are; and commits that are durable. */
static bool conn_prepare(struct pg_conn *c, const struct pg_settings *settings)
{
    char sql[512];
    snprintf(
        sql, sizeof sql,
        "SET timezone='UTC'; SET statement_timeout=%u; SET lock_timeout=%u;"
        "SET idle_in_transaction_session_timeout=10000; SET client_connection_check_interval=1000;"
        "SET tcp_keepalives_idle=10; SET tcp_keepalives_interval=5; SET tcp_keepalives_count=3;"
        "SELECT set_config('synchronous_commit','on',false)"
        " WHERE current_setting('synchronous_commit')='off'",
        settings->statement_timeout_ms, settings->statement_timeout_ms);
    return pg_exec(c, sql, 0);
}

static bool conn_is_fit(struct pg_conn *c, const struct pg_settings *settings, char *reason,
                        size_t reason_size)
{
    const char *encoding = PQparameterStatus(c->handle, "server_encoding");
    int version = PQserverVersion(c->handle);
    if (version < SERVER_VERSION) {
        snprintf(reason, reason_size, "the server is PostgreSQL %d; 14 or newer is needed",
                 version / 10000);
        return false;
    }
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        snprintf(reason, reason_size, "the database's encoding is %s; UTF8 is needed",
                 encoding == NULL ? "unknown" : encoding);
        return false;
    }
    if (conn_prepare(c, settings))
        return true;
    snprintf(reason, reason_size, "%s", c->text);
    return false;
}

struct pg_conn *pg_conn_open(const struct pg_settings *settings, char *reason, size_t reason_size)
{
    int64_t until_us = now_us() + (int64_t)settings->connect_timeout_ms * 1000;
    PGconn *handle = PQconnectStartParams(settings->keys, settings->values, 1);
    if (handle == NULL || !connect_by(handle, until_us, reason, reason_size)) {
        if (handle == NULL)
            snprintf(reason, reason_size, "libpq is out of memory");
        PQfinish(handle);
        return NULL;
    }
    struct pg_conn *c = MEM_NEW(struct pg_conn);
    c->handle = handle;
    PQsetErrorVerbosity(handle, PQERRORS_DEFAULT);
    c->timeout_ms = settings->statement_timeout_ms + GRACE_MS;
    PQsetNoticeProcessor(handle, quiet, NULL);
    PQsetnonblocking(handle, 1);
    if (conn_is_fit(c, settings, reason, reason_size))
        return c;
    pg_conn_close(c);
    return NULL;
}

void pg_conn_close(struct pg_conn *c)
{
    if (c == NULL)
        return;
    PQfinish(c->handle);
    mem_free(c);
}

bool pg_conn_is_alive(struct pg_conn *c)
{
    struct pollfd p = {.fd = PQsocket(c->handle), .events = POLLIN};
    if (p.fd < 0 || c->failure == PG_LOST)
        return false;
    /* the end of the stream comes after what was said at the end */
    for (int i = 0; i < READS_MAX && poll(&p, 1, 0) > 0; i++)
        if (PQconsumeInput(c->handle) == 0)
            return false;
    return PQstatus(c->handle) == CONNECTION_OK;
}

/* ---- Statements ---- */

static void statement_name(enum pg_statement id, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, "parley%d", (int)id);
}

static void conn_ready(struct pg_conn *c, enum pg_statement id, const struct pg_args *args)
{
    char name[NAME_SIZE];
    if (c->failure != PG_FINE || c->prepared[id])
        return;
    statement_name(id, name);
    if (PQsendPrepare(c->handle, name, statements[id].sql, args == NULL ? 0 : args->n,
                      args == NULL ? NULL : args->types) == 0) {
        conn_lose(c, PQerrorMessage(c->handle));
        return;
    }
    PGresult *r = take_result(c, c->timeout_ms);
    c->prepared[id] = r != NULL;
    PQclear(r);
}

static bool column_is(const PGresult *r, int at, char letter)
{
    Oid type = PQftype(r, at);
    switch (letter) {
    case 'u':
        return type == PG_OID_UUID;
    case 's':
        return type == PG_OID_TEXT || type == PG_OID_VARCHAR;
    case 'i':
        return type == PG_OID_INT8;
    case 'b':
        return type == PG_OID_BYTEA;
    default:
        return type == PG_OID_TIMESTAMP;
    }
}

static bool result_is_as_told(const PGresult *r, const char *columns)
{
    int n = (int)strlen(columns);
    if (PQnfields(r) != n)
        return false;
    for (int i = 0; i < n; i++)
        if (PQfformat(r, i) != 1 || !column_is(r, i, columns[i]))
            return false;
    return true;
}

PGresult *pg_run(struct pg_conn *c, enum pg_statement id, const struct pg_args *args)
{
    static const int binary[PG_ARGS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const struct pg_args none;
    const struct pg_args *a = args == NULL ? &none : args;
    char name[NAME_SIZE];
    conn_ready(c, id, args);
    if (c->failure != PG_FINE)
        return NULL;
    statement_name(id, name);
    if (PQsendQueryPrepared(c->handle, name, a->n, a->values, a->lengths, binary, 1) == 0) {
        conn_lose(c, PQerrorMessage(c->handle));
        return NULL;
    }
    PGresult *r = take_result(c, c->timeout_ms);
    if (r != NULL && !result_is_as_told(r, statements[id].columns)) {
        PQclear(r);
        conn_lose(c, "the server's answer has other columns than expected");
        return NULL;
    }
    return r;
}

uint64_t pg_change(struct pg_conn *c, enum pg_statement id, const struct pg_args *args)
{
    unsigned long long n = 0;
    PGresult *r = pg_run(c, id, args);
    if (r != NULL && !str_to_u64(str_of(PQcmdTuples(r)), &n))
        n = 0;
    PQclear(r);
    return n;
}

static PGresult *exec_text(struct pg_conn *c, const char *sql, unsigned timeout_ms)
{
    if (c->failure != PG_FINE)
        return NULL;
    if (PQsendQuery(c->handle, sql) == 0) {
        conn_lose(c, PQerrorMessage(c->handle));
        return NULL;
    }
    return take_result(c, timeout_ms == 0 ? c->timeout_ms : timeout_ms);
}

bool pg_exec(struct pg_conn *c, const char *sql, unsigned timeout_ms)
{
    PGresult *r = exec_text(c, sql, timeout_ms);
    PQclear(r);
    return r != NULL;
}

int64_t pg_exec_int(struct pg_conn *c, const char *sql)
{
    unsigned long long v = 0;
    PGresult *r = exec_text(c, sql, 0);
    if (r != NULL && PQntuples(r) == 1 && PQnfields(r) == 1)
        str_to_u64((struct str){PQgetvalue(r, 0, 0), (size_t)PQgetlength(r, 0, 0)}, &v);
    PQclear(r);
    return (int64_t)v;
}

/* ---- Copying ---- */

/* Sends COPY and waits until the server takes its data. */
static bool copy_begin(struct pg_conn *c, const char *sql, int64_t until_us)
{
    if (c->failure != PG_FINE)
        return false;
    if (PQsendQuery(c->handle, sql) == 0) {
        conn_lose(c, PQerrorMessage(c->handle));
        return false;
    }
    if (!wait_result(c, until_us))
        return false;
    PGresult *r = PQgetResult(c->handle);
    bool begun = PQresultStatus(r) == PGRES_COPY_IN;
    if (!begun && r != NULL)
        conn_refuse(c, r);
    PQclear(r);
    if (!begun) /* what is left of the answer */
        PQclear(take_result(c, c->timeout_ms));
    return begun;
}

/* libpq takes all of it or nothing, and what it took is sent by wait_result. */
static bool copy_put(struct pg_conn *c, struct str data, int64_t until_us)
{
    int put;
    while ((put = PQputCopyData(c->handle, data.p, (int)data.n)) == 0)
        if (PQflush(c->handle) < 0 || !wait_socket(c->handle, POLLOUT, until_us))
            break;
    if (put == 1)
        put = PQputCopyEnd(c->handle, NULL);
    if (put != 1)
        conn_lose(c,
                  put == 0 ? "the server does not take data in time" : PQerrorMessage(c->handle));
    return put == 1;
}

bool pg_copy(struct pg_conn *c, const char *sql, struct str data)
{
    int64_t until_us = now_us() + (int64_t)c->timeout_ms * 1000;
    assert(data.n <= INT32_MAX);
    if (!copy_begin(c, sql, until_us) || !copy_put(c, data, until_us))
        return false;
    PGresult *r = take_result(c, c->timeout_ms);
    PQclear(r);
    return r != NULL;
}

/* ---- Transactions ---- */

void pg_begin(struct pg_conn *c)
{
    pg_exec(c, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", 0);
}

enum err pg_commit(struct pg_conn *c)
{
    if (c->failure != PG_FINE)
        return ERR_UNAVAILABLE;
    PGresult *r = exec_text(c, "COMMIT", 0);
    if (r == NULL)
        return pg_failure_is_of_connection(c) ? ERR_UNKNOWN : ERR_UNAVAILABLE;
    /* a transaction that failed is "committed" by rolling it back */
    bool done = strcmp(PQcmdStatus(r), "COMMIT") == 0;
    PQclear(r);
    if (!done)
        conn_lose(c, "a commit was answered with a rollback");
    return done ? ERR_OK : ERR_UNAVAILABLE;
}

void pg_rollback(struct pg_conn *c)
{
    pg_forgive(c);
    if (c->failure == PG_FINE && PQtransactionStatus(c->handle) != PQTRANS_IDLE)
        pg_exec(c, "ROLLBACK", 0);
}

void pg_forgive(struct pg_conn *c)
{
    if (c->failure == PG_REFUSED)
        c->failure = PG_FINE;
}

static bool state_is(const struct pg_conn *c, const char *prefix)
{
    return c->failure == PG_REFUSED && strncmp(c->state, prefix, strlen(prefix)) == 0;
}

bool pg_failure_passes(const struct pg_conn *c)
{
    return state_is(c, "40001") || state_is(c, "40P01") || pg_failure_is_of_connection(c);
}

bool pg_failure_is_of_connection(const struct pg_conn *c)
{
    /* the server stops; it has become a standby; its plans or our statements are gone */
    static const char *const states[] = {"08", "57P", "25006", "26000", "0A000"};
    bool is = c->failure == PG_LOST;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        is = is || state_is(c, states[i]);
    return is;
}

enum err pg_failure_err(const struct pg_conn *c)
{
    if (c->failure == PG_FINE)
        return ERR_OK;
    /* a text it cannot hold; a value out of range, a constraint, a statement: ours to have known */
    if (state_is(c, "22021") || state_is(c, "22001"))
        return ERR_BAD_REQUEST;
    return state_is(c, "22") || state_is(c, "23") ? ERR_INTERNAL : ERR_UNAVAILABLE;
}

/* ---- Notifications ---- */

static bool take_notifications(struct pg_conn *c)
{
    PGnotify *n;
    unsigned taken = 0;
    while (taken < NOTIFICATIONS_MAX && (n = PQnotifies(c->handle)) != NULL) {
        PQfreemem(n);
        taken++;
    }
    return taken > 0;
}

bool pg_wait_notification(struct pg_conn *c, unsigned wait_ms)
{
    int64_t until_us = now_us() + (int64_t)wait_ms * 1000;
    while (c->failure == PG_FINE && !take_notifications(c)) {
        if (!wait_socket(c->handle, POLLIN, until_us))
            return false;
        if (PQconsumeInput(c->handle) == 0 || PQstatus(c->handle) != CONNECTION_OK)
            conn_lose(c, PQerrorMessage(c->handle));
    }
    return c->failure == PG_FINE;
}

/* The bridge to the `scylla` crate (bridge/src/lib.rs), which speaks Cassandra's protocol: sessions
 * that reconnect by themselves, prepared statements, token-aware routing, TLS. Inside
 * adapter/cassandra only; link.h is what the rest of the folder uses.
 *
 * A session has a thread of its own (tokio's). `done` of a request is called on it, exactly once,
 * at the latest `timeout_ms` after the request was handed over; it must not block. A result belongs
 * to whoever `done` hands it to, and may be read and freed on any thread.
 *
 * Values and cells are as CQL's native protocol has them: big-endian, a length of four bytes before
 * each value; -1 is null, -2 leaves the column as it is.
 */
#ifndef PARLEY_ADAPTER_CASSANDRA_BRIDGE_H
#define PARLEY_ADAPTER_CASSANDRA_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bridge_session;
struct bridge_statement;

enum bridge_code {
    BRIDGE_OK,
    BRIDGE_UNAVAILABLE, /* not reached, not answered in time, or too few replicas */
    BRIDGE_REFUSED,     /* the statement, a value or the log-in is not accepted */
};

struct bridge_options {
    const char *const *hosts; /* HOST or HOST:PORT */
    size_t n_hosts;
    const char *username, *password; /* NULL: none */
    const char *keyspace;            /* whose replication the routing must know */
    bool tls;
    const char *tls_ca;             /* PEM file; NULL: whom the system trusts */
    const char *tls_cert, *tls_key; /* PEM files of our own; NULL: none */
    uint16_t consistency;           /* the protocol's number */
    uint32_t connect_ms;            /* for the first connection */
    uint32_t silence_ms;            /* a connection that does not answer for so long is given up */
};

/* A value, or a column of a row. */
struct bridge_cell {
    const uint8_t *p;
    int32_t n; /* -1: null */
};

struct bridge_result {
    enum bridge_code code;
    const char *text; /* why not; not terminated */
    size_t text_n;
    size_t n_rows, n_cols;
    const struct bridge_cell *cells; /* row after row */
    const uint8_t *paging;           /* where the next page begins; NULL: nowhere */
    size_t paging_n;
};

/* A statement and where its values are among the request's. */
struct bridge_item {
    const struct bridge_statement *statement;
    size_t at, n; /* bytes */
};

typedef void (*bridge_done_f)(void *arg, struct bridge_result *result);

struct bridge_request {
    const struct bridge_item *items; /* copied, like the values */
    size_t n_items;                  /* more than one: an unlogged batch; writes only */
    const uint8_t *values;
    size_t values_n;
    const uint8_t *paging; /* NULL: from the beginning */
    size_t paging_n;
    uint32_t timeout_ms;
    bridge_done_f done;
    void *arg;
};

/* The crate and its version. Static. */
const char *bridge_library(void);
/* Connects to the first host that answers, within `connect_ms`. NULL: then a sentence in `why`, and
 * BRIDGE_REFUSED where only another configuration can help, else BRIDGE_UNAVAILABLE. */
struct bridge_session *bridge_open(const struct bridge_options *options, enum bridge_code *code,
                                   char *why, size_t why_size);
/* No request may be under way. NULL is fine. */
void bridge_close(struct bridge_session *s);
/* Blocks, at most `timeout_ms`. NULL: then a sentence in `why`. */
struct bridge_statement *bridge_prepare(struct bridge_session *s, const char *cql,
                                        int32_t page_rows, uint32_t timeout_ms, char *why,
                                        size_t why_size);
void bridge_statement_free(struct bridge_statement *statement);
/* Runs one statement without values, at QUORUM and SERIAL; one that changes the schema returns when
 * the nodes agree on it. Blocks, at most `timeout_ms`. */
struct bridge_result *bridge_run(struct bridge_session *s, const char *cql, uint32_t timeout_ms);
/* Hands a request over; never blocks. */
void bridge_execute(struct bridge_session *s, const struct bridge_request *request);
/* NULL is fine. */
void bridge_result_free(struct bridge_result *result);

#endif

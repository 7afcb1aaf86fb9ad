/* One blocking call of a port: requests that are under way together, under one time limit.
 *
 *     calls_begin(&calls, link);
 *     calls_send(&calls, &request, &call);    as often as needed; waits while too many are under
 * way enum err e = calls_wait(&calls);        the first failure of any of them
 *
 * After a failure nothing more is sent. `calls_wait` returns when everything that was sent has been
 * answered, which the bridge does within the limit; so nothing outlives the call. Inside
 * adapter/cassandra only. */
#ifndef PARLEY_ADAPTER_CASSANDRA_CALLS_H
#define PARLEY_ADAPTER_CASSANDRA_CALLS_H

#include "adapter/cassandra/link.h"
#include "adapter/cassandra/request.h"
#include "adapter/cassandra/row.h"
#include "telemetry/trace.h"

struct calls {
    struct link *link;
    pthread_cond_t answered;
    size_t pending; /* this and what follows: under the link's mutex */
    bool sent;
    enum err err;
    char why[LINK_WHY_SIZE];
    int64_t deadline_us;
    struct trace_span span;
};

/* One request whose rows are wanted. */
struct call {
    struct calls *calls;
    struct bridge_result *result; /* NULL until answered */
};

void calls_begin(struct calls *c, struct link *link);
/* `out` may be NULL: then only success counts. The request may be used again at once. */
void calls_send(struct calls *c, const struct request *r, struct call *out);
/* Waits for all; further ones may be sent then, within the same limit. ERR_UNAVAILABLE, or
 * ERR_INTERNAL for what Cassandra would not take. */
enum err calls_wait(struct calls *c);
/* Waits, and tells the link what came of it. Returns `e`, or the first failure. */
enum err calls_end(struct calls *c, enum err e);

/* The rows of `call`, one after the other; NULL is fine after a failure. */
bool call_row(const struct call *call, size_t i, struct row *out);
void call_free(struct call *call);

/* A read of any length, page by page. */
struct select {
    struct calls *calls;
    struct request request;
    struct call call;
    size_t at;
};

void select_init(struct select *s, struct calls *c, enum statement statement);
void select_fini(struct select *s);
/* Sends it; its values are in s->request. */
void select_send(struct select *s);
/* The next row, after calls_wait. Reads the next page where it must. False at the end, and when
 * that failed. */
bool select_row(struct select *s, struct row *out);

#endif

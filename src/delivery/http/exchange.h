/* One request on its way through the edge, and the answer it gets.
 *
 *     loop     the request is whole: route, token, origin      (exchange_begin)
 *     worker   the handler reads the fields, asks the services, fills the answer
 *     [journal thread, for a send: the verdict]
 *     loop     the answer is written                           (http_conn_answered)
 *
 * An exchange has one owner at any time: the loop, then a worker, then maybe the journal's thread,
 * then the loop again. It brings all its memory with it (parser, arena, JSON, answer), so that a
 * connection may go away meanwhile: the loop then clears `conn`, which nobody else looks at, and
 * the exchange is freed when it comes home. A handler that returns HANDLED_LATER has given the
 * exchange away and must not touch it again.
 */
#ifndef PARLEY_DELIVERY_HTTP_EXCHANGE_H
#define PARLEY_DELIVERY_HTTP_EXCHANGE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/task.h"
#include "delivery/http/context.h"
#include "delivery/http/response.h"
#include "service/auth.h"
#include "telemetry/trace.h"
#include "wire/http.h"
#include "wire/token.h"

struct http_conn;
struct route;

enum handled {
    HANDLED,         /* the answer is filled */
    HANDLED_LATER,   /* someone will call exchange_return */
    HANDLED_UPGRADE, /* the answer is a 101: the connection becomes a websocket */
};

struct exchange {
    struct task task;
    struct http_edge *edge;
    struct http_conn *conn; /* NULL: gone. The loop's thread only */
    struct executor *home;
    const struct route *route; /* NULL: none was found */

    struct http_parser *parser;         /* owns what `request` points at */
    const struct http_request *request; /* NULL: it was malformed */
    char address[HTTP_ADDRESS_SIZE];    /* of the client */
    bool https;                         /* as the client sees it */
    bool by_proxy;                      /* that we trust: it may say whose trace this is */
    struct claims claims;
    struct identity identity; /* on routes that want a token; strings in `claims` */

    struct arena arena;
    json_t *json; /* the body, once read; strings of its fields are borrowed from it */
    struct response response;
    int64_t begun_us;       /* the steady clock when the request was whole */
    struct trace_span span; /* until it is freed; nothing where no route was found */

    /* After exchange_return, on the loop: fills the answer from `work`. NULL: it is filled. */
    void (*finish)(struct exchange *x);
    void *work; /* the handler's, in the arena */
};

/* Takes `parser`, whose request is whole (NULL: it was malformed). On the loop. */
struct exchange *exchange_new(struct http_edge *e, struct http_conn *conn, struct conn *c,
                              struct http_parser *parser);
void exchange_free(struct exchange *x);

/* Finds out what is asked and by whom, then answers at once or has a worker do it. */
enum handled exchange_begin(struct exchange *x);
/* Back to the loop, from the thread that holds it. */
void exchange_return(struct exchange *x);
/* Is what is asked a change, of which a time-out says nothing? */
bool exchange_is_change(const struct exchange *x);

static inline const struct http_deps *exchange_deps(const struct exchange *x)
{
    return &x->edge->deps;
}

/* Fills the answer with a refusal and returns HANDLED, so that a handler ends with it. */
enum handled exchange_fail(struct exchange *x, const struct fault *f);
enum handled exchange_fail_err(struct exchange *x, enum err e);
/* A service's answer: its own sentence if `f` tells of the same error, else the table's. */
enum handled exchange_refuse(struct exchange *x, enum err e, const struct fault *f);

#endif

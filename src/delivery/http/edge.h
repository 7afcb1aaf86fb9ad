/* The HTTP edge: one object for the process, given everything it needs at birth.
 *
 * A listener hands each new connection to `http_edge_accept` on its loop. From then on the edge
 * reads requests, finds their route, says who is asking, runs the cold routes on workers, and
 * writes the answers in order. A websocket handshake ends its part in a connection: it answers 101
 * and calls `upgrade`, which gives the connection another handler.
 *
 * To stop: `http_edge_drain`, then `http_edge_close_idle` on each loop; busy connections close
 * themselves after their answer. When the patience ends, `http_edge_stop`; once
 * `http_edge_in_flight` is 0 no worker and no journal knows of a request any more, so that the
 * workers may go, then the loops, then the edge.
 */
#ifndef PARLEY_DELIVERY_HTTP_EDGE_H
#define PARLEY_DELIVERY_HTTP_EDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/task.h"
#include "delivery/ops/ready.h"
#include "domain/limits.h"
#include "net/conn.h"
#include "service/auth.h"
#include "service/channel.h"
#include "service/history.h"
#include "service/message.h"
#include "wire/http.h"
#include "wire/token.h"

/* The longest text of an address, NUL included (INET6_ADDRSTRLEN). */
#define HTTP_ADDRESS_SIZE 46
#define HTTP_LOOPS_MAX    256
#define HTTP_IDLE_MS      60000
#define HTTP_WORK_MS      30000

struct exchange;

/* A handshake that was answered with 101. Everything is lent until the callback returns. */
struct http_upgrade {
    struct conn *conn; /* the callback's from now on: it must set a handler */
    const struct http_request *request;
    const struct identity *identity; /* from the cookie, with an Origin that may; NULL: none */
    const char *address;             /* of the client, proxies taken into account */
    bool deflate;                    /* permessage-deflate was agreed, no context takeover */
    char *early;                     /* what followed the handshake already; writable */
    size_t n_early;
};
typedef void (*http_upgrade_f)(const struct http_upgrade *u, void *arg);

/* The web client's pages, outside /api. `serve` fills the answer of a GET or HEAD that accepts
 * text/html or asks for a file of the client, on the loop; false: there is no such page. */
struct http_pages {
    bool (*serve)(const struct http_pages *self, struct exchange *x);
};

/* Everything is borrowed and outlives the edge. */
struct http_deps {
    struct auth *auth;
    struct channels *channels;
    struct messages *messages;
    const struct history *history;
    const struct token_key *token_key;
    struct workers *cold;    /* stores: straight-line blocking code */
    struct workers *hashing; /* passwords: few threads, all of them busy */
    const struct clock *clock;
    const struct limits *limits;
    uint32_t idle_ms; /* a connection between requests; 0: HTTP_IDLE_MS */
    uint32_t work_ms; /* a request with the workers; 0: HTTP_WORK_MS */
    unsigned loops;   /* how many loops accept, 1..HTTP_LOOPS_MAX; their indexes are below it */

    const char *const *origins; /* that may use the API from browsers; "*" among them: all */
    size_t n_origins;
    const char *const *trusted_proxies; /* addresses or networks, as 10.0.0.0/8 */
    size_t n_trusted_proxies;
    const char *public_url; /* where people reach us; NULL: not told */

    /* The door of a node that serves nobody: /healthz, /readyz and /metrics, all else is 404. What
     * stands above, down to the workers, may be NULL then, and `upgrade`. */
    bool probes_only;
    const struct ready_check *checks;
    size_t n_checks;
    const struct http_pages *pages; /* NULL: none */
    http_upgrade_f upgrade;
    void *upgrade_arg;
};

struct http_edge;

/* ERR_BAD_REQUEST with a sentence in `reason` when an origin, a proxy or the public URL is none. */
enum err http_edge_new(const struct http_deps *deps, struct http_edge **out, char *reason,
                       size_t reason_size);
/* After the loops, with nothing in flight. NULL is fine. */
void http_edge_free(struct http_edge *e);
/* Adopts a new connection, on its loop's thread. */
void http_edge_accept(struct http_edge *e, struct conn *c);

/* Any thread. From now on every answer closes its connection and /readyz says 503. Handshakes are
 * still handed over: a websocket is told by its close frame when to come back, a refused handshake
 * could not say so to a browser. */
void http_edge_drain(struct http_edge *e);
/* Any thread. From now on nothing new is given to the workers: such requests get 503. */
void http_edge_stop(struct http_edge *e);
/* On the thread of `l`: closes its connections that are between requests. */
void http_edge_close_idle(struct http_edge *e, struct loop *l);
/* Any thread. Requests that a worker or the journal still holds. */
unsigned http_edge_in_flight(const struct http_edge *e);

/* Any thread. The client behind a request: the peer, or what a trusted proxy says of it. Writes
 * its address into `out` (HTTP_ADDRESS_SIZE). */
void http_edge_client(const struct http_edge *e, const struct conn *c, const struct http_request *r,
                      char *out);

#endif

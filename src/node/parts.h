/* The parts of a node, in the order in which they are built. Inside node/ only. */
#ifndef PARLEY_NODE_PARTS_H
#define PARLEY_NODE_PARTS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "delivery/http/edge.h"
#include "delivery/web/pages.h"
#include "delivery/ws/edge.h"
#include "fanout/hub.h"
#include "net/conn.h"
#include "node/attendance.h"
#include "node/engine.h"
#include "node/node.h"

/* A loop, the shard of the hub that lives on it, its listener and its thread. */
struct node_loop {
    struct node *node;
    struct loop *loop;
    struct shard *shard;
    struct listener *listener;
    struct timer tick; /* shard_tick, once a second */
    struct task door;  /* opens the listener, later closes it */
    pthread_t thread;
    bool running;
};

/* What the loops' tasks of opening tell the thread that starts the node. */
struct door {
    sem_t answered;
    uint16_t port; /* the configured one, then the one that was got */
    enum err err;
    char *reason;
};

struct tracing;
struct node {
    const struct config *config;
    struct limits limits; /* the ones in force */
    char name[64];
    char url[300];

    struct tracing *tracing; /* NULL: nothing is traced */
    struct engine *engine;
    struct hub *hub; /* from here to `ws` NULL without the role gateway */
    struct workers *cold, *hashing;
    struct auth *auth;
    struct channels *channels;
    struct messages *messages;
    struct history history;
    struct token_key *key;
    struct ws_edge *ws;
    struct run_encoder encoder;
    struct node_rpc *rpc;          /* NULL without a gRPC port, too */
    struct attendance *attendance; /* NULL without a shared cache too */
    struct tls_context *tls;
    struct web_pages *pages; /* NULL: this build has none */
    struct http_edge *http;

    struct timer refresh; /* auth_refresh, on the first loop */
    struct task refresh_task;
    atomic_bool refreshing;
    struct door door;
    int64_t connections_seen, connections_trimmed; /* the refresh task's */

    unsigned n_loops;
    struct node_loop loops[];
};

static inline bool node_is_gateway(const struct node *n)
{
    return n->config->server.engine == ENGINE_EMBEDDED ||
           (n->config->server.roles & ROLE_GATEWAY) != 0;
}

/* node.c: a start need not go on. */
bool node_stop_is_pending(void);

/* wiring.c: builds the parts, and frees them in reverse. Loops do not run before or after. */
enum err node_wire(struct node *n, char *reason);
void node_unwire(struct node *n);

/* secret.c: the signing secret of `config`, or the one that is kept in the data directory, made
 * there if need be. */
enum err node_token_key(const struct config *config, struct token_key **out, char *reason);

#endif

/* The circuit: which parts a node has and what each is given. The engine (engine.h)
 * is what names drivers. Read from top to bottom; freed from bottom to top. */
#include "node/parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "delivery/grpc/edge.h"
#include "fanout/peers.h"
#include "fanout/presence.h"
#include "fanout/shard.h"
#include "node/rpc.h"
#include "node/tracing.h"
#include "telemetry/metrics.h"

#define TAIL_BYTES_MAX    (32u * 1024 * 1024)
#define BACKLOG_BYTES_MAX (64u * 1024 * 1024)
#define COLD_QUEUE_MAX    4096
#define HASHING_QUEUE_MAX 64 /* at 20 ms each: nobody waits for more than a second or two */

static void name_node(struct node *n)
{
    if (n->config->cluster.node[0] != '\0')
        snprintf(n->name, sizeof n->name, "%s", n->config->cluster.node);
    else if (gethostname(n->name, sizeof n->name - 1) != 0)
        snprintf(n->name, sizeof n->name, "parley");
}

/* ---- What the parts call each other by ---- */

static bool run_on_workers(void *arg, struct task *t)
{
    struct node *n = arg;
    return workers_try_post(n->cold, t);
}

static void kick_loop(void *arg)
{
    struct node_loop *l = arg;
    loop_kick(l->loop);
}

static bool step_shard(void *arg)
{
    struct node_loop *l = arg;
    return shard_step(l->shard);
}

static void on_upgrade(const struct http_upgrade *u, void *arg)
{
    struct node *n = arg;
    ws_edge_upgrade(n->ws, u->conn, u->identity, u->deflate, u->early, u->n_early);
}

static struct uuid *list_users_here(void *arg, unsigned slice, size_t *n)
{
    struct node *node = arg;
    return presence_slice(hub_presence(node->hub), slice, n);
}

/* ---- The circuit ---- */

static enum err wire_engine(struct node *n, char *reason)
{
    bool is_embedded = n->config->server.engine == ENGINE_EMBEDDED;
    metrics_set_engine(is_embedded ? "embedded" : "cluster");
    return is_embedded
               ? engine_embedded_open(n->config, &n->engine, reason)
               : engine_cluster_open(n->config, n->name, node_stop_is_pending, &n->engine, reason);
}

static void wire_hub(struct node *n)
{
    n->encoder = ws_run_encoder;
    n->encoder.rpc = n->rpc == NULL ? NULL : grpc_event_encode;
    n->hub = hub_new(&(struct hub_config){
        .encoder = &n->encoder,
        .journal = n->engine->journal,
        .bus = n->engine->bus,
        .channels = n->engine->channels,
        .messages = n->engine->messages,
        .run_blocking = run_on_workers,
        .run_blocking_arg = n,
        .clock = &clock_system,
        .tail_bytes_max = TAIL_BYTES_MAX,
        .backlog_bytes_max = BACKLOG_BYTES_MAX,
        .channels_max = n->limits.channels_per_connection,
    });
    hub_take_positions(n->hub);
}

static void wire_services(struct node *n)
{
    n->auth = auth_new(&(struct auth_config){
        .accounts = n->engine->accounts,
        .notifier = hub_notifier(n->hub),
        .clock = &clock_system,
        .limits = &n->limits,
        .session_s = n->config->server.access_jwt_expire_time,
        .cache = n->engine->cache,
        .cache_secret = str_of(n->config->server.access_jwt_secret),
    });
    n->channels = channels_new(&(struct channel_config){
        .store = n->engine->channels,
        .notifier = hub_notifier(n->hub),
        .clock = &clock_system,
        .limits = &n->limits,
    });
    n->messages = messages_new(&(struct message_config){
        .journal = n->engine->journal,
        .clock = &clock_system,
        .limits = &n->limits,
    });
    n->history = (struct history){
        .channels = n->engine->channels,
        .messages = n->engine->messages,
    };
}

static void wire_threads(struct node *n)
{
    unsigned hashers = loop_count_default();
    n->cold = workers_new("worker", n->config->server.workers, COLD_QUEUE_MAX, NULL, NULL, NULL);
    n->hashing = workers_new("hashing", hashers, HASHING_QUEUE_MAX, NULL, NULL, NULL);
    n->ws = ws_edge_new(&(struct ws_edge_config){
        .auth = n->auth,
        .channels = n->channels,
        .messages = n->messages,
        .key = n->key,
        .workers = n->cold,
        .clock = &clock_system,
        .limits = &n->limits,
        .node = n->name,
    });
    for (unsigned i = 0; i < n->n_loops; i++) {
        struct node_loop *l = &n->loops[i];
        l->shard = hub_add_shard(n->hub, loop_executor(l->loop), kick_loop, l);
        loop_set_idle(l->loop, step_shard, l);
        ws_edge_add_loop(n->ws, l->loop, l->shard);
    }
}

/* For whoever has to know and hears no bus. */
static void wire_attendance(struct node *n)
{
    if (n->engine->cache == NULL)
        return;
    n->attendance = attendance_start(&(struct attendance_config){
        .cache = n->engine->cache,
        .node = n->name,
        .slices = WORD_SLICES,
        .list = list_users_here,
        .arg = n,
    });
}

static void wire_loops(struct node *n)
{
    for (unsigned i = 0; i < n->n_loops; i++) {
        n->loops[i].node = n;
        n->loops[i].loop = loop_new(i);
    }
}

static enum err wire_pages(struct node *n, char *reason)
{
    if (n->config->server.web[0] != '\0')
        return web_pages_load(n->config->server.web, &n->pages, reason, NODE_REASON_SIZE);
    n->pages = web_pages_builtin();
    return ERR_OK;
}

static enum err wire_http(struct node *n, char *reason)
{
    const struct config *config = n->config;
    return http_edge_new(
        &(struct http_deps){
            .auth = n->auth,
            .channels = n->channels,
            .messages = n->messages,
            .history = &n->history,
            .token_key = n->key,
            .cold = n->cold,
            .hashing = n->hashing,
            .clock = &clock_system,
            .limits = &n->limits,
            .loops = n->n_loops,
            .origins = (const char *const *)config->server.origins.items,
            .n_origins = config->server.origins.n,
            .trusted_proxies = (const char *const *)config->server.trusted_proxies.items,
            .n_trusted_proxies = config->server.trusted_proxies.n,
            .public_url = config->server.public_url[0] != '\0' ? config->server.public_url : NULL,
            .probes_only = !node_is_gateway(n),
            .checks = n->engine->checks,
            .n_checks = n->engine->n_checks,
            .pages = n->pages != NULL ? web_pages_http(n->pages) : NULL,
            .upgrade = on_upgrade,
            .upgrade_arg = n,
        },
        &n->http, reason, NODE_REASON_SIZE);
}

/* What serves people; a node without the role gateway has none of it. */
static enum err wire_gateway(struct node *n, char *reason)
{
    enum err e = rpc_load(n, reason);
    if (e == ERR_OK)
        e = node_token_key(n->config, &n->key, reason);
    if (e == ERR_OK)
        e = wire_pages(n, reason);
    if (e != ERR_OK)
        return e;
    wire_hub(n);
    wire_services(n);
    wire_threads(n);
    rpc_wire(n);
    wire_attendance(n);
    e = auth_refresh(n->auth);
    if (e != ERR_OK)
        snprintf(reason, NODE_REASON_SIZE, "the revoked sessions cannot be read from %s",
                 n->config->server.engine == ENGINE_EMBEDDED ? n->config->data.dir : "PostgreSQL");
    else
        hub_listen(n->hub); /* not before: what was revoked long ago is no news to the others */
    return e;
}

enum err node_wire(struct node *n, char *reason)
{
    const struct config *config = n->config;
    name_node(n);
    enum err e = tracing_start(config, n->name, &n->tracing, reason);
    if (e == ERR_OK)
        e = wire_engine(n, reason);
    if (e == ERR_OK && config->tls.cert[0] != '\0')
        e = tls_context_new(config->tls.cert, config->tls.key, &n->tls, reason, NODE_REASON_SIZE);
    if (e != ERR_OK)
        return e;
    wire_loops(n);
    if (node_is_gateway(n))
        e = wire_gateway(n, reason);
    return e == ERR_OK ? wire_http(n, reason) : e;
}

void node_unwire(struct node *n)
{
    workers_stop(n->hashing);
    workers_stop(n->cold);
    attendance_stop(n->attendance);
    if (n->engine != NULL)
        n->engine->ops->stop(n->engine);
    for (unsigned i = 0; i < n->n_loops; i++)
        if (n->loops[i].listener != NULL)
            listener_close(n->loops[i].listener);
    for (unsigned i = 0; i < n->n_loops; i++)
        if (n->loops[i].loop != NULL)
            loop_free(n->loops[i].loop);
    rpc_unwire(n);
    http_edge_free(n->http);
    web_pages_free(n->pages);
    ws_edge_free(n->ws);
    messages_free(n->messages);
    channels_free(n->channels);
    auth_free(n->auth);
    if (n->engine != NULL) /* the bus, too: it tells the hub */
        n->engine->ops->close(n->engine);
    hub_free(n->hub);
    workers_free(n->hashing);
    workers_free(n->cold);
    tls_context_free(n->tls);
    token_key_free(n->key);
    tracing_stop(n->tracing);
}

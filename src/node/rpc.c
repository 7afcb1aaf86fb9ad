#include "node/rpc.h"

#include <assert.h>
#include <stdio.h>

#include "adapter/grpc/grpc.h"
#include "base/log.h"
#include "base/mem.h"
#include "delivery/grpc/edge.h"
#include "node/module.h"
#include "node/parts.h"

#define TICK_MS 1000
#define POLL_MS 5

struct node_rpc {
    struct grpc_config config;
    const struct driver_module *module;
    struct driver *driver;
    struct grpc_edge *edge;
    struct loop *loop;
    struct shard *shard;
    struct timer tick;
    pthread_t thread;
    bool is_running;
};

enum err rpc_load(struct node *n, char *reason)
{
    const struct config *c = n->config;
    if (c->server.grpc_port == 0)
        return ERR_OK;
    struct node_rpc *r = MEM_NEW(struct node_rpc);
    r->config = (struct grpc_config){
        .host = c->server.grpc_host,
        .port = c->server.grpc_port,
        .cert = c->tls.cert,
        .key = c->tls.key,
        .ping_s = n->limits.ping_interval_s,
        .secret = c->cluster.secret,
        .node = n->name,
    };
    n->rpc = r;
    enum err e = module_load("grpc", sizeof r->config, &r->module, reason, NODE_REASON_SIZE);
    return e == ERR_OK ? r->module->open(&r->config, &r->driver, reason, NODE_REASON_SIZE) : e;
}

static void kick(void *arg)
{
    struct node_rpc *r = arg;
    loop_kick(r->loop);
}

static bool step(void *arg)
{
    struct node_rpc *r = arg;
    return shard_step(r->shard);
}

void rpc_wire(struct node *n)
{
    struct node_rpc *r = n->rpc;
    if (r == NULL)
        return;
    r->loop = loop_new(n->n_loops);
    r->shard = hub_add_shard(n->hub, loop_executor(r->loop), kick, r);
    loop_set_idle(r->loop, step, r);
    r->edge = grpc_edge_new(&(struct grpc_edge_config){
        .server = r->driver->rpc,
        .auth = n->auth,
        .channels = n->channels,
        .messages = n->messages,
        .history = &n->history,
        .key = n->key,
        .workers = n->cold,
        .executor = loop_executor(r->loop),
        .shard = r->shard,
        .clock = &clock_system,
        .limits = &n->limits,
        .node = n->name,
        .cluster_secret = str_of(n->config->cluster.secret),
        .checks = n->engine->checks,
        .n_checks = n->engine->n_checks,
    });
}

static void on_tick(struct timer *t)
{
    struct node_rpc *r = MEM_OWNER(t, struct node_rpc, tick);
    shard_tick(r->shard);
    grpc_edge_tick(r->edge);
    timer_start(r->loop, t, TICK_MS);
}

static void *loop_main(void *arg)
{
    struct node_rpc *r = arg;
    pthread_setname_np(pthread_self(), "grpc-loop");
    timer_start(r->loop, &r->tick, 1);
    loop_run(r->loop);
    return NULL;
}

void rpc_run(struct node *n)
{
    struct node_rpc *r = n->rpc;
    if (r == NULL)
        return;
    timer_init(&r->tick, on_tick);
    int failed = pthread_create(&r->thread, NULL, loop_main, r);
    assert(failed == 0);
    r->is_running = true;
}

enum err rpc_open(struct node *n, char *reason)
{
    struct node_rpc *r = n->rpc;
    if (r == NULL)
        return ERR_OK;
    struct rpc_server *server = r->driver->rpc;
    enum err e = server->ops->start(server, grpc_edge_handler(r->edge), reason, NODE_REASON_SIZE);
    if (e == ERR_OK)
        log_event(LOG_INFO, "gRPC serves", LOG_S("host", r->config.host),
                  LOG_I("port", r->config.port));
    return e;
}

void rpc_drain(struct node *n, unsigned retry_after_ms)
{
    if (n->rpc != NULL)
        grpc_edge_drain(n->rpc->edge, retry_after_ms);
}

unsigned rpc_in_flight(const struct node *n)
{
    return n->rpc == NULL ? 0 : grpc_edge_in_flight(n->rpc->edge);
}

/* The server says of the last stream that it is closed before it stops; the loop hears it soon. */
void rpc_halt(struct node *n)
{
    struct node_rpc *r = n->rpc;
    if (r == NULL)
        return;
    struct rpc_server *server = r->driver->rpc;
    server->ops->stop(server);
    while (grpc_edge_in_flight(r->edge) > 0)
        clock_sleep_ms(POLL_MS);
    loop_stop(r->loop);
    pthread_join(r->thread, NULL);
    r->is_running = false;
}

void rpc_unwire(struct node *n)
{
    struct node_rpc *r = n->rpc;
    if (r == NULL)
        return;
    assert(!r->is_running);
    if (r->driver != NULL)
        r->module->close(r->driver);
    grpc_edge_free(r->edge);
    if (r->loop != NULL)
        loop_free(r->loop);
    mem_free(r);
    n->rpc = NULL;
}

#include "node/node.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "node/parts.h"
#include "node/rpc.h"
#include "telemetry/metrics.h"

#define TICK_MS        1000
#define REFRESH_MS     3000 /* another process' revocation is in force here within 5 s */
#define TRIM_CHANGE    500  /* connections that came or went since the last trim */
#define TRIM_CALM      10   /* and at most so many since the last look */
#define DRAIN_POLL_MS  20
#define DRAIN_RETRY_MS 5000 /* clients come back within this time, spread evenly */

/* ---- Timers of the loops ---- */

/* What /readyz says, as figures. */
static void tell_services(const struct node *n)
{
    static const struct {
        const char *name;
        enum metric down;
    } services[] = {
        {"log", M_DOWN_LOG},     {"history", M_DOWN_HISTORY}, {"table", M_DOWN_TABLE},
        {"cache", M_DOWN_CACHE}, {"persist", M_DOWN_PERSIST},
    };
    const struct engine *e = n->engine;
    for (size_t i = 0; i < e->n_checks; i++)
        for (size_t k = 0; k < sizeof services / sizeof services[0]; k++) {
            char detail[READY_DETAIL_SIZE] = "";
            if (strcmp(e->checks[i].name, services[k].name) == 0)
                metric_set(services[k].down, !e->checks[i].is_ready(e->checks[i].arg, detail));
        }
}

static void on_tick(struct timer *t)
{
    struct node_loop *l = MEM_OWNER(t, struct node_loop, tick);
    if (l->shard != NULL)
        shard_tick(l->shard);
    if (l->listener != NULL && loop_index(l->loop) == 0) /* the engine runs */
        tell_services(l->node);
    timer_start(l->loop, t, TICK_MS);
}

/* What many connections needed while they came or went lies about in the heap: once it is calm
 * again the kernel gets it back. The trim holds a lock of the heap for some milliseconds, hence
 * not at every turn. */
static void give_memory_back(struct node *n)
{
    int64_t now = metric_value(M_CONNECTIONS);
    bool is_calm = llabs(now - n->connections_seen) <= TRIM_CALM;
    n->connections_seen = now;
    if (!is_calm || llabs(now - n->connections_trimmed) < TRIM_CHANGE)
        return;
    n->connections_trimmed = now;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

static void refresh(struct task *t)
{
    struct node *n = MEM_OWNER(t, struct node, refresh_task);
    give_memory_back(n);
    if (auth_refresh(n->auth) != ERR_OK)
        log_note(LOG_WARN, "revocations could not be read; trying again");
    atomic_store(&n->refreshing, false);
}

static void on_refresh(struct timer *t)
{
    struct node *n = MEM_OWNER(t, struct node, refresh);
    metric_set(M_WORKERS_QUEUE, (int64_t)workers_depth(n->cold));
    if (!atomic_exchange(&n->refreshing, true)) {
        n->refresh_task.run = refresh;
        if (!workers_try_post(n->cold, &n->refresh_task))
            atomic_store(&n->refreshing, false);
    }
    timer_start(n->loops[0].loop, t, REFRESH_MS);
}

/* ---- Start ---- */

static void on_accept(struct conn *c, void *arg)
{
    struct node *n = arg;
    http_edge_accept(n->http, c);
}

static void *loop_main(void *arg)
{
    struct node_loop *l = arg;
    char name[16];
    snprintf(name, sizeof name, "loop-%u", loop_index(l->loop) & 0xFFFF);
    pthread_setname_np(pthread_self(), name);
    timer_start(l->loop, &l->tick, TICK_MS);
    if (loop_index(l->loop) == 0 && node_is_gateway(l->node))
        timer_start(l->loop, &l->node->refresh, REFRESH_MS);
    loop_run(l->loop);
    return NULL;
}

enum err node_open(const struct config *config, struct node **out, char *reason)
{
    unsigned n_loops = config->server.loops != 0 ? config->server.loops : loop_count_default();
    struct node *n = mem_zalloc(sizeof *n + n_loops * sizeof n->loops[0]);
    n->config = config;
    n->limits = config->limits;
    n->n_loops = n_loops;
    reason[0] = '\0';
    enum err e = node_wire(n, reason);
    if (e != ERR_OK) {
        node_unwire(n);
        mem_free(n);
        return e;
    }
    *out = n;
    return ERR_OK;
}

static void write_url(struct node *n, uint16_t port)
{
    const char *host = n->config->server.listen_host;
    bool bare_ipv6 = strchr(host, ':') != NULL;
    snprintf(n->url, sizeof n->url, "%s://%s%s%s:%u", n->tls != NULL ? "https" : "http",
             bare_ipv6 ? "[" : "", host, bare_ipv6 ? "]" : "", port);
}

static void run_loops(struct node *n)
{
    timer_init(&n->refresh, on_refresh);
    for (unsigned i = 0; i < n->n_loops; i++) {
        struct node_loop *l = &n->loops[i];
        timer_init(&l->tick, on_tick);
        int failed = pthread_create(&l->thread, NULL, loop_main, l);
        assert(failed == 0);
        l->running = true;
    }
    rpc_run(n);
}

static void open_listener(struct task *t)
{
    struct node_loop *l = MEM_OWNER(t, struct node_loop, door);
    struct node *n = l->node;
    struct door *d = &n->door;
    d->err = listener_open(l->loop, n->config->server.listen_host, d->port, n->tls, on_accept, n,
                           &l->listener, d->reason, NODE_REASON_SIZE);
    if (d->err == ERR_OK)
        d->port = listener_port(l->listener);
    sem_post(&d->answered);
}

/* One loop after the other: the first one finds the port. */
static enum err open_door(struct node *n, char *reason)
{
    struct door *d = &n->door;
    *d = (struct door){.port = n->config->server.listen_port, .reason = reason};
    sem_init(&d->answered, 0, 0);
    for (unsigned i = 0; i < n->n_loops && d->err == ERR_OK; i++) {
        struct node_loop *l = &n->loops[i];
        struct executor *executor = loop_executor(l->loop);
        l->door.run = open_listener;
        executor->post(executor, &l->door);
        while (sem_wait(&d->answered) != 0)
            ;
    }
    sem_destroy(&d->answered);
    return d->err;
}

/* The signals that ask a node to stop are blocked, and taken when it has started. */
bool node_stop_is_pending(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

enum err node_start(struct node *n, char *reason)
{
    struct engine *engine = n->engine;
    run_loops(n);
    enum err e = engine->ops->start(engine, n->hub == NULL ? NULL : hub_sink(n->hub),
                                    node_stop_is_pending, reason);
    if (e == ERR_OK)
        e = rpc_open(n, reason); /* first: who finds HTTP open finds both */
    if (e == ERR_OK)
        e = open_door(n, reason);
    if (e != ERR_OK)
        return e;
    write_url(n, n->door.port);
    log_event(LOG_INFO, "ready", LOG_S("url", n->url), LOG_S("node", n->name),
              LOG_I("loops", n->n_loops), LOG_I("pid", getpid()));
    return ERR_OK;
}

const char *node_url(const struct node *n)
{
    return n->url;
}

void node_reload(struct node *n, const struct config *fresh)
{
    char reason[NODE_REASON_SIZE];
    limits_reload(&n->limits, &fresh->limits);
    if (n->tls != NULL && tls_context_reload(n->tls, reason, sizeof reason) != ERR_OK)
        log_event(LOG_ERROR, "certificate not reloaded", LOG_S("reason", reason));
}

/* ---- Stop ---- */

static void drain_loop(struct task *t)
{
    struct node_loop *l = MEM_OWNER(t, struct node_loop, door);
    if (l->listener != NULL) /* NULL: the start failed */
        listener_close(l->listener);
    l->listener = NULL;
    if (l->node->ws != NULL)
        ws_edge_drain(l->node->ws, l->loop, DRAIN_RETRY_MS);
    http_edge_close_idle(l->node->http, l->loop);
}

static void wait_for_silence(struct node *n)
{
    int64_t deadline_us =
        clock_steady_us(&clock_system) + (int64_t)n->config->server.drain_timeout * 1000000;
    while (clock_steady_us(&clock_system) < deadline_us) {
        if (metric_value(M_CONNECTIONS) == 0 && http_edge_in_flight(n->http) == 0 &&
            rpc_in_flight(n) == 0)
            return;
        clock_sleep_ms(DRAIN_POLL_MS);
    }
    log_event(LOG_WARN, "drain time is over", LOG_I("connections", metric_value(M_CONNECTIONS)));
}

static bool is_running(const struct node *n)
{
    return n->n_loops > 0 && n->loops[0].running;
}

static void drain(struct node *n)
{
    log_event(LOG_INFO, "draining", LOG_I("connections", metric_value(M_CONNECTIONS)));
    http_edge_drain(n->http);
    rpc_drain(n, DRAIN_RETRY_MS);
    for (unsigned i = 0; i < n->n_loops; i++) {
        struct node_loop *l = &n->loops[i];
        struct executor *executor = loop_executor(l->loop);
        l->door.run = drain_loop;
        executor->post(executor, &l->door);
    }
    wait_for_silence(n);
}

/* Workers first (they post to the journal and the loops), then the journal (it posts to the
 * loops), then the loops, which may find both stopped but still there. */
static void halt(struct node *n)
{
    http_edge_stop(n->http);
    workers_stop(n->hashing);
    workers_stop(n->cold);
    n->engine->ops->stop(n->engine);
    if (n->hub != NULL)
        hub_stop(n->hub);
    rpc_halt(n);
    for (unsigned i = 0; i < n->n_loops; i++)
        loop_stop(n->loops[i].loop);
    for (unsigned i = 0; i < n->n_loops; i++)
        pthread_join(n->loops[i].thread, NULL);
}

void node_stop(struct node *n)
{
    if (n == NULL)
        return;
    if (is_running(n)) {
        drain(n);
        halt(n);
    }
    node_unwire(n);
    log_note(LOG_INFO, "stopped");
    mem_free(n);
}

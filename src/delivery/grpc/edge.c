#include "delivery/grpc/edge.h"

#include <assert.h>

#include "base/mem.h"
#include "delivery/admit.h"
#include "delivery/grpc/context.h"
#include "delivery/grpc/status.h"
#include "telemetry/metrics.h"

/* A page of a hundred messages, each as long as the configuration lets one be, and then some. */
#define ANSWER_BYTES_MAX (LIMIT_PAGE_ROWS * (LIMIT_BODY_BYTES + 1024u))

/* ---- Who asks ---- */

static enum err admit_user(struct grpc_edge *e, struct str authorization, struct claims *out)
{
    struct str token;
    if (authorization.n == 0 || !token_from_bearer(authorization, &token))
        return ERR_NO_TOKEN;
    return admit_token(e->config.key, e->config.auth, e->config.clock, token, out);
}

enum err grpc_admit(struct grpc_edge *e, const struct rpc_request *r, struct claims *out)
{
    if (r->method != RPC_MESSAGE_RECEIVED && r->method != RPC_REPLY_RECEIVED)
        return admit_user(e, r->authorization, out);
    return str_eq_secret(r->cluster_secret, e->config.cluster_secret) ? ERR_OK : ERR_NO_TOKEN;
}

/* ---- Calls ---- */

void grpc_count(enum rpc_method method, enum rpc_code code)
{
    static const enum metric first[RPC_METHOD_COUNT] = {
        [RPC_SEND] = M_RPC_SEND_OK,
        [RPC_HISTORY] = M_RPC_HISTORY_OK,
        [RPC_SUBSCRIBE] = M_RPC_SUBSCRIBE_OK,
        [RPC_MESSAGE_RECEIVED] = M_RPC_MESSAGE_RECEIVED_OK,
        [RPC_REPLY_RECEIVED] = M_RPC_REPLY_RECEIVED_OK,
    };
    metric_inc((enum metric)((unsigned)first[method] + (unsigned)code));
}

static void call_refuse(struct grpc_call *c, const struct fault *f)
{
    const struct rpc_server *server = c->edge->config.server;
    struct buf details;
    buf_init(&details, STATUS_DETAILS_MAX);
    status_put_details(&details, f, NULL, 0);
    server->ops->answer(c->call, NULL,
                        &(struct rpc_status){err_rpc(f->err), fault_text(f), buf_str(&details)});
    buf_fini(&details);
}

void grpc_call_end(struct grpc_call *c, const struct fault *f)
{
    struct grpc_edge *e = c->edge;
    grpc_count(c->request->method, err_rpc(f->err));
    if (f->err != ERR_OK) {
        call_refuse(c, f);
        buf_fini(&c->out);
    } else {
        assert(!c->out.failed);
        e->config.server->ops->answer(c->call,
                                      &(struct rpc_piece){c->out.p, c->out.n, mem_free, c->out.p},
                                      &(struct rpc_status){RPC_OK, "", STR_NONE});
    }
    mem_free(c);
    atomic_fetch_sub(&e->calls, 1);
}

static void work(struct task *t)
{
    static void (*const methods[RPC_METHOD_COUNT])(struct grpc_call *) = {
        [RPC_SEND] = grpc_send,
        [RPC_HISTORY] = grpc_history,
        [RPC_MESSAGE_RECEIVED] = grpc_hint,
        [RPC_REPLY_RECEIVED] = grpc_hint,
    };
    struct grpc_call *c = MEM_OWNER(t, struct grpc_call, task);
    struct fault f = {.err = ERR_UNAVAILABLE, .text = "The deadline passed before it was begun"};
    if (c->edge->config.server->ops->is_wanted(c->call))
        methods[c->request->method](c);
    else
        grpc_call_end(c, &f);
}

static enum err call_begin(struct grpc_call *c, struct fault *f)
{
    struct grpc_edge *e = c->edge;
    unsigned before = atomic_fetch_add(&e->calls, 1);
    enum err err = grpc_admit(e, c->request, &c->claims);
    if (err != ERR_OK)
        return fault_set(f, err, NULL);
    if (before < GRPC_CALLS_MAX && !atomic_load(&e->is_draining) &&
        workers_try_post(e->config.workers, &c->task))
        return ERR_OK;
    fault_set(f, ERR_UNAVAILABLE, NULL);
    f->retry_after_ms = GRPC_BUSY_RETRY_MS;
    return f->err;
}

static void on_call(struct rpc_handler *self, struct rpc_call *call, const struct rpc_request *r)
{
    struct grpc_call *c = MEM_NEW(struct grpc_call);
    struct fault f = {.err = ERR_OK};
    c->task.run = work;
    c->edge = MEM_OWNER(self, struct grpc_edge, handler);
    c->call = call;
    c->request = r;
    buf_init(&c->out, ANSWER_BYTES_MAX);
    if (call_begin(c, &f) != ERR_OK)
        grpc_call_end(c, &f);
}

/* ---- The edge ---- */

struct grpc_edge *grpc_edge_new(const struct grpc_edge_config *config)
{
    struct grpc_edge *e = MEM_NEW(struct grpc_edge);
    e->config = *config;
    e->handler = (struct rpc_handler){on_call, grpc_stream_open, grpc_stream_written,
                                      grpc_stream_cancelled, grpc_stream_closed};
    list_init(&e->open);
    return e;
}

void grpc_edge_free(struct grpc_edge *e)
{
    if (e == NULL)
        return;
    assert(grpc_edge_in_flight(e) == 0);
    mem_free(e);
}

struct rpc_handler *grpc_edge_handler(struct grpc_edge *e)
{
    return &e->handler;
}

static bool edge_is_ready(const struct grpc_edge *e)
{
    char detail[READY_DETAIL_SIZE];
    bool ready = !atomic_load(&e->is_draining);
    for (size_t i = 0; i < e->config.n_checks && ready; i++)
        ready = e->config.checks[i].is_ready(e->config.checks[i].arg, detail);
    return ready;
}

void grpc_edge_tick(struct grpc_edge *e)
{
    e->config.server->ops->set_serving(e->config.server, edge_is_ready(e));
    grpc_streams_tick(e);
}

static void run_drain(struct task *t)
{
    struct grpc_edge *e = MEM_OWNER(t, struct grpc_edge, drain);
    e->config.server->ops->set_serving(e->config.server, false);
    grpc_streams_drain(e, e->drain_retry_ms);
}

void grpc_edge_drain(struct grpc_edge *e, uint32_t retry_after_ms)
{
    e->drain.run = run_drain;
    e->drain_retry_ms = retry_after_ms;
    atomic_store(&e->is_draining, true);
    e->config.executor->post(e->config.executor, &e->drain);
}

unsigned grpc_edge_in_flight(const struct grpc_edge *e)
{
    return atomic_load(&e->calls) + atomic_load(&e->streams);
}

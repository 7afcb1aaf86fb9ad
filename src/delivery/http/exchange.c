#include "delivery/http/exchange.h"

#include "base/mem.h"
#include "delivery/http/handlers.h"
#include "delivery/http/identity.h"
#include "delivery/http/origin.h"
#include "delivery/http/proxy.h"
#include "delivery/http/route.h"
#include "delivery/http/server.h"
#include "delivery/http/trace.h"
#include "telemetry/metrics.h"
#include "wire/frame.h"

#define PREFLIGHT_MAX_AGE "7200" /* seconds; browsers cap it there or below */

struct exchange *exchange_new(struct http_edge *e, struct http_conn *conn, struct conn *c,
                              struct http_parser *parser)
{
    struct exchange *x = MEM_NEW(struct exchange);
    x->edge = e;
    x->conn = conn;
    x->home = loop_executor(conn_loop(c));
    x->parser = parser;
    x->begun_us = clock_steady_us(e->deps.clock);
    arena_init(&x->arena);
    response_init(&x->response);
    if (parser == NULL)
        return x;
    x->request = http_parser_request(parser);
    char peer[HTTP_ADDRESS_SIZE];
    conn_peer(c, peer, sizeof peer);
    proxies_client(&e->proxies, peer, x->request, x->address);
    x->by_proxy = proxies_trust(&e->proxies, peer);
    x->https = conn_is_tls(c) || proxies_say_https(&e->proxies, peer, x->request);
    return x;
}

void exchange_free(struct exchange *x)
{
    exchange_trace_end(x);
    json_decref(x->json);
    response_fini(&x->response);
    arena_fini(&x->arena);
    http_parser_free(x->parser);
    mem_free(x);
}

bool exchange_is_change(const struct exchange *x)
{
    return x->route != NULL && strcmp(x->route->method, "POST") == 0;
}

/* ---- Refusals ---- */

enum handled exchange_fail(struct exchange *x, const struct fault *f)
{
    response_fail(&x->response, f);
    return HANDLED;
}

enum handled exchange_fail_err(struct exchange *x, enum err e)
{
    response_fail_err(&x->response, e);
    return HANDLED;
}

enum handled exchange_refuse(struct exchange *x, enum err e, const struct fault *f)
{
    return f->err == e ? exchange_fail(x, f) : exchange_fail_err(x, e);
}

/* ---- On the loop: what is asked, and by whom ---- */

static void preflight_answer(struct exchange *x)
{
    x->response.status = 204;
    buf_puts(&x->response.fields, "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\r\n"
                                  "Access-Control-Allow-Headers: Authorization, Content-Type\r\n"
                                  "Access-Control-Max-Age: " PREFLIGHT_MAX_AGE "\r\n");
}

/* chat-app's text: the whole body is one JSON string. */
static void not_found_answer(struct exchange *x)
{
    const struct http_request *r = x->request;
    struct buf text;
    buf_init(&text, LIMIT_HEAD_BYTES + 64);
    buf_printf(&text, "not found %.*s %.*s", STR_FMT(r->method), STR_FMT(r->path));
    x->response.status = 404;
    json_put_string(&x->response.body, buf_str(&text));
    buf_fini(&text);
}

static void method_answer(struct exchange *x)
{
    response_fail_err(&x->response, ERR_METHOD);
    buf_puts(&x->response.fields, "Allow: ");
    route_allow(x->request->path, &x->response.fields);
    buf_puts(&x->response.fields, "\r\n");
}

static bool page_answer(struct exchange *x)
{
    const struct http_pages *pages = exchange_deps(x)->pages;
    const struct http_request *r = x->request;
    bool is_read = str_eq(r->method, STR("GET")) || str_eq(r->method, STR("HEAD"));
    bool is_api = r->path.n >= 5 && memcmp(r->path.p, "/api/", 5) == 0;
    return pages != NULL && is_read && !is_api && pages->serve(pages, x);
}

static enum handled unrouted_answer(struct exchange *x, bool path_known)
{
    if (str_eq(x->request->method, STR("OPTIONS")))
        preflight_answer(x);
    else if (path_known)
        method_answer(x);
    else if (!page_answer(x))
        not_found_answer(x);
    return HANDLED;
}

/* ---- On a worker ---- */

static void exchange_work(struct task *task)
{
    struct exchange *x = MEM_OWNER(task, struct exchange, task);
    struct trace_span here;
    exchange_trace_wait(x);
    trace_enter(&here, &x->span);
    enum handled handled = x->route->handler(x);
    trace_leave(&here);
    if (handled == HANDLED_LATER)
        return;
    response_compress(&x->response, http_accepts_coding(x->request, "gzip"));
    exchange_return(x);
}

static enum handled exchange_dispatch(struct exchange *x, struct workers *pool)
{
    x->task.run = exchange_work;
    /* Counted before looking: whoever stops the edge and then sees 0 can rely on it. */
    atomic_fetch_add(&x->edge->in_flight, 1);
    if (atomic_load(&x->edge->phase) < HTTP_STOPPING && workers_try_post(pool, &x->task))
        return HANDLED_LATER;
    atomic_fetch_sub(&x->edge->in_flight, 1);
    if (x->route->handler == on_account_login)
        metric_inc(M_LOGIN_BUSY);
    return exchange_fail_err(x, ERR_UNAVAILABLE);
}

enum handled exchange_begin(struct exchange *x)
{
    bool path_known;
    x->route = route_find(x->request->method, x->request->path, &path_known);
    if (x->route != NULL && exchange_deps(x)->probes_only && !x->route->is_probe) {
        x->route = NULL;
        path_known = false;
    }
    if (x->route == NULL)
        return unrouted_answer(x, path_known);
    exchange_trace_begin(x);
    enum err e = x->route->needs_token ? identity_of_request(x) : ERR_OK;
    if (e != ERR_OK)
        return exchange_fail_err(x, e);
    switch (x->route->place) {
    case ROUTE_LOOP:
        return x->route->handler(x);
    case ROUTE_COLD:
        return exchange_dispatch(x, exchange_deps(x)->cold);
    case ROUTE_HASHING:
        return exchange_dispatch(x, exchange_deps(x)->hashing);
    }
    return exchange_fail_err(x, ERR_INTERNAL);
}

/* ---- Home again ---- */

static void exchange_come_home(struct task *task)
{
    struct exchange *x = MEM_OWNER(task, struct exchange, task);
    atomic_fetch_sub(&x->edge->in_flight, 1);
    if (x->conn == NULL) {
        exchange_free(x);
        return;
    }
    if (x->finish != NULL)
        x->finish(x);
    http_conn_answered(x->conn);
}

void exchange_return(struct exchange *x)
{
    x->task.run = exchange_come_home;
    x->home->post(x->home, &x->task);
}

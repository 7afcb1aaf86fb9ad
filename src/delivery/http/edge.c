#include "delivery/http/edge.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "delivery/http/context.h"
#include "delivery/http/openapi.h"
#include "delivery/http/server.h"
#include "wire/gzip.h"

static enum err edge_configure(struct http_edge *e, char *reason, size_t reason_size)
{
    const struct http_deps *deps = &e->deps;
    size_t bad;
    if (!origins_init(&e->origins, deps->origins, deps->n_origins, &bad)) {
        snprintf(reason, reason_size, "\"%s\" is no origin like https://chat.example.org",
                 deps->origins[bad]);
        return ERR_BAD_REQUEST;
    }
    if (deps->public_url != NULL && !origins_set_public(&e->origins, deps->public_url)) {
        snprintf(reason, reason_size, "\"%s\" is no http or https URL", deps->public_url);
        return ERR_BAD_REQUEST;
    }
    if (!proxies_init(&e->proxies, deps->trusted_proxies, deps->n_trusted_proxies, &bad)) {
        snprintf(reason, reason_size, "\"%s\" is no address or network like 10.0.0.0/8",
                 deps->trusted_proxies[bad]);
        return ERR_BAD_REQUEST;
    }
    return ERR_OK;
}

enum err http_edge_new(const struct http_deps *deps, struct http_edge **out, char *reason,
                       size_t reason_size)
{
    assert(deps->loops >= 1 && deps->loops <= HTTP_LOOPS_MAX);
    assert(deps->n_checks <= READY_CHECKS_MAX && (deps->upgrade != NULL || deps->probes_only));
    struct http_edge *e = mem_zalloc(sizeof *e + deps->loops * sizeof e->lanes[0]);
    e->deps = *deps;
    if (deps->idle_ms == 0)
        e->deps.idle_ms = HTTP_IDLE_MS;
    if (deps->work_ms == 0)
        e->deps.work_ms = HTTP_WORK_MS;
    for (unsigned i = 0; i < deps->loops; i++)
        list_init(&e->lanes[i]);
    struct str openapi = {openapi_json, openapi_json_size};
    e->openapi = bytes_copy(openapi.p, openapi.n);
    e->openapi_gzip = gzip_bytes(openapi);
    enum err err = edge_configure(e, reason, reason_size);
    if (err != ERR_OK) {
        http_edge_free(e);
        return err;
    }
    *out = e;
    return ERR_OK;
}

void http_edge_free(struct http_edge *e)
{
    if (e == NULL)
        return;
    assert(http_edge_in_flight(e) == 0);
    origins_fini(&e->origins);
    proxies_fini(&e->proxies);
    bytes_unref(e->openapi);
    bytes_unref(e->openapi_gzip);
    mem_free(e);
}

void http_edge_accept(struct http_edge *e, struct conn *c)
{
    assert(loop_index(conn_loop(c)) < e->deps.loops);
    http_conn_open(e, c);
}

void http_edge_drain(struct http_edge *e)
{
    int serving = HTTP_SERVING;
    atomic_compare_exchange_strong(&e->phase, &serving, HTTP_DRAINING);
}

void http_edge_stop(struct http_edge *e)
{
    atomic_store(&e->phase, HTTP_STOPPING);
}

void http_edge_close_idle(struct http_edge *e, struct loop *l)
{
    struct list *lane = &e->lanes[loop_index(l)];
    for (struct list *link = lane->next, *next; link != lane; link = next) {
        next = link->next;
        http_conn_close_idle(link);
    }
}

unsigned http_edge_in_flight(const struct http_edge *e)
{
    return atomic_load(&e->in_flight);
}

void http_edge_client(const struct http_edge *e, const struct conn *c, const struct http_request *r,
                      char *out)
{
    char peer[HTTP_ADDRESS_SIZE];
    conn_peer(c, peer, sizeof peer);
    proxies_client(&e->proxies, peer, r, out);
}

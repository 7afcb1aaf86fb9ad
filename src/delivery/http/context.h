/* What the files of the HTTP edge share of the edge: what it was given, what it made of that at
 * birth, and the connections of each loop. Constant after birth but for the atomics and the lanes;
 * a lane belongs to its loop's thread. */
#ifndef PARLEY_DELIVERY_HTTP_CONTEXT_H
#define PARLEY_DELIVERY_HTTP_CONTEXT_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/list.h"
#include "delivery/http/edge.h"
#include "delivery/http/origin.h"
#include "delivery/http/proxy.h"

enum http_phase { HTTP_SERVING, HTTP_DRAINING, HTTP_STOPPING };

struct http_edge {
    struct http_deps deps;
    struct origins origins;
    struct proxies proxies;
    struct bytes *openapi, *openapi_gzip;
    atomic_int phase; /* enum http_phase; only grows */
    atomic_uint in_flight;
    struct list lanes[]; /* a loop's HTTP connections, by the loop's index */
};

static inline bool http_edge_is_draining(const struct http_edge *e)
{
    return atomic_load_explicit(&e->phase, memory_order_relaxed) >= HTTP_DRAINING;
}

#endif

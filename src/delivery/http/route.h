/* The table of routes: it drives dispatch, the Allow of a 405, where a request runs and whether it
 * is counted; a test holds it to the OpenAPI file. */
#ifndef PARLEY_DELIVERY_HTTP_ROUTE_H
#define PARLEY_DELIVERY_HTTP_ROUTE_H

#include "delivery/http/exchange.h"

enum route_place {
    ROUTE_LOOP,    /* at once, memory only */
    ROUTE_COLD,    /* a worker: the stores */
    ROUTE_HASHING, /* a worker for passwords */
};

struct route {
    const char *method; /* "GET" answers HEAD too */
    const char *path;
    const char *name; /* both, as traces call it */
    bool needs_token;
    enum route_place place;
    enum handled (*handler)(struct exchange *x);
    bool is_probe; /* asked by machines every few seconds: not in the request metrics */
};

extern const struct route route_table[];
extern const size_t route_count;

/* NULL: no such path, or not with this method; `*path_known` says which. */
const struct route *route_find(struct str method, struct str path, bool *path_known);
/* Appends the methods of `path`, as Allow lists them. */
void route_allow(struct str path, struct buf *out);

#endif

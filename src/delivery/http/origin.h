/* Origins (RFC 6454): which web pages may use the API, and which are ours.
 *
 * Cross-origin use is by token: CORS headers let listed origins (or all) read answers, and never
 * allow credentials. The session cookie is for our own pages: what changes something with it must
 * say that it comes from our own origin, by `Origin` or by `Sec-Fetch-Site: same-origin`, both of
 * which a browser sets and a page cannot. Our own origin is that of the public URL, or the scheme
 * and Host of the request itself. */
#ifndef PARLEY_DELIVERY_HTTP_ORIGIN_H
#define PARLEY_DELIVERY_HTTP_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "wire/http.h"

/* "scheme://host[:port]", split; the port that the scheme implies is left out. */
struct origin_parts {
    struct str scheme, host;
};

struct origins {
    bool any;           /* "*" */
    struct str *listed; /* borrowed texts */
    size_t n_listed;
    struct origin_parts public; /* of the public URL; empty: not told */
};

/* False when one of them is no origin; `bad` is then its index. The texts are borrowed. */
bool origins_init(struct origins *o, const char *const *origins, size_t n, size_t *bad);
/* False when `url` is no http or https URL. Borrowed. */
bool origins_set_public(struct origins *o, const char *url);
void origins_fini(struct origins *o);

/* The value of Access-Control-Allow-Origin for a request from `origin` (empty: none): "*", the
 * origin itself when it is listed, else STR_NONE: no such header. */
struct str origins_allow(const struct origins *o, struct str origin);
bool origins_is_listed(const struct origins *o, struct str origin);
/* Is the public URL https, whatever the connection is? */
bool origins_public_is_https(const struct origins *o);

/* Does the browser say that the request comes from a page of ours? */
bool origins_is_own(const struct origins *o, const struct http_request *r, bool https);
/* Does it say that it comes from elsewhere? Neither, for a client that is no browser. */
bool origins_is_foreign(const struct origins *o, const struct http_request *r, bool https);

#endif

/* Whose word is taken for where a request really comes from. `X-Forwarded-For` and
 * `X-Forwarded-Proto` are believed only when the peer itself is a trusted proxy; then the client
 * is the rightmost address that is none, since everything left of it is what the client wrote. */
#ifndef PARLEY_DELIVERY_HTTP_PROXY_H
#define PARLEY_DELIVERY_HTTP_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/http.h"

/* An address or a network; IPv4 is kept as IPv4-mapped IPv6. */
struct proxy_network {
    uint8_t address[16];
    unsigned bits; /* of the prefix, 0..128 */
};

struct proxies {
    struct proxy_network *networks;
    size_t n;
};

/* False when a text is no address or network; `bad` is then its index. */
bool proxies_init(struct proxies *p, const char *const *texts, size_t n, size_t *bad);
void proxies_fini(struct proxies *p);
bool proxies_trust(const struct proxies *p, const char *peer);

/* Writes the client's address into `out` (HTTP_ADDRESS_SIZE), in its shortest form. */
void proxies_client(const struct proxies *p, const char *peer, const struct http_request *r,
                    char *out);
/* Does a trusted proxy say that the client came by https? */
bool proxies_say_https(const struct proxies *p, const char *peer, const struct http_request *r);

#endif

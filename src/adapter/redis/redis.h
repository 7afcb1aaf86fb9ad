/* Redis as the cluster engine uses it: a cache that the nodes share, and word of mouth between
 * them. Both may be gone at any moment, for any time: everything works without them, slower.
 *
 *     redis.c    opens both, ends both
 *     pool       the connections of the cache, and whether Redis is there
 *     cache      port/cache.h: one command or one script a call
 *     bus        port/bus.h: a thread that tells, a thread that listens
 *     link       one connection, every wait of which has a limit
 *     server     where Redis is and who we are there
 *     tls        TLS over a link
 *     reply      what Redis answered, checked
 *     command    what it is asked
 *     script     the parts that must be one step over there, in Lua
 *     note       the envelope of a note
 *
 * hiredis serves as the parser of replies; sockets, time limits and TLS are ours, because its own
 * limits are a read's and not an answer's, and the version of Debian 12 has no TLS.
 */
#ifndef PARLEY_ADAPTER_REDIS_REDIS_H
#define PARLEY_ADAPTER_REDIS_REDIS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "port/bus.h"
#include "port/cache.h"

#define REDIS_PREFIX_MAX 64

/* Strings are copied; NULL and "" mean none. Numbers: 0 means the default. */
struct redis_config {
    const char *address; /* HOST:PORT, or [IPv6]:PORT */
    const char *username, *password;
    unsigned db;
    bool tls;
    const char *tls_ca;             /* PEM file of whom to trust; none: whom the system trusts */
    const char *tls_cert, *tls_key; /* PEM files of our own, where the server asks for one */
    const char *prefix;   /* of every key and channel, before a colon; up to REDIS_PREFIX_MAX */
    unsigned connections; /* of the cache, at most: 8 */
    unsigned connect_ms;  /* for a connection, TLS and log-in: 250 */
    unsigned command_ms;  /* for an answer: 200 */
    unsigned probe_ms;    /* between looks whether Redis is there: 1000 */
};

struct redis;
/* ERR_OK also when Redis is away: it is looked for from then on. ERR_BAD_REQUEST, with the reason,
 * when the configuration cannot be meant, or Redis is there and refuses it (a wrong password, a
 * certificate). Waits for the first look, at most connect_ms and twice command_ms. */
enum err redis_open(const struct redis_config *config, struct redis **out, char *reason,
                    size_t reason_size);
/* Nobody may call its ports any more. NULL is fine. */
void redis_close(struct redis *r);

/* The ports; they live as long as `r`. */
struct cache *redis_cache(struct redis *r);
/* Likewise. */
struct bus *redis_bus(struct redis *r);

#endif

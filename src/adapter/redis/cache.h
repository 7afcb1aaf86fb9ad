/* port/cache.h on Redis. Inside adapter/redis only.
 *
 * Keys carry the prefix. A value is stored behind SCRIPT_DIGITS digits of its version ("put" writes
 * version 0); a window and a set of leases are sorted sets (script.c). What is found under a key
 * and is not of this form, of whatever type, counts as not there; a write replaces it.
 */
#ifndef PARLEY_ADAPTER_REDIS_CACHE_H
#define PARLEY_ADAPTER_REDIS_CACHE_H

#include "adapter/redis/pool.h"
#include "port/cache.h"

#define CACHE_LEASES_MAX 1024 /* members of one set; those that end first make room */

struct redis_cache {
    struct cache super;
    struct pool *pool;
    struct str prefix;
};

/* Both borrowed. */
void redis_cache_init(struct redis_cache *c, struct pool *pool, struct str prefix);

#endif

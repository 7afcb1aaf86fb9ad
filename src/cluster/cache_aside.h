/* Reads through the cache: a value is taken from the cache if it is there, else loaded and put
 * there.
 *
 *  - Single flight: while one thread loads a key, others of this process that want it wait for that
 *    load and take its result. So a hot key that runs out costs one load a node, not one a reader.
 *  - Lifetimes are spread over a tenth below and above the given one, so that what was put at one
 *    moment does not run out at one moment.
 *  - That there is nothing is remembered too, for a shorter time, so that asking for what does not
 *    exist does not reach the store each time.
 *
 * A value that was loaded while somebody else wrote a newer one can be put after it; the writer's
 * put with a version wins (`cache_aside_put`, and loads give the version of what they found). A
 * cache that is away is the same as an empty one. Calls block: for workers.
 */
#ifndef PARLEY_CLUSTER_CACHE_ASIDE_H
#define PARLEY_CLUSTER_CACHE_ASIDE_H

#include "port/cache.h"

struct cache_aside;

/* What a load found: ERR_OK with the value in the arena, ERR_NOT_FOUND (remembered), or another
 * error (not remembered, told to all who wait). `version` is that of the value; 0: it has none. */
typedef enum err (*cache_load_f)(void *arg, struct arena *arena, struct str *value,
                                 uint64_t *version);

struct cache_aside_config {
    struct cache *cache; /* NULL: none; loads are shared all the same */
    uint32_t ttl_ms, absent_ttl_ms;
    unsigned flights; /* different keys that are loaded at once; more load on their own. 0: 256 */
};
struct cache_aside *cache_aside_new(const struct cache_aside_config *config);
/* Nobody is in a call. NULL is fine. */
void cache_aside_free(struct cache_aside *c);

/* The value of `key` (at most CACHE_KEY_MAX bytes), in the arena. ERR_NOT_FOUND or what `load`
 * says.
 */
enum err cache_aside_get(struct cache_aside *c, struct str key, cache_load_f load, void *arg,
                         struct arena *arena, struct str *out);
/* After a write: what is there from now on; `version` above 0 grows with each write. */
void cache_aside_put(struct cache_aside *c, struct str key, uint64_t version, struct str value);
/* After a write whose outcome is unknown, or that took the value away: the next one loads. False:
 * the cache is away, and may still hold the old value until its lifetime is over. */
bool cache_aside_drop(struct cache_aside *c, struct str key);

#endif

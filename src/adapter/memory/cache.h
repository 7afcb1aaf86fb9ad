/* A cache in memory, shared by the nodes of one process: the reference that says what port/cache.h
 * means. For tests and the simulator. One mutex; lifetimes by the steady clock. */
#ifndef PARLEY_ADAPTER_MEMORY_CACHE_H
#define PARLEY_ADAPTER_MEMORY_CACHE_H

#include "base/clock.h"
#include "port/cache.h"

struct memory_cache;

/* `keys_max`: the key that was made first is dropped for one more. 0: 65,536. */
struct memory_cache *memory_cache_new(const struct clock *clock, size_t keys_max);
void memory_cache_free(struct memory_cache *c);
struct cache *memory_cache_port(struct memory_cache *c);
/* While `gone` is set every call is answered ERR_UNAVAILABLE. */
void memory_cache_lose(struct memory_cache *c, bool gone);
/* Forgets everything. */
void memory_cache_flush(struct memory_cache *c);

#endif

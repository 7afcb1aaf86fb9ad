/* The recent window of a channel in the cache: its newest posts as persist wrote them, so that a
 * burst of readers does not become a burst on the store. Who reads it trusts it as little as the
 * rest of the cache: it counts only where its last post is the one that must be the last, and each
 * post is checked like a record. */
#ifndef PARLEY_CLUSTER_RECENT_H
#define PARLEY_CLUSTER_RECENT_H

#include "base/arena.h"
#include "domain/event.h"
#include "port/cache.h"

#define RECENT_POSTS  100
#define RECENT_TTL_MS (UINT32_C(24) * 3600 * 1000)

/* Posts of one channel, in seq order; at most RECENT_POSTS. A cache that is away is left alone. */
void recent_push(struct cache *cache, const struct event *posts, size_t n);

/* The posts up to and including `last_seq`, oldest first, strings in the arena; false when the
 * window does not end there. `floor`: all posts after it are there. */
bool recent_read(struct cache *cache, const struct uuid *channel, uint64_t last_seq,
                 struct arena *arena, struct event **out, size_t *n, uint64_t *floor);

#endif

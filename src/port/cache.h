/* A cache shared by the nodes (Redis). Nothing in it is the truth: every value can be lost at any
 * moment, and everything works without it, slower. Calls block, shortly: a cache that does not
 * answer within its time limit counts as gone for a while, and calls then fail at once.
 *
 * Keys are at most CACHE_KEY_MAX bytes. ERR_NOT_FOUND is a miss, ERR_UNAVAILABLE a cache that is
 * gone: callers treat them alike, but a writer that must not leave a stale value behind may not
 * trust the cache again before it was written or its lifetime is over.
 */
#ifndef PARLEY_PORT_CACHE_H
#define PARLEY_PORT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define CACHE_KEY_MAX 128

/* One entry of a window: `seq` orders it. */
struct cache_entry {
    uint64_t seq;
    struct str value;
};

struct cache;
struct cache_ops {
    enum err (*get)(struct cache *self, struct str key, struct arena *arena, struct str *out);
    enum err (*put)(struct cache *self, struct str key, struct str value, uint32_t ttl_ms);
    /* Puts it unless what is there carries a higher version: two writers may come in any order. */
    enum err (*put_version)(struct cache *self, struct str key, uint64_t version, struct str value,
                            uint32_t ttl_ms);
    enum err (*drop)(struct cache *self, struct str key);

    /* A token bucket of `burst` that gains `per_min` a minute (both at least 1): ERR_OK, or
     * ERR_RATE_LIMITED with how long to wait. Atomic across nodes. */
    enum err (*take)(struct cache *self, struct str key, uint32_t per_min, uint32_t burst,
                     uint32_t *retry_after_ms);

    /* A window: the newest entries of a list, complete above `floor`. `window_push` appends entries
     * in seq order that follow `prev_seq` (the entry before the first of them); when that is not
     * the window's last one, or there is no window, it starts afresh with floor = prev_seq. Keeps
     * at most `max`; what falls out raises the floor. An entry that is there already is left alone.
     */
    enum err (*window_push)(struct cache *self, struct str key, uint64_t prev_seq,
                            const struct cache_entry *entries, size_t n, unsigned max,
                            uint32_t ttl_ms);
    /* The newest `max` entries with seq < `before` (0: all), oldest first, and the floor. */
    enum err (*window_read)(struct cache *self, struct str key, uint64_t before, unsigned max,
                            struct arena *arena, struct cache_entry **out, size_t *n,
                            uint64_t *floor);

    /* A set of members each of which lasts until its lease is over. */
    enum err (*lease_put)(struct cache *self, struct str key, struct str member, uint32_t ttl_ms);
    enum err (*lease_drop)(struct cache *self, struct str key, struct str member);
    enum err (*lease_list)(struct cache *self, struct str key, struct arena *arena,
                           struct str **out, size_t *n);

    bool (*is_ready)(struct cache *self, char *detail, size_t size);
};

struct cache {
    const struct cache_ops *ops;
};

#endif

/* Is she offline? Asked of the leases in the shared cache (port/cache_keys.h), and remembered for
 * PRESENCE_TRUST_US in a table of fixed size, since the members of a busy channel are asked after
 * with every message. One thread. */
#ifndef PARLEY_CONSUMER_PRESENCE_H
#define PARLEY_CONSUMER_PRESENCE_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "port/cache.h"

#define PRESENCE_SLOTS    ((size_t)1 << 14) /* 512 KiB */
#define PRESENCE_TRUST_US (INT64_C(2) * 1000 * 1000)

enum presence_state {
    PRESENCE_ONLINE,
    PRESENCE_OFFLINE,
    PRESENCE_UNKNOWN, /* the cache is gone */
};

struct presence_slot {
    struct uuid user;
    int64_t until_us;
    bool online;
};

struct presence {
    struct cache *cache; /* borrowed; NULL: there is none */
    const struct clock *clock;
    struct presence_slot *slots;
};

void presence_init(struct presence *p, struct cache *cache, const struct clock *clock);
void presence_fini(struct presence *p);
/* One user's. May ask the cache. */
enum presence_state presence_of(struct presence *p, const struct uuid *user);

#endif

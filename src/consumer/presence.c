#include "consumer/presence.h"

#include "base/mem.h"
#include "port/cache_keys.h"

void presence_init(struct presence *p, struct cache *cache, const struct clock *clock)
{
    *p = (struct presence){cache, clock, mem_array(PRESENCE_SLOTS, sizeof *p->slots)};
}

void presence_fini(struct presence *p)
{
    mem_free(p->slots);
}

/* Ids of users are random: their last bytes serve as a hash. */
static struct presence_slot *slot_of(struct presence *p, const struct uuid *user)
{
    size_t hash = (size_t)user->b[14] << 8 | user->b[15];
    return &p->slots[hash % PRESENCE_SLOTS];
}

enum presence_state presence_of(struct presence *p, const struct uuid *user)
{
    int64_t now_us = clock_steady_us(p->clock);
    struct presence_slot *slot = slot_of(p, user);
    if (slot->until_us > now_us && uuid_eq(&slot->user, user))
        return slot->online ? PRESENCE_ONLINE : PRESENCE_OFFLINE;
    if (p->cache == NULL)
        return PRESENCE_UNKNOWN;
    struct cache_key key = cache_key_online(user);
    struct arena arena;
    struct str *nodes;
    size_t n = 0;
    arena_init(&arena);
    enum err e = p->cache->ops->lease_list(p->cache, cache_key_str(&key), &arena, &nodes, &n);
    arena_fini(&arena);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return PRESENCE_UNKNOWN;
    *slot = (struct presence_slot){*user, now_us + PRESENCE_TRUST_US, e == ERR_OK && n > 0};
    return slot->online ? PRESENCE_ONLINE : PRESENCE_OFFLINE;
}

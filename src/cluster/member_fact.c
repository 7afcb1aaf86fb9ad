#include "cluster/member_fact.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/rand.h"

#define TTL_MS        (10 * 60 * 1000)
#define TTL_JITTER_MS (60 * 1000) /* facts kept at one moment do not end at one moment */

static struct str fact_key(const struct uuid *user, const struct uuid *channel, uint64_t version,
                           char out[CACHE_KEY_MAX])
{
    int n = snprintf(out, CACHE_KEY_MAX, "member:%s:%" PRIu64 ":%s", uuid_text(channel).s, version,
                     uuid_text(user).s);
    return (struct str){out, (size_t)n};
}

bool member_fact_is_known(struct cache *cache, const struct uuid *user, const struct uuid *channel,
                          uint64_t version)
{
    char key[CACHE_KEY_MAX];
    struct arena arena;
    struct str value;
    if (cache == NULL)
        return false;
    arena_init(&arena);
    bool known =
        cache->ops->get(cache, fact_key(user, channel, version, key), &arena, &value) == ERR_OK &&
        str_eq(value, STR("1"));
    arena_fini(&arena);
    return known;
}

void member_fact_keep(struct cache *cache, const struct uuid *user, const struct uuid *channel,
                      uint64_t version)
{
    char key[CACHE_KEY_MAX];
    if (cache == NULL)
        return;
    /* a fact that is not kept is asked for again: nothing else comes of a cache that is away */
    cache->ops->put(cache, fact_key(user, channel, version, key), STR("1"),
                    TTL_MS + (uint32_t)rand_below(TTL_JITTER_MS));
}

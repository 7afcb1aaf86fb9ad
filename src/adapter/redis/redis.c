#include "adapter/redis/redis.h"

#include "adapter/redis/bus.h"
#include "adapter/redis/cache.h"
#include "base/mem.h"

struct redis {
    struct server server;
    struct redis_cache cache;
    struct redis_bus *bus;
};

enum err redis_open(const struct redis_config *config, struct redis **out, char *reason,
                    size_t reason_size)
{
    struct redis *r = MEM_NEW(struct redis);
    enum err e = server_init(&r->server, config, reason, reason_size);
    if (e != ERR_OK) {
        mem_free(r);
        return e;
    }
    struct pool *pool = pool_new(&r->server);
    char detail[LINK_REASON_SIZE];
    if (!pool_is_up(pool, detail, sizeof detail) &&
        link_refusal(&r->server, detail, reason, reason_size)) {
        pool_free(pool);
        server_fini(&r->server);
        mem_free(r);
        return ERR_BAD_REQUEST;
    }
    redis_cache_init(&r->cache, pool, r->server.prefix);
    r->bus = redis_bus_new(&r->server);
    *out = r;
    return ERR_OK;
}

void redis_close(struct redis *r)
{
    if (r == NULL)
        return;
    redis_bus_free(r->bus);
    pool_free(r->cache.pool);
    server_fini(&r->server);
    mem_free(r);
}

struct cache *redis_cache(struct redis *r)
{
    return &r->cache.super;
}

struct bus *redis_bus(struct redis *r)
{
    return redis_bus_port(r->bus);
}

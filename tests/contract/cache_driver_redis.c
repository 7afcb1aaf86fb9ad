/* On the Redis that PARLEY_TEST_REDIS names (HOST:PORT), under a prefix of its own each time. */
#include <stdio.h>
#include <stdlib.h>

#include "adapter/redis/redis.h"
#include "base/mem.h"
#include "base/uuid.h"
#include "cache_driver.h"

#define PATIENCE_MS 2000 /* what is tested here are promises, not time limits */

static void redis_driver_open(struct nodes *n)
{
    const char *address = getenv("PARLEY_TEST_REDIS");
    struct uuid id = uuid_random();
    struct redis **nodes = mem_array(2, sizeof *nodes);
    char prefix[REDIS_PREFIX_MAX], reason[160];
    snprintf(prefix, sizeof prefix, "contract:%s:", uuid_text(&id).s);
    for (int i = 0; i < 2; i++) {
        const struct redis_config config = {.address = address,
                                            .prefix = prefix,
                                            .connect_ms = PATIENCE_MS,
                                            .command_ms = PATIENCE_MS,
                                            .password = getenv("PARLEY_TEST_REDIS_PASSWORD")};
        if (redis_open(&config, &nodes[i], reason, sizeof reason) != ERR_OK)
            fail_msg("%s", reason);
        n->cache[i] = redis_cache(nodes[i]);
        n->bus[i] = redis_bus(nodes[i]);
        if (!n->cache[i]->ops->is_ready(n->cache[i], reason, sizeof reason))
            fail_msg("%s: %s", address, reason);
    }
    n->driver = nodes;
}

static void redis_driver_close(struct nodes *n)
{
    struct redis **nodes = n->driver;
    redis_close(nodes[0]);
    redis_close(nodes[1]);
    mem_free(nodes);
}

const struct cache_driver cache_driver_redis = {"redis", "PARLEY_TEST_REDIS", redis_driver_open,
                                                redis_driver_close};

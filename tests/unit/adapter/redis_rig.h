/* A cache on a real Redis of its own (redis_server.h), with short limits. */
#ifndef PARLEY_UNIT_ADAPTER_REDIS_RIG_H
#define PARLEY_UNIT_ADAPTER_REDIS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapter/redis/redis.h"
#include "redis_server.h"

#define PROBE_MS   100
#define CONNECT_MS 1000
#define COMMAND_MS 400

struct rig {
    struct redis_server server;
    struct redis_config config;
    struct redis *redis;
    struct cache *cache;
};

/* Opens the cache on the server that runs. */
void rig_open(struct rig *r);
/* The server too. */
void rig_init(struct rig *r);
void rig_fini(struct rig *r);

enum err rig_put(struct rig *r, const char *key, const char *value);
/* Fails the test when it is there and not `wanted`. */
enum err rig_get(struct rig *r, const char *key, const char *wanted);
bool rig_is_ready(struct rig *r);
/* Waits for that, 5 s at most. */
void rig_wait_ready(struct rig *r, bool ready);
void rig_sleep(unsigned ms);
int64_t rig_now_ms(void);

#endif

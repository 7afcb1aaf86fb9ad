#include "redis_rig.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

void rig_sleep(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

int64_t rig_now_ms(void)
{
    return clock_steady_us(&clock_system) / 1000;
}

void rig_open(struct rig *r)
{
    char reason[160];
    r->config.address = r->server.address;
    r->config.probe_ms = PROBE_MS;
    r->config.connect_ms = CONNECT_MS;
    r->config.command_ms = COMMAND_MS;
    assert_int_equal(redis_open(&r->config, &r->redis, reason, sizeof reason), ERR_OK);
    r->cache = redis_cache(r->redis);
}

void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    redis_server_init(&r->server);
    rig_open(r);
}

void rig_fini(struct rig *r)
{
    redis_close(r->redis);
    redis_server_stop(&r->server);
}

enum err rig_put(struct rig *r, const char *key, const char *value)
{
    return r->cache->ops->put(r->cache, str_of(key), str_of(value), 60000);
}

enum err rig_get(struct rig *r, const char *key, const char *wanted)
{
    struct arena arena;
    struct str got;
    arena_init(&arena);
    enum err e = r->cache->ops->get(r->cache, str_of(key), &arena, &got);
    if (e == ERR_OK)
        assert_true(str_eq(got, str_of(wanted)));
    arena_fini(&arena);
    return e;
}

bool rig_is_ready(struct rig *r)
{
    char detail[160];
    return r->cache->ops->is_ready(r->cache, detail, sizeof detail);
}

void rig_wait_ready(struct rig *r, bool ready)
{
    for (int i = 0; i < 500 && rig_is_ready(r) != ready; i++)
        rig_sleep(10);
    assert_int_equal(rig_is_ready(r), ready);
}

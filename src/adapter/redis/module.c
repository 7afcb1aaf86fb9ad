/* The driver as a module (port/driver.h). */
#include <hiredis/hiredis.h>

#include "adapter/redis/redis.h"
#include "base/mem.h"
#include "port/driver.h"
#include "port/driver_abi.h"

#define TEXT(x)    #x
#define NUMBER(x)  TEXT(x)
#define HIREDIS_IS NUMBER(HIREDIS_MAJOR) "." NUMBER(HIREDIS_MINOR) "." NUMBER(HIREDIS_PATCH)

struct redis_driver {
    struct driver driver; /* first: the program holds this one */
    struct redis *redis;
};

static const char *library(void)
{
    return "hiredis " HIREDIS_IS;
}

static enum err open_driver(const void *config, struct driver **out, char *reason, size_t size)
{
    struct redis_driver *d = MEM_NEW(struct redis_driver);
    enum err e = redis_open(config, &d->redis, reason, size);
    if (e != ERR_OK) {
        mem_free(d);
        return e;
    }
    d->driver.cache = redis_cache(d->redis);
    d->driver.bus = redis_bus(d->redis);
    *out = &d->driver;
    return ERR_OK;
}

static void close_driver(struct driver *self)
{
    struct redis_driver *d = (struct redis_driver *)self;
    redis_close(d->redis);
    mem_free(d);
}

DRIVER_EXPORT const struct driver_module parley_driver = {
    .abi = DRIVER_ABI,
    .name = "redis",
    .config_size = sizeof(struct redis_config),
    .library = library,
    .open = open_driver,
    .close = close_driver,
};

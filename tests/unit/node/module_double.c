/* A module for test_module.c, built several times: MODULE_NAME is what it says it is, MODULE_ABI
 * of which build. It uses memory of the program's, as every driver does. */
#include "base/mem.h"
#include "port/driver.h"
#include "port/driver_abi.h"

#ifndef MODULE_ABI
#define MODULE_ABI DRIVER_ABI
#endif

static const char *library(void)
{
    return "double 1.0";
}

static enum err open_double(const void *config, struct driver **out, char *reason, size_t size)
{
    (void)reason;
    (void)size;
    struct driver *d = mem_zalloc(sizeof *d);
    d->cache = (struct cache *)(uintptr_t) * (const int *)config;
    *out = d;
    return ERR_OK;
}

static void close_double(struct driver *self)
{
    mem_free(self);
}

DRIVER_EXPORT const struct driver_module parley_driver = {
    .abi = MODULE_ABI,
    .name = MODULE_NAME,
    .config_size = sizeof(int),
    .library = library,
    .open = open_double,
    .close = close_double,
};

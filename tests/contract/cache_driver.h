/* What the suites of the cache and the bus run on. */
#ifndef PARLEY_CONTRACT_CACHE_DRIVER_H
#define PARLEY_CONTRACT_CACHE_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "port/bus.h"
#include "port/cache.h"

/* Two nodes on one cache and one bus. */
struct nodes {
    struct cache *cache[2];
    struct bus *bus[2];
    void *driver; /* its own */
};

struct cache_driver {
    const char *name;
    const char *variable; /* of the environment, without which it is not there; NULL: none */
    /* Empty. Stops the test when it cannot. */
    void (*open)(struct nodes *n);
    void (*close)(struct nodes *n);
};

extern const struct cache_driver cache_driver_memory;
#ifdef WITH_REDIS
extern const struct cache_driver cache_driver_redis;
#endif
/* The chosen one. */
extern const struct cache_driver *cache_driver;

/* cmocka's set-up and tear-down of every test: `*state` is a `struct nodes`. */
int nodes_setup(void **state);
int nodes_teardown(void **state);
/* Waits; what has a lifetime really lives that long. */
void nodes_sleep(unsigned ms);

/* The suite of the cache; returns how many of its tests failed. */
int contract_cache(void);
/* Likewise, of the bus. */
int contract_bus(void);

#endif

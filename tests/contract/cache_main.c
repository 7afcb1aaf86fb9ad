/* contract-cache DRIVER SUITE: the cache or the bus on one driver. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cache_driver.h"

const struct cache_driver *cache_driver;

static const struct cache_driver *const drivers[] = {
    &cache_driver_memory,
#ifdef WITH_REDIS
    &cache_driver_redis,
#endif
};

int nodes_setup(void **state)
{
    struct nodes *n = MEM_NEW(struct nodes);
    cache_driver->open(n);
    *state = n;
    return 0;
}

int nodes_teardown(void **state)
{
    cache_driver->close(*state);
    mem_free(*state);
    return 0;
}

void nodes_sleep(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: contract-cache DRIVER SUITE\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
        if (strcmp(argv[1], drivers[i]->name) == 0)
            cache_driver = drivers[i];
    if (cache_driver != NULL && cache_driver->variable != NULL &&
        getenv(cache_driver->variable) == NULL) {
        printf("1..0 # SKIP %s is not set\n", cache_driver->variable);
        return 0;
    }
    if (cache_driver != NULL && strcmp(argv[2], "cache") == 0)
        return contract_cache();
    if (cache_driver != NULL && strcmp(argv[2], "bus") == 0)
        return contract_bus();
    fprintf(stderr, "no such driver or suite\n");
    return 2;
}

#include "adapter/memory/bus.h"
#include "adapter/memory/cache.h"
#include "base/mem.h"
#include "cache_driver.h"

struct memory_nodes {
    struct memory_cache *cache;
    struct memory_wire *wire;
    struct memory_bus *bus[2];
};

static void memory_driver_open(struct nodes *n)
{
    struct memory_nodes *m = MEM_NEW(struct memory_nodes);
    m->cache = memory_cache_new(&clock_system, 0);
    m->wire = memory_wire_new(false, 0);
    for (int i = 0; i < 2; i++) {
        m->bus[i] = memory_bus_new(m->wire);
        n->bus[i] = memory_bus_port(m->bus[i]);
        n->cache[i] = memory_cache_port(m->cache);
    }
    n->driver = m;
}

static void memory_driver_close(struct nodes *n)
{
    struct memory_nodes *m = n->driver;
    memory_bus_free(m->bus[0]);
    memory_bus_free(m->bus[1]);
    memory_wire_free(m->wire);
    memory_cache_free(m->cache);
    mem_free(m);
}

const struct cache_driver cache_driver_memory = {"memory", NULL, memory_driver_open,
                                                 memory_driver_close};

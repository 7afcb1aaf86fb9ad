#include "adapter/memory/store.h"
#include "base/mem.h"
#include "driver.h"

struct memory_driver {
    struct driver super;
    struct memory_store *store;
};

static struct driver *memory_open(const struct driver_setup *setup, const struct driver_ops *ops,
                                  bool stepped, unsigned partitions)
{
    struct memory_driver *d = MEM_NEW(struct memory_driver);
    d->store = memory_store_new(&(struct memory_config){.clock = setup->clock,
                                                        .stepped = stepped,
                                                        .appends_max = setup->appends_max,
                                                        .partitions = partitions});
    d->super = (struct driver){ops, memory_store_journal(d->store), memory_store_accounts(d->store),
                               memory_store_channels(d->store), memory_store_messages(d->store)};
    memory_store_start(d->store, setup->sink);
    return &d->super;
}

static struct driver *open_threaded(const struct driver_setup *setup)
{
    return memory_open(setup, &driver_memory, false, 1);
}

static struct driver *open_stepped(const struct driver_setup *setup)
{
    return memory_open(setup, &driver_memory_stepped, true, 1);
}

static struct driver *open_partitioned(const struct driver_setup *setup)
{
    return memory_open(setup, &driver_memory_partitioned, false, 5);
}

static void memory_stop(struct driver *d)
{
    memory_store_stop(((struct memory_driver *)d)->store);
}

static void memory_close(struct driver *d)
{
    memory_store_free(((struct memory_driver *)d)->store);
    mem_free(d);
}

static void memory_refuse(struct driver *d, bool refuse)
{
    memory_store_refuse(((struct memory_driver *)d)->store, refuse);
}

static void memory_step(struct driver *d)
{
    memory_store_step(((struct memory_driver *)d)->store);
}

const struct driver_ops driver_memory = {
    .name = "memory",
    .open = open_threaded,
    .stop = memory_stop,
    .close = memory_close,
    .refuse = memory_refuse,
};

const struct driver_ops driver_memory_partitioned = {
    .name = "memory-partitioned",
    .open = open_partitioned,
    .stop = memory_stop,
    .close = memory_close,
    .refuse = memory_refuse,
};

const struct driver_ops driver_memory_stepped = {
    .name = "memory-stepped",
    .open = open_stepped,
    .stop = memory_stop,
    .close = memory_close,
    .refuse = memory_refuse,
    .step = memory_step,
};

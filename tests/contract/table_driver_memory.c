#include "adapter/memory/channel_table.h"
#include "adapter/memory/store.h"
#include "base/mem.h"
#include "kit.h"
#include "table_driver.h"

struct memory_rig {
    struct clock_manual clock;
    struct memory_store *store;
    struct memory_tables *tables;
};

static void memory_open(struct tables *t)
{
    struct memory_rig *rig = MEM_NEW(struct memory_rig);
    clock_manual_init(&rig->clock, KIT_START_US);
    rig->store = memory_store_new(&(struct memory_config){.clock = &rig->clock.super});
    memory_store_start(rig->store, NULL);
    t->accounts = memory_store_accounts(rig->store);
    rig->tables = memory_tables_new(&rig->clock.super, t->accounts);
    for (unsigned i = 0; i < TABLE_NODES; i++)
        t->node[i] = memory_tables_door(rig->tables);
    t->driver = rig;
}

static void memory_close(struct tables *t)
{
    struct memory_rig *rig = t->driver;
    memory_tables_free(rig->tables);
    memory_store_free(rig->store);
    mem_free(rig);
}

static void memory_refuse(struct tables *t, bool refuse)
{
    memory_tables_refuse(((struct memory_rig *)t->driver)->tables, refuse);
}

static void memory_cut(struct tables *t, unsigned node)
{
    memory_tables_cut(t->node[node]);
}

static void memory_lose_commit(struct tables *t, bool done)
{
    memory_tables_lose_commit(((struct memory_rig *)t->driver)->tables, done);
}

static void memory_pass(struct tables *t, int64_t ms)
{
    clock_manual_advance(&((struct memory_rig *)t->driver)->clock, ms * 1000);
}

const struct table_driver table_driver_memory = {
    .name = "memory",
    .open = memory_open,
    .close = memory_close,
    .refuse = memory_refuse,
    .cut = memory_cut,
    .lose_commit = memory_lose_commit,
    .pass = memory_pass,
};

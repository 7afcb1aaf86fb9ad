#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "postgres_proxy.h"
#include "table_driver.h"

static const char *const names[TABLE_NODES] = {"node0", "node1"};

struct stores {
    struct postgres_store *store[TABLE_NODES];
};

static void stores_open(struct tables *t)
{
    struct stores *s = MEM_NEW(struct stores);
    char reason[256];
    postgres_rig_reset();
    postgres_rig_migrate();
    for (unsigned i = 0; i < TABLE_NODES; i++) {
        const struct postgres_config config = {
            .conninfo = i == 0 ? postgres_proxy_start(names[i]) : postgres_rig_conninfo(names[i])};
        if (postgres_open(&config, &s->store[i], reason, sizeof reason) != ERR_OK) {
            fprintf(stderr, "%s\n", reason);
            abort();
        }
        t->node[i] = postgres_channels(s->store[i]);
    }
    t->accounts = postgres_accounts(s->store[0]);
    t->driver = s;
}

static void stores_close(struct tables *t)
{
    struct stores *s = t->driver;
    for (unsigned i = 0; i < TABLE_NODES; i++)
        postgres_close(s->store[i]);
    postgres_proxy_stop();
    mem_free(s);
}

static void stores_refuse(struct tables *t, bool refuse)
{
    (void)t;
    postgres_rig_refuse(refuse);
}

static void stores_cut(struct tables *t, unsigned node)
{
    (void)t;
    postgres_rig_cut(names[node]);
}

static void stores_lose_commit(struct tables *t, bool done)
{
    (void)t;
    postgres_proxy_set(done ? PROXY_LOSE_ANSWER : PROXY_LOSE_COMMIT);
}

static void stores_pass(struct tables *t, int64_t ms)
{
    char sql[160];
    (void)t;
    snprintf(sql, sizeof sql,
             "UPDATE parley_past_member SET left_at=left_at-interval '%lld milliseconds'",
             (long long)ms);
    postgres_rig_exec(sql);
}

const struct table_driver table_driver_postgres = {
    .name = "postgres",
    .variable = RIG_VARIABLE,
    .open = stores_open,
    .close = stores_close,
    .refuse = stores_refuse,
    .cut = stores_cut,
    .lose_commit = stores_lose_commit,
    .pass = stores_pass,
};

/* What the suite of the channel table runs on: two nodes on the same tables. */
#ifndef PARLEY_CONTRACT_TABLE_DRIVER_H
#define PARLEY_CONTRACT_TABLE_DRIVER_H

#include "port/account_store.h"
#include "port/channel_table.h"

#define TABLE_NODES 2

struct tables {
    struct channel_table *node[TABLE_NODES];
    struct account_store *accounts;
    void *driver; /* its own */
};

struct table_driver {
    const char *name;
    const char *variable; /* of the environment, without which it is not there; NULL: none */
    /* Empty. Stops the test when it cannot. */
    void (*open)(struct tables *t);
    void (*close)(struct tables *t);
    /* While set, nothing can be made durable. */
    void (*refuse)(struct tables *t, bool refuse);
    /* Loses the connections of one node, once. */
    void (*cut)(struct tables *t, unsigned node);
    /* Loses node 0's connection during its next commit, which is `done` or not. */
    void (*lose_commit)(struct tables *t, bool done);
    /* Makes it so many milliseconds later, for past memberships. */
    void (*pass)(struct tables *t, int64_t ms);
};

extern const struct table_driver table_driver_memory;
#ifdef WITH_POSTGRES
extern const struct table_driver table_driver_postgres;
#endif
/* The chosen one. */
extern const struct table_driver *table_driver;

/* The two suites of the channel table; each returns how many of its tests failed. */
int contract_channel_table(void);
int contract_channel_outbox(void);

#endif

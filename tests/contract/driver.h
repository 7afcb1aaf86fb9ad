/* What a contract suite runs on: the four ports of one store, opened by a driver. */
#ifndef PARLEY_CONTRACT_DRIVER_H
#define PARLEY_CONTRACT_DRIVER_H

#include "base/clock.h"
#include "port/account_store.h"
#include "port/channel_store.h"
#include "port/journal.h"
#include "port/message_store.h"

struct driver_setup {
    const struct clock *clock;
    struct journal_sink *sink;
    size_t appends_max; /* 0: the driver's default */
};

struct driver;
struct driver_ops {
    const char *name;
    /* Opens an empty store. Stops the test when it cannot. */
    struct driver *(*open)(const struct driver_setup *setup);
    /* Ends it and opens what it left behind. NULL: the driver forgets. */
    struct driver *(*reopen)(struct driver *d, const struct driver_setup *setup);
    /* Refuses new writes, answers what is queued. */
    void (*stop)(struct driver *d);
    void (*close)(struct driver *d);
    /* While set, nothing can be made durable. */
    void (*refuse)(struct driver *d, bool refuse);
    /* Takes what is queued as one batch; NULL where a thread does. */
    void (*step)(struct driver *d);
    /* Its journal stamps what is durable already, so it has nothing to discard; and that users and
     * channels exist was asked before it hears of them. */
    bool follows;
};

struct driver {
    const struct driver_ops *ops;
    struct journal *journal;
    struct account_store *accounts;
    struct channel_store *channels;
    struct message_store *messages;
};

extern const struct driver_ops driver_memory, driver_memory_partitioned, driver_memory_stepped,
    driver_sqlite;
/* The cluster engine over doors in memory; the other one with nobody to write behind. */
extern const struct driver_ops driver_cluster, driver_cluster_unwritten;
/* Accounts only; where PARLEY_TEST_POSTGRES says where one is. */
extern const struct driver_ops driver_postgres;

#endif

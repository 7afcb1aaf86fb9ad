/* The drivers of the cluster engine as a configuration asks for them: which module (module.h) for
 * what, and with which of its settings. The only place that knows a driver's configuration.
 *
 * Opened at start by the engine and by the subcommands that need one; closed in reverse.
 */
#ifndef PARLEY_NODE_DRIVERS_H
#define PARLEY_NODE_DRIVERS_H

#include "node/config.h"
#include "port/driver.h"

enum driver_use {
    USE_TABLE,   /* PostgreSQL: accounts, channels, memberships */
    USE_HISTORY, /* Cassandra; PostgreSQL too, under direct delivery without Cassandra */
    USE_CACHE,   /* Redis: the cache and the bus */
    USE_EVENTS, /* Kafka, a topic each (tables of PostgreSQL under direct delivery): the journal, */
    USE_RETRY,  /* what is tried again, */
    USE_DEAD,   /* and what was tried in vain */
    USE_WORD,   /* Redis: the bus by which records are handed over, under direct delivery */
    USE_HOOK,   /* web hooks */
    DRIVER_USES
};

struct drivers {
    const struct driver_module *modules[DRIVER_USES];
    struct driver *open[DRIVER_USES]; /* NULL: not asked for */
};

/* Opens those whose bits (1 << use) are in `uses`; `node` is this node's name in the services'
 * logs. A service that must be there to begin with and is away is tried again until it is there or
 * `is_unwanted` says that nobody waits (NULL: tried once). On failure nothing is open, and `reason`
 * has a sentence. */
enum err drivers_open(const struct config *config, const char *node, unsigned uses,
                      bool (*is_unwanted)(void), struct drivers *out, char *reason,
                      size_t reason_size);
void drivers_close(struct drivers *d);

/* Tables, keyspace and topics (driver.h): all of them up, or all told; down takes one step of
 * PostgreSQL's and of Cassandra's, topics stay. Stops at the first that fails. */
enum err drivers_migrate(const struct config *config, enum driver_migration what, driver_say_f say,
                         void *arg, char *reason, size_t reason_size);

#endif

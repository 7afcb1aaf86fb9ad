/* A driver as a module: what parley-<name>.so (src/adapter/<name>/module.c) and the program know of
 * each other. The program loads it when the configuration names its engine (node/module.h), so that
 * an embedded node needs neither the module nor the library behind it.
 *
 *     load    `parley_driver` is looked up; its `abi`, name and size of configuration must be ours
 *     open    with the driver's own configuration (adapter/<name>/<name>.h): an instance that
 * offers the ports it implements close   after everyone who used a port of it has stopped; the
 * module stays loaded
 *
 * What a module uses of base/, domain/ and telemetry/ is the program's (it exports those rooms); it
 * holds no copy. DRIVER_ABI is made from the headers of those rooms, the ports and the drivers'
 * configurations (tools/driver_abi.py): a module of another build is refused, not tried.
 */
#ifndef PARLEY_PORT_DRIVER_H
#define PARLEY_PORT_DRIVER_H

#include <stddef.h>

#include "base/err.h"

struct account_store;
struct bus;
struct cache;
struct channel_table;
struct event_log;
struct history_store;
struct import_table;
struct peer_link;
struct span_sink;
struct rpc_server;
struct web_hook;

/* An open driver. Ports that it does not implement are NULL. */
struct driver {
    struct event_log *log;
    struct history_store *history;
    struct account_store *accounts;
    struct channel_table *channels;
    struct import_table *imports;
    struct cache *cache;
    struct bus *bus;
    struct peer_link *peers;
    struct web_hook *web_hook;
    struct span_sink *spans;
    struct rpc_server *rpc;
};

enum driver_migration { DRIVER_MIGRATE_UP, DRIVER_MIGRATE_DOWN, DRIVER_MIGRATE_STATUS };

/* Hears one line of how a migration stands, for the operator. */
typedef void (*driver_say_f)(const char *line, void *arg);

struct driver_module {
    const char *abi;    /* DRIVER_ABI */
    const char *name;   /* "kafka": of the folder, the file and the Meson option */
    size_t config_size; /* of what `open` is given */
    /* The library behind it and its version ("librdkafka 2.0.2"). */
    const char *(*library)(void);
    /* `config` is borrowed while the driver is open. On failure a sentence in `reason` that says
     * what to do. */
    enum err (*open)(const void *config, struct driver **out, char *reason, size_t reason_size);
    void (*close)(struct driver *self);
    /* Brings what the service must hold for us up, the last step of it down, or says how it stands;
     * safe when several processes do it at once. NULL: there is nothing to hold. Needs no open
     * driver. */
    enum err (*migrate)(const void *config, enum driver_migration what, driver_say_f say, void *arg,
                        char *reason, size_t reason_size);
};

#define DRIVER_SYMBOL "parley_driver"
/* Before the definition of `parley_driver`, the one name that a module shows. */
#define DRIVER_EXPORT __attribute__((visibility("default")))
extern const struct driver_module parley_driver;

#endif

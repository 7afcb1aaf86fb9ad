/* The driver as a module (port/driver.h). */
#include <stdio.h>

#include "adapter/cassandra/bridge.h"
#include "adapter/cassandra/cassandra.h"
#include "base/mem.h"
#include "port/driver.h"
#include "port/driver_abi.h"

struct cassandra_driver {
    struct driver driver; /* first: the program holds this one */
    struct cassandra *cassandra;
};

static enum err open_driver(const void *config, struct driver **out, char *reason, size_t size)
{
    struct cassandra_driver *d = MEM_NEW(struct cassandra_driver);
    enum err e = cassandra_open(config, &d->cassandra, reason, size);
    if (e != ERR_OK) {
        mem_free(d);
        return e;
    }
    d->driver.history = cassandra_history(d->cassandra);
    *out = &d->driver;
    return ERR_OK;
}

static void close_driver(struct driver *self)
{
    struct cassandra_driver *d = (struct cassandra_driver *)self;
    cassandra_close(d->cassandra);
    mem_free(d);
}

static void say_state(const struct cassandra_schema_state *s, driver_say_f say, void *arg)
{
    char line[160];
    for (int v = 1; v <= s->latest; v++) {
        snprintf(line, sizeof line, "cassandra %d %s: %s", v,
                 v <= s->current ? "applied" : "pending", cassandra_migration_name(v));
        say(line, arg);
    }
}

static enum err migrate(const void *config, enum driver_migration what, driver_say_f say, void *arg,
                        char *reason, size_t size)
{
    struct cassandra_schema_state state;
    enum err e = what == DRIVER_MIGRATE_UP ? cassandra_migrate_up(config, &state, reason, size)
                 : what == DRIVER_MIGRATE_DOWN
                     ? cassandra_migrate_down(config, &state, reason, size)
                     : cassandra_migrate_status(config, &state, reason, size);
    if (e == ERR_OK)
        say_state(&state, say, arg);
    return e;
}

DRIVER_EXPORT const struct driver_module parley_driver = {
    .abi = DRIVER_ABI,
    .name = "cassandra",
    .config_size = sizeof(struct cassandra_config),
    .library = bridge_library,
    .open = open_driver,
    .close = close_driver,
    .migrate = migrate,
};

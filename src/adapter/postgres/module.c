/* The driver as a module (port/driver.h). */
#include <libpq-fe.h>
#include <stdio.h>

#include "adapter/postgres/log.h"
#include "base/mem.h"
#include "port/driver.h"
#include "port/driver_abi.h"

#define LINE_SIZE 128

struct postgres_driver {
    struct driver driver;         /* first: the program holds this one */
    struct postgres_store *store; /* one of the two */
    struct postgres_log *log;
};

static const char *library(void)
{
    static char text[32];
    int version = PQlibVersion();
    snprintf(text, sizeof text, "libpq %d.%d", version / 10000, version % 10000);
    return text;
}

static enum err open_driver(const void *config, struct driver **out, char *reason, size_t size)
{
    struct postgres_driver *d = MEM_NEW(struct postgres_driver);
    bool is_log = ((const struct postgres_config *)config)->topic != NULL;
    enum err e = is_log ? postgres_log_open(config, &d->log, reason, size)
                        : postgres_open(config, &d->store, reason, size);
    if (e != ERR_OK) {
        mem_free(d);
        return e;
    }
    if (is_log) {
        d->driver.log = postgres_log_door(d->log);
    } else {
        d->driver.accounts = postgres_accounts(d->store);
        d->driver.channels = postgres_channels(d->store);
        d->driver.imports = postgres_imports(d->store);
        d->driver.history = postgres_history(d->store);
    }
    *out = &d->driver;
    return ERR_OK;
}

static void close_driver(struct driver *self)
{
    struct postgres_driver *d = (struct postgres_driver *)self;
    postgres_log_close(d->log);
    postgres_close(d->store);
    mem_free(d);
}

static void say_state(const struct postgres_schema_state *s, driver_say_f say, void *arg)
{
    char line[LINE_SIZE];
    for (int version = 1; version <= s->latest; version++) {
        snprintf(line, sizeof line, "%3d  %-8s  %s", version,
                 version <= s->current ? "applied" : "pending", postgres_migration_name(version));
        say(line, arg);
    }
}

static enum err migrate(const void *config, enum driver_migration what, driver_say_f say, void *arg,
                        char *reason, size_t reason_size)
{
    struct postgres_schema_state state;
    enum err e = what == DRIVER_MIGRATE_UP
                     ? postgres_migrate_up(config, &state, reason, reason_size)
                 : what == DRIVER_MIGRATE_DOWN
                     ? postgres_migrate_down(config, &state, reason, reason_size)
                     : postgres_migrate_status(config, &state, reason, reason_size);
    if (e == ERR_OK)
        say_state(&state, say, arg);
    return e;
}

DRIVER_EXPORT const struct driver_module parley_driver = {
    .abi = DRIVER_ABI,
    .name = "postgres",
    .config_size = sizeof(struct postgres_config),
    .library = library,
    .open = open_driver,
    .close = close_driver,
    .migrate = migrate,
};

/* PostgreSQL where a suite asks for accounts; it has no journal and no history. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "driver.h"
#include "postgres_rig.h"

struct postgres_driver {
    struct driver super;
    struct postgres_store *store;
};

static void driver_start(struct postgres_driver *d, const struct driver_setup *setup)
{
    char reason[256];
    const struct postgres_config config = {.conninfo = postgres_rig_conninfo("store"),
                                           .clock = setup->clock};
    if (postgres_open(&config, &d->store, reason, sizeof reason) != ERR_OK) {
        fprintf(stderr, "%s\n", reason);
        abort();
    }
    d->super = (struct driver){.ops = &driver_postgres, .accounts = postgres_accounts(d->store)};
}

static struct driver *driver_open(const struct driver_setup *setup)
{
    struct postgres_driver *d = MEM_NEW(struct postgres_driver);
    postgres_rig_reset();
    postgres_rig_migrate();
    driver_start(d, setup);
    return &d->super;
}

static struct driver *driver_reopen(struct driver *self, const struct driver_setup *setup)
{
    struct postgres_driver *d = (struct postgres_driver *)self;
    postgres_close(d->store);
    driver_start(d, setup);
    return self;
}

static void driver_close(struct driver *self)
{
    struct postgres_driver *d = (struct postgres_driver *)self;
    postgres_close(d->store);
    mem_free(d);
}

static void driver_refuse(struct driver *d, bool refuse)
{
    (void)d;
    postgres_rig_refuse(refuse);
}

const struct driver_ops driver_postgres = {
    .name = "postgres",
    .open = driver_open,
    .reopen = driver_reopen,
    .close = driver_close,
    .refuse = driver_refuse,
};

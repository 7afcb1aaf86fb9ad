#include <stdio.h>
#include <stdlib.h>

#include "adapter/sqlite/store.h"
#include "base/mem.h"
#include "driver_sqlite.h"
#include "fault_vfs.h"
#include "scratch.h"

#define WAL_BYTES (1024 * 1024)

struct sqlite_driver {
    struct driver super;
    struct sqlite_store *store;
    char dir[SCRATCH_SIZE];
    bool keeps_dir;
};

static void driver_start(struct sqlite_driver *d, const struct driver_setup *setup)
{
    char reason[256];
    fault_vfs_install();
    const struct sqlite_config config = {.dir = d->dir,
                                         .wal_bytes = WAL_BYTES,
                                         .clock = setup->clock,
                                         .appends_max = setup->appends_max};
    if (sqlite_store_open(&config, &d->store, reason, sizeof reason) != ERR_OK) {
        fprintf(stderr, "%s\n", reason);
        abort();
    }
    d->super = (struct driver){&driver_sqlite, sqlite_store_journal(d->store),
                               sqlite_store_accounts(d->store), sqlite_store_channels(d->store),
                               sqlite_store_messages(d->store)};
    sqlite_store_start(d->store, setup->sink);
}

static struct driver *driver_open(const struct driver_setup *setup)
{
    struct sqlite_driver *d = MEM_NEW(struct sqlite_driver);
    scratch_make(d->dir);
    driver_start(d, setup);
    return &d->super;
}

struct driver *driver_sqlite_open_in(const char *dir, const struct driver_setup *setup)
{
    struct sqlite_driver *d = MEM_NEW(struct sqlite_driver);
    d->keeps_dir = true;
    snprintf(d->dir, sizeof d->dir, "%s", dir);
    driver_start(d, setup);
    return &d->super;
}

static struct driver *driver_reopen(struct driver *self, const struct driver_setup *setup)
{
    struct sqlite_driver *d = (struct sqlite_driver *)self;
    sqlite_store_close(d->store);
    driver_start(d, setup);
    return self;
}

static void driver_stop(struct driver *d)
{
    sqlite_store_stop(((struct sqlite_driver *)d)->store);
}

static void driver_close(struct driver *self)
{
    struct sqlite_driver *d = (struct sqlite_driver *)self;
    sqlite_store_close(d->store);
    if (!d->keeps_dir)
        scratch_remove(d->dir);
    mem_free(d);
}

static void driver_refuse(struct driver *d, bool refuse)
{
    (void)d;
    fault_vfs_fill_disk(refuse);
}

struct sqlite_store *driver_sqlite_store(struct driver *d)
{
    return ((struct sqlite_driver *)d)->store;
}

const char *driver_sqlite_dir(struct driver *d)
{
    return ((struct sqlite_driver *)d)->dir;
}

const struct driver_ops driver_sqlite = {
    .name = "sqlite",
    .open = driver_open,
    .reopen = driver_reopen,
    .stop = driver_stop,
    .close = driver_close,
    .refuse = driver_refuse,
};

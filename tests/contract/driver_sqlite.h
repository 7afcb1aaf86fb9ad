/* The SQLite driver's own side, for tests of what is not in the contract. */
#ifndef PARLEY_CONTRACT_DRIVER_SQLITE_H
#define PARLEY_CONTRACT_DRIVER_SQLITE_H

#include "adapter/sqlite/store.h"
#include "driver.h"

struct sqlite_store *driver_sqlite_store(struct driver *d);
/* Where its files are. Borrowed. */
const char *driver_sqlite_dir(struct driver *d);
/* A driver on a directory that stays when it is closed. */
struct driver *driver_sqlite_open_in(const char *dir, const struct driver_setup *setup);

#endif

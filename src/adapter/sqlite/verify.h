/* The walk of a verify, over a connection that is open already. Inside adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_VERIFY_H
#define PARLEY_ADAPTER_SQLITE_VERIFY_H

#include "adapter/sqlite/admin.h"
#include "adapter/sqlite/db.h"

/* As sqlite_verify, of the snapshot that `db` sees. */
enum err verify_database(struct db *db, void (*problem)(const char *sentence, void *arg), void *arg,
                         struct sqlite_verify_result *out);

#endif

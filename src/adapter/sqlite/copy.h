/* Copying a database, page by page. Inside adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_COPY_H
#define PARLEY_ADAPTER_SQLITE_COPY_H

#include "adapter/sqlite/admin.h"
#include "adapter/sqlite/db.h"

/* Makes the new file `path` (0600) a copy of what `from` sees at one moment, as a file on its own,
 * without a write-ahead log, and syncs it. `from` may be in use by others. On failure no file is
 * left. `progress` may be NULL. */
enum err copy_database(struct db *from, const char *path, sqlite_progress_f progress, void *arg,
                       char *reason, size_t reason_size);

#endif

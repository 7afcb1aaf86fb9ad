/* A post as its row has it. Inside adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_ROW_H
#define PARLEY_ADAPTER_SQLITE_ROW_H

#include "adapter/sqlite/db.h"
#include "domain/event.h"

/* The columns are POST_COLUMNS; strings go into the arena. */
struct event row_post(sqlite3_stmt *st, struct arena *arena);

#endif

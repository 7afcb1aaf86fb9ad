/* The directory of a store: its files, and the lock of the process that serves from it. Inside
 * adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_DIR_H
#define PARLEY_ADAPTER_SQLITE_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define DIR_PATH_SIZE 4096
#define DIR_DB        "parley.db"
#define DIR_WAL       "parley.db-wal"
#define DIR_LOCK      "parley.lock"

/* `dir`/`name` into `out` (DIR_PATH_SIZE); false when it is too long. */
bool dir_path(const char *dir, const char *name, char *out);
/* Makes `dir` (0700) and its parents when they are not there. */
enum err dir_make(const char *dir, char *reason, size_t reason_size);
/* Makes an empty file `path` (0600) in `dir` unless it is there: SQLite gives its other files the
 * same mode. */
enum err dir_touch(const char *dir, const char *path, char *reason, size_t reason_size);
/* Is there a store in `dir`? */
bool dir_has_store(const char *dir);
/* Holds `dir` for this process until the descriptor is closed; waits up to `wait_ms`. -1 with a
 * sentence when another has it. */
int dir_lock(const char *dir, int wait_ms, char *reason, size_t reason_size);
/* Makes what was created, renamed or written in `path` (a file or a directory) durable. */
bool dir_sync(const char *path);

#endif

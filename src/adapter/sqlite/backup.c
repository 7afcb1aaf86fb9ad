#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapter/sqlite/admin.h"
#include "adapter/sqlite/copy.h"
#include "adapter/sqlite/dir.h"
#include "adapter/sqlite/schema.h"

#define CACHE_KIB 2048

/* The directory that `file` is in. */
static void directory_of(const char *file, char *out)
{
    const char *slash = strrchr(file, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - file);
    if (n == 0)
        snprintf(out, DIR_PATH_SIZE, "%s", slash == NULL ? "." : "/");
    else
        snprintf(out, DIR_PATH_SIZE, "%.*s", (int)n, file);
}

/* Gives the finished copy its name, unless that is taken meanwhile. */
static enum err take_name(const char *partial, const char *file, char *reason, size_t reason_size)
{
    char dir[DIR_PATH_SIZE];
    directory_of(file, dir);
    if (renameat2(AT_FDCWD, partial, AT_FDCWD, file, RENAME_NOREPLACE) == 0 && dir_sync(dir))
        return ERR_OK;
    snprintf(reason, reason_size, "%s cannot be made: %s", file, strerror(errno));
    unlink(partial);
    return ERR_UNAVAILABLE;
}

enum err sqlite_backup(const char *dir, const char *file, sqlite_progress_f progress, void *arg,
                       char *reason, size_t reason_size)
{
    char path[DIR_PATH_SIZE], partial[DIR_PATH_SIZE];
    struct db db;
    if (!dir_has_store(dir) || !dir_path(dir, DIR_DB, path)) {
        snprintf(reason, reason_size, "there is no store in %s", dir);
        return ERR_UNAVAILABLE;
    }
    int n = snprintf(partial, sizeof partial, "%s.partial-%d", file, (int)getpid());
    if (n >= (int)sizeof partial || access(file, F_OK) == 0) {
        snprintf(reason, reason_size, "%s is there already", file);
        return ERR_UNAVAILABLE;
    }
    enum err e = db_open(&db, path, DB_READ, CACHE_KIB, DB_BUSY_MS, reason, reason_size);
    if (e != ERR_OK)
        return e;
    e = schema_check(&db, reason, reason_size);
    if (e == ERR_OK)
        e = copy_database(&db, partial, progress, arg, reason, reason_size);
    db_close(&db);
    return e == ERR_OK ? take_name(partial, file, reason, reason_size) : e;
}

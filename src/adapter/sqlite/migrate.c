#include <stdio.h>
#include <unistd.h>

#include "adapter/sqlite/admin.h"
#include "adapter/sqlite/dir.h"
#include "adapter/sqlite/schema.h"

#define CACHE_KIB    256
#define LOCK_WAIT_MS 2000

const char *sqlite_migration_name(int version)
{
    return schema_name(version);
}

enum err sqlite_migrate_status(const char *dir, struct sqlite_schema_state *out, char *reason,
                               size_t reason_size)
{
    char path[DIR_PATH_SIZE];
    struct db db;
    *out = (struct sqlite_schema_state){0, schema_latest()};
    if (!dir_has_store(dir) || !dir_path(dir, DIR_DB, path))
        return ERR_OK;
    enum err e = db_open(&db, path, DB_READ, CACHE_KIB, DB_BUSY_MS, reason, reason_size);
    if (e != ERR_OK)
        return e;
    out->current = schema_version(&db);
    if ((e = db_finish(&db)) != ERR_OK)
        snprintf(reason, reason_size, "%s cannot be read", path);
    db_close(&db);
    return e;
}

/* A store that no other process can be serving from. */
struct alone {
    struct db db;
    int lock;
};

static enum err alone_open(struct alone *a, const char *dir, char *reason, size_t reason_size)
{
    char path[DIR_PATH_SIZE];
    enum err e = dir_make(dir, reason, reason_size);
    if (e != ERR_OK)
        return e;
    if ((a->lock = dir_lock(dir, LOCK_WAIT_MS, reason, reason_size)) < 0)
        return ERR_UNAVAILABLE;
    e = dir_path(dir, DIR_DB, path) ? dir_touch(dir, path, reason, reason_size) : ERR_UNAVAILABLE;
    if (e == ERR_OK)
        e = db_open(&a->db, path, DB_WRITE, CACHE_KIB, DB_BUSY_MS, reason, reason_size);
    if (e != ERR_OK)
        close(a->lock);
    return e;
}

static void alone_close(struct alone *a, struct sqlite_schema_state *out)
{
    *out = (struct sqlite_schema_state){schema_version(&a->db), schema_latest()};
    db_close(&a->db);
    close(a->lock);
}

enum err sqlite_migrate_up(const char *dir, struct sqlite_schema_state *out, char *reason,
                           size_t reason_size)
{
    struct alone a;
    enum err e = alone_open(&a, dir, reason, reason_size);
    if (e != ERR_OK)
        return e;
    e = schema_prepare(&a.db, reason, reason_size);
    alone_close(&a, out);
    return e;
}

enum err sqlite_migrate_down(const char *dir, struct sqlite_schema_state *out, char *reason,
                             size_t reason_size)
{
    struct alone a;
    enum err e = alone_open(&a, dir, reason, reason_size);
    if (e != ERR_OK)
        return e;
    int version = schema_version(&a.db);
    if (version > schema_latest() || !schema_has_down(version)) {
        snprintf(reason, reason_size, "migration %d cannot be taken back%s", version,
                 version == 1 ? ": that would erase everything" : "");
        e = ERR_UNAVAILABLE;
    } else if ((e = schema_down(&a.db)) != ERR_OK) {
        snprintf(reason, reason_size, "migration %d could not be taken back", version);
    }
    alone_close(&a, out);
    return e;
}

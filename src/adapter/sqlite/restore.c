#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapter/sqlite/admin.h"
#include "adapter/sqlite/copy.h"
#include "adapter/sqlite/dir.h"
#include "adapter/sqlite/find.h"
#include "adapter/sqlite/schema.h"
#include "adapter/sqlite/verify.h"
#include "domain/id.h"

#define CACHE_KIB 2048
#define RESTORING "parley.db.restoring"
/* What may have been handed out after the backup was made is unknown, so the restore jumps ahead.
 * 2^40 positions are 35 years at 1,000 events a second, and leave room for 8,000 restores below
 * 2^53. Ids follow the clock: none later than now were handed out, but for a minute by which the
 * clock of then may have been ahead of that of now. */
#define SEQ_JUMP     (INT64_C(1) << 40)
#define SEQ_MAX      (INT64_C(1) << 53)
#define ID_MARGIN_MS 60000

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    bool empty = true;
    const struct dirent *entry;
    if (dir == NULL)
        return errno == ENOENT;
    while (empty && (entry = readdir(dir)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(dir);
    return empty;
}

static void jump_ahead(struct db *db, const struct clock *clock)
{
    uint64_t seq = 0, id = 0;
    int64_t floor_seq = 0, floor_id = 0;
    find_last(db, &seq, &id);
    db_meta_int(db, "floor.seq", &floor_seq);
    db_meta_int(db, "floor.id", &floor_id);
    if ((int64_t)seq > floor_seq)
        floor_seq = (int64_t)seq;
    if ((int64_t)id > floor_id)
        floor_id = (int64_t)id;
    int64_t now_ms = clock_wall_us(clock) / 1000;
    db_meta_put_int(db, "floor.seq", floor_seq + SEQ_JUMP);
    db_meta_put_int(db, "floor.id", (int64_t)id_next((uint64_t)floor_id, now_ms + ID_MARGIN_MS, 0));
}

struct first_problem {
    char *reason;
    size_t reason_size;
    bool found;
};

static void keep_first(const char *sentence, void *arg)
{
    struct first_problem *p = arg;
    if (!p->found)
        snprintf(p->reason, p->reason_size, "the backup is not sound: %s", sentence);
    p->found = true;
}

/* Brings the copy up to date, proves it, moves it past what may be known elsewhere. */
static enum err make_ready(struct db *db, const struct clock *clock, char *reason,
                           size_t reason_size)
{
    struct sqlite_verify_result r;
    struct first_problem first = {reason, reason_size, false};
    int version = schema_version(db);
    if (!db_ok(db) || version < 1 || version > schema_latest()) {
        snprintf(reason, reason_size, "this is no backup that this program can restore");
        db_finish(db);
        return ERR_UNAVAILABLE;
    }
    snprintf(reason, reason_size, "the backup cannot be read");
    enum err e = schema_up(db);
    if (e == ERR_OK)
        e = verify_database(db, keep_first, &first, &r);
    if (e != ERR_OK || r.problems > 0)
        return ERR_UNAVAILABLE;
    jump_ahead(db, clock);
    if (db_query_int(db, "SELECT value FROM meta WHERE key='floor.seq'") >= SEQ_MAX - SEQ_JUMP) {
        snprintf(reason, reason_size, "the positions are used up by too many restores");
        return ERR_UNAVAILABLE;
    }
    return db_finish(db);
}

static enum err restore_copy(const char *file, const char *path, char *reason, size_t reason_size)
{
    struct db from;
    enum err e = db_open(&from, file, DB_SINGLE, CACHE_KIB, DB_BUSY_MS, reason, reason_size);
    if (e != ERR_OK)
        return e;
    e = copy_database(&from, path, NULL, NULL, reason, reason_size);
    db_close(&from);
    return e;
}

static enum err restore_into(const char *file, const char *dir, const struct clock *clock,
                             char *reason, size_t reason_size)
{
    char temporary[DIR_PATH_SIZE], path[DIR_PATH_SIZE];
    struct db db;
    if (!dir_path(dir, RESTORING, temporary) || !dir_path(dir, DIR_DB, path))
        return ERR_UNAVAILABLE;
    enum err e = restore_copy(file, temporary, reason, reason_size);
    if (e != ERR_OK)
        return e;
    e = db_open(&db, temporary, DB_SINGLE, CACHE_KIB, DB_BUSY_MS, reason, reason_size);
    if (e == ERR_OK) {
        e = make_ready(&db, clock, reason, reason_size);
        db_close(&db);
    }
    if (e == ERR_OK && !(dir_sync(temporary) && rename(temporary, path) == 0 && dir_sync(dir))) {
        snprintf(reason, reason_size, "%s cannot be made: %s", path, strerror(errno));
        e = ERR_UNAVAILABLE;
    }
    if (e != ERR_OK)
        unlink(temporary);
    return e;
}

/* After a failure the directory is empty again, so that it can be tried once more. */
enum err sqlite_restore(const char *file, const char *dir, const struct clock *clock, char *reason,
                        size_t reason_size)
{
    if (access(file, R_OK) != 0) {
        snprintf(reason, reason_size, "%s cannot be read: %s", file, strerror(errno));
        return ERR_UNAVAILABLE;
    }
    if (!is_empty(dir)) {
        snprintf(reason, reason_size, "%s is not empty", dir);
        return ERR_UNAVAILABLE;
    }
    enum err e = dir_make(dir, reason, reason_size);
    if (e != ERR_OK)
        return e;
    int lock = dir_lock(dir, 0, reason, reason_size);
    if (lock < 0)
        return ERR_UNAVAILABLE;
    e = restore_into(file, dir, clock, reason, reason_size);
    char path[DIR_PATH_SIZE];
    if (e != ERR_OK && dir_path(dir, DIR_LOCK, path))
        unlink(path);
    close(lock);
    return e;
}

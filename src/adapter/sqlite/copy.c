#include "adapter/sqlite/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapter/sqlite/dir.h"

#define CACHE_KIB  2048
#define STEP_PAGES 256

static bool copy_pages(struct db *from, struct db *to, sqlite_progress_f progress, void *arg)
{
    sqlite3_backup *b = sqlite3_backup_init(to->handle, "main", from->handle, "main");
    bool wanted = b != NULL;
    int code = b == NULL ? sqlite3_extended_errcode(to->handle) : SQLITE_OK;
    while (wanted && code == SQLITE_OK) {
        code = sqlite3_backup_step(b, STEP_PAGES);
        uint64_t total = (uint64_t)sqlite3_backup_pagecount(b);
        uint64_t left = (uint64_t)sqlite3_backup_remaining(b);
        wanted = progress == NULL || progress(total - left, total, arg);
    }
    sqlite3_backup_finish(b);
    if (code != SQLITE_OK && code != SQLITE_DONE)
        db_note(to, code);
    return wanted && code == SQLITE_DONE;
}

/* Durability comes from one sync at the end, not from one for every step. */
static enum err copy_into(struct db *from, const char *path, sqlite_progress_f progress, void *arg,
                          char *reason, size_t reason_size)
{
    struct db to;
    enum err e = db_open(&to, path, DB_SINGLE, CACHE_KIB, 0, reason, reason_size);
    if (e != ERR_OK)
        return e;
    db_exec(&to, "PRAGMA synchronous=OFF");
    bool whole = copy_pages(from, &to, progress, arg);
    if (whole)
        db_exec(&to, "PRAGMA journal_mode=DELETE");
    if (!whole || !db_ok(&to))
        snprintf(reason, reason_size, "%s was not written: %s", path,
                 db_ok(&to) ? "given up" : db_error_text(&to));
    e = db_finish(&to);
    db_close(&to);
    return whole ? e : ERR_UNAVAILABLE;
}

enum err copy_database(struct db *from, const char *path, sqlite_progress_f progress, void *arg,
                       char *reason, size_t reason_size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(reason, reason_size, "%s cannot be made: %s", path, strerror(errno));
        return ERR_UNAVAILABLE;
    }
    close(fd);
    /* the snapshot is held over all steps: what others write meanwhile does not matter */
    db_begin_read(from);
    db_query_int(from, "SELECT count(*) FROM sqlite_master");
    enum err e = copy_into(from, path, progress, arg, reason, reason_size);
    db_rollback(from);
    if (e == ERR_OK && !dir_sync(path)) {
        snprintf(reason, reason_size, "%s cannot be synced: %s", path, strerror(errno));
        e = ERR_UNAVAILABLE;
    }
    if (e != ERR_OK)
        unlink(path);
    return e;
}

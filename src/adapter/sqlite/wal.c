#include "adapter/sqlite/wal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "telemetry/metrics.h"

#define FRAME_BYTES     (4096 + 24)
#define CACHE_KIB       64
#define COPY_AT         4   /* the copy begins at this fraction of the limit */
#define LEFT_MAX        256 /* frames that the writer copies itself */
#define IDLE_FRAMES     64  /* a log shorter than this is left alone when nobody waits */
#define RESTART_WAIT_MS 20  /* for readers to end; they take a millisecond or so */
#define STOP_WAIT_MS    200
#define POLL_MS         20
#define RETRY_FIRST_US  20000   /* after a try that a reader's snapshot or the disk spoilt, then */
#define RETRY_LAST_US   1000000 /* twice as long each time, up to this */
#define ZEROS_BYTES     (256 * 1024)

void wal_init(struct wal *w, uint64_t bytes_max)
{
    *w = (struct wal){.bytes_max = bytes_max};
    pthread_mutex_init(&w->transaction, NULL);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->changed, NULL);
}

void wal_enter(struct wal *w)
{
    pthread_mutex_lock(&w->transaction);
}

void wal_leave(struct wal *w)
{
    pthread_mutex_unlock(&w->transaction);
}

/* ---- The thread ---- */

/* Makes the file longer by one piece, where it is shorter than `target`. */
static bool lengthen(int fd, uint64_t target)
{
    static const char zeros[ZEROS_BYTES];
    off_t size = lseek(fd, 0, SEEK_END);
    if (size < 0 || (uint64_t)size >= target)
        return false;
    size_t n = target - (uint64_t)size < sizeof zeros ? target - (uint64_t)size : sizeof zeros;
    return pwrite(fd, zeros, n, size) == (ssize_t)n;
}

/* Under the write lock, so that nobody, of this process or another, writes a frame where the zeros
 * go. The sync needs no lock. */
static bool preallocate_step(struct wal *w, int fd)
{
    wal_enter(w);
    db_begin_write(&w->db);
    bool more = db_ok(&w->db) && lengthen(fd, w->bytes_max / COPY_AT);
    db_rollback(&w->db);
    wal_leave(w);
    return fdatasync(fd) == 0 && more;
}

static bool is_stopping(struct wal *w)
{
    pthread_mutex_lock(&w->mutex);
    bool stopping = w->stopping;
    pthread_mutex_unlock(&w->mutex);
    return stopping;
}

/* SQLite locks the database file and the index of the log, never the log: a descriptor of our own
 * may be closed again. */
static void preallocate(struct wal *w)
{
    int fd = open(w->path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        log_event(LOG_WARN, "the write-ahead log is not lengthened", LOG_I("errno", errno));
        return;
    }
    while (!is_stopping(w) && preallocate_step(w, fd))
        ;
    close(fd);
}

/* A pass that does not reach the end of the log leaves the sync of the database to the one that
 * does, which is the writer's: so sync here what was copied. */
static void sync_database(struct db *db)
{
    sqlite3_file *file = NULL;
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    int code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    if (code != SQLITE_OK)
        db_note(db, code);
}

static unsigned copy(struct wal *w)
{
    int frames = 0, copied = 0;
    int code =
        sqlite3_wal_checkpoint_v2(w->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
    if (code == SQLITE_OK)
        sync_database(&w->db);
    else if (code != SQLITE_BUSY)
        db_note(&w->db, code);
    db_finish(&w->db);
    return copied > 0 ? (unsigned)copied : 0;
}

static void *wal_thread(void *arg)
{
    struct wal *w = arg;
    pthread_setname_np(pthread_self(), "checkpoint");
    preallocate(w);
    pthread_mutex_lock(&w->mutex);
    while (!w->stopping) {
        if (w->state != WAL_ASKED) {
            pthread_cond_wait(&w->changed, &w->mutex);
            continue;
        }
        w->state = WAL_COPIES;
        pthread_mutex_unlock(&w->mutex);
        unsigned copied = copy(w);
        pthread_mutex_lock(&w->mutex);
        w->copied = copied;
        w->state = WAL_COPIED;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* ---- The writer ---- */

static int on_commit(void *arg, sqlite3 *db, const char *name, int frames)
{
    struct wal *w = arg;
    (void)db;
    (void)name;
    w->frames = (unsigned)frames;
    return SQLITE_OK;
}

enum err wal_start(struct wal *w, const char *dir, const char *db_path, struct db *writer)
{
    char sql[64], reason[256];
    bool fits = dir_path(dir, DIR_WAL, w->path);
    assert(fits);
    enum err e =
        db_open(&w->db, db_path, DB_WRITE, CACHE_KIB, RESTART_WAIT_MS, reason, sizeof reason);
    if (e != ERR_OK)
        return e;
    sqlite3_wal_hook(writer->handle, on_commit, w);
    snprintf(sql, sizeof sql, "PRAGMA journal_size_limit=%llu", (unsigned long long)w->bytes_max);
    db_exec(writer, sql);
    int failed = pthread_create(&w->thread, NULL, wal_thread, w);
    assert(failed == 0);
    w->started = true;
    return db_finish(writer);
}

static bool restart(struct wal *w, struct db *writer, int wait_ms)
{
    int code, frames, copied;
    sqlite3_busy_timeout(writer->handle, wait_ms);
    code = sqlite3_wal_checkpoint_v2(writer->handle, NULL, SQLITE_CHECKPOINT_RESTART, &frames,
                                     &copied);
    sqlite3_busy_timeout(writer->handle, DB_BUSY_MS);
    if (code != SQLITE_OK && code != SQLITE_BUSY)
        db_note(writer, code);
    bool restarted = db_finish(writer) == ERR_OK && code == SQLITE_OK;
    if (restarted) {
        w->frames = 0;
        w->retry_us = 0;
        metric_inc(M_CHECKPOINTS);
        metric_set(M_WAL_BYTES, 0);
    }
    return restarted;
}

static void back_off(struct wal *w)
{
    w->retry_us = w->retry_us == 0 ? RETRY_FIRST_US : 2 * w->retry_us;
    if (w->retry_us > RETRY_LAST_US)
        w->retry_us = RETRY_LAST_US;
    w->not_before_us = clock_steady_us(&clock_system) + w->retry_us;
}

/* What the thread is asked, told, or waited for. True when the writer should start the log anew. */
static bool copy_is_done(struct wal *w, bool is_full)
{
    bool done = false;
    pthread_mutex_lock(&w->mutex);
    while (is_full && (w->state == WAL_ASKED || w->state == WAL_COPIES))
        pthread_cond_wait(&w->changed, &w->mutex);
    if (w->state == WAL_COPIED) {
        bool stuck = w->copied <= w->copied_before;
        done = is_full || w->frames <= w->copied + LEFT_MAX;
        w->copied_before = w->copied;
        w->state = WAL_RESTS;
        if (stuck && !done)
            back_off(w);
    }
    if (!done && w->state == WAL_RESTS && clock_steady_us(&clock_system) >= w->not_before_us) {
        w->state = WAL_ASKED;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->mutex);
    return done;
}

int wal_tend(struct wal *w, struct db *writer, bool idle)
{
    if (!w->started)
        return -1;
    uint64_t bytes = (uint64_t)w->frames * FRAME_BYTES;
    metric_set(M_WAL_BYTES, (int64_t)bytes);
    if (idle ? w->frames < IDLE_FRAMES : bytes < w->bytes_max / COPY_AT)
        return -1;
    int64_t wait_us = w->not_before_us - clock_steady_us(&clock_system);
    if (wait_us > 0)
        return (int)(wait_us / 1000) + 1;
    if (!copy_is_done(w, bytes >= w->bytes_max))
        return POLL_MS;
    w->copied_before = 0;
    if (restart(w, writer, RESTART_WAIT_MS))
        return -1;
    back_off(w);
    return POLL_MS;
}

/* After the restart the file still begins with the old log, which the next start would read; the
 * first frames of a new one end it. */
void wal_stop(struct wal *w, struct db *writer)
{
    if (!w->started)
        return;
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    if (restart(w, writer, STOP_WAIT_MS)) {
        db_begin_write(writer);
        db_meta_put_int(writer, "stopped_us", clock_wall_us(&clock_system));
        db_commit(writer);
    }
    w->started = false;
}

void wal_close(struct wal *w)
{
    db_close(&w->db);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->mutex);
    pthread_mutex_destroy(&w->transaction);
}

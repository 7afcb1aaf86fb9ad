/* The write-ahead log, kept short and reused. Inside adapter/sqlite only.
 *
 * A commit into space that the file already has costs two thirds of one that makes it longer, so
 * the file is made long enough in advance (a quarter of the limit, with zeros that no frame can be
 * mistaken for) and is kept over restarts. To be reused from its start, everything in it must have
 * been copied into the database (a checkpoint), and no reader may still need it. Above a quarter of
 * the limit a thread of this room copies what there is, beside the writer, and syncs the database
 * file; the little that was written meanwhile the writer copies itself, between two batches, and
 * starts the log anew. If the disk is so slow that the limit is reached first, the writer waits for
 * the thread: then appends queue up, and are refused when the queue is full. Only a reader that
 * holds an old snapshot (a backup, a verify) can make the log longer than its limit. */
#ifndef PARLEY_ADAPTER_SQLITE_WAL_H
#define PARLEY_ADAPTER_SQLITE_WAL_H

#include <pthread.h>

#include "adapter/sqlite/db.h"
#include "adapter/sqlite/dir.h"

#define WAL_BYTES_DEFAULT (64u * 1024 * 1024)
#define WAL_BYTES_MIN     (1u * 1024 * 1024)

enum wal_state { WAL_RESTS, WAL_ASKED, WAL_COPIES, WAL_COPIED };

struct wal {
    uint64_t bytes_max;
    char path[DIR_PATH_SIZE];
    struct db db;
    bool started, stopping;
    pthread_t thread;
    pthread_mutex_t transaction; /* held by whoever of this process writes to the log */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum wal_state state;
    unsigned copied; /* frames, by the thread's last pass */
    /* The writer's: */
    unsigned frames; /* in use */
    unsigned copied_before;
    int64_t not_before_us; /* the next try to copy or to start anew, steady clock */
    int64_t retry_us;      /* how long it waited for that */
};

void wal_init(struct wal *w, uint64_t bytes_max);
/* Opens the thread's connection and sets the limit on the writer's; starts the thread. */
enum err wal_start(struct wal *w, const char *dir, const char *db_path, struct db *writer);
/* Ends the thread and leaves the log empty, so that the next start has nothing to recover. */
void wal_stop(struct wal *w, struct db *writer);
/* Closes the thread's connection: the last one, for it keeps the file. */
void wal_close(struct wal *w);

/* Around every transaction that writes. */
void wal_enter(struct wal *w);
void wal_leave(struct wal *w);
/* The writer, between two transactions: looks after the log. Returns after how many milliseconds it
 * should do so again although nobody writes, -1 when nothing is under way. `idle`: nobody waits, so
 * a short log is emptied too. */
int wal_tend(struct wal *w, struct db *writer, bool idle);

#endif

/* Connections that read: opened when needed, kept, bounded. Any thread takes one, reads, and gives
 * it back; none is held while anything is waited for, so no snapshot lives long. Inside
 * adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_READERS_H
#define PARLEY_ADAPTER_SQLITE_READERS_H

#include <pthread.h>

#include "adapter/sqlite/db.h"
#include "telemetry/trace.h"

struct reader {
    struct reader *next;
    struct db db;
    int64_t taken_us;
    struct trace_span span; /* from taking to giving */
};

struct readers {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    const char *path;
    struct reader *free;
    unsigned n_open, max;
};

/* `path` is borrowed. */
void readers_init(struct readers *r, const char *path, unsigned max);
/* None may be out. */
void readers_fini(struct readers *r);
/* NULL when none was given back for 5 s, or a new one cannot be opened. */
struct reader *readers_take(struct readers *r);
/* Ends whatever is under way, gives it back, and returns `e`, or ERR_UNAVAILABLE when a statement
 * failed. */
enum err readers_give(struct readers *r, struct reader *reader, enum err e);

#endif

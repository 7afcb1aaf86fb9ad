#include "adapter/sqlite/readers.h"

#include <assert.h>
#include <time.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/mem.h"
#include "telemetry/metrics.h"

#define CACHE_KIB 96 /* each; the kernel keeps the rest for all of them */
#define BUSY_MS   1000
#define WAIT_S    5

void readers_init(struct readers *r, const char *path, unsigned max)
{
    assert(max > 0);
    *r = (struct readers){.path = path, .max = max};
    pthread_mutex_init(&r->mutex, NULL);
    cond_init(&r->given);
}

void readers_fini(struct readers *r)
{
    while (r->free != NULL) {
        struct reader *reader = r->free;
        r->free = reader->next;
        db_close(&reader->db);
        mem_free(reader);
        r->n_open--;
    }
    assert(r->n_open == 0);
    pthread_cond_destroy(&r->given);
    pthread_mutex_destroy(&r->mutex);
}

/* One that is free, or the right to open one (`*may_open`), or neither when time is up. */
static struct reader *wait_free(struct readers *r, bool *may_open)
{
    const struct timespec until = cond_deadline(WAIT_S * 1000);
    pthread_mutex_lock(&r->mutex);
    int timed_out = 0;
    while (r->free == NULL && r->n_open == r->max && timed_out == 0)
        timed_out = pthread_cond_timedwait(&r->given, &r->mutex, &until);
    struct reader *reader = r->free;
    *may_open = reader == NULL && r->n_open < r->max;
    if (reader != NULL)
        r->free = reader->next;
    if (*may_open)
        r->n_open++;
    pthread_mutex_unlock(&r->mutex);
    return reader;
}

static struct reader *reader_open(struct readers *r)
{
    char reason[256];
    struct reader *reader = MEM_NEW(struct reader);
    if (db_open(&reader->db, r->path, DB_READ, CACHE_KIB, BUSY_MS, reason, sizeof reason) == ERR_OK)
        return reader;
    log_event(LOG_ERROR, "no connection to read with", LOG_S("reason", reason));
    mem_free(reader);
    pthread_mutex_lock(&r->mutex);
    r->n_open--;
    pthread_cond_signal(&r->given);
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

struct reader *readers_take(struct readers *r)
{
    int64_t now_us = clock_steady_us(&clock_system);
    bool may_open;
    struct reader *reader = wait_free(r, &may_open);
    if (may_open)
        reader = reader_open(r);
    if (reader == NULL)
        return NULL;
    reader->taken_us = now_us;
    trace_begin(&reader->span, "SELECT", TRACE_CLIENT);
    trace_add_text(&reader->span, "db.system.name", "sqlite");
    return reader;
}

enum err readers_give(struct readers *r, struct reader *reader, enum err e)
{
    if (db_finish(&reader->db) != ERR_OK)
        e = ERR_UNAVAILABLE;
    else
        db_rollback(&reader->db);
    trace_end(&reader->span, e == ERR_UNAVAILABLE ? e : ERR_OK);
    metric_observe(M_STORE_READ, (uint64_t)(clock_steady_us(&clock_system) - reader->taken_us));
    pthread_mutex_lock(&r->mutex);
    reader->next = r->free;
    r->free = reader;
    pthread_cond_signal(&r->given);
    pthread_mutex_unlock(&r->mutex);
    return e;
}

/* Records out. */
#include <string.h>

#include "base/cond.h"
#include "base/mem.h"
#include "cluster/handover_state.h"
#include "telemetry/metrics.h"

#define GRACE_US        2000    /* for a predecessor that is on its way over another stream */
#define PATIENCE_MAX_US 1000000 /* with a gap that looking does not close, as it should */
#define AGAIN_US        100000  /* after a look that failed */
#define TAKEN_MAX       512     /* records of one poll */
#define MORE_MIN        256     /* a look that found so many may not have found all */

static int64_t now_us(const struct handover *h)
{
    return clock_steady_us(h->config.clock);
}

/* Where the log begins and ends, for a reader that does not know. */
static enum err position_find(struct handover *h, unsigned partition, uint64_t *position)
{
    struct event_log *log = h->config.log;
    uint64_t first, end;
    if (*position != LOG_FROM_START && *position != LOG_FROM_END)
        return ERR_OK;
    enum err e = log->ops->bounds(log, partition, &first, &end);
    *position = *position == LOG_FROM_START ? first : end;
    return e;
}

enum err handover_read(struct event_log *self, const uint64_t *offsets,
                       struct log_listener *listener, struct log_reader **out)
{
    struct handover *h = handover_of(self);
    const unsigned n_partitions = h->n_partitions;
    uint64_t positions[LOG_PARTITIONS_MAX];
    for (unsigned p = 0; p < n_partitions; p++) {
        positions[p] = offsets[p];
        enum err e = position_find(h, p, &positions[p]);
        if (e != ERR_OK)
            return e;
    }
    struct log_reader *r = mem_zalloc(sizeof *r + n_partitions * sizeof(struct gap));
    r->handover = h;
    r->patience_us = GRACE_US;
    r->listener = listener;
    for (unsigned p = 0; p < n_partitions; p++)
        gap_init(&r->gaps[p], positions[p]);
    pthread_mutex_lock(&h->mutex);
    r->next = h->readers;
    h->readers = r;
    pthread_mutex_unlock(&h->mutex);
    *out = r;
    return ERR_OK;
}

enum err handover_join(struct event_log *self, const char *group, struct log_listener *listener,
                       struct log_reader **out)
{
    struct handover *h = handover_of(self);
    struct log_reader *inner;
    enum err e = h->config.log->ops->join(h->config.log, group, listener, &inner);
    if (e != ERR_OK)
        return e;
    *out = MEM_NEW(struct log_reader);
    (*out)->handover = h;
    (*out)->inner = inner;
    return ERR_OK;
}

static void reader_forget(struct log_reader *r)
{
    struct handover *h = r->handover;
    pthread_mutex_lock(&h->mutex);
    struct log_reader **at = &h->readers;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    pthread_mutex_unlock(&h->mutex);
    for (unsigned p = 0; p < h->n_partitions; p++)
        gap_fini(&r->gaps[p]);
}

void handover_close_reader(struct log_reader *r)
{
    struct event_log *log = r->handover->config.log;
    if (r->inner != NULL)
        log->ops->close_reader(r->inner);
    else
        reader_forget(r);
    mem_free(r);
}

enum err handover_commit(struct log_reader *r, unsigned partition, uint64_t offset)
{
    struct event_log *log = r->handover->config.log;
    return log->ops->commit(r->inner, partition, offset);
}

void handover_pause(struct log_reader *r, unsigned partition, bool paused)
{
    struct event_log *log = r->handover->config.log;
    log->ops->pause(r->inner, partition, paused);
}

/* ---- Looking into the log ---- */

/* `next` is written by this thread only, with the mutex; so it may read it without. */
static void on_looked(struct log_listener *self, const struct log_record *record)
{
    struct log_reader *r = MEM_OWNER(self, struct log_reader, looker);
    struct handover *h = r->handover;
    if (record->offset < r->gaps[record->partition].next)
        return;
    pthread_mutex_lock(&h->mutex);
    gap_advance(&r->gaps[record->partition], record->offset + 1);
    pthread_mutex_unlock(&h->mutex);
    r->n_looked++;
    metric_inc(M_HANDOVER_LOOKED);
    r->listener->record(r->listener, record);
}

/* What the log holds above what was told; at most `max` records. */
static enum err reader_look(struct log_reader *r, unsigned max)
{
    struct event_log *log = r->handover->config.log;
    uint64_t offsets[LOG_PARTITIONS_MAX];
    struct log_reader *reader;
    r->looker = (struct log_listener){on_looked, NULL, NULL};
    r->n_looked = 0;
    for (unsigned p = 0; p < r->handover->n_partitions; p++)
        offsets[p] = r->gaps[p].next;
    enum err e = log->ops->read(log, offsets, &r->looker, &reader);
    if (e != ERR_OK)
        return e;
    e = log->ops->poll(reader, max, 0);
    log->ops->close_reader(reader);
    return e;
}

/* Says when to look next: at once while there may be more. */
static void reader_look_due(struct log_reader *r, unsigned max)
{
    struct handover *h = r->handover;
    pthread_mutex_lock(&h->mutex);
    r->look_us = INT64_MAX; /* who asks for one meanwhile is not forgotten */
    pthread_mutex_unlock(&h->mutex);
    r->err = reader_look(r, max);
    bool more = r->n_looked >= MORE_MIN || r->n_looked >= max;
    int64_t now = now_us(h), next_us = now + (int64_t)h->config.look_ms * 1000;
    if (r->err != ERR_OK)
        next_us = now + AGAIN_US;
    else if (more)
        next_us = 0;
    pthread_mutex_lock(&h->mutex);
    if (r->look_us > next_us)
        r->look_us = next_us;
    if (r->open_since_us != 0)
        r->open_since_us = now;
    r->patience_us = r->patience_us * 2 < PATIENCE_MAX_US ? r->patience_us * 2 : PATIENCE_MAX_US;
    pthread_mutex_unlock(&h->mutex);
}

/* ---- Telling what was handed over ---- */

/* With the mutex held: takes what may be told, at most `max`. */
static size_t reader_take(struct log_reader *r, struct gap_record **out, size_t max)
{
    struct gap_record *taken;
    unsigned n_partitions = r->handover->n_partitions;
    size_t n = 0;
    for (unsigned i = 0; i < n_partitions; i++)
        while (n < max && (taken = gap_take(&r->gaps[(r->turn + i) % n_partitions])) != NULL)
            out[n++] = taken;
    if (++r->turn >= n_partitions)
        r->turn = 0;
    return n;
}

static void reader_tell(struct log_reader *r, struct gap_record **all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        metric_inc(M_LOG_READ);
        r->listener->record(r->listener, &all[i]->record);
        mem_free(all[i]);
    }
}

/* With the mutex held, after taking: by when to look, because of a gap or because it is time. */
static int64_t reader_due(struct log_reader *r, int64_t now)
{
    bool open = false;
    for (unsigned p = 0; p < r->handover->n_partitions && !open; p++)
        open = gap_is_open(&r->gaps[p]);
    if (!open) {
        r->open_since_us = 0;
        r->patience_us = GRACE_US;
        return r->look_us;
    }
    if (r->open_since_us == 0)
        r->open_since_us = now;
    int64_t due_us = r->open_since_us + r->patience_us;
    return due_us < r->look_us ? due_us : r->look_us;
}

/* With the mutex held: until something is offered or it is time. */
static void reader_wait(struct handover *h, int64_t until_us)
{
    int64_t left_us = until_us - now_us(h);
    struct timespec until = cond_deadline(0);
    if (left_us <= 0)
        return;
    until.tv_sec += (time_t)(left_us / 1000000);
    until.tv_nsec += (long)(left_us % 1000000) * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&h->offered, &h->mutex, &until);
}

static enum err plain_poll(struct log_reader *r, unsigned max, int64_t until_us)
{
    struct handover *h = r->handover;
    struct gap_record *taken[TAKEN_MAX];
    for (;;) {
        pthread_mutex_lock(&h->mutex);
        size_t n = reader_take(r, taken, max < TAKEN_MAX ? max : TAKEN_MAX);
        int64_t now = now_us(h), due_us = reader_due(r, now);
        if (n == 0 && due_us > now && now < until_us)
            reader_wait(h, due_us < until_us ? due_us : until_us);
        pthread_mutex_unlock(&h->mutex);
        reader_tell(r, taken, n);
        r->n_looked = 0;
        if (n < max && due_us <= now)
            reader_look_due(r, max - (unsigned)n);
        if (n + r->n_looked > 0 || r->err == ERR_NOT_FOUND || now_us(h) >= until_us)
            return r->err;
    }
}

enum err handover_poll(struct log_reader *r, unsigned max, unsigned wait_ms)
{
    struct event_log *log = r->handover->config.log;
    if (r->inner != NULL)
        return log->ops->poll(r->inner, max, wait_ms);
    return plain_poll(r, max, now_us(r->handover) + (int64_t)wait_ms * 1000);
}

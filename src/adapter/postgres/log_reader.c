/* Records out: what is in the table above the reader's positions. Offsets have no holes, so a
 * record that is not where it should be is one that is gone. */
#include <assert.h>
#include <string.h>

#include "adapter/postgres/log_group.h"
#include "adapter/postgres/log_reader.h"
#include "base/clock.h"
#include "base/cond.h"
#include "telemetry/metrics.h"

#define READ_EVERY_MS 200 /* what others committed is looked for */
#define CHUNK_ROWS    512

static struct log_reader *reader_new(struct postgres_log *l, struct log_listener *listener)
{
    struct log_reader *r = MEM_NEW(struct log_reader);
    r->log = l;
    r->listener = listener;
    return r;
}

enum err pg_log_read(struct event_log *self, const uint64_t *offsets, struct log_listener *listener,
                     struct log_reader **out)
{
    struct postgres_log *l = pg_log_of(self);
    struct pg_heads h = {.log = l};
    bool ask = false;
    for (unsigned p = 0; p < l->n_partitions; p++)
        ask = ask || offsets[p] == LOG_FROM_START || offsets[p] == LOG_FROM_END;
    enum err e = ask ? pg_pool_read(&l->pool, pg_log_heads, &h) : ERR_OK;
    if (e != ERR_OK)
        return e;
    struct log_reader *r = reader_new(l, listener);
    for (unsigned p = 0; p < l->n_partitions; p++) {
        r->has[p] = true;
        r->position[p] = offsets[p] == LOG_FROM_END     ? h.next[p]
                         : offsets[p] == LOG_FROM_START ? h.first[p]
                                                        : offsets[p];
    }
    *out = r;
    return ERR_OK;
}

enum err pg_log_join(struct event_log *self, const char *group, struct log_listener *listener,
                     struct log_reader **out)
{
    struct log_reader *r = reader_new(pg_log_of(self), listener);
    assert(strlen(group) < sizeof r->group);
    snprintf(r->group, sizeof r->group, "%s", group);
    r->member = uuid_random();
    enum err e = group_enter(r);
    if (e != ERR_OK) {
        mem_free(r);
        return e;
    }
    *out = r;
    return ERR_OK;
}

void pg_log_close_reader(struct log_reader *r)
{
    if (r->group[0] != '\0')
        group_leave(r);
    mem_free(r);
}

enum err pg_log_commit(struct log_reader *r, unsigned partition, uint64_t offset)
{
    return group_commit(r, partition, offset);
}

void pg_log_pause(struct log_reader *r, unsigned partition, bool paused)
{
    r->paused[partition] = paused;
}

enum err pg_log_committed(struct event_log *self, const char *group, uint64_t *out)
{
    return group_committed(pg_log_of(self), group, out);
}

/* ---- Reading ---- */

struct chunk {
    const struct log_reader *reader;
    unsigned partition, max;
    PGresult *rows;
};

static enum err chunk_read(struct pg_conn *c, void *arg)
{
    struct chunk *chunk = arg;
    struct pg_args a = {.n = 0};
    pg_args_int(&a, chunk->reader->log->id);
    pg_args_int(&a, chunk->partition);
    pg_args_u64(&a, chunk->reader->position[chunk->partition]);
    pg_args_int(&a, chunk->max);
    chunk->rows = pg_run(c, PG_LOG_RECORDS, &a);
    return ERR_OK;
}

/* Hands the rows over while they follow each other; `*n` how many. */
static enum err chunk_tell(struct log_reader *r, const struct chunk *chunk, unsigned *n)
{
    for (int i = 0; i < PQntuples(chunk->rows); i++) {
        const struct log_record record = {
            .partition = chunk->partition,
            .offset = pg_u64(chunk->rows, i, 0),
            .time_ms = pg_int(chunk->rows, i, 1),
            .key = pg_uuid(chunk->rows, i, 2),
            .value = pg_str(chunk->rows, i, 3),
            .tag = pg_str(chunk->rows, i, 4),
            .trace = pg_str(chunk->rows, i, 5),
        };
        if (record.offset != r->position[chunk->partition])
            return ERR_NOT_FOUND;
        r->position[chunk->partition]++;
        r->listener->record(r->listener, &record);
        metric_inc(M_LOG_READ);
        ++*n;
    }
    return ERR_OK;
}

static enum err partition_read(struct log_reader *r, unsigned partition, unsigned max, unsigned *n)
{
    struct chunk chunk = {r, partition, max < CHUNK_ROWS ? max : CHUNK_ROWS, NULL};
    enum err e = pg_pool_read(&r->log->pool, chunk_read, &chunk);
    if (e == ERR_OK)
        e = chunk_tell(r, &chunk, n);
    PQclear(chunk.rows);
    return e;
}

/* What is there now, at most `max`; each partition's turn is once first. */
static enum err reader_look(struct log_reader *r, unsigned max, unsigned *n)
{
    struct pg_heads h = {.log = r->log};
    enum err e = pg_pool_read(&r->log->pool, pg_log_heads, &h);
    unsigned first = r->turn++ % r->log->n_partitions;
    for (unsigned i = 0; i < r->log->n_partitions && e == ERR_OK && *n < max; i++) {
        unsigned p = (first + i) % r->log->n_partitions;
        if (!r->has[p] || r->paused[p])
            continue;
        if (r->position[p] < h.first[p] || r->position[p] > h.next[p])
            e = ERR_NOT_FOUND;
        else if (r->position[p] < h.next[p])
            e = partition_read(r, p, max - *n, n);
    }
    return e;
}

/* Until there may be more: an own commit since `seen`, or it is time to look what others did. */
static void reader_wait(struct postgres_log *l, uint64_t seen, int64_t left_ms)
{
    const struct timespec until =
        cond_deadline(left_ms < READ_EVERY_MS ? (unsigned)left_ms : READ_EVERY_MS);
    int waited = 0;
    pthread_mutex_lock(&l->mutex);
    while (l->n_commits == seen && waited == 0)
        waited = pthread_cond_timedwait(&l->grown, &l->mutex, &until);
    pthread_mutex_unlock(&l->mutex);
}

static uint64_t commits_seen(struct postgres_log *l)
{
    pthread_mutex_lock(&l->mutex);
    uint64_t n = l->n_commits;
    pthread_mutex_unlock(&l->mutex);
    return n;
}

enum err pg_log_poll(struct log_reader *r, unsigned max, unsigned wait_ms)
{
    int64_t until_us = clock_steady_us(&clock_system) + (int64_t)wait_ms * 1000, left_ms;
    for (;;) {
        uint64_t seen = commits_seen(r->log);
        unsigned n = 0;
        enum err e = r->group[0] == '\0' ? ERR_OK : group_renew(r);
        if (e == ERR_OK)
            e = reader_look(r, max, &n);
        left_ms = (until_us - clock_steady_us(&clock_system) + 999) / 1000;
        if (e == ERR_NOT_FOUND || n > 0 || left_ms <= 0)
            return e;
        reader_wait(r->log, seen, left_ms);
    }
}

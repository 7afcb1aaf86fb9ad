/* Records in: the queue, and the thread that brings it into the database a batch at a time. */
#include <assert.h>
#include <stdio.h>

#include "adapter/postgres/log_state.h"
#include "adapter/postgres/oids.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "telemetry/metrics.h"

#define SENDS_MAX  65536
#define REST_MS    100  /* between two tries of one batch */
#define PROBE_MS   1000 /* while the server is away and nothing is to be sent */
#define ARRAYS_MAX (PG_BATCH_BYTES + PG_BATCH_SENDS * 24 + 64)

static int64_t now_us(void)
{
    return clock_steady_us(&clock_system);
}

enum err pg_log_produce(struct event_log *self, struct log_send *s)
{
    struct postgres_log *l = pg_log_of(self);
    enum err e = ERR_UNAVAILABLE;
    assert(s->value.n + s->tag.n + s->trace.n <= PG_BATCH_BYTES);
    s->offset = 0;
    s->partition = l->door.ops->partition_of(self, &s->key);
    pthread_mutex_lock(&l->mutex);
    if (!l->stopping && l->n_sends < SENDS_MAX) {
        s->next = NULL;
        s->time_ms = now_us(); /* until it is answered: when it was queued */
        *l->tail = s;
        l->tail = &s->next;
        l->n_sends++;
        pthread_cond_signal(&l->queued);
        e = ERR_OK;
    }
    pthread_mutex_unlock(&l->mutex);
    if (e == ERR_OK)
        metric_add(M_LOG_PRODUCE_QUEUE, 1);
    else
        metric_inc(M_LOG_PRODUCED_REFUSED);
    return e;
}

/* ---- A batch ---- */

void pg_batch_init(struct pg_batch *b)
{
    pg_array_init(&b->partitions, PG_OID_INT8S, PG_OID_INT8, ARRAYS_MAX);
    pg_array_init(&b->keys, PG_OID_UUIDS, PG_OID_UUID, ARRAYS_MAX);
    pg_array_init(&b->values, PG_OID_BYTEAS, PG_OID_BYTEA, ARRAYS_MAX);
    pg_array_init(&b->tags, PG_OID_BYTEAS, PG_OID_BYTEA, ARRAYS_MAX);
    pg_array_init(&b->traces, PG_OID_BYTEAS, PG_OID_BYTEA, ARRAYS_MAX);
}

void pg_batch_fini(struct pg_batch *b)
{
    struct pg_array *all[] = {&b->partitions, &b->keys, &b->values, &b->tags, &b->traces};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        pg_array_fini(all[i]);
}

static void batch_clear(struct pg_batch *b)
{
    struct pg_array *all[] = {&b->partitions, &b->keys, &b->values, &b->tags, &b->traces};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        pg_array_clear(all[i]);
    b->n = 0;
    b->bytes = 0;
}

static size_t send_bytes(const struct log_send *s)
{
    return s->value.n + s->tag.n + s->trace.n;
}

static void batch_add(struct pg_batch *b, struct log_send *s)
{
    b->sends[b->n++] = s;
    b->bytes += send_bytes(s);
    pg_array_int(&b->partitions, s->partition);
    pg_array_uuid(&b->keys, &s->key);
    pg_array_bytes(&b->values, s->value);
    pg_array_bytes(&b->tags, s->tag);
    pg_array_bytes(&b->traces, s->trace);
}

static enum err batch_append(struct pg_conn *c, void *arg)
{
    struct postgres_log *l = arg;
    struct pg_batch *b = &l->batch;
    struct pg_args a = {.n = 0};
    pg_args_int(&a, l->id);
    pg_args_uuid(&a, &l->producer);
    pg_args_int(&a, b->number);
    struct pg_array *all[] = {&b->partitions, &b->keys, &b->values, &b->tags, &b->traces};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        pg_args_array(&a, all[i]);
    PGresult *r = pg_run(c, PG_LOG_APPEND, &a);
    for (int i = 0; i < PQntuples(r); i++) {
        uint64_t p = pg_u64(r, i, 0);
        if (p < l->n_partitions) {
            b->next[p] = pg_u64(r, i, 1);
            b->time_ms[p] = pg_int(r, i, 2);
        }
    }
    PQclear(r);
    return ERR_OK;
}

static bool log_stops(struct postgres_log *l)
{
    pthread_mutex_lock(&l->mutex);
    bool stops = l->stopping;
    pthread_mutex_unlock(&l->mutex);
    return stops;
}

/* Until it is in the log, or its time is over. What was sent and not answered may be in it, until a
 * later try of the same number says so. */
static enum err batch_settle(struct postgres_log *l)
{
    int64_t until_us = now_us() + l->produce_timeout_us;
    bool unknown = false;
    for (;;) {
        enum err e = pg_pool_write(&l->pool, batch_append, l);
        if (e == ERR_OK)
            return e;
        unknown = unknown || e == ERR_UNKNOWN;
        if (now_us() >= until_us || log_stops(l))
            return unknown ? ERR_UNKNOWN : ERR_UNAVAILABLE;
        clock_sleep_ms(REST_MS);
    }
}

static void send_answer(struct log_send *s, enum err e, int64_t queued_us)
{
    s->err = e;
    metric_inc(e == ERR_OK            ? M_LOG_PRODUCED_OK
               : e == ERR_UNAVAILABLE ? M_LOG_PRODUCED_UNAVAILABLE
                                      : M_LOG_PRODUCED_UNKNOWN);
    if (e == ERR_OK)
        metric_observe(M_LOG_PRODUCE_LATENCY, (uint64_t)(now_us() - queued_us));
    metric_add(M_LOG_PRODUCE_QUEUE, -1);
    s->done(s);
}

static void batch_answer(struct postgres_log *l, enum err e)
{
    struct pg_batch *b = &l->batch;
    for (unsigned i = 0; i < b->n; i++) {
        struct log_send *s = b->sends[i];
        int64_t queued_us = s->time_ms;
        s->offset = e == ERR_OK ? b->next[s->partition]++ : 0;
        s->time_ms = e == ERR_OK ? b->time_ms[s->partition] : 0;
        send_answer(s, e, queued_us);
    }
    if (e != ERR_OK)
        log_event(LOG_WARN, "records not written", LOG_S("log", l->name), LOG_I("records", b->n),
                  LOG_S("outcome", err_code(e)));
}

/* With the mutex held: takes what fits from the queue, in its order. What has waited too long is
 * put into `*late` instead. */
static void batch_take(struct postgres_log *l, struct log_send **late)
{
    struct pg_batch *b = &l->batch;
    int64_t too_old_us = now_us() - l->produce_timeout_us;
    batch_clear(b);
    *late = NULL;
    while (l->head != NULL && b->n < PG_BATCH_SENDS &&
           b->bytes + send_bytes(l->head) <= PG_BATCH_BYTES) {
        struct log_send *s = l->head;
        l->head = s->next;
        l->n_sends--;
        if (s->time_ms >= too_old_us) {
            batch_add(b, s);
            continue;
        }
        s->next = NULL;
        *late = s;
        late = &s->next;
    }
    if (l->head == NULL)
        l->tail = &l->head;
}

static void batch_run(struct postgres_log *l, struct log_send *late)
{
    for (struct log_send *next; late != NULL; late = next) {
        next = late->next;
        int64_t queued_us = late->time_ms;
        late->time_ms = 0;
        send_answer(late, ERR_UNAVAILABLE, queued_us);
    }
    if (l->batch.n == 0)
        return;
    l->batch.number++;
    enum err e = batch_settle(l);
    batch_answer(l, e);
    pthread_mutex_lock(&l->mutex);
    l->n_commits++;
    pthread_cond_broadcast(&l->grown);
    pthread_mutex_unlock(&l->mutex);
}

/* Nothing is to be sent: is a server that was away back? With the mutex held, which it gives up. */
static void log_probe(struct postgres_log *l)
{
    char detail[PG_REASON_SIZE];
    struct pg_heads h = {.log = l};
    pthread_mutex_unlock(&l->mutex);
    if (!pg_pool_is_ready(&l->pool, detail, sizeof detail))
        (void)pg_pool_read(&l->pool, pg_log_heads, &h);
    pthread_mutex_lock(&l->mutex);
}

void *pg_log_producer(void *arg)
{
    struct postgres_log *l = arg;
    struct log_send *late;
    pthread_setname_np(pthread_self(), "log_producer");
    pthread_mutex_lock(&l->mutex);
    while (l->head != NULL || !l->stopping) {
        if (l->head == NULL) {
            const struct timespec until = cond_deadline(PROBE_MS);
            if (pthread_cond_timedwait(&l->queued, &l->mutex, &until) != 0)
                log_probe(l);
            continue;
        }
        batch_take(l, &late);
        pthread_mutex_unlock(&l->mutex);
        batch_run(l, late);
        pthread_mutex_lock(&l->mutex);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

#include "cluster/relay.h"

#include <assert.h>
#include <pthread.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/follower.h"
#include "cluster/member_fact.h"
#include "cluster/record.h"
#include "telemetry/metrics.h"

#define ROWS_MAX     256
#define WAIT_MS      500
#define KEEP_MS      3000 /* between two signs of life while reports are waited for */
#define PAUSE_MIN_MS 50   /* before what failed is tried again; doubles */
#define PAUSE_MAX_MS 2000

/* One row on its way. */
struct sending {
    struct log_send send;
    struct relay *relay;
    const struct outbox_row *row;
    struct buf record;
    bool under_way;
    bool reported;
};

struct relay {
    struct relay_config config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a report, or the stop */
    bool started, stopping;
    size_t n_open; /* sends without a report */
    unsigned pause_ms;
    bool is_relay; /* as far as it knows */
};

static void relay_at(const struct relay *r, enum relay_step step)
{
    if (r->config.at != NULL)
        r->config.at(step, r->config.arg);
}

static bool is_stopping(struct relay *r)
{
    pthread_mutex_lock(&r->mutex);
    bool stopping = r->stopping;
    pthread_mutex_unlock(&r->mutex);
    return stopping;
}

static void relay_sleep(struct relay *r, unsigned ms)
{
    struct timespec until = cond_deadline(ms);
    int timed_out = 0;
    pthread_mutex_lock(&r->mutex);
    while (!r->stopping && timed_out == 0)
        timed_out = pthread_cond_timedwait(&r->changed, &r->mutex, &until);
    pthread_mutex_unlock(&r->mutex);
}

/* ---- What waits ---- */

/* The rows are the oldest first, channel by channel. */
static void outbox_tell(const struct outbox_row *rows, size_t n)
{
    int64_t oldest_us = INT64_MAX, now_us = clock_wall_us(&clock_system);
    for (size_t i = 0; i < n; i++)
        if (rows[i].event.at_us < oldest_us)
            oldest_us = rows[i].event.at_us;
    metric_set(M_OUTBOX_ROWS, (int64_t)n);
    metric_set(M_OUTBOX_AGE_US, n > 0 && oldest_us < now_us ? now_us - oldest_us : 0);
}

/* ---- The lock ---- */

static void lock_tell(struct relay *r, bool is_relay)
{
    if (is_relay != r->is_relay)
        log_note(LOG_INFO, is_relay ? "this node relays changes of channels"
                                    : "this node no longer relays changes of channels");
    if (!is_relay)
        outbox_tell(NULL, 0);
    r->is_relay = is_relay;
    metric_set(M_RELAY, is_relay);
}

/* Also says that we live, when it is ours. */
static bool lock_take(struct relay *r)
{
    bool had = r->is_relay;
    lock_tell(r, r->config.table->ops->relay_take(r->config.table) == ERR_OK);
    if (r->is_relay && !had)
        relay_at(r, RELAY_TOOK);
    return r->is_relay;
}

static void lock_let_go(struct relay *r)
{
    r->config.table->ops->relay_let_go(r->config.table);
    lock_tell(r, false);
}

/* ---- Into the log ---- */

static void on_report(struct log_send *send)
{
    struct sending *s = MEM_OWNER(send, struct sending, send);
    struct relay *r = s->relay;
    pthread_mutex_lock(&r->mutex);
    s->reported = true;
    r->n_open--;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}

static void send_row(struct relay *r, struct sending *s)
{
    const struct outbox_row *row = s->row;
    buf_init(&s->record, RECORD_BYTES_MAX);
    record_encode(&row->event, row->version, &s->record);
    s->relay = r;
    s->send = (struct log_send){
        .key = row->event.channel, .value = {s->record.p, s->record.n}, .done = on_report};
    pthread_mutex_lock(&r->mutex);
    r->n_open++;
    pthread_mutex_unlock(&r->mutex);
    s->under_way = true;
    enum err e = r->config.log->ops->produce(r->config.log, &s->send);
    if (e == ERR_OK)
        return;
    s->send.err = e;
    on_report(&s->send);
}

/* Every report comes: the log promises that. Meanwhile the lock is kept alive. */
static void reports_wait(struct relay *r)
{
    pthread_mutex_lock(&r->mutex);
    while (r->n_open > 0) {
        struct timespec until = cond_deadline(KEEP_MS);
        int timed_out = 0;
        while (r->n_open > 0 && timed_out == 0)
            timed_out = pthread_cond_timedwait(&r->changed, &r->mutex, &until);
        if (r->n_open == 0)
            break;
        pthread_mutex_unlock(&r->mutex);
        if (r->is_relay)
            lock_take(r);
        pthread_mutex_lock(&r->mutex);
    }
    pthread_mutex_unlock(&r->mutex);
}

/* The row is in the log. False when it could not be taken out of the outbox. */
static bool row_finish(struct relay *r, const struct sending *s)
{
    const struct outbox_row *row = s->row;
    relay_at(r, RELAY_REPORTED);
    if (row->event.kind == EVENT_JOINED)
        member_fact_keep(r->config.cache, &row->event.user, &row->event.channel, row->version);
    relay_at(r, RELAY_CACHED);
    uint64_t seq = seq_of(r->config.epoch, s->send.offset);
    if (r->config.table->ops->outbox_done(r->config.table, row, seq) != ERR_OK)
        return false;
    metric_inc(M_RELAY_PUBLISHED);
    relay_at(r, RELAY_DONE);
    return true;
}

/* ---- A batch: waves of one row a channel ---- */

struct batch {
    struct sending *all;
    size_t n;
    size_t n_done;
    bool *is_settled; /* done, or waits for the next batch */
    bool failed;
};

/* Is a row of its channel, before it, still to be done? */
static bool is_behind_another(const struct batch *b, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (!b->is_settled[i] &&
            uuid_eq(&b->all[i].row->event.channel, &b->all[at].row->event.channel))
            return true;
    return false;
}

/* The rest of its channel waits too. */
static void batch_put_off(struct batch *b, size_t at)
{
    b->failed = true;
    metric_inc(M_RELAY_FAILED);
    for (size_t i = at; i < b->n; i++)
        if (uuid_eq(&b->all[i].row->event.channel, &b->all[at].row->event.channel))
            b->is_settled[i] = true;
}

static void wave_finish(struct relay *r, struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct sending *s = &b->all[i];
        if (!s->under_way)
            continue;
        s->under_way = false;
        if (s->send.err == ERR_OK && row_finish(r, s)) {
            b->is_settled[i] = true;
            b->n_done++;
        } else {
            batch_put_off(b, i);
        }
        buf_fini(&s->record);
    }
}

/* False when nothing is left to be sent. */
static bool wave_run(struct relay *r, struct batch *b)
{
    size_t sent = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->is_settled[i] || is_behind_another(b, i))
            continue;
        send_row(r, &b->all[i]);
        sent++;
    }
    if (sent == 0)
        return false;
    relay_at(r, RELAY_PRODUCED);
    reports_wait(r);
    wave_finish(r, b);
    return true;
}

static size_t batch_run(struct relay *r, const struct outbox_row *rows, size_t n, bool *failed)
{
    struct batch b = {.all = mem_array(n, sizeof *b.all),
                      .n = n,
                      .is_settled = mem_array(n, sizeof *b.is_settled)};
    for (size_t i = 0; i < n; i++)
        b.all[i].row = &rows[i];
    while (r->is_relay && wave_run(r, &b))
        ;
    *failed = b.failed;
    mem_free(b.all);
    mem_free(b.is_settled);
    return b.n_done;
}

/* ---- Passes ---- */

static size_t pass(struct relay *r, unsigned wait_ms, bool *failed)
{
    struct arena arena;
    struct outbox_row *rows;
    size_t n = 0, done = 0;
    *failed = !lock_take(r);
    if (*failed)
        return 0;
    arena_init(&arena);
    enum err e = r->config.table->ops->outbox(r->config.table, r->config.rows_max, wait_ms, &arena,
                                              &rows, &n);
    *failed = e != ERR_OK;
    if (e == ERR_OK)
        outbox_tell(rows, n);
    if (e == ERR_OK && n > 0) {
        relay_at(r, RELAY_READ);
        done = batch_run(r, rows, n, failed);
    }
    if (*failed && done == 0)
        lock_let_go(r); /* another node may reach what this one cannot */
    arena_fini(&arena);
    return done;
}

size_t relay_pass(struct relay *r)
{
    bool failed;
    assert(!r->started);
    return pass(r, 0, &failed);
}

static void *relay_thread(void *arg)
{
    struct relay *r = arg;
    pthread_setname_np(pthread_self(), "relay");
    while (!is_stopping(r)) {
        bool failed, had = r->is_relay;
        pass(r, r->config.wait_ms, &failed);
        if (!failed) {
            r->pause_ms = 0;
        } else if (!had && !r->is_relay) {
            relay_sleep(r, r->config.wait_ms); /* another one has the lock */
        } else {
            r->pause_ms = r->pause_ms == 0 ? PAUSE_MIN_MS : 2 * r->pause_ms;
            if (r->pause_ms > PAUSE_MAX_MS)
                r->pause_ms = PAUSE_MAX_MS;
            relay_sleep(r, r->pause_ms);
        }
    }
    lock_let_go(r);
    return NULL;
}

struct relay *relay_new(const struct relay_config *config)
{
    struct relay *r = MEM_NEW(struct relay);
    r->config = *config;
    if (r->config.rows_max == 0)
        r->config.rows_max = ROWS_MAX;
    if (r->config.wait_ms == 0)
        r->config.wait_ms = WAIT_MS;
    pthread_mutex_init(&r->mutex, NULL);
    cond_init(&r->changed);
    return r;
}

void relay_free(struct relay *r)
{
    if (r == NULL)
        return;
    relay_stop(r);
    if (r->is_relay)
        lock_let_go(r);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->mutex);
    mem_free(r);
}

void relay_start(struct relay *r)
{
    assert(!r->started);
    r->started = true;
    int failed = pthread_create(&r->thread, NULL, relay_thread, r);
    assert(failed == 0);
}

void relay_stop(struct relay *r)
{
    pthread_mutex_lock(&r->mutex);
    bool runs = r->started && !r->stopping;
    r->stopping = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->mutex);
    if (runs)
        pthread_join(r->thread, NULL);
}

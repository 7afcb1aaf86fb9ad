#include "adapter/postgres/pool.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "adapter/postgres/schema.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/rand.h"
#include "telemetry/metrics.h"

#define WAIT_S       5 /* for a connection that another thread gives back */
#define PAUSE_MIN_US 100000
#define PAUSE_MAX_US 2000000
#define LOG_EVERY_US 1000000
#define TRIES        3 /* of one call */

static int64_t now_us(void)
{
    return clock_steady_us(&clock_system);
}

void pg_pool_init(struct pg_pool *p, const struct pg_settings *settings, unsigned max)
{
    assert(max > 0);
    *p = (struct pg_pool){.settings = settings, .max = max, .ready = true};
    pthread_mutex_init(&p->mutex, NULL);
    cond_init(&p->given);
}

void pg_pool_fini(struct pg_pool *p)
{
    while (p->free != NULL) {
        struct pg_conn *c = p->free;
        p->free = c->next;
        pg_conn_close(c);
        metric_add(M_POSTGRES_CONNECTIONS, -1);
        p->n_open--;
    }
    assert(p->n_open == 0);
    pthread_cond_destroy(&p->given);
    pthread_mutex_destroy(&p->mutex);
}

bool pg_pool_is_ready(struct pg_pool *p, char *detail, size_t size)
{
    pthread_mutex_lock(&p->mutex);
    bool ready = p->ready;
    snprintf(detail, size, "%s", ready ? "" : p->detail);
    pthread_mutex_unlock(&p->mutex);
    return ready;
}

/* ---- Failures; with the mutex held ---- */

static bool note_lost(struct pg_pool *p, const char *why)
{
    int64_t now = now_us();
    bool log = p->logged_us == 0 || now - p->logged_us >= LOG_EVERY_US;
    p->ready = false;
    snprintf(p->detail, sizeof p->detail, "%s", why);
    p->generation++;
    metric_inc(M_POSTGRES_LOST);
    if (log)
        p->logged_us = now;
    return log;
}

static void note_fine(struct pg_pool *p)
{
    p->ready = true;
    p->pause_us = 0;
    p->paused_until_us = 0;
}

/* The next try to connect comes after a pause, not at the same moment on every node. */
static void note_pause(struct pg_pool *p)
{
    p->pause_us = p->pause_us == 0 ? PAUSE_MIN_US : 2 * p->pause_us;
    if (p->pause_us > PAUSE_MAX_US)
        p->pause_us = PAUSE_MAX_US;
    int64_t half = p->pause_us / 2;
    p->paused_until_us = now_us() + half + (int64_t)rand_below((uint64_t)half);
}

void pg_pool_note(struct pg_pool *p, const char *lost)
{
    bool log = false;
    pthread_mutex_lock(&p->mutex);
    if (lost == NULL)
        note_fine(p);
    else
        log = note_lost(p, lost);
    pthread_mutex_unlock(&p->mutex);
    if (log)
        log_event(LOG_WARN, "no connection to PostgreSQL", LOG_S("reason", lost));
}

/* ---- Taking and giving ---- */

static bool may_connect(const struct pg_pool *p)
{
    return p->pause_us == 0 || (!p->trying && now_us() >= p->paused_until_us);
}

/* A free connection, or the right to open one (`*may_open`), or neither. */
static struct pg_conn *wait_free(struct pg_pool *p, bool *may_open)
{
    const struct timespec until = cond_deadline(WAIT_S * 1000);
    struct pg_conn *c = NULL;
    pthread_mutex_lock(&p->mutex);
    int timed_out = 0;
    while (p->free == NULL && p->n_open == p->max && timed_out == 0)
        timed_out = pthread_cond_timedwait(&p->given, &p->mutex, &until);
    *may_open = p->free == NULL && p->n_open < p->max && may_connect(p);
    if (p->free != NULL) {
        c = p->free;
        p->free = c->next;
    } else if (*may_open) {
        p->n_open++;
        p->trying = p->pause_us != 0;
    }
    pthread_mutex_unlock(&p->mutex);
    return c;
}

static void pool_forget(struct pg_pool *p, struct pg_conn *c)
{
    pg_conn_close(c);
    metric_add(M_POSTGRES_CONNECTIONS, -1);
    pthread_mutex_lock(&p->mutex);
    p->n_open--;
    pthread_cond_signal(&p->given);
    pthread_mutex_unlock(&p->mutex);
}

static struct pg_conn *pool_open(struct pg_pool *p)
{
    char reason[PG_REASON_SIZE];
    struct pg_conn *c = pg_schema_connect(p->settings, reason, sizeof reason);
    bool log = false;
    pthread_mutex_lock(&p->mutex);
    p->trying = false;
    if (c == NULL) {
        p->n_open--;
        log = note_lost(p, reason);
        note_pause(p);
        pthread_cond_broadcast(&p->given);
    } else {
        c->generation = p->generation;
        note_fine(p);
    }
    pthread_mutex_unlock(&p->mutex);
    if (log)
        log_event(LOG_WARN, "no connection to PostgreSQL", LOG_S("reason", reason));
    metric_add(M_POSTGRES_CONNECTIONS, c != NULL);
    return c;
}

static bool is_trusted(struct pg_pool *p, struct pg_conn *c)
{
    pthread_mutex_lock(&p->mutex);
    bool current = c->generation == p->generation;
    pthread_mutex_unlock(&p->mutex);
    return current && pg_conn_is_alive(c);
}

/* NULL when none was given back in time, or none can be opened now. */
static struct pg_conn *pool_take(struct pg_pool *p)
{
    bool may_open = false;
    struct pg_conn *c;
    while ((c = wait_free(p, &may_open)) != NULL && !is_trusted(p, c))
        pool_forget(p, c);
    if (c == NULL && may_open)
        c = pool_open(p);
    if (c == NULL)
        return NULL;
    c->taken_us = now_us();
    trace_begin(&c->span, "postgresql", TRACE_CLIENT);
    trace_add_text(&c->span, "db.system.name", "postgresql");
    return c;
}

static void pool_give(struct pg_pool *p, struct pg_conn *c)
{
    metric_observe(M_POSTGRES_CALL, (uint64_t)(now_us() - c->taken_us));
    trace_end(&c->span, pg_failure_is_of_connection(c) ? ERR_UNAVAILABLE : ERR_OK);
    if (pg_failure_is_of_connection(c)) {
        pg_pool_note(p, c->text);
        pool_forget(p, c);
        return;
    }
    pg_forgive(c);
    pthread_mutex_lock(&p->mutex);
    note_fine(p);
    c->next = p->free;
    p->free = c;
    pthread_cond_signal(&p->given);
    pthread_mutex_unlock(&p->mutex);
}

static void log_refusal(const struct pg_conn *c)
{
    if (c->failure == PG_REFUSED && !pg_failure_is_of_connection(c))
        log_event(LOG_ERROR, "PostgreSQL refused a statement", LOG_S("state", c->state),
                  LOG_S("reason", c->text));
}

/* ---- Running ---- */

static enum err run_alone(struct pg_pool *p, pg_body_f *body, void *arg, enum err lost)
{
    bool again = true;
    enum err e = ERR_UNAVAILABLE, none = ERR_UNAVAILABLE;
    for (int i = 0; i < TRIES && again; i++) {
        struct pg_conn *c = pool_take(p);
        if (c == NULL)
            return none;
        e = body(c, arg);
        again = pg_failure_passes(c);
        log_refusal(c);
        if (c->failure == PG_LOST)
            e = none = lost;
        else if (c->failure == PG_REFUSED)
            e = pg_failure_err(c);
        pool_give(p, c);
    }
    return e;
}

enum err pg_pool_read(struct pg_pool *p, pg_body_f *body, void *arg)
{
    return run_alone(p, body, arg, ERR_UNAVAILABLE);
}

enum err pg_pool_write(struct pg_pool *p, pg_body_f *body, void *arg)
{
    return run_alone(p, body, arg, ERR_UNKNOWN);
}

/* One try: `*again` when nothing came of it but another may go better. */
static enum err change_once(struct pg_conn *c, pg_body_f *body, void *arg, bool *again)
{
    pg_begin(c);
    enum err e = body(c, arg);
    if (e == ERR_OK && c->failure == PG_FINE)
        e = pg_commit(c);
    *again = e != ERR_UNKNOWN && pg_failure_passes(c);
    log_refusal(c);
    if (e != ERR_UNKNOWN && c->failure != PG_FINE)
        e = pg_failure_err(c);
    if (!pg_failure_is_of_connection(c))
        pg_rollback(c);
    return e;
}

enum err pg_pool_change(struct pg_pool *p, pg_body_f *body, void *arg)
{
    bool again = true;
    enum err e = ERR_UNAVAILABLE;
    for (int i = 0; i < TRIES && again; i++) {
        struct pg_conn *c = pool_take(p);
        if (c == NULL)
            return ERR_UNAVAILABLE;
        e = change_once(c, body, arg, &again);
        pool_give(p, c);
    }
    return e;
}

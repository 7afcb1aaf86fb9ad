#include "telemetry/trace_export.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "telemetry/metrics.h"
#include "telemetry/trace_sieve.h"

#define BATCH_MAX_DEFAULT      512
#define QUEUE_MAX_DEFAULT      4096
#define LINGER_MS_DEFAULT      1000
#define BACKOFF_MIN_MS_DEFAULT 1000
#define BACKOFF_MAX_MS_DEFAULT 30000
#define STOP_MS_DEFAULT        3000
#define WAIT_MS                200

struct trace_export {
    struct trace_export_config config;
    pthread_t thread;
    atomic_bool stopping;
    struct trace_sieve *sieve;

    /* Its own thread's. */
    struct trace_span *queue; /* queue_max; the first `n` wait, oldest first */
    size_t n;
    int64_t since_us;      /* when the first of them came */
    int64_t not_before_us; /* the pause after a failure */
    unsigned backoff_ms;   /* the last pause; 0: it goes well */
    enum err last;
};

static int64_t now_us(void)
{
    return clock_steady_us(&clock_system);
}

/* ---- Taking ---- */

static void on_kept(const struct trace_span *s, void *arg)
{
    struct trace_export *x = arg;
    if (x->n == x->config.queue_max) {
        metric_inc(M_TRACE_DROPPED);
        return;
    }
    if (x->n == 0)
        x->since_us = now_us();
    x->queue[x->n++] = *s;
}

static void on_span(const struct trace_span *s, void *arg)
{
    struct trace_export *x = arg;
    trace_sieve_take(x->sieve, s, on_kept, x);
}

static void gather(struct trace_export *x)
{
    trace_drain(on_span, x);
    metric_set(M_TRACE_QUEUE, (int64_t)x->n);
}

/* ---- Sending ---- */

static void note_outcome(struct trace_export *x, enum err e, const char *reason)
{
    if (e != ERR_OK && e != x->last)
        log_event(LOG_WARN, "traces cannot be exported", LOG_S("reason", reason));
    else if (e == ERR_OK && x->last != ERR_OK)
        log_note(LOG_INFO, "traces are exported again");
    x->last = e;
}

static void back_off(struct trace_export *x)
{
    const struct trace_export_config *c = &x->config;
    x->backoff_ms = x->backoff_ms == 0 ? c->backoff_min_ms : 2 * x->backoff_ms;
    if (x->backoff_ms > c->backoff_max_ms)
        x->backoff_ms = c->backoff_max_ms;
    x->not_before_us = now_us() + (int64_t)x->backoff_ms * 1000;
}

/* One batch; false: another one makes no sense now. */
static bool send_batch(struct trace_export *x)
{
    char reason[256] = "";
    size_t n = x->n < x->config.batch_max ? x->n : x->config.batch_max;
    int64_t began_us = now_us();
    enum err e = x->config.send(x->config.arg, x->queue, n, reason, sizeof reason);
    metric_observe(M_TRACE_EXPORT, (uint64_t)(now_us() - began_us));
    note_outcome(x, e, reason);
    if (e == ERR_UNAVAILABLE) {
        back_off(x);
        return false;
    }
    x->backoff_ms = 0;
    metric_add(e == ERR_OK ? M_TRACE_EXPORTED : M_TRACE_REFUSED, (int64_t)n);
    x->n -= n;
    memmove(x->queue, x->queue + n, x->n * sizeof *x->queue);
    x->since_us = now_us();
    return x->n > 0;
}

static bool is_due(const struct trace_export *x)
{
    int64_t now = now_us();
    if (x->n == 0 || now < x->not_before_us)
        return false;
    return x->n >= x->config.batch_max || now - x->since_us >= (int64_t)x->config.linger_ms * 1000;
}

static void flush(struct trace_export *x)
{
    int64_t until_us = now_us() + (int64_t)x->config.stop_ms * 1000;
    gather(x);
    while (x->n > 0 && now_us() < until_us && send_batch(x))
        ;
    metric_add(M_TRACE_DROPPED, (int64_t)x->n);
    if (x->n > 0)
        log_event(LOG_WARN, "spans were not exported before the end", LOG_I("spans", x->n));
}

static void *export_thread(void *arg)
{
    struct trace_export *x = arg;
    pthread_setname_np(pthread_self(), "traces");
    while (!atomic_load(&x->stopping)) {
        trace_wait(WAIT_MS);
        gather(x);
        while (is_due(x) && send_batch(x) && !atomic_load(&x->stopping))
            ;
    }
    flush(x);
    return NULL;
}

/* ---- Life ---- */

static void set_default(unsigned *value, unsigned otherwise)
{
    *value = *value == 0 ? otherwise : *value;
}

struct trace_export *trace_export_start(const struct trace_export_config *config)
{
    struct trace_export *x = MEM_NEW(struct trace_export);
    struct trace_export_config *c = &x->config;
    *c = *config;
    c->batch_max = c->batch_max == 0 ? BATCH_MAX_DEFAULT : c->batch_max;
    c->queue_max = c->queue_max == 0 ? QUEUE_MAX_DEFAULT : c->queue_max;
    set_default(&c->linger_ms, LINGER_MS_DEFAULT);
    set_default(&c->backoff_min_ms, BACKOFF_MIN_MS_DEFAULT);
    set_default(&c->backoff_max_ms, BACKOFF_MAX_MS_DEFAULT);
    set_default(&c->stop_ms, STOP_MS_DEFAULT);
    x->queue = mem_array(c->queue_max, sizeof *x->queue);
    x->sieve = trace_sieve_new();
    int failed = pthread_create(&x->thread, NULL, export_thread, x);
    assert(failed == 0);
    return x;
}

void trace_export_stop(struct trace_export *x)
{
    if (x == NULL)
        return;
    atomic_store(&x->stopping, true);
    trace_wake();
    pthread_join(x->thread, NULL);
    trace_sieve_free(x->sieve);
    mem_free(x->queue);
    mem_free(x);
}

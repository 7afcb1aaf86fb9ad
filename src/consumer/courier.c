#include "consumer/courier.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/task.h"
#include "consumer/envelope.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

#define SLICE_MS   50
#define PAUSE_MS   200 /* after a failure of the log, doubled up to the next one */
#define PAUSE_LAST 5000

struct couriers {
    struct web_hook *hook;
    struct event_log *retry;
    const struct clock *clock;
    struct workers *workers;
    atomic_bool stopping;
    atomic_int_least64_t rests_until_us;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* fewer are under way; a log answered */
    size_t under_way;
    bool some_are_lost; /* given up, by couriers_stop */
};

struct note {
    struct task task;
    struct couriers *c;
    struct uuid id;
    struct trace_set traces; /* the post's; or empty */
    size_t n;
    char body[];
};

/* ---- Into the retry log ---- */

struct leaving {
    struct log_send send;
    struct couriers *c;
    bool answered;
};

static void on_left(struct log_send *s)
{
    struct leaving *l = (struct leaving *)s;
    struct couriers *c = l->c;
    pthread_mutex_lock(&c->mutex);
    l->answered = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

/* One try. ERR_UNKNOWN may leave it twice: the receiver knows repeats by the id. */
static enum err leave(struct couriers *c, const struct uuid *id, struct str envelope)
{
    char trace[TRACEPARENT_LEN + 1];
    const struct trace_context here = trace_here();
    struct leaving l = {.send = {.key = *id,
                                 .value = envelope,
                                 .trace = trace_carry(&here, trace),
                                 .done = on_left},
                        .c = c};
    enum err e = c->retry->ops->produce(c->retry, &l.send);
    if (e != ERR_OK)
        return e;
    pthread_mutex_lock(&c->mutex);
    while (!l.answered)
        pthread_cond_wait(&c->changed, &c->mutex);
    pthread_mutex_unlock(&c->mutex);
    return l.send.err;
}

static void courier_sleep(struct couriers *c, unsigned ms)
{
    for (unsigned slept = 0; slept < ms && !atomic_load(&c->stopping); slept += SLICE_MS)
        clock_sleep_ms(SLICE_MS);
}

/* False: told to stop first. */
static bool note_leave(struct note *n, bool tried, const char *reason)
{
    struct couriers *c = n->c;
    struct buf b;
    int64_t now_ms = clock_wall_us(c->clock) / 1000;
    const struct envelope e = {.kind = ENVELOPE_WEBHOOK,
                               .attempt = tried ? 1 : 0,
                               .not_before_ms = now_ms + COURIER_RETRY_MS,
                               .first_ms = now_ms,
                               .id = n->id,
                               .reason = str_of(reason),
                               .payload = {n->body, n->n}};
    buf_init(&b, ENVELOPE_BYTES_MAX);
    envelope_encode(&e, &b);
    unsigned pause_ms = PAUSE_MS;
    enum err err;
    while ((err = leave(c, &n->id, buf_str(&b))) != ERR_OK && !atomic_load(&c->stopping)) {
        log_event(LOG_WARN, "retry log not written", LOG_S("error", err_name(err)));
        courier_sleep(c, pause_ms);
        pause_ms = pause_ms * 2 > PAUSE_LAST ? PAUSE_LAST : pause_ms * 2;
    }
    buf_fini(&b);
    if (err == ERR_OK)
        metric_inc(M_NOTIFY_LEFT);
    return err == ERR_OK;
}

/* ---- To the hook ---- */

static bool note_deliver(struct note *n)
{
    struct couriers *c = n->c;
    char reason[ENVELOPE_REASON_MAX] = "the web hook rests after a failure";
    bool rests = atomic_load(&c->rests_until_us) > clock_steady_us(c->clock);
    enum err e = ERR_UNAVAILABLE;
    if (!rests)
        e = c->hook->ops->post(c->hook, &n->id, (struct str){n->body, n->n}, reason, sizeof reason);
    if (e == ERR_OK)
        return true;
    if (!rests) {
        atomic_store(&c->rests_until_us, clock_steady_us(c->clock) + HOOK_REST_US);
        log_event(LOG_WARN, "web hook failed", LOG_S("reason", reason));
    }
    return note_leave(n, !rests, reason);
}

static void note_run(struct task *t)
{
    struct note *n = (struct note *)t;
    struct couriers *c = n->c;
    struct trace_span span;
    trace_begin_batch(&span, &n->traces, "tell the web hook", TRACE_INTERNAL);
    bool handed_over = !atomic_load(&c->stopping) && note_deliver(n);
    trace_end(&span, handed_over ? ERR_OK : ERR_UNAVAILABLE);
    mem_free(n);
    pthread_mutex_lock(&c->mutex);
    c->under_way--;
    c->some_are_lost = c->some_are_lost || !handed_over;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

/* ---- The dispatcher's side ---- */

void couriers_send(struct couriers *c, const struct uuid *id, struct str body,
                   const struct trace_context *trace)
{
    struct note *n = mem_alloc(sizeof *n + body.n);
    n->task = (struct task){.run = note_run};
    n->c = c;
    n->id = *id;
    n->traces.n = 0;
    trace_set_add(&n->traces, trace);
    n->n = body.n;
    memcpy(n->body, body.p, body.n);
    pthread_mutex_lock(&c->mutex);
    while (c->under_way == COURIER_NOTES_MAX)
        pthread_cond_wait(&c->changed, &c->mutex);
    c->under_way++;
    pthread_mutex_unlock(&c->mutex);
    if (!workers_try_post(c->workers, &n->task))
        note_run(&n->task); /* no room: it waits here, which comes to the same */
}

bool couriers_wait(struct couriers *c)
{
    pthread_mutex_lock(&c->mutex);
    while (c->under_way > 0)
        pthread_cond_wait(&c->changed, &c->mutex);
    bool all = !c->some_are_lost;
    pthread_mutex_unlock(&c->mutex);
    return all;
}

void couriers_stop(struct couriers *c)
{
    atomic_store(&c->stopping, true);
}

struct couriers *couriers_new(struct web_hook *hook, struct event_log *retry,
                              const struct clock *clock)
{
    struct couriers *c = MEM_NEW(struct couriers);
    c->hook = hook;
    c->retry = retry;
    c->clock = clock;
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->changed, NULL);
    c->workers = workers_new("courier", COURIERS, COURIER_NOTES_MAX, NULL, NULL, NULL);
    return c;
}

void couriers_free(struct couriers *c)
{
    if (c == NULL)
        return;
    couriers_stop(c);
    workers_free(c->workers);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->mutex);
    mem_free(c);
}

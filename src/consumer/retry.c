#include "consumer/retry.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/task.h"
#include "consumer/backlog.h"
#include "consumer/envelope.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

#define STEP_MS    50 /* while tries or writes are under way their answers are looked for */
#define IDLE_MS    500
#define AWAY_MS    200
#define REWRITE_MS 1000 /* until an envelope that could not be written is written again */
#define COMMIT_MS  1000
#define POLL_MAX   256

/* An envelope on its way. */
struct item {
    struct backlog_item place; /* first */
    struct retry *retry;
    struct item *next; /* in the list of the answered */
    struct task task;  /* a try */
    bool is_tried;     /* the try failed; what is left is to write `out` */
    enum err err;      /* of the try */
    struct log_send send;
    struct event_log *to;
    struct buf out;
    char reason[ENVELOPE_REASON_MAX];
    struct trace_set traces; /* what it is tried for; or empty */
    char trace_text[TRACEPARENT_LEN + 1];
    struct envelope envelope; /* borrows from `bytes` */
    size_t n_bytes;
    char bytes[];
};

struct retry {
    struct retry_config config;
    struct log_listener listener;
    struct log_reader *reader;
    struct backlog backlog;
    struct workers *workers; /* NULL: tries run on the thread that steps */
    bool ours[LOG_PARTITIONS_MAX];
    uint64_t committed[LOG_PARTITIONS_MAX];
    int64_t commit_at_ms;
    size_t n_bytes;              /* of all items */
    size_t n_trying;             /* on workers */
    size_t n_writing;            /* in the logs */
    bool is_paused, pause_again; /* again: partitions came since */
    bool is_behind;              /* where the group stands, the log begins later */
    pthread_mutex_t mutex;       /* for `answered` */
    struct item *answered;
    atomic_bool stopping;
    bool is_started;
    pthread_t thread;
};

int64_t retry_delay_ms(unsigned attempt)
{
    int64_t ms = RETRY_DELAY_MS;
    for (unsigned i = 1; i < attempt && ms < RETRY_DELAY_MAX_MS; i++)
        ms *= 3;
    return ms < RETRY_DELAY_MAX_MS ? ms : RETRY_DELAY_MAX_MS;
}

static int64_t now_ms(const struct retry *r)
{
    return clock_wall_us(r->config.clock) / 1000;
}

/* ---- Items ---- */

static struct item *item_new(struct retry *r, struct str bytes)
{
    struct item *i = mem_zalloc(sizeof *i + bytes.n);
    i->retry = r;
    i->n_bytes = bytes.n;
    memcpy(i->bytes, bytes.p, bytes.n);
    buf_init(&i->out, ENVELOPE_BYTES_MAX);
    if (envelope_decode((struct str){i->bytes, bytes.n}, &i->envelope) &&
        i->envelope.kind == ENVELOPE_WEBHOOK) {
        r->n_bytes += bytes.n;
        return i;
    }
    mem_free(i);
    return NULL;
}

static void item_free(struct item *i)
{
    i->retry->n_bytes -= i->n_bytes;
    buf_fini(&i->out);
    mem_free(i);
}

static void item_note_trace(struct item *i, struct str trace)
{
    struct trace_context c;
    if (trace.n > 0 && trace_is_on() && traceparent_parse(trace, &c))
        trace_set_add(&i->traces, &c);
}

static void item_done(struct item *i)
{
    backlog_done(&i->retry->backlog, &i->place);
    item_free(i);
}

static void item_drop(struct backlog_item *place, void *arg)
{
    (void)arg;
    item_free((struct item *)place);
}

/* From any thread: the one that steps looks at it next. */
static void item_answer(struct item *i)
{
    pthread_mutex_lock(&i->retry->mutex);
    i->next = i->retry->answered;
    i->retry->answered = i;
    pthread_mutex_unlock(&i->retry->mutex);
}

/* ---- A try ---- */

static void try_run(struct task *t)
{
    struct item *i = MEM_OWNER(t, struct item, task);
    struct web_hook *hook = i->retry->config.hook;
    struct trace_span span;
    trace_begin_batch(&span, &i->traces, "retry", TRACE_CONSUMER);
    trace_add_text(&span, "messaging.system", "kafka");
    trace_add_number(&span, "parley.attempt", i->envelope.attempt);
    i->err =
        hook->ops->post(hook, &i->envelope.id, i->envelope.payload, i->reason, sizeof i->reason);
    trace_end(&span, i->err);
    item_answer(i);
}

static void try_start(struct retry *r, struct item *i)
{
    i->task.run = try_run;
    r->n_trying++;
    if (r->workers == NULL) {
        try_run(&i->task);
        return;
    }
    bool posted = workers_try_post(r->workers, &i->task);
    assert(posted); /* no more than there is room for */
}

/* ---- After a failure ---- */

static void on_written(struct log_send *s)
{
    item_answer(MEM_OWNER(s, struct item, send));
}

static void write_start(struct retry *r, struct item *i)
{
    i->send = (struct log_send){
        .key = i->envelope.id,
        .value = buf_str(&i->out),
        .trace = i->traces.n == 0 ? STR_NONE : trace_carry(&i->traces.of[0], i->trace_text),
        .done = on_written};
    r->n_writing++;
    if (i->to->ops->produce(i->to, &i->send) == ERR_OK)
        return;
    r->n_writing--;
    backlog_wait(&r->backlog, &i->place, now_ms(r) + REWRITE_MS);
}

/* Packs the envelope for its next journey. */
static void fail(struct retry *r, struct item *i)
{
    struct envelope e = i->envelope;
    if (e.attempt < ENVELOPE_ATTEMPTS_MAX)
        e.attempt++;
    bool is_last = e.attempt >= r->config.attempts_max;
    int64_t delay_ms = retry_delay_ms(e.attempt);
    delay_ms -= (int64_t)rand_below((uint64_t)delay_ms / 5 + 1);
    e.not_before_ms = is_last ? 0 : now_ms(r) + delay_ms;
    e.reason = str_of(i->reason);
    envelope_encode(&e, &i->out);
    i->to = is_last ? r->config.dead : r->config.retry;
    i->is_tried = true;
    metric_inc(is_last ? M_RETRY_DEAD : M_RETRY_FAILED);
    if (is_last)
        log_event(LOG_ERROR, "given up", LOG_S("kind", envelope_kind_name(e.kind)),
                  LOG_S("id", uuid_text(&e.id).s), LOG_I("attempts", e.attempt),
                  LOG_S("reason", i->reason));
    write_start(r, i);
}

/* ---- What came of it ---- */

static void on_tried(struct retry *r, struct item *i)
{
    r->n_trying--;
    if (i->err == ERR_OK)
        metric_inc(M_RETRY_OK);
    if (i->err == ERR_OK || i->place.is_orphan)
        item_done(i);
    else
        fail(r, i);
}

/* ERR_UNKNOWN: perhaps it is there twice then, which its id tells. */
static void on_left(struct retry *r, struct item *i)
{
    r->n_writing--;
    if (i->send.err == ERR_OK || i->place.is_orphan)
        item_done(i);
    else
        backlog_wait(&r->backlog, &i->place, now_ms(r) + REWRITE_MS);
}

static void take_answers(struct retry *r)
{
    pthread_mutex_lock(&r->mutex);
    struct item *i = r->answered;
    r->answered = NULL;
    pthread_mutex_unlock(&r->mutex);
    for (struct item *next; i != NULL; i = next) {
        next = i->next;
        (i->is_tried ? on_left : on_tried)(r, i);
    }
}

/* ---- Reading ---- */

static void on_record(struct log_listener *self, const struct log_record *record)
{
    struct retry *r = MEM_OWNER(self, struct retry, listener);
    struct item *i = item_new(r, record->value);
    backlog_read(&r->backlog, record->partition, record->offset, i == NULL ? NULL : &i->place);
    if (i != NULL) {
        item_note_trace(i, record->trace);
        backlog_wait(&r->backlog, &i->place, i->envelope.not_before_ms);
        return;
    }
    metric_inc(M_RETRY_INVALID);
    log_event(LOG_WARN, "no envelope", LOG_I("partition", record->partition),
              LOG_I("offset", record->offset));
}

/* To where the log begins now. */
static void catch_up(struct retry *r, unsigned partition, uint64_t *offset)
{
    uint64_t first, end;
    struct event_log *log = r->config.retry;
    if (log->ops->bounds(log, partition, &first, &end) == ERR_OK && *offset < first)
        *offset = first;
}

static void on_assigned(struct log_listener *self, const unsigned *partitions, uint64_t *offsets,
                        size_t n)
{
    struct retry *r = MEM_OWNER(self, struct retry, listener);
    for (size_t i = 0; i < n; i++) {
        if (r->is_behind)
            catch_up(r, partitions[i], &offsets[i]);
        backlog_restart(&r->backlog, partitions[i], offsets[i], item_drop, NULL);
        r->ours[partitions[i]] = true;
        r->committed[partitions[i]] = offsets[i];
    }
    r->pause_again = r->is_paused;
}

static void commit_one(struct retry *r, unsigned partition)
{
    uint64_t done = backlog_done_below(&r->backlog, partition);
    struct event_log *log = r->config.retry;
    if (r->ours[partition] && done > r->committed[partition] &&
        log->ops->commit(r->reader, partition, done) == ERR_OK)
        r->committed[partition] = done;
}

static void commit_all(struct retry *r)
{
    for (unsigned p = 0; p < LOG_PARTITIONS_MAX; p++)
        commit_one(r, p);
}

static void on_revoked(struct log_listener *self, const unsigned *partitions, size_t n)
{
    struct retry *r = MEM_OWNER(self, struct retry, listener);
    for (size_t i = 0; i < n; i++) {
        commit_one(r, partitions[i]);
        backlog_restart(&r->backlog, partitions[i], 0, item_drop, NULL);
        r->ours[partitions[i]] = false;
    }
}

static void pause_all(struct retry *r)
{
    for (unsigned p = 0; p < LOG_PARTITIONS_MAX; p++)
        if (r->ours[p])
            r->config.retry->ops->pause(r->reader, p, r->is_paused);
    r->pause_again = false;
}

static void pause_or_resume(struct retry *r)
{
    size_t items_max = r->config.items_max;
    bool is_full = r->backlog.n >= items_max || r->n_bytes >= RETRY_BYTES_MAX;
    bool is_half = r->backlog.n <= items_max / 2 && r->n_bytes <= RETRY_BYTES_MAX / 2;
    if (r->is_paused ? is_half : is_full)
        r->is_paused = !r->is_paused;
    else if (!r->pause_again)
        return;
    pause_all(r);
}

/* Leaves the group; what is not done is begun anew by whoever is next. */
static void leave(struct retry *r)
{
    r->config.retry->ops->close_reader(r->reader);
    r->reader = NULL;
    r->is_paused = r->pause_again = false;
    for (unsigned p = 0; p < LOG_PARTITIONS_MAX; p++) {
        backlog_restart(&r->backlog, p, 0, item_drop, NULL);
        r->ours[p] = false;
    }
}

/* ---- A step ---- */

static size_t tries_max(const struct retry *r)
{
    return r->config.threads == 0 ? 1 : r->config.threads;
}

/* What is due waits for its time only while there is a thread to try it. */
static unsigned wait_of(const struct retry *r, unsigned wait_ms)
{
    int64_t until_due = backlog_next_ms(&r->backlog) - now_ms(r);
    if ((r->n_trying > 0 || r->n_writing > 0) && wait_ms > STEP_MS)
        wait_ms = STEP_MS;
    if (r->n_trying < tries_max(r) && until_due < (int64_t)wait_ms)
        wait_ms = until_due < 0 ? 0 : (unsigned)until_due;
    return wait_ms;
}

static bool read_some(struct retry *r, unsigned wait_ms)
{
    struct event_log *log = r->config.retry;
    if (r->reader == NULL &&
        log->ops->join(log, r->config.group, &r->listener, &r->reader) != ERR_OK)
        return false;
    size_t room = r->config.items_max > r->backlog.n ? r->config.items_max - r->backlog.n : 1;
    enum err e =
        log->ops->poll(r->reader, room < POLL_MAX ? (unsigned)room : POLL_MAX, wait_of(r, wait_ms));
    if (e != ERR_NOT_FOUND)
        return e == ERR_OK;
    /* Older than the log keeps them: they are lost, and everyone may read why. */
    log_note(LOG_ERROR, "envelopes were dropped by the retry log before they were tried");
    r->is_behind = true;
    leave(r);
    return false;
}

static void start_due(struct retry *r)
{
    int64_t now = now_ms(r);
    struct backlog_item *place;
    while (r->n_trying < tries_max(r) && (place = backlog_due(&r->backlog, now)) != NULL) {
        struct item *i = (struct item *)place;
        if (i->is_tried)
            write_start(r, i);
        else
            try_start(r, i);
        if (r->workers == NULL)
            take_answers(r);
    }
}

void retry_step(struct retry *r, unsigned wait_ms)
{
    bool is_there = read_some(r, wait_ms);
    take_answers(r);
    start_due(r);
    take_answers(r);
    metric_set(M_RETRY_WAITING, (int64_t)r->backlog.n);
    if (!is_there)
        return;
    pause_or_resume(r);
    int64_t now = clock_steady_us(r->config.clock) / 1000;
    if (now < r->commit_at_ms)
        return;
    r->commit_at_ms = now + COMMIT_MS;
    commit_all(r);
}

/* ---- Life ---- */

struct retry *retry_new(const struct retry_config *config)
{
    struct retry *r = MEM_NEW(struct retry);
    assert(config->hook != NULL && config->dead != NULL);
    r->config = *config;
    if (r->config.attempts_max == 0)
        r->config.attempts_max = RETRY_ATTEMPTS;
    if (r->config.items_max == 0)
        r->config.items_max = RETRY_ITEMS_MAX;
    r->listener = (struct log_listener){on_record, on_assigned, on_revoked};
    backlog_init(&r->backlog);
    pthread_mutex_init(&r->mutex, NULL);
    atomic_init(&r->stopping, false);
    if (config->threads > 0)
        r->workers = workers_new("retry", config->threads, config->threads, NULL, NULL, NULL);
    return r;
}

static void *run(void *arg)
{
    struct retry *r = arg;
    while (!atomic_load(&r->stopping)) {
        retry_step(r, IDLE_MS);
        if (r->reader == NULL)
            clock_sleep_ms(AWAY_MS);
    }
    return NULL;
}

void retry_start(struct retry *r)
{
    int failed = pthread_create(&r->thread, NULL, run, r);
    assert(failed == 0);
    r->is_started = true;
}

/* Tries are over: what they came to is taken, and the logs answer what they were given. */
static void finish(struct retry *r)
{
    take_answers(r);
    while (r->n_writing > 0) {
        clock_sleep_ms(STEP_MS);
        take_answers(r);
    }
}

void retry_stop(struct retry *r)
{
    if (r == NULL || atomic_exchange(&r->stopping, true))
        return;
    if (r->is_started)
        pthread_join(r->thread, NULL);
    workers_stop(r->workers);
    finish(r);
    if (r->reader != NULL) {
        commit_all(r);
        leave(r);
    }
}

void retry_free(struct retry *r)
{
    if (r == NULL)
        return;
    retry_stop(r);
    workers_free(r->workers);
    backlog_fini(&r->backlog);
    pthread_mutex_destroy(&r->mutex);
    mem_free(r);
}

#include "adapter/sqlite/queue.h"

#include <time.h>

#include "base/cond.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

/* What one transaction carries at most: enough that a sync costs an append nothing, not so much
 * that the first one waits long for the last. */
#define BATCH_APPENDS_MAX 4096
#define BATCH_BYTES_MAX   (8u * 1024 * 1024)

void queue_init(struct queue *q, size_t appends_max, size_t bytes_max)
{
    *q = (struct queue){.appends_max = appends_max, .bytes_max = bytes_max};
    q->append_tail = &q->append_head;
    q->job_tail = &q->job_head;
    pthread_mutex_init(&q->mutex, NULL);
    cond_init(&q->filled);
    pthread_cond_init(&q->answered, NULL);
}

void queue_fini(struct queue *q)
{
    pthread_cond_destroy(&q->answered);
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->mutex);
}

void queue_open(struct queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->open = true;
    pthread_mutex_unlock(&q->mutex);
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->open = false;
    pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->mutex);
}

static size_t append_bytes(const struct append *a)
{
    return sizeof *a + a->username.n + a->content.n + a->client_msg_id.n + a->origin.ref.n;
}

/* One wake-up a batch: only a writer that sleeps is woken. */
static void wake(struct queue *q)
{
    if (!q->writer_waits)
        return;
    q->writer_waits = false;
    pthread_cond_signal(&q->filled);
}

enum err queue_append(struct queue *q, struct append *a)
{
    size_t bytes = append_bytes(a);
    enum err e = ERR_UNAVAILABLE;
    a->next = NULL;
    pthread_mutex_lock(&q->mutex);
    if (q->open && q->n_appends < q->appends_max && q->bytes + bytes <= q->bytes_max) {
        *q->append_tail = a;
        q->append_tail = &a->next;
        q->n_appends++;
        q->bytes += bytes;
        wake(q);
        e = ERR_OK;
    }
    pthread_mutex_unlock(&q->mutex);
    return e;
}

enum err queue_run(struct queue *q, struct job *job)
{
    struct trace_span span;
    job->next = NULL;
    job->answered = false;
    pthread_mutex_lock(&q->mutex);
    if (!q->open) {
        pthread_mutex_unlock(&q->mutex);
        return ERR_UNAVAILABLE;
    }
    trace_begin(&span, "journal job", TRACE_CLIENT);
    trace_add_text(&span, "db.system.name", "sqlite");
    *q->job_tail = job;
    q->job_tail = &job->next;
    q->n_jobs++;
    wake(q);
    while (!job->answered)
        pthread_cond_wait(&q->answered, &q->mutex);
    pthread_mutex_unlock(&q->mutex);
    trace_end(&span, job->err == ERR_UNAVAILABLE ? job->err : ERR_OK);
    return job->err;
}

static void take_appends(struct queue *q, struct batch *b)
{
    struct append **end = &b->appends;
    size_t bytes = 0;
    b->appends = q->append_head;
    while (*end != NULL && b->n_appends < BATCH_APPENDS_MAX && bytes < BATCH_BYTES_MAX) {
        bytes += append_bytes(*end);
        b->n_appends++;
        end = &(*end)->next;
    }
    q->append_head = *end;
    *end = NULL;
    if (q->append_head == NULL)
        q->append_tail = &q->append_head;
    q->n_appends -= b->n_appends;
    q->bytes -= bytes;
}

static void take_jobs(struct queue *q, struct batch *b)
{
    b->jobs = q->job_head;
    b->n_jobs = q->n_jobs;
    q->job_head = NULL;
    q->job_tail = &q->job_head;
    q->n_jobs = 0;
}

static bool is_empty(const struct queue *q)
{
    return q->append_head == NULL && q->job_head == NULL;
}

static void wait_filled(struct queue *q, int wait_ms)
{
    const struct timespec until = cond_deadline((unsigned)wait_ms);
    int timed_out = 0;
    while (is_empty(q) && q->open && timed_out == 0) {
        q->writer_waits = true;
        timed_out = wait_ms < 0 ? pthread_cond_wait(&q->filled, &q->mutex)
                                : pthread_cond_timedwait(&q->filled, &q->mutex, &until);
    }
    q->writer_waits = false;
}

bool queue_take(struct queue *q, int wait_ms, struct batch *b, bool *closed)
{
    *b = (struct batch){.appends = NULL};
    pthread_mutex_lock(&q->mutex);
    wait_filled(q, wait_ms);
    take_appends(q, b);
    take_jobs(q, b);
    *closed = !q->open;
    size_t left = q->n_appends;
    pthread_mutex_unlock(&q->mutex);
    metric_set(M_JOURNAL_QUEUE, (int64_t)left);
    return b->n_appends + b->n_jobs > 0;
}

void queue_answer(struct queue *q, struct job *jobs)
{
    if (jobs == NULL)
        return;
    pthread_mutex_lock(&q->mutex);
    for (struct job *j = jobs, *next; j != NULL; j = next) {
        next = j->next;
        j->answered = true;
    }
    pthread_cond_broadcast(&q->answered);
    pthread_mutex_unlock(&q->mutex);
}

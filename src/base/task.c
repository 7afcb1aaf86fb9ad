#include "base/task.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void task_queue_init(struct task_queue *q, void (*wake)(void *arg), void *arg)
{
    pthread_mutex_init(&q->mutex, NULL);
    q->head = NULL;
    q->tail = &q->head;
    q->wake = wake;
    q->arg = arg;
}

void task_queue_fini(struct task_queue *q)
{
    pthread_mutex_destroy(&q->mutex);
}

void task_queue_push(struct task_queue *q, struct task *t)
{
    t->next = NULL;
    pthread_mutex_lock(&q->mutex);
    bool was_empty = q->head == NULL;
    *q->tail = t;
    q->tail = &t->next;
    pthread_mutex_unlock(&q->mutex);
    if (was_empty && q->wake != NULL)
        q->wake(q->arg);
}

struct task *task_queue_take(struct task_queue *q)
{
    pthread_mutex_lock(&q->mutex);
    struct task *list = q->head;
    q->head = NULL;
    q->tail = &q->head;
    pthread_mutex_unlock(&q->mutex);
    return list;
}

struct worker {
    pthread_t thread;
    struct workers *pool;
    unsigned index;
};

struct workers {
    pthread_mutex_t mutex;
    pthread_cond_t wakeup;
    struct task *head, **tail;
    size_t depth, queue_max;
    bool stopping;
    void (*start)(unsigned index, void *arg);
    void (*stop)(unsigned index, void *arg);
    void *arg;
    char name[16];
    unsigned count;
    struct worker threads[];
};

static _Thread_local unsigned current_index;

/* The next task, or NULL when the pool stops and nothing is queued. */
static struct task *worker_next(struct workers *w)
{
    pthread_mutex_lock(&w->mutex);
    while (w->head == NULL && !w->stopping)
        pthread_cond_wait(&w->wakeup, &w->mutex);
    struct task *t = w->head;
    if (t != NULL) {
        w->head = t->next;
        if (w->head == NULL)
            w->tail = &w->head;
        w->depth--;
    }
    pthread_mutex_unlock(&w->mutex);
    return t;
}

static void *worker_main(void *arg)
{
    struct worker *self = arg;
    struct workers *w = self->pool;
    current_index = self->index;
    pthread_setname_np(pthread_self(), w->name);
    if (w->start != NULL)
        w->start(self->index, w->arg);
    struct task *t;
    while ((t = worker_next(w)) != NULL)
        t->run(t);
    if (w->stop != NULL)
        w->stop(self->index, w->arg);
    return NULL;
}

struct workers *workers_new(const char *name, unsigned threads, size_t queue_max,
                            void (*start)(unsigned index, void *arg),
                            void (*stop)(unsigned index, void *arg), void *arg)
{
    assert(threads >= 1 && threads <= 256);
    struct workers *w = mem_zalloc(sizeof *w + threads * sizeof w->threads[0]);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->wakeup, NULL);
    w->tail = &w->head;
    w->queue_max = queue_max;
    w->start = start;
    w->stop = stop;
    w->arg = arg;
    w->count = threads;
    snprintf(w->name, sizeof w->name, "%s", name);
    for (unsigned i = 0; i < threads; i++) {
        w->threads[i] = (struct worker){.pool = w, .index = i};
        if (pthread_create(&w->threads[i].thread, NULL, worker_main, &w->threads[i]) != 0) {
            fputs("parley: no thread to be had\n", stderr);
            abort();
        }
    }
    return w;
}

bool workers_try_post(struct workers *w, struct task *t)
{
    t->next = NULL;
    pthread_mutex_lock(&w->mutex);
    bool room = !w->stopping && w->depth < w->queue_max;
    if (room) {
        *w->tail = t;
        w->tail = &t->next;
        w->depth++;
        pthread_cond_signal(&w->wakeup);
    }
    pthread_mutex_unlock(&w->mutex);
    return room;
}

size_t workers_depth(struct workers *w)
{
    pthread_mutex_lock(&w->mutex);
    size_t depth = w->depth;
    pthread_mutex_unlock(&w->mutex);
    return depth;
}

void workers_stop(struct workers *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->mutex);
    bool was_stopping = w->stopping;
    w->stopping = true;
    pthread_cond_broadcast(&w->wakeup);
    pthread_mutex_unlock(&w->mutex);
    for (unsigned i = 0; i < w->count && !was_stopping; i++)
        pthread_join(w->threads[i].thread, NULL);
}

void workers_free(struct workers *w)
{
    if (w == NULL)
        return;
    workers_stop(w);
    pthread_cond_destroy(&w->wakeup);
    pthread_mutex_destroy(&w->mutex);
    mem_free(w);
}

unsigned workers_index(void)
{
    return current_index;
}

/* Work that crosses threads. A task is embedded in the object it concerns, so posting it never
 * allocates and never fails; how many can be under way is bounded by whoever owns the objects. */
#ifndef PARLEY_BASE_TASK_H
#define PARLEY_BASE_TASK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct task {
    struct task *next;
    void (*run)(struct task *self);
};

/* A place where tasks run, one after the other on one thread (an event loop, a simulated node). */
struct executor {
    /* From any thread. The task runs later on the executor's thread, in the order of posting. */
    void (*post)(struct executor *self, struct task *t);
};

/* First in, first out, for any number of posting threads and one that takes. `wake` (may be NULL)
 * is called, on the posting thread, when the list goes from empty to not empty: one wake-up a
 * batch. The queue outlives every call of task_queue_push: whoever frees it has first seen the
 * posting threads end. */
struct task_queue {
    pthread_mutex_t mutex;
    struct task *head, **tail;
    void (*wake)(void *arg);
    void *arg;
};

void task_queue_init(struct task_queue *q, void (*wake)(void *arg), void *arg);
void task_queue_fini(struct task_queue *q);
void task_queue_push(struct task_queue *q, struct task *t);
/* Everything queued, as a list in order; NULL when empty. */
struct task *task_queue_take(struct task_queue *q);

/* A bounded pool of threads for blocking work. */
struct workers;

/* Starts `threads` (1-256) named `name`; at most `queue_max` tasks wait. `start`/`stop` (may be
 * NULL) run on each thread with its index, for connections of its own. */
struct workers *workers_new(const char *name, unsigned threads, size_t queue_max,
                            void (*start)(unsigned index, void *arg),
                            void (*stop)(unsigned index, void *arg), void *arg);
/* False, at once, when `queue_max` tasks wait already, or the pool was stopped: answer
 * "unavailable". */
bool workers_try_post(struct workers *w, struct task *t);
/* How many tasks wait now. */
size_t workers_depth(struct workers *w);
/* Runs what is queued, then joins the threads; from then on nothing more is taken. From one thread;
 * NULL is fine, and so is a second time. */
void workers_stop(struct workers *w);
/* Stops it if need be. Nothing may be posted any more. NULL is fine. */
void workers_free(struct workers *w);
/* The index of the worker thread this is called on; 0 elsewhere. */
unsigned workers_index(void);

#endif

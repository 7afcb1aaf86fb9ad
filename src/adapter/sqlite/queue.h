/* What waits for the writer: appends and jobs, in the order they came, both bounded. Inside
 * adapter/sqlite only. Jobs are bounded by the threads that wait for one each. */
#ifndef PARLEY_ADAPTER_SQLITE_QUEUE_H
#define PARLEY_ADAPTER_SQLITE_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

#include "port/journal.h"

struct writer;

/* A write that its caller waits for. `run` is called by the writer within a transaction: it
 * refuses before it changes anything, or does everything. Embedded in a struct with the arguments
 * and results. */
struct job {
    struct job *next;
    enum err (*run)(struct writer *w, struct job *self);
    enum err err;
    bool answered;
};

struct batch {
    struct append *appends;
    struct job *jobs;
    size_t n_appends, n_jobs;
};

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled, answered;
    size_t appends_max, bytes_max;
    bool open, writer_waits;
    struct append *append_head, **append_tail;
    size_t n_appends, bytes;
    struct job *job_head, **job_tail;
    size_t n_jobs;
};

void queue_init(struct queue *q, size_t appends_max, size_t bytes_max);
void queue_fini(struct queue *q);
/* From here on it takes. */
void queue_open(struct queue *q);
/* From here on it refuses; what waits is still to be taken. */
void queue_close(struct queue *q);
/* ERR_UNAVAILABLE when it is full or closed. */
enum err queue_append(struct queue *q, struct append *a);
/* Waits for the answer and returns it. ERR_UNAVAILABLE when it is closed. */
enum err queue_run(struct queue *q, struct job *job);

/* The writer: takes up to a batch of appends, and all jobs. Waits for something, at most `wait_ms`
 * (negative: however long). False when there was nothing in that time, or nothing any more
 * (`*closed`). */
bool queue_take(struct queue *q, int wait_ms, struct batch *b, bool *closed);
/* Hands the answered jobs back to their callers. */
void queue_answer(struct queue *q, struct job *jobs);

#endif

/* Jobs: questions to the stores, asked on a worker and answered on the shard's loop.
 *
 * A job that finds the workers' queue full waits in the shard, in order, and is tried again when
 * another job of the shard comes back and at every tick; one that the store could not serve
 * (ERR_UNAVAILABLE) rests until the next tick, if it may be repeated. After `ticks_max` ticks it
 * is done with the error. A job names its session by id: when it comes back and the session is
 * gone, nobody is missed. */
#ifndef PARLEY_FANOUT_JOB_H
#define PARLEY_FANOUT_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/task.h"
#include "fanout/mail.h"

struct hub_config;
struct job;

struct job_kind {
    /* On a worker: asks, sets `err`. */
    enum err (*work)(struct job *self, const struct hub_config *config);
    /* On the loop: the answer or the error. The job is its own to free. */
    void (*done)(struct job *self);
    /* Frees it. */
    void (*free)(struct job *self);
    unsigned ticks_max;
    bool repeat; /* ask again after ERR_UNAVAILABLE */
};

struct job {
    struct mail mail;
    struct task task;
    struct list link; /* in the shard's list while it waits or rests */
    const struct job_kind *kind;
    struct shard *shard;
    uint64_t session;   /* whose; 0: nobody's in particular */
    uint64_t last_tick; /* the shard's tick after which it gives up */
    enum err err;
};

/* The jobs of one shard that are not with a worker. */
struct job_queue {
    struct list waiting, resting;
};

void job_queue_init(struct job_queue *q);
void job_queue_fini(struct job_queue *q);
/* Takes `j`, whose other fields are zero or its kind's own. On the loop; `done` is never called
 * from inside. */
void job_start(struct job *j, const struct job_kind *kind, struct shard *sh, uint64_t session);
/* Once a second: what rested waits again, what waited too long is done. */
void job_queue_tick(struct shard *sh);

#endif

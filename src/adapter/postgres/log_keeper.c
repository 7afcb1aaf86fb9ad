/* What nobody needs any more is taken away, a little at a time. Every node does it; a partition
 * that another one is at is skipped. */
#include "adapter/postgres/log_state.h"
#include "base/cond.h"
#include "base/log.h"

#define EVERY_MS  10000
#define STEP_ROWS 500 /* of one transaction: producers wait for it */
#define STEPS_MAX 200 /* of one partition and turn: 10,000 records a second in all */
#define STEP_REST 2   /* ms between them */

struct trim {
    const struct postgres_log *log;
    unsigned partition;
    int64_t gone;
};

static enum err trim_run(struct pg_conn *c, void *arg)
{
    struct trim *t = arg;
    struct pg_args a = {.n = 0};
    pg_args_int(&a, t->log->id);
    pg_args_int(&a, t->partition);
    pg_args_int(&a, t->log->topic.keep_ms);
    pg_args_int(&a, STEP_ROWS);
    pg_args_int(&a, t->log->topic.committed_only);
    PGresult *r = pg_run(c, PG_LOG_TRIM, &a);
    t->gone = PQntuples(r) == 1 ? pg_int(r, 0, 0) : 0;
    PQclear(r);
    return ERR_OK;
}

static enum err producers_forget(struct pg_conn *c, void *arg)
{
    (void)arg;
    pg_change(c, PG_LOG_PRODUCERS_FORGET, NULL);
    return ERR_OK;
}

/* False when the log closes meanwhile. */
static bool keeper_rest(struct postgres_log *l, unsigned ms)
{
    const struct timespec until = cond_deadline(ms);
    int waited = 0;
    pthread_mutex_lock(&l->mutex);
    while (!l->stopping && waited == 0)
        waited = pthread_cond_timedwait(&l->stops, &l->mutex, &until);
    bool goes_on = !l->stopping;
    pthread_mutex_unlock(&l->mutex);
    return goes_on;
}

static void keeper_turn(struct postgres_log *l)
{
    for (unsigned p = 0; p < l->n_partitions; p++) {
        struct trim t = {.log = l, .partition = p, .gone = STEP_ROWS};
        for (unsigned i = 0; i < STEPS_MAX && t.gone == STEP_ROWS; i++)
            if (pg_pool_write(&l->pool, trim_run, &t) != ERR_OK || !keeper_rest(l, STEP_REST))
                return;
    }
    (void)pg_pool_write(&l->pool, producers_forget, NULL);
}

void *pg_log_keeper(void *arg)
{
    struct postgres_log *l = arg;
    pthread_setname_np(pthread_self(), "log_keeper");
    while (l->topic.keep_ms != 0 && keeper_rest(l, l->trim_every_ms))
        keeper_turn(l);
    return NULL;
}

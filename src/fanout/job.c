#include "fanout/job.h"

#include <assert.h>

#include "base/mem.h"
#include "fanout/shard.h"

void job_queue_init(struct job_queue *q)
{
    list_init(&q->waiting);
    list_init(&q->resting);
}

static void job_list_free(struct list *l)
{
    struct list *link;
    while ((link = list_pop(l)) != NULL) {
        struct job *j = MEM_OWNER(link, struct job, link);
        j->kind->free(j);
    }
}

void job_queue_fini(struct job_queue *q)
{
    job_list_free(&q->waiting);
    job_list_free(&q->resting);
}

static bool job_try(struct job *j)
{
    const struct hub_config *config = shard_config(j->shard);
    return config->run_blocking(config->run_blocking_arg, &j->task);
}

/* As many of the waiting jobs as the workers take. */
static void job_queue_pump(struct shard *sh)
{
    struct list *waiting = &sh->jobs.waiting;
    while (!list_is_empty(waiting)) {
        struct list *link = list_pop(waiting); /* before it may run: it is not ours then */
        if (job_try(MEM_OWNER(link, struct job, link)))
            continue;
        list_append(waiting->next, link); /* back to the front */
        return;
    }
}

/* On the loop: it comes back from the worker. */
static void job_return(struct task *t)
{
    struct mail *m = MEM_OWNER(t, struct mail, task);
    struct job *j = MEM_OWNER(m, struct job, mail);
    struct shard *sh = j->shard;
    job_queue_pump(sh);
    if (j->err == ERR_UNAVAILABLE && j->kind->repeat && sh->ticks < j->last_tick)
        list_append(&sh->jobs.resting, &j->link);
    else
        j->kind->done(j);
}

static void job_drop(struct mail *m)
{
    struct job *j = MEM_OWNER(m, struct job, mail);
    j->kind->free(j);
}

static void job_run(struct task *t)
{
    struct job *j = MEM_OWNER(t, struct job, task);
    j->err = j->kind->work(j, shard_config(j->shard));
    shard_mail(j->shard, &j->mail);
}

void job_start(struct job *j, const struct job_kind *kind, struct shard *sh, uint64_t session)
{
    j->kind = kind;
    j->shard = sh;
    j->session = session;
    j->last_tick = sh->ticks + kind->ticks_max;
    j->task.run = job_run;
    j->mail.task.run = job_return;
    j->mail.drop = job_drop;
    list_init(&j->link);
    if (list_is_empty(&sh->jobs.waiting) && job_try(j))
        return;
    list_append(&sh->jobs.waiting, &j->link);
}

/* What has waited too long is done, without an answer. */
static void job_queue_expire(struct shard *sh)
{
    struct list round, *link;
    list_init(&round);
    while ((link = list_pop(&sh->jobs.waiting)) != NULL)
        list_append(&round, link);
    while ((link = list_pop(&round)) != NULL) {
        struct job *j = MEM_OWNER(link, struct job, link);
        if (j->last_tick > sh->ticks) {
            list_append(&sh->jobs.waiting, link);
            continue;
        }
        j->err = ERR_UNAVAILABLE;
        j->kind->done(j);
    }
}

void job_queue_tick(struct shard *sh)
{
    struct list *link;
    while ((link = list_pop(&sh->jobs.resting)) != NULL)
        list_append(&sh->jobs.waiting, link);
    job_queue_pump(sh);
    job_queue_expire(sh);
}

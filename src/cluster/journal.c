#include "cluster/journal.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"
#include "cluster/admission.h"
#include "cluster/journal_state.h"
#include "cluster/record.h"
#include "cluster/start.h"

#define APPENDS_MAX_DEFAULT 65536
#define WORKERS_DEFAULT     4
#define STOP_WAIT_MS        5000
#define STOP_STEP_MS        20

static struct cluster_journal *journal_of(struct journal *self)
{
    return MEM_OWNER(self, struct cluster_journal, door);
}

/* ---- The door ---- */

static enum err journal_take(struct journal *self, struct append *a)
{
    struct cluster_journal *j = journal_of(self);
    assert(a->kind == EVENT_MESSAGE || a->kind == EVENT_REPLY);
    if (!atomic_load(&j->is_ready) || atomic_load(&j->stopping))
        return ERR_UNAVAILABLE;
    a->err = ERR_OK;
    a->duplicate = false;
    a->seq = a->prev_seq = a->id = 0;
    return admission_take(j->admission, a);
}

static uint64_t journal_published(struct journal *self, unsigned partition)
{
    struct cluster_journal *j = journal_of(self);
    assert(partition < j->n_partitions);
    return atomic_load(&j->partitions[partition].position);
}

static unsigned journal_count(struct journal *self)
{
    return journal_of(self)->n_partitions;
}

static unsigned journal_where(struct journal *self, const struct uuid *channel)
{
    struct event_log *log = journal_of(self)->config.log;
    return log->ops->partition_of(log, channel);
}

static const struct journal_ops journal_ops = {
    .append = journal_take,
    .position = journal_published,
    .partitions = journal_count,
    .partition_of = journal_where,
};

enum err journal_produce(struct cluster_journal *j, struct append *a)
{
    struct pending *place = pending_take(&j->pendings, a);
    if (place == NULL)
        return ERR_UNAVAILABLE;
    const struct event e = {.kind = a->kind,
                            .parent = a->parent,
                            .channel = a->channel,
                            .user = a->user,
                            .username = a->username,
                            .content = a->content,
                            .client_msg_id = a->client_msg_id};
    record_encode(&e, 0, &place->value);
    assert(!place->value.failed);
    place->send.value = buf_str(&place->value);
    if (j->config.log->ops->produce(j->config.log, &place->send) == ERR_OK || !pending_drop(place))
        return ERR_OK;
    return ERR_UNAVAILABLE;
}

void journal_refuse(struct cluster_journal *j, struct append *a, enum err e)
{
    a->err = e;
    pendings_answer(&j->pendings, a);
}

bool journal_wait(struct cluster_journal *j, unsigned partition, uint64_t offset, unsigned wait_ms)
{
    const struct timespec until = cond_deadline(wait_ms);
    const struct journal_partition *p = &j->partitions[partition];
    bool in_time = true;
    pthread_mutex_lock(&j->mutex);
    while (atomic_load(&p->next) < offset && in_time && !atomic_load(&j->ends))
        in_time = pthread_cond_timedwait(&j->moved, &j->mutex, &until) == 0;
    pthread_mutex_unlock(&j->mutex);
    return atomic_load(&p->next) >= offset;
}

void journal_wait_end(struct cluster_journal *j, unsigned wait_ms)
{
    const struct timespec until = cond_deadline(wait_ms);
    bool in_time = true;
    pthread_mutex_lock(&j->mutex);
    while (!atomic_load(&j->ends) && in_time)
        in_time = pthread_cond_timedwait(&j->moved, &j->mutex, &until) == 0;
    pthread_mutex_unlock(&j->mutex);
}

/* ---- Life ---- */

struct cluster_journal *cluster_journal_new(const struct cluster_journal_config *config)
{
    struct cluster_journal *j = MEM_NEW(struct cluster_journal);
    j->door.ops = &journal_ops;
    journal_view_init(j);
    j->config = *config;
    j->n_partitions = config->log->ops->partitions(config->log);
    j->overlay = overlay_new(j->n_partitions, config->overlay_bytes == 0 ? OVERLAY_BYTES_DEFAULT
                                                                         : config->overlay_bytes);
    j->admission =
        admission_new(j, config->workers == 0 ? WORKERS_DEFAULT : config->workers,
                      config->appends_max == 0 ? APPENDS_MAX_DEFAULT : config->appends_max);
    pendings_init(&j->pendings, config->clock,
                  config->appends_max == 0 ? APPENDS_MAX_DEFAULT : config->appends_max);
    pthread_mutex_init(&j->mutex, NULL);
    cond_init(&j->moved);
    for (unsigned i = 0; i < j->n_partitions; i++)
        pthread_mutex_init(&j->partitions[i].mutex, NULL);
    j->judged_tail = &j->judged;
    return j;
}

static void partition_begin(struct cluster_journal *j, unsigned i, struct follower *f)
{
    struct journal_partition *p = &j->partitions[i];
    uint64_t from = follower_exact_from(f), last_id = follower_last_id(f);
    /* positions go on above whatever an older log had, or what was moved here; where there was
     * nothing, there is none yet */
    uint64_t before = from > 0 || last_id > 0 ? seq_of(j->config.epoch, from) - 1 : 0;
    follower_free(p->follower);
    p->follower = f;
    atomic_store(&p->position, before);
    atomic_store(&p->next, follower_next(f));
    overlay_begin(j->overlay, i, j->config.epoch, from);
}

enum err cluster_journal_load(struct cluster_journal *j)
{
    struct start start;
    start_init(&start, j->config.log, j->config.store, j->config.epoch);
    for (unsigned i = 0; i < j->n_partitions; i++) {
        struct follower *f;
        uint64_t first;
        enum err e = start_follower(&start, i, &f);
        if (e == ERR_OK) {
            j->offsets[i] = follower_read_from(f);
            partition_begin(j, i, f);
            e = j->config.log->ops->bounds(j->config.log, i, &first, &j->partitions[i].end);
        }
        if (e != ERR_OK)
            return e;
        if (j->offsets[i] < first)
            j->offsets[i] = first;
    }
    j->is_loaded = true;
    return ERR_OK;
}

enum err cluster_journal_start(struct cluster_journal *j, struct journal_sink *sink)
{
    assert(!j->runs);
    j->sink = sink;
    enum err e = j->is_loaded ? ERR_OK : cluster_journal_load(j);
    if (e != ERR_OK)
        return e;
    j->listener = (struct log_listener){.record = journal_on_record};
    e = j->config.log->ops->read(j->config.log, j->offsets, &j->listener, &j->reader);
    if (e != ERR_OK)
        return e;
    j->runs = true;
    j->quiet_since_us = clock_steady_us(&clock_system);
    int failed = pthread_create(&j->thread, NULL, journal_thread, j) |
                 pthread_create(&j->watcher, NULL, journal_watcher, j);
    assert(failed == 0);
    return ERR_OK;
}

bool cluster_journal_is_ready(struct cluster_journal *j, char *detail, size_t size)
{
    if (atomic_load(&j->is_ready))
        return j->config.log->ops->is_ready(j->config.log, detail, size);
    snprintf(detail, size, "%s",
             atomic_load(&j->is_lost) ? "the log no longer holds what this node must read"
                                      : "the node is still reading the log");
    return false;
}

bool cluster_journal_wait_ready(struct cluster_journal *j, unsigned wait_ms)
{
    const struct timespec until = cond_deadline(wait_ms);
    bool in_time = true;
    pthread_mutex_lock(&j->mutex);
    while (!atomic_load(&j->is_ready) && in_time)
        in_time = pthread_cond_timedwait(&j->moved, &j->mutex, &until) == 0;
    pthread_mutex_unlock(&j->mutex);
    return atomic_load(&j->is_ready);
}

void cluster_journal_stop(struct cluster_journal *j)
{
    if (atomic_exchange(&j->stopping, true))
        return;
    admission_stop(j->admission);
    if (!j->runs)
        return;
    for (unsigned ms = 0; ms < STOP_WAIT_MS && pendings_waiting(&j->pendings) > 0;
         ms += STOP_STEP_MS)
        clock_sleep_ms(STOP_STEP_MS);
    pthread_mutex_lock(&j->mutex);
    atomic_store(&j->ends, true);
    pthread_cond_broadcast(&j->moved);
    pthread_mutex_unlock(&j->mutex);
    pthread_join(j->thread, NULL);
    pthread_join(j->watcher, NULL);
    j->config.log->ops->close_reader(j->reader);
}

void cluster_journal_free(struct cluster_journal *j)
{
    if (j == NULL)
        return;
    cluster_journal_stop(j);
    admission_free(j->admission);
    pendings_fini(&j->pendings);
    overlay_free(j->overlay);
    for (unsigned i = 0; i < j->n_partitions; i++) {
        follower_free(j->partitions[i].follower);
        pthread_mutex_destroy(&j->partitions[i].mutex);
    }
    pthread_cond_destroy(&j->moved);
    pthread_mutex_destroy(&j->mutex);
    mem_free(j);
}

struct journal *cluster_journal_door(struct cluster_journal *j)
{
    return &j->door;
}

struct overlay *cluster_journal_overlay(struct cluster_journal *j)
{
    return j->overlay;
}

void cluster_journal_reach(struct cluster_journal *j, const struct uuid *channel, uint64_t seq)
{
    struct event_log *log = j->config.log;
    unsigned partition = journal_where(&j->door, channel);
    uint64_t offset = seq_offset(seq), first, end;
    if (seq_epoch(seq) != j->config.epoch || offset < atomic_load(&j->partitions[partition].next))
        return;
    if (log->ops->bounds(log, partition, &first, &end) == ERR_OK && offset < end)
        (void)journal_wait(j, partition, offset + 1, CLUSTER_REACH_MS);
}

bool cluster_journal_head(struct cluster_journal *j, const struct uuid *channel,
                          struct channel_head *out)
{
    struct journal_partition *p = &j->partitions[journal_where(&j->door, channel)];
    pthread_mutex_lock(&p->mutex);
    const struct channel_head *head =
        p->follower == NULL ? NULL : follower_head(p->follower, channel);
    if (head != NULL)
        *out = *head;
    pthread_mutex_unlock(&p->mutex);
    return head != NULL;
}

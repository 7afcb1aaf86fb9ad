/* Records in, and the log as it is. */
#include "cluster/handover.h"

#include <assert.h>

#include "base/cond.h"
#include "base/mem.h"
#include "cluster/handover_state.h"

#define LOOK_MS       1000
#define LOOK_ALONE_MS 50

/* A send of the log below, for one of ours. */
struct relayed {
    struct log_send send;
    struct log_send *of;
    struct handover *handover;
};

/* On the log's thread. The strings are the caller's until its `done`. */
static void on_settled(struct log_send *self)
{
    struct relayed *s = MEM_OWNER(self, struct relayed, send);
    struct handover *h = s->handover;
    struct log_send *of = s->of;
    of->err = self->err;
    of->partition = self->partition;
    of->offset = self->offset;
    of->time_ms = self->time_ms;
    pthread_mutex_lock(&h->mutex);
    if (self->err == ERR_OK) {
        const struct log_record r = {self->partition, self->offset, self->time_ms, self->key,
                                     self->value,     self->tag,    self->trace};
        handover_offer(h, &r);
        if (handover_has_others(h) && !h->stopping)
            handover_queue(h, &r);
        pthread_cond_broadcast(&h->offered);
    }
    h->n_sends--;
    pthread_mutex_unlock(&h->mutex);
    mem_free(s);
    of->done(of);
}

static enum err door_produce(struct event_log *self, struct log_send *of)
{
    struct handover *h = handover_of(self);
    struct relayed *s = MEM_NEW(struct relayed);
    s->send = *of;
    s->send.done = on_settled;
    s->of = of;
    s->handover = h;
    pthread_mutex_lock(&h->mutex);
    h->n_sends++;
    pthread_mutex_unlock(&h->mutex);
    enum err e = h->config.log->ops->produce(h->config.log, &s->send);
    if (e == ERR_OK)
        return e;
    pthread_mutex_lock(&h->mutex);
    h->n_sends--;
    pthread_mutex_unlock(&h->mutex);
    mem_free(s);
    return e;
}

void handover_offer(struct handover *h, const struct log_record *r)
{
    for (struct log_reader *reader = h->readers; reader != NULL; reader = reader->next)
        gap_offer(&reader->gaps[r->partition], r);
}

void handover_look(struct handover *h)
{
    for (struct log_reader *reader = h->readers; reader != NULL; reader = reader->next)
        reader->look_us = 0;
    pthread_cond_broadcast(&h->offered);
}

/* ---- The log as it is ---- */

static unsigned door_partitions(struct event_log *self)
{
    return handover_of(self)->n_partitions;
}

static unsigned door_partition_of(struct event_log *self, const struct uuid *key)
{
    struct event_log *log = handover_of(self)->config.log;
    return log->ops->partition_of(log, key);
}

static enum err door_identity(struct event_log *self, struct uuid *out)
{
    struct event_log *log = handover_of(self)->config.log;
    return log->ops->identity(log, out);
}

static enum err door_bounds(struct event_log *self, unsigned partition, uint64_t *first,
                            uint64_t *end)
{
    struct event_log *log = handover_of(self)->config.log;
    return log->ops->bounds(log, partition, first, end);
}

static enum err door_committed(struct event_log *self, const char *group, uint64_t *out)
{
    struct event_log *log = handover_of(self)->config.log;
    return log->ops->committed(log, group, out);
}

static bool door_is_ready(struct event_log *self, char *detail, size_t size)
{
    struct event_log *log = handover_of(self)->config.log;
    return log->ops->is_ready(log, detail, size);
}

static const struct event_log_ops door_ops = {
    .produce = door_produce,
    .partitions = door_partitions,
    .partition_of = door_partition_of,
    .identity = door_identity,
    .bounds = door_bounds,
    .read = handover_read,
    .join = handover_join,
    .poll = handover_poll,
    .commit = handover_commit,
    .pause = handover_pause,
    .close_reader = handover_close_reader,
    .committed = door_committed,
    .is_ready = door_is_ready,
};

/* ---- Making ---- */

enum err handover_new(const struct handover_config *config, struct handover **out)
{
    struct uuid identity;
    enum err e = config->log->ops->identity(config->log, &identity);
    if (e != ERR_OK)
        return e;
    struct handover *h = MEM_NEW(struct handover);
    h->door.ops = &door_ops;
    h->config = *config;
    if (h->config.look_ms == 0)
        h->config.look_ms = handover_has_others(h) ? LOOK_MS : LOOK_ALONE_MS;
    h->identity = identity;
    h->n_partitions = config->log->ops->partitions(config->log);
    h->tail = &h->head;
    pthread_mutex_init(&h->mutex, NULL);
    pthread_cond_init(&h->queued, NULL);
    cond_init(&h->offered);
    h->peer_listener = (struct peer_listener){handover_batch, handover_lost};
    h->bus_listener = (struct bus_listener){handover_note, handover_gap};
    h->batch_max = config->peers != NULL ? PEER_BATCH_MAX : BUS_NOTE_MAX;
    if (handover_has_others(h)) {
        int failed = pthread_create(&h->thread, NULL, handover_thread, h);
        assert(failed == 0);
    }
    if (config->peers != NULL)
        config->peers->ops->listen(config->peers, &h->peer_listener);
    if (config->bus != NULL)
        config->bus->ops->listen(config->bus, &h->bus_listener);
    *out = h;
    return ERR_OK;
}

void handover_stop(struct handover *h)
{
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->mutex);
    bool has_thread = handover_has_others(h) && !h->stopping;
    h->stopping = true;
    pthread_cond_signal(&h->queued);
    pthread_mutex_unlock(&h->mutex);
    if (has_thread)
        pthread_join(h->thread, NULL);
}

void handover_free(struct handover *h)
{
    if (h == NULL)
        return;
    handover_stop(h);
    assert(h->readers == NULL && h->n_sends == 0);
    while (h->head != NULL) {
        struct handed_out *o = h->head;
        h->head = o->next;
        mem_free(o->record);
        mem_free(o);
    }
    pthread_cond_destroy(&h->offered);
    pthread_cond_destroy(&h->queued);
    pthread_mutex_destroy(&h->mutex);
    mem_free(h);
}

struct event_log *handover_door(struct handover *h)
{
    return &h->door;
}

/* Records in: the queue, and what becomes of it. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "adapter/memory/event_log_state.h"
#include "base/cond.h"
#include "base/mem.h"

#define SENDS_MAX_DEFAULT 65536

static struct memory_event_log *log_of(struct event_log *self)
{
    return MEM_OWNER(self, struct memory_event_log, door);
}

static enum err log_produce(struct event_log *self, struct log_send *s)
{
    struct memory_event_log *l = log_of(self);
    enum err e = ERR_UNAVAILABLE;
    pthread_mutex_lock(&l->mutex);
    if (!l->cut && !l->stopping && l->n_sends < l->sends_max) {
        s->next = NULL;
        *l->send_tail = s;
        l->send_tail = &s->next;
        l->n_sends++;
        pthread_cond_signal(&l->queued);
        e = ERR_OK;
    }
    pthread_mutex_unlock(&l->mutex);
    return e;
}

static unsigned log_partitions(struct event_log *self)
{
    return log_of(self)->n_partitions;
}

static unsigned log_partition_of(struct event_log *self, const struct uuid *key)
{
    return (unsigned)(XXH3_64bits(key->b, sizeof key->b) % log_of(self)->n_partitions);
}

static enum err log_identity(struct event_log *self, struct uuid *out)
{
    struct memory_event_log *l = log_of(self);
    pthread_mutex_lock(&l->mutex);
    bool cut = l->cut;
    pthread_mutex_unlock(&l->mutex);
    if (cut)
        return ERR_UNAVAILABLE;
    *out = l->identity;
    return ERR_OK;
}

static enum err log_bounds(struct event_log *self, unsigned partition, uint64_t *first,
                           uint64_t *end)
{
    struct memory_event_log *l = log_of(self);
    assert(partition < l->n_partitions);
    pthread_mutex_lock(&l->mutex);
    bool cut = l->cut;
    *first = l->partitions[partition].first;
    *end = l->partitions[partition].end;
    pthread_mutex_unlock(&l->mutex);
    return cut ? ERR_UNAVAILABLE : ERR_OK;
}

static bool log_is_ready(struct event_log *self, char *detail, size_t size)
{
    struct memory_event_log *l = log_of(self);
    pthread_mutex_lock(&l->mutex);
    bool ready = !l->cut && !l->refusing;
    pthread_mutex_unlock(&l->mutex);
    snprintf(detail, size, "%s", ready ? "" : "the log in memory was told to refuse");
    return ready;
}

static const struct event_log_ops log_ops = {
    .produce = log_produce,
    .partitions = log_partitions,
    .partition_of = log_partition_of,
    .identity = log_identity,
    .bounds = log_bounds,
    .read = memory_log_read,
    .join = memory_log_join,
    .poll = memory_log_poll,
    .commit = memory_log_commit,
    .pause = memory_log_pause,
    .close_reader = memory_log_close_reader,
    .committed = memory_log_committed,
    .is_ready = log_is_ready,
};

size_t memory_partition_find(const struct memory_partition *p, uint64_t offset)
{
    size_t low = 0, high = p->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->records[middle]->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct str put(char **at, struct str s)
{
    struct str copy = {*at, s.n};
    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}

static uint64_t partition_add(struct memory_partition *p, const struct log_record *r)
{
    if (p->n == p->cap) {
        p->cap = p->cap == 0 ? 64 : 2 * p->cap;
        p->records = mem_realloc(p->records, p->cap * sizeof(struct log_record *));
    }
    struct log_record *copy = mem_alloc(sizeof *copy + r->value.n + r->tag.n + r->trace.n);
    char *at = (char *)(copy + 1);
    *copy = *r;
    copy->value = put(&at, r->value);
    copy->tag = put(&at, r->tag);
    copy->trace = put(&at, r->trace);
    copy->offset = p->end++;
    p->records[p->n++] = copy;
    return copy->offset;
}

static enum memory_fault fault_take(struct memory_event_log *l)
{
    if (l->refusing)
        return MEMORY_FAULT_REFUSED;
    if (l->faults_left == 0)
        return MEMORY_FAULT_NONE;
    l->faults_left--;
    return l->fault;
}

static void send_settle(struct memory_event_log *l, struct log_send *s)
{
    static const enum err answers[] = {ERR_OK, ERR_UNAVAILABLE, ERR_UNKNOWN, ERR_UNKNOWN};
    enum memory_fault fault = fault_take(l);
    s->err = answers[fault];
    s->partition = log_partition_of(&l->door, &s->key);
    if (fault == MEMORY_FAULT_REFUSED || fault == MEMORY_FAULT_LOST)
        return;
    const struct log_record r = {.partition = s->partition,
                                 .time_ms = clock_wall_us(l->clock) / 1000,
                                 .key = s->key,
                                 .value = s->value,
                                 .tag = s->tag,
                                 .trace = s->trace};
    s->time_ms = r.time_ms;
    s->offset = partition_add(&l->partitions[s->partition], &r);
}

/* Called with the mutex held, which it gives up while it answers. */
static size_t log_settle(struct memory_event_log *l)
{
    struct log_send *all = l->send_head;
    size_t n = l->n_sends;
    l->send_head = NULL;
    l->send_tail = &l->send_head;
    l->n_sends = 0;
    for (struct log_send *s = all; s != NULL; s = s->next)
        send_settle(l, s);
    pthread_cond_broadcast(&l->grown);
    pthread_mutex_unlock(&l->mutex);
    for (struct log_send *s = all, *next; s != NULL; s = next) {
        next = s->next;
        s->done(s);
    }
    pthread_mutex_lock(&l->mutex);
    return n;
}

static bool log_can_settle(const struct memory_event_log *l)
{
    return l->send_head != NULL && (l->stopping || !(l->cut || l->held));
}

size_t memory_event_log_step(struct memory_event_log *l)
{
    assert(l->stepped);
    pthread_mutex_lock(&l->mutex);
    size_t n = log_can_settle(l) ? log_settle(l) : 0;
    pthread_mutex_unlock(&l->mutex);
    return n;
}

static void *log_thread(void *arg)
{
    struct memory_event_log *l = arg;
    pthread_setname_np(pthread_self(), "event_log");
    pthread_mutex_lock(&l->mutex);
    while (log_can_settle(l) || !l->stopping)
        if (log_can_settle(l))
            log_settle(l);
        else
            pthread_cond_wait(&l->queued, &l->mutex);
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

struct memory_event_log *memory_event_log_new(const struct memory_event_log_config *config)
{
    assert(config->partitions >= 1 && config->partitions <= LOG_PARTITIONS_MAX);
    struct memory_event_log *l = MEM_NEW(struct memory_event_log);
    l->door.ops = &log_ops;
    l->clock = config->clock;
    l->identity = uuid_random();
    l->n_partitions = config->partitions;
    l->sends_max = config->sends_max == 0 ? SENDS_MAX_DEFAULT : config->sends_max;
    l->stepped = config->stepped;
    l->send_tail = &l->send_head;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->queued, NULL);
    cond_init(&l->grown);
    if (l->stepped)
        return l;
    int failed = pthread_create(&l->thread, NULL, log_thread, l);
    assert(failed == 0);
    return l;
}

void memory_event_log_free(struct memory_event_log *l)
{
    if (l == NULL)
        return;
    pthread_mutex_lock(&l->mutex);
    l->stopping = true;
    pthread_cond_signal(&l->queued);
    pthread_mutex_unlock(&l->mutex);
    if (l->stepped)
        memory_event_log_step(l);
    else
        pthread_join(l->thread, NULL);
    memory_log_groups_free(l);
    for (unsigned i = 0; i < l->n_partitions; i++) {
        for (size_t k = 0; k < l->partitions[i].n; k++)
            mem_free(l->partitions[i].records[k]);
        mem_free(l->partitions[i].records);
    }
    pthread_cond_destroy(&l->grown);
    pthread_cond_destroy(&l->queued);
    pthread_mutex_destroy(&l->mutex);
    mem_free(l);
}

struct event_log *memory_event_log_door(struct memory_event_log *l)
{
    return &l->door;
}

void memory_event_log_fail(struct memory_event_log *l, enum memory_fault fault, size_t n)
{
    pthread_mutex_lock(&l->mutex);
    l->fault = fault;
    l->faults_left = n;
    pthread_mutex_unlock(&l->mutex);
}

static void flag_set(struct memory_event_log *l, bool *flag, bool value)
{
    pthread_mutex_lock(&l->mutex);
    *flag = value;
    pthread_cond_broadcast(&l->queued);
    pthread_cond_broadcast(&l->grown);
    pthread_mutex_unlock(&l->mutex);
}

void memory_event_log_refuse(struct memory_event_log *l, bool refuse)
{
    flag_set(l, &l->refusing, refuse);
}

void memory_event_log_cut(struct memory_event_log *l, bool cut)
{
    flag_set(l, &l->cut, cut);
}

void memory_event_log_hold(struct memory_event_log *l, bool hold)
{
    flag_set(l, &l->held, hold);
}

void memory_event_log_trim(struct memory_event_log *l, unsigned partition, uint64_t offset)
{
    pthread_mutex_lock(&l->mutex);
    struct memory_partition *p = &l->partitions[partition];
    assert(offset >= p->first && offset <= p->end);
    p->first = offset;
    pthread_mutex_unlock(&l->mutex);
}

void memory_event_log_skip(struct memory_event_log *l, unsigned partition, uint64_t n)
{
    pthread_mutex_lock(&l->mutex);
    l->partitions[partition].end += n;
    pthread_mutex_unlock(&l->mutex);
}

uint64_t memory_event_log_put(struct memory_event_log *l, unsigned partition, int64_t time_ms,
                              const struct uuid *key, struct str value, struct str tag)
{
    const struct log_record r = {
        .partition = partition, .time_ms = time_ms, .key = *key, .value = value, .tag = tag};
    pthread_mutex_lock(&l->mutex);
    uint64_t offset = partition_add(&l->partitions[partition], &r);
    pthread_cond_broadcast(&l->grown);
    pthread_mutex_unlock(&l->mutex);
    return offset;
}

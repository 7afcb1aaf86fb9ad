/* Records out: plain readers, and groups that share the partitions. */
#include <assert.h>
#include <string.h>
#include <time.h>

#include "adapter/memory/event_log_state.h"
#include "base/cond.h"
#include "base/mem.h"

struct log_reader {
    struct memory_event_log *log;
    struct memory_group *group; /* NULL: a plain reader */
    struct log_listener *listener;
    bool is_member;
    unsigned next; /* the partition whose turn it is */
    uint64_t position[LOG_PARTITIONS_MAX];
    bool has[LOG_PARTITIONS_MAX]; /* what it believes to own */
    bool paused[LOG_PARTITIONS_MAX];
};

enum err memory_log_read(struct event_log *self, const uint64_t *offsets,
                         struct log_listener *listener, struct log_reader **out)
{
    struct memory_event_log *l = MEM_OWNER(self, struct memory_event_log, door);
    pthread_mutex_lock(&l->mutex);
    if (l->cut) {
        pthread_mutex_unlock(&l->mutex);
        return ERR_UNAVAILABLE;
    }
    struct log_reader *r = MEM_NEW(struct log_reader);
    r->log = l;
    r->listener = listener;
    for (unsigned p = 0; p < l->n_partitions; p++) {
        const struct memory_partition *from = &l->partitions[p];
        r->has[p] = true;
        r->position[p] = offsets[p] == LOG_FROM_END     ? from->end
                         : offsets[p] == LOG_FROM_START ? from->first
                                                        : offsets[p];
    }
    pthread_mutex_unlock(&l->mutex);
    *out = r;
    return ERR_OK;
}

static struct memory_group *group_find(const struct memory_event_log *l, const char *name)
{
    struct memory_group *g = l->groups;
    while (g != NULL && strcmp(g->name, name) != 0)
        g = g->next;
    return g;
}

static struct memory_group *group_get(struct memory_event_log *l, const char *name)
{
    struct memory_group *g = group_find(l, name);
    if (g != NULL)
        return g;
    g = MEM_NEW(struct memory_group);
    g->name = mem_strdup(name);
    g->next = l->groups;
    l->groups = g;
    return g;
}

static void group_add(struct log_reader *r)
{
    assert(r->group->n_members < LOG_PARTITIONS_MAX);
    r->group->members[r->group->n_members++] = r;
    r->is_member = true;
}

/* Its partitions are free at once. */
static void group_remove(struct log_reader *r)
{
    struct memory_group *g = r->group;
    size_t kept = 0;
    for (size_t i = 0; i < g->n_members; i++)
        if (g->members[i] != r)
            g->members[kept++] = g->members[i];
    g->n_members = kept;
    for (unsigned p = 0; p < r->log->n_partitions; p++)
        if (g->owner[p] == r)
            g->owner[p] = NULL;
    r->is_member = false;
    pthread_cond_broadcast(&r->log->grown);
}

enum err memory_log_join(struct event_log *self, const char *group, struct log_listener *listener,
                         struct log_reader **out)
{
    struct memory_event_log *l = MEM_OWNER(self, struct memory_event_log, door);
    pthread_mutex_lock(&l->mutex);
    if (l->cut) {
        pthread_mutex_unlock(&l->mutex);
        return ERR_UNAVAILABLE;
    }
    struct log_reader *r = MEM_NEW(struct log_reader);
    r->log = l;
    r->listener = listener;
    r->group = group_get(l, group);
    group_add(r);
    pthread_mutex_unlock(&l->mutex);
    *out = r;
    return ERR_OK;
}

void memory_log_close_reader(struct log_reader *r)
{
    pthread_mutex_lock(&r->log->mutex);
    if (r->is_member)
        group_remove(r);
    pthread_mutex_unlock(&r->log->mutex);
    mem_free(r);
}

void memory_event_log_expel(struct memory_event_log *l, struct log_reader *r)
{
    pthread_mutex_lock(&l->mutex);
    if (r->is_member)
        group_remove(r);
    pthread_mutex_unlock(&l->mutex);
}

void memory_log_groups_free(struct memory_event_log *l)
{
    while (l->groups != NULL) {
        struct memory_group *g = l->groups;
        assert(g->n_members == 0);
        l->groups = g->next;
        mem_free(g->name);
        mem_free(g);
    }
}

/* ---- Who has what ---- */

static bool is_meant_for(const struct log_reader *r, unsigned partition)
{
    const struct memory_group *g = r->group;
    return r->is_member && g->members[partition % g->n_members] == r;
}

/* Lets go of what is another's now. The mutex is held, but not while the listener is told: until
 * it has been, nobody else gets the partition. */
static void reader_revoke(struct log_reader *r)
{
    unsigned gone[LOG_PARTITIONS_MAX];
    size_t n = 0;
    for (unsigned p = 0; p < r->log->n_partitions; p++)
        if (r->has[p] && (r->group->owner[p] != r || !is_meant_for(r, p)))
            gone[n++] = p;
    if (n == 0)
        return;
    pthread_mutex_unlock(&r->log->mutex);
    if (r->listener->revoked != NULL)
        r->listener->revoked(r->listener, gone, n);
    pthread_mutex_lock(&r->log->mutex);
    for (size_t i = 0; i < n; i++) {
        r->has[gone[i]] = false;
        if (r->group->owner[gone[i]] == r)
            r->group->owner[gone[i]] = NULL;
    }
    pthread_cond_broadcast(&r->log->grown);
}

static void reader_assign(struct log_reader *r)
{
    unsigned fresh[LOG_PARTITIONS_MAX];
    uint64_t offsets[LOG_PARTITIONS_MAX];
    size_t n = 0;
    for (unsigned p = 0; p < r->log->n_partitions; p++)
        if (!r->has[p] && r->group->owner[p] == NULL && is_meant_for(r, p)) {
            r->group->owner[p] = r;
            offsets[n] = r->group->committed[p];
            fresh[n++] = p;
        }
    if (n == 0)
        return;
    pthread_mutex_unlock(&r->log->mutex);
    if (r->listener->assigned != NULL)
        r->listener->assigned(r->listener, fresh, offsets, n);
    pthread_mutex_lock(&r->log->mutex);
    for (size_t i = 0; i < n; i++) {
        const struct memory_partition *p = &r->log->partitions[fresh[i]];
        r->has[fresh[i]] = true;
        r->paused[fresh[i]] = false;
        r->position[fresh[i]] = offsets[i] == LOG_FROM_END     ? p->end
                                : offsets[i] == LOG_FROM_START ? p->first
                                                               : offsets[i];
    }
}

static void reader_rebalance(struct log_reader *r)
{
    if (r->group == NULL)
        return;
    reader_revoke(r);
    if (!r->is_member)
        group_add(r);
    reader_assign(r);
}

/* ---- Reading ---- */

/* The next record of one partition after the other; NULL when there is none, or one is lost. */
static struct log_record *reader_next(struct log_reader *r, enum err *e)
{
    *e = ERR_OK;
    for (unsigned i = 0; i < r->log->n_partitions; i++) {
        unsigned p = (r->next + i) % r->log->n_partitions;
        const struct memory_partition *from = &r->log->partitions[p];
        if (!r->has[p] || r->paused[p] || (r->group != NULL && r->group->owner[p] != r))
            continue;
        if (r->position[p] < from->first || r->position[p] > from->end) {
            *e = ERR_NOT_FOUND;
            return NULL;
        }
        size_t at = memory_partition_find(from, r->position[p]);
        if (at == from->n)
            continue;
        r->next = p;
        r->position[p] = from->records[at]->offset + 1;
        return from->records[at];
    }
    return NULL;
}

enum err memory_log_poll(struct log_reader *r, unsigned max, unsigned wait_ms)
{
    const struct timespec until = cond_deadline(wait_ms);
    struct memory_event_log *l = r->log;
    struct log_record *record = NULL;
    enum err e = ERR_OK;
    bool waits = wait_ms > 0;
    pthread_mutex_lock(&l->mutex);
    for (;;) {
        if (!l->cut)
            reader_rebalance(r);
        e = ERR_UNAVAILABLE;
        if (!l->cut && ((record = reader_next(r, &e)) != NULL || e != ERR_OK))
            break;
        if (!waits)
            break;
        waits = pthread_cond_timedwait(&l->grown, &l->mutex, &until) == 0;
    }
    for (unsigned n = 0; record != NULL; record = ++n < max ? reader_next(r, &e) : NULL) {
        pthread_mutex_unlock(&l->mutex);
        r->listener->record(r->listener, record);
        pthread_mutex_lock(&l->mutex);
    }
    r->next = (r->next + 1) % l->n_partitions;
    pthread_mutex_unlock(&l->mutex);
    return e;
}

enum err memory_log_commit(struct log_reader *r, unsigned partition, uint64_t offset)
{
    enum err e = ERR_UNAVAILABLE;
    pthread_mutex_lock(&r->log->mutex);
    if (!r->log->cut && r->group->owner[partition] == r) {
        r->group->committed[partition] = offset;
        e = ERR_OK;
    }
    pthread_mutex_unlock(&r->log->mutex);
    return e;
}

void memory_log_pause(struct log_reader *r, unsigned partition, bool paused)
{
    pthread_mutex_lock(&r->log->mutex);
    r->paused[partition] = paused;
    pthread_mutex_unlock(&r->log->mutex);
}

enum err memory_log_committed(struct event_log *self, const char *group, uint64_t *out)
{
    struct memory_event_log *l = MEM_OWNER(self, struct memory_event_log, door);
    pthread_mutex_lock(&l->mutex);
    const struct memory_group *g = group_find(l, group);
    for (unsigned p = 0; p < l->n_partitions; p++)
        out[p] = g == NULL ? LOG_FROM_START : g->committed[p];
    bool cut = l->cut;
    pthread_mutex_unlock(&l->mutex);
    return cut ? ERR_UNAVAILABLE : ERR_OK;
}

#include "cluster/admission.h"

#include <assert.h>

#include "base/mem.h"
#include "cluster/journal_state.h"
#include "domain/client_time.h"
#include "domain/id.h"
#include "telemetry/metrics.h"

#define LANES         64
#define LANE_TURN     64   /* sends after which a worker sees to another lane */
#define AHEAD_WAIT_MS 5000 /* for a message that this node has not read yet */

struct lane {
    struct task task;
    struct admission *admission;
    pthread_mutex_t mutex;
    struct append *head, **tail;
    bool is_busy; /* a worker is in it, or will be */
};

struct admission {
    struct cluster_journal *journal;
    struct workers *workers;
    size_t waiting_max;
    atomic_size_t waiting;
    struct lane lanes[LANES];
};

/* ---- What needs no look-up ---- */

static unsigned partition_of(const struct admission *a, const struct append *append)
{
    struct event_log *log = a->journal->config.log;
    return log->ops->partition_of(log, &append->channel);
}

/* What the follower's window reaches, from now until a send that goes out now is judged. */
struct reach {
    int64_t from_ms, newest_ms; /* all client ids of posts stamped from then on; it is about now */
    uint64_t safe;              /* all client ids of posts at or above this offset */
    bool is_whole;              /* all that were ever used, in older logs too */
};

static struct reach window_reach(const struct admission *a, unsigned partition)
{
    struct journal_partition *p = &a->journal->partitions[partition];
    int64_t now_ms = clock_wall_us(a->journal->config.clock) / 1000;
    pthread_mutex_lock(&p->mutex);
    int64_t last_ms = id_time_ms(follower_last_id(p->follower));
    struct reach r = {.from_ms = follower_window_ms(p->follower),
                      .newest_ms = last_ms > now_ms ? last_ms : now_ms,
                      .safe = follower_window_safe(p->follower, now_ms, JOURNAL_FLIGHT_MS)};
    pthread_mutex_unlock(&p->mutex);
    r.is_whole = r.safe == 0 && r.from_ms == 0;
    if (r.from_ms < r.newest_ms - FOLLOWER_WINDOW_MS + JOURNAL_FLIGHT_MS)
        r.from_ms = r.newest_ms - FOLLOWER_WINDOW_MS + JOURNAL_FLIGHT_MS;
    return r;
}

/* Has its id surely not been used by a post that the window does not hold? */
static bool is_young(const struct admission *a, const struct append *append)
{
    unsigned partition = partition_of(a, append);
    struct journal_partition *p = &a->journal->partitions[partition];
    struct reach r = window_reach(a, partition);
    int64_t time_ms;
    if (r.is_whole)
        return true;
    if (!client_time_ms(append->client_msg_id, &time_ms) || time_ms < r.from_ms + EARLY_CLOCKS_MS ||
        time_ms > r.newest_ms + EARLY_CLOCKS_MS)
        return false;
    pthread_mutex_lock(&p->mutex);
    bool is_early = follower_is_early(p->follower, &append->user, time_ms);
    pthread_mutex_unlock(&p->mutex);
    return !is_early;
}

static bool needs_parent(const struct admission *a, const struct append *append)
{
    struct uuid channel;
    return append->kind == EVENT_REPLY &&
           !(overlay_channel_of(a->journal->overlay, append->parent, &channel) &&
             uuid_eq(&channel, &append->channel));
}

static bool needs_first(const struct admission *a, const struct append *append)
{
    return append->client_msg_id.n > 0 && !is_young(a, append);
}

/* ---- Looking up ---- */

/* The channel of a message that is in memory or in the store. */
static enum err parent_find(const struct admission *a, uint64_t id, struct uuid *channel)
{
    struct message_store *m = a->journal->config.store->messages;
    if (overlay_channel_of(a->journal->overlay, id, channel))
        return ERR_OK;
    return m->ops->channel_of(m, id, channel);
}

/* It is nowhere that this node knows of. Unless everything is known that there was when it was
 * asked for, that means nothing. */
static enum err parent_await(const struct admission *a, const struct append *append,
                             struct uuid *channel)
{
    struct cluster_journal *j = a->journal;
    unsigned partition = partition_of(a, append);
    struct journal_partition *p = &j->partitions[partition];
    uint64_t first, end;
    pthread_mutex_lock(&p->mutex);
    bool is_ahead = append->parent > follower_last_id(p->follower);
    pthread_mutex_unlock(&p->mutex);
    if (is_ahead) {
        if (j->config.log->ops->bounds(j->config.log, partition, &first, &end) != ERR_OK ||
            !journal_wait(j, partition, end, AHEAD_WAIT_MS))
            return ERR_UNAVAILABLE;
        enum err e = parent_find(a, append->parent, channel);
        if (e != ERR_MESSAGE_NOT_FOUND)
            return e;
    }
    return overlay_has_gap(j->overlay, partition) ? ERR_UNAVAILABLE : ERR_MESSAGE_NOT_FOUND;
}

static enum err parent_check(const struct admission *a, const struct append *append)
{
    struct uuid channel;
    enum err e = append->parent >= 1 && append->parent <= ID_MAX
                     ? parent_find(a, append->parent, &channel)
                     : ERR_MESSAGE_NOT_FOUND;
    if (e == ERR_MESSAGE_NOT_FOUND && append->parent >= 1 && append->parent <= ID_MAX)
        e = parent_await(a, append, &channel);
    if (e == ERR_OK && !uuid_eq(&channel, &append->channel))
        e = ERR_MESSAGE_NOT_FOUND;
    return e;
}

/* Does the store hold what the window does not, or will not when the send is judged? */
static bool store_is_whole(const struct admission *a, unsigned partition)
{
    return overlay_persisted(a->journal->overlay, partition) >= window_reach(a, partition).safe;
}

/* The post of the store under this client id: what does it make of `append`? */
static void first_compare(struct append *append, const struct event *first)
{
    bool same = first->kind == append->kind && str_eq(first->content, append->content) &&
                (append->kind == EVENT_MESSAGE || first->parent == append->parent);
    append->err = same ? ERR_OK : ERR_CLIENT_ID_CONFLICT;
    if (!same)
        return;
    append->duplicate = true;
    append->seq = first->seq;
    append->prev_seq = first->prev_seq;
    append->id = first->id;
}

/* ERR_NOT_FOUND: it is a first one. */
static enum err first_find(const struct admission *a, struct append *append)
{
    struct history_store *store = a->journal->config.store;
    struct event first;
    struct arena arena;
    metric_inc(M_LOOKUPS);
    arena_init(&arena);
    enum err e = store->ops->by_client_id(store, &append->user, &append->channel,
                                          append->client_msg_id, &arena, &first);
    if (e == ERR_OK)
        first_compare(append, &first);
    arena_fini(&arena);
    return e;
}

/* ERR_OK: `append` is judged already. ERR_NOT_FOUND: it may go out. */
static enum err append_look_up(const struct admission *a, struct append *append)
{
    char detail[128];
    struct event_log *log = a->journal->config.log;
    if (atomic_load(&a->journal->stopping) && (needs_parent(a, append) || needs_first(a, append)))
        return ERR_UNAVAILABLE; /* a look-up may take long */
    if (!log->ops->is_ready(log, detail, sizeof detail))
        return ERR_UNAVAILABLE;
    enum err e = needs_parent(a, append) ? parent_check(a, append) : ERR_OK;
    if (e != ERR_OK)
        return e;
    if (!needs_first(a, append))
        return ERR_NOT_FOUND;
    if (!store_is_whole(a, partition_of(a, append)))
        return ERR_UNAVAILABLE;
    return first_find(a, append);
}

static void append_admit(struct admission *a, struct append *append)
{
    enum err e;
    if (append->duplicate) { /* of a repeat: only its prev_seq was missing */
        e = first_find(a, append);
        if (e != ERR_OK)
            append->err = ERR_UNKNOWN;
        pendings_answer(&a->journal->pendings, append);
        return;
    }
    e = append_look_up(a, append);
    if (e == ERR_OK) {
        pendings_answer(&a->journal->pendings, append);
        return;
    }
    if (e == ERR_NOT_FOUND)
        e = journal_produce(a->journal, append);
    if (e != ERR_OK)
        journal_refuse(a->journal, append, e);
}

/* ---- Lanes ---- */

static struct append *lane_next(struct lane *l, bool *ends)
{
    pthread_mutex_lock(&l->mutex);
    struct append *append = l->head;
    if (append != NULL) {
        l->head = append->next;
        if (l->head == NULL)
            l->tail = &l->head;
    }
    *ends = append == NULL;
    if (*ends)
        l->is_busy = false;
    pthread_mutex_unlock(&l->mutex);
    return append;
}

static void lane_run(struct task *task)
{
    struct lane *l = MEM_OWNER(task, struct lane, task);
    struct admission *a = l->admission;
    for (unsigned i = 0;; i++) {
        bool ends;
        /* the pool takes as many tasks as there are lanes; once it stops, the turn is endless */
        if (i >= LANE_TURN && workers_try_post(a->workers, &l->task))
            return;
        struct append *append = lane_next(l, &ends);
        if (ends)
            return;
        atomic_fetch_sub(&a->waiting, 1);
        append_admit(a, append);
    }
}

static struct lane *lane_of(struct admission *a, const struct append *append)
{
    return &a->lanes[append->channel.b[15] % LANES];
}

/* Appends to the lane; false: the pool does not take it any more. */
static bool lane_push(struct lane *l, struct append *append)
{
    append->next = NULL;
    *l->tail = append;
    l->tail = &append->next;
    atomic_fetch_add(&l->admission->waiting, 1);
    if (l->is_busy)
        return true;
    l->is_busy = workers_try_post(l->admission->workers, &l->task);
    if (l->is_busy)
        return true;
    l->head = NULL; /* nobody was in it, so this was the only one */
    l->tail = &l->head;
    atomic_fetch_sub(&l->admission->waiting, 1);
    return false;
}

enum err admission_take(struct admission *a, struct append *append)
{
    struct lane *l = lane_of(a, append);
    bool needs = needs_parent(a, append) || needs_first(a, append), queued = false;
    pthread_mutex_lock(&l->mutex);
    bool queues = needs || l->is_busy;
    if (queues && atomic_load(&a->waiting) < a->waiting_max)
        queued = lane_push(l, append);
    pthread_mutex_unlock(&l->mutex);
    if (queues)
        return queued ? ERR_OK : ERR_UNAVAILABLE;
    return journal_produce(a->journal, append);
}

void admission_find_prev(struct admission *a, struct append *append)
{
    struct lane *l = lane_of(a, append);
    pthread_mutex_lock(&l->mutex);
    bool queued = lane_push(l, append);
    pthread_mutex_unlock(&l->mutex);
    if (queued)
        return;
    append->err = ERR_UNKNOWN;
    pendings_answer(&a->journal->pendings, append);
}

struct admission *admission_new(struct cluster_journal *j, unsigned workers, size_t waiting_max)
{
    struct admission *a = MEM_NEW(struct admission);
    a->journal = j;
    a->waiting_max = waiting_max;
    a->workers = workers_new("admission", workers, LANES, NULL, NULL, NULL);
    for (size_t i = 0; i < LANES; i++) {
        a->lanes[i].task.run = lane_run;
        a->lanes[i].admission = a;
        a->lanes[i].tail = &a->lanes[i].head;
        pthread_mutex_init(&a->lanes[i].mutex, NULL);
    }
    return a;
}

void admission_stop(struct admission *a)
{
    workers_stop(a->workers);
}

void admission_free(struct admission *a)
{
    workers_free(a->workers);
    for (size_t i = 0; i < LANES; i++)
        pthread_mutex_destroy(&a->lanes[i].mutex);
    mem_free(a);
}

/* The journal's thread: polls, judges, publishes, answers. */
#include <assert.h>

#include "base/log.h"
#include "base/mem.h"
#include "cluster/admission.h"
#include "cluster/journal_state.h"
#include "telemetry/metrics.h"

#define POLL_WAIT_MS 20 /* how long an answer that needs no record may wait */
/* Offsets at the log's end may be empty: then nothing more comes. */
#define QUIET_READY_US 3000000
/* A broker that comes back may hide the end of its log for a while. */
#define QUIET_LOST_US 30000000
#define WATCH_MS      1000

/* ---- Judging ---- */

static const enum metric verdict_metrics[] = {
    [VERDICT_POST] = M_JUDGED_POST,     [VERDICT_CHANGE] = M_JUDGED_CHANGE,
    [VERDICT_REPEAT] = M_JUDGED_REPEAT, [VERDICT_CONFLICT] = M_JUDGED_CONFLICT,
    [VERDICT_STALE] = M_JUDGED_STALE,   [VERDICT_INVALID] = M_JUDGED_INVALID,
    [VERDICT_KNOWN] = M_JUDGED_KNOWN,
};

static void answer_later(struct cluster_journal *j, struct append *a)
{
    a->next = NULL;
    *j->judged_tail = a;
    j->judged_tail = &a->next;
}

static void append_set_stamps(struct append *a, const struct event *e)
{
    a->seq = e->seq;
    a->prev_seq = e->prev_seq;
    a->id = e->id;
}

/* The sender is here: what became of its send? */
static void own_judged(struct cluster_journal *j, struct append *a, const struct judgement *judged)
{
    if (a->queued_us > 0)
        metric_observe(M_FOLLOW_DELAY, (uint64_t)(clock_steady_us(j->config.clock) - a->queued_us));
    a->err = ERR_INTERNAL; /* our own record is always one */
    a->duplicate = judged->verdict == VERDICT_REPEAT;
    if (judged->verdict == VERDICT_CONFLICT)
        a->err = ERR_CLIENT_ID_CONFLICT;
    if (judged->verdict == VERDICT_POST || a->duplicate) {
        a->err = ERR_OK;
        append_set_stamps(a, &judged->event);
    }
    if (a->duplicate && !judged->knows_prev)
        admission_find_prev(j->admission, a);
    else
        answer_later(j, a);
}

static void event_add(struct cluster_journal *j, const struct event *judged, const struct append *a,
                      const struct trace_context *heard)
{
    struct event *e = &j->events[j->n_events++];
    assert(j->n_events <= JOURNAL_BATCH);
    *e = *overlay_add(j->overlay, judged);
    e->trace = *heard;
    if (a == NULL)
        return;
    e->origin = a->origin;
    e->queued_us = a->queued_us;
}

void journal_on_record(struct log_listener *self, const struct log_record *r)
{
    struct cluster_journal *j = MEM_OWNER(self, struct cluster_journal, listener);
    struct journal_partition *p = &j->partitions[r->partition];
    struct judgement judged;
    j->n_read++;
    pthread_mutex_lock(&p->mutex);
    follower_judge(p->follower, r, &judged);
    pthread_mutex_unlock(&p->mutex);
    metric_inc(verdict_metrics[judged.verdict]);
    struct append *own = pendings_judged(&j->pendings, r->tag);
    struct trace_context heard = journal_hear(j, r, judged.verdict);
    bool happened = judged.verdict == VERDICT_POST || judged.verdict == VERDICT_CHANGE;
    if (happened && !judged.covered)
        event_add(j, &judged.event, own, &heard);
    if (own != NULL)
        own_judged(j, own, &judged);
}

/* ---- A batch ---- */

static void batch_publish(struct cluster_journal *j)
{
    if (j->n_events > 0 && j->sink != NULL)
        j->sink->publish(j->sink, j->sink->prepare(j->sink, j->events, j->n_events));
    for (size_t i = 0; i < j->n_events; i++)
        atomic_store(&j->partitions[j->events[i].partition].position, j->events[i].seq);
    if (j->n_events > 0)
        metric_observe(M_JOURNAL_BATCH, j->n_events);
    journal_heard_end(j);
    j->n_events = 0;
    pthread_mutex_lock(&j->mutex);
    for (unsigned i = 0; i < j->n_partitions; i++)
        atomic_store(&j->partitions[i].next, follower_next(j->partitions[i].follower));
    pthread_cond_broadcast(&j->moved);
    pthread_mutex_unlock(&j->mutex);
}

/* Has this node published what `a` was answered with from the store? */
static bool is_early(const struct cluster_journal *j, const struct append *a)
{
    if (a->err != ERR_OK || seq_epoch(a->seq) < j->config.epoch)
        return false;
    unsigned partition = j->config.log->ops->partition_of(j->config.log, &a->channel);
    return seq_offset(a->seq) >= atomic_load(&j->partitions[partition].next);
}

static void answer_list(struct cluster_journal *j, struct append *list)
{
    for (struct append *a = list, *next; a != NULL; a = next) {
        next = a->next;
        if (is_early(j, a) && !atomic_load(&j->ends)) {
            a->next = j->early;
            j->early = a;
            continue;
        }
        if (a->duplicate)
            metric_inc(M_DUPLICATES);
        a->done(a);
    }
}

static void batch_answer(struct cluster_journal *j, bool all)
{
    struct append *judged = j->judged, *early = j->early;
    j->judged = NULL;
    j->judged_tail = &j->judged;
    j->early = NULL;
    answer_list(j, judged);
    answer_list(j, early);
    answer_list(j, pendings_take_answers(&j->pendings, all));
}

/* ---- Catching up ---- */

/* A follower that begins at a snapshot stands behind the end from the beginning; what its window is
 * made of again has been read when it is sound. */
static bool has_caught_up(struct cluster_journal *j, int64_t quiet_us)
{
    bool at_end = true, is_sound = true;
    for (unsigned i = 0; i < j->n_partitions; i++) {
        const struct journal_partition *p = &j->partitions[i];
        at_end = at_end && follower_next(p->follower) >= p->end;
        is_sound = is_sound && follower_is_sound(p->follower);
    }
    if (!is_sound)
        return quiet_us > QUIET_LOST_US;
    return at_end || quiet_us > QUIET_READY_US;
}

/* Never again, until it is started again. */
static void close_door(struct cluster_journal *j)
{
    atomic_store(&j->is_ready, false);
    atomic_store(&j->is_lost, true);
    metric_set(M_LOG_LOST, 1);
}

static bool is_sound(struct cluster_journal *j)
{
    for (unsigned i = 0; i < j->n_partitions; i++)
        if (!follower_is_sound(j->partitions[i].follower)) {
            log_event(LOG_ERROR, "the log is not the one that the snapshot is of",
                      LOG_I("partition", i));
            close_door(j);
            return false;
        }
    return true;
}

static void open_when_caught_up(struct cluster_journal *j, bool has_read)
{
    int64_t now = clock_steady_us(&clock_system);
    if (has_read)
        j->quiet_since_us = now;
    if (!has_caught_up(j, now - j->quiet_since_us) || !is_sound(j))
        return;
    pthread_mutex_lock(&j->mutex);
    atomic_store(&j->is_ready, true);
    pthread_cond_broadcast(&j->moved);
    pthread_mutex_unlock(&j->mutex);
    log_note(LOG_INFO, "the log is followed to its end");
}

void *journal_thread(void *arg)
{
    struct cluster_journal *j = arg;
    enum err before = ERR_OK;
    pthread_setname_np(pthread_self(), "journal");
    while (!atomic_load(&j->ends)) {
        uint64_t read = j->n_read;
        enum err e = j->config.log->ops->poll(j->reader, JOURNAL_BATCH, POLL_WAIT_MS);
        if (e != ERR_OK && e != before)
            log_event(LOG_WARN, "the log cannot be read", LOG_S("error", err_name(e)));
        before = e;
        if (e == ERR_NOT_FOUND) {
            close_door(j);
            journal_wait_end(j, POLL_WAIT_MS); /* it answers so at once, and for ever */
        }
        batch_publish(j);
        batch_answer(j, false);
        overlay_trim(j->overlay);
        if (!atomic_load(&j->is_ready) && !atomic_load(&j->is_lost))
            open_when_caught_up(j, e != ERR_OK || j->n_read != read);
    }
    batch_answer(j, true);
    return NULL;
}

/* ---- How far the others are ---- */

static void watch_once(struct cluster_journal *j)
{
    uint64_t committed[LOG_PARTITIONS_MAX], first, end, behind = 0, unwritten = 0;
    struct event_log *log = j->config.log;
    if (log->ops->committed(log, j->config.persist_group, committed) != ERR_OK)
        return;
    for (unsigned i = 0; i < j->n_partitions && !atomic_load(&j->ends); i++) {
        uint64_t next = atomic_load(&j->partitions[i].next);
        overlay_set_persisted(j->overlay, i, committed[i]);
        if (log->ops->bounds(log, i, &first, &end) == ERR_OK && end > next)
            behind += end - next;
        uint64_t persisted = overlay_persisted(j->overlay, i);
        unwritten += next > persisted ? next - persisted : 0;
    }
    int64_t oldest_us = overlay_oldest_us(j->overlay);
    int64_t age_us = oldest_us == 0 ? 0 : clock_wall_us(j->config.clock) - oldest_us;
    metric_set(M_PERSIST_LAG_US, age_us > 0 ? age_us : 0);
    metric_set(M_FOLLOW_LAG, (int64_t)behind);
    metric_set(M_PERSIST_LAG, (int64_t)unwritten);
}

void *journal_watcher(void *arg)
{
    struct cluster_journal *j = arg;
    pthread_setname_np(pthread_self(), "journal-watch");
    while (!atomic_load(&j->ends)) {
        watch_once(j);
        journal_wait_end(j, WATCH_MS);
    }
    return NULL;
}

#include "consumer/persist.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/journal.h"
#include "consumer/persist_state.h"
#include "telemetry/metrics.h"

#define POLL_RECORDS 500
#define POLL_WAIT_MS 200
#define PAUSE_MS_MIN 100
#define PAUSE_MS_MAX 2000

/* ---- What the group tells ---- */

static void partition_drop(struct persist *p, unsigned partition)
{
    uint64_t bit = UINT64_C(1) << partition;
    if ((atomic_fetch_and(&p->broken, ~bit) & bit) != 0)
        metric_add(M_PERSIST_BROKEN, -1);
    follower_free(p->partitions[partition].follower);
    p->partitions[partition] = (struct persist_partition){.follower = NULL};
}

/* It can never be right: left alone, and said until it is another's. */
static void partition_break(struct persist *p, unsigned partition)
{
    p->partitions[partition].is_broken = true;
    atomic_fetch_or(&p->broken, UINT64_C(1) << partition);
    metric_add(M_PERSIST_BROKEN, 1);
}

static void on_assigned(struct log_listener *self, const unsigned *partitions, uint64_t *offsets,
                        size_t n)
{
    struct persist *p = MEM_OWNER(self, struct persist, listener);
    for (size_t i = 0; i < n; i++) {
        struct persist_partition *part = &p->partitions[partitions[i]];
        partition_drop(p, partitions[i]);
        enum err e = start_follower(&p->start, partitions[i], &part->follower);
        if (e == ERR_OK) {
            offsets[i] = follower_read_from(part->follower);
        } else if (e == ERR_INTERNAL) {
            partition_break(p, partitions[i]);
        } else {
            p->must_rejoin = true;
        }
    }
}

/* What is polled of them and not written is the next one's. */
static void on_revoked(struct log_listener *self, const unsigned *partitions, size_t n)
{
    struct persist *p = MEM_OWNER(self, struct persist, listener);
    if (p->batch.n_records > 0 && persist_flush(p) != ERR_OK)
        p->must_rejoin = true; /* the others' followers are ahead of what is written */
    for (size_t i = 0; i < n; i++)
        partition_drop(p, partitions[i]);
}

static struct str keep(struct persist *p, struct str s)
{
    return arena_str(&p->batch.arena, s);
}

static void batch_note_trace(struct persist *p, const struct log_record *r)
{
    struct trace_context c;
    if (r->trace.n > 0 && trace_is_on() && traceparent_parse(r->trace, &c))
        trace_set_add(&p->batch.traces, &c);
}

static void on_record(struct log_listener *self, const struct log_record *r)
{
    struct persist *p = MEM_OWNER(self, struct persist, listener);
    struct persist_partition *part = &p->partitions[r->partition];
    struct judgement judged;
    if (part->follower == NULL || part->is_broken || p->must_rejoin)
        return;
    follower_judge(part->follower, r, &judged);
    if (judged.verdict == VERDICT_KNOWN)
        return;
    if (!follower_is_sound(part->follower)) {
        log_event(LOG_ERROR, "the log is not the one that the snapshot is of",
                  LOG_I("partition", r->partition));
        partition_break(p, r->partition);
        return;
    }
    if (p->batch.n_records == PERSIST_RECORDS_MAX) {
        p->must_rejoin = true; /* of partitions that came while the batch waits to be written */
        return;
    }
    part->is_due = true;
    if (p->batch.n_records++ == 0 || r->time_ms < p->batch.oldest_ms)
        p->batch.oldest_ms = r->time_ms;
    if (judged.verdict != VERDICT_POST || judged.covered)
        return;
    batch_note_trace(p, r);
    struct event *e = &p->batch.posts[p->batch.n_posts++];
    *e = judged.event;
    e->username = keep(p, e->username);
    e->content = keep(p, e->content);
    e->client_msg_id = keep(p, e->client_msg_id);
}

/* ---- A round ---- */

/* Whatever was judged and not written is judged again from the snapshot. */
static void persist_leave(struct persist *p)
{
    if (p->reader != NULL)
        p->config.log->ops->close_reader(p->reader);
    p->reader = NULL;
    for (unsigned i = 0; i < p->n_partitions; i++)
        partition_drop(p, i);
    persist_batch_clear(p);
    p->must_rejoin = false;
}

static void persist_pause(struct persist *p, bool paused)
{
    for (unsigned i = 0; i < p->n_partitions; i++) {
        struct persist_partition *part = &p->partitions[i];
        bool wanted = paused || part->is_broken;
        if (part->is_paused != wanted && (part->follower != NULL || part->is_broken))
            p->config.log->ops->pause(p->reader, i, wanted);
        part->is_paused = wanted;
    }
}

static bool batch_is_full(const struct persist *p)
{
    return p->batch.n_records + POLL_RECORDS > PERSIST_RECORDS_MAX ||
           p->batch.arena.used >= PERSIST_BYTES_MAX;
}

/* Polls what comes within a moment. */
static enum err persist_gather(struct persist *p, unsigned wait_ms)
{
    enum err e = ERR_OK;
    int64_t until = 0;
    do {
        e = p->config.log->ops->poll(p->reader, POLL_RECORDS, wait_ms);
        int64_t now = clock_steady_us(&clock_system);
        if (until == 0)
            until = now + p->config.linger_ms * INT64_C(1000);
        wait_ms = until > now ? (unsigned)((until - now) / 1000) : 0;
    } while (e == ERR_OK && wait_ms > 0 && p->batch.n_records > 0 && !batch_is_full(p) &&
             !p->must_rejoin);
    return e;
}

static enum err persist_round(struct persist *p, unsigned wait_ms, size_t *written)
{
    struct event_log *log = p->config.log;
    bool is_behind = p->batch.n_records > 0; /* the last round's could not be written */
    *written = 0;
    if (p->must_rejoin)
        persist_leave(p);
    enum err e = ERR_OK;
    if (p->reader == NULL)
        e = log->ops->join(log, p->config.group, &p->listener, &p->reader);
    if (e != ERR_OK)
        return e;
    persist_pause(p, is_behind);
    if (is_behind) /* stays in the group, and hears what is taken away */
        (void)log->ops->poll(p->reader, POLL_RECORDS, 0);
    else
        e = persist_gather(p, wait_ms);
    if (e == ERR_NOT_FOUND) /* what follows is lost: starting again says so */
        p->must_rejoin = true;
    if (p->must_rejoin)
        return ERR_UNAVAILABLE;
    size_t n = p->batch.n_records;
    if (n == 0)
        return e;
    e = persist_flush(p);
    *written = e == ERR_OK ? n : 0;
    return e;
}

size_t persist_step(struct persist *p, unsigned wait_ms)
{
    size_t written;
    enum err e = persist_round(p, wait_ms, &written);
    if (e != atomic_load(&p->last))
        log_event(e == ERR_OK ? LOG_INFO : LOG_WARN, "persist",
                  LOG_S("outcome", e == ERR_OK ? "writes" : err_name(e)));
    atomic_store(&p->last, e);
    return written;
}

/* ---- Life ---- */

struct persist *persist_new(const struct persist_config *config)
{
    struct persist *p = MEM_NEW(struct persist);
    p->config = *config;
    p->n_partitions = config->log->ops->partitions(config->log);
    p->listener = (struct log_listener){on_record, on_assigned, on_revoked};
    p->batch.posts = mem_array(PERSIST_RECORDS_MAX, sizeof *p->batch.posts);
    arena_init(&p->batch.arena);
    buf_init(&p->blob, LOG_NOT_FIRST_MAX);
    start_init(&p->start, config->log, config->store, config->epoch);
    return p;
}

static void *persist_thread(void *arg)
{
    struct persist *p = arg;
    unsigned pause_ms = 0;
    pthread_setname_np(pthread_self(), "persist");
    while (!atomic_load(&p->stopping)) {
        (void)persist_step(p, POLL_WAIT_MS);
        bool fails = atomic_load(&p->last) != ERR_OK;
        pause_ms = !fails ? 0 : pause_ms == 0 ? PAUSE_MS_MIN : 2 * pause_ms;
        if (pause_ms > PAUSE_MS_MAX)
            pause_ms = PAUSE_MS_MAX;
        for (unsigned slept = 0; slept < pause_ms && !atomic_load(&p->stopping);
             slept += PAUSE_MS_MIN)
            clock_sleep_ms(PAUSE_MS_MIN);
    }
    persist_leave(p);
    return NULL;
}

void persist_start(struct persist *p)
{
    assert(!p->runs);
    p->runs = true;
    int failed = pthread_create(&p->thread, NULL, persist_thread, p);
    assert(failed == 0);
}

void persist_stop(struct persist *p)
{
    if (atomic_exchange(&p->stopping, true))
        return;
    if (p->runs)
        pthread_join(p->thread, NULL);
}

void persist_abandon(struct persist *p)
{
    assert(!p->runs);
    persist_leave(p);
}

void persist_free(struct persist *p)
{
    if (p == NULL)
        return;
    persist_stop(p);
    persist_leave(p);
    arena_fini(&p->batch.arena);
    buf_fini(&p->blob);
    mem_free(p->batch.posts);
    mem_free(p);
}

bool persist_is_ready(struct persist *p, char *detail, size_t size)
{
    enum err e = atomic_load(&p->last);
    uint64_t broken = atomic_load(&p->broken);
    unsigned first = 0;
    while (broken != 0 && (broken >> first & 1) == 0)
        first++;
    if (broken != 0)
        snprintf(detail, size, "partition %u is not written: the log and the history do not fit",
                 first);
    else
        snprintf(detail, size, "%s",
                 e == ERR_OK ? "" : "messages wait to be written to the history");
    return e == ERR_OK && broken == 0;
}

#include "consumer/notify.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/follower.h"
#include "cluster/record.h"
#include "consumer/courier.h"
#include "consumer/inbox.h"
#include "consumer/members.h"
#include "consumer/note.h"
#include "consumer/presence.h"
#include "domain/limits.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

#define POLL_MS    200
#define SLICE_MS   20
#define AGAIN_MS   100 /* persist has not come so far; something is away */
#define AGAIN_LAST 2000

/* A post of the batch, by where it is. */
struct heard {
    struct uuid channel;
    uint64_t seq;
    unsigned partition;
    int64_t time_ms;
    bool done; /* told of, or not in the history */
    struct trace_context trace;
};

struct notify {
    struct log_listener listener; /* first */
    struct notify_config config;
    struct members *members;
    struct presence presence;
    struct couriers *couriers; /* NULL without a hook */
    pthread_t thread;
    atomic_bool stopping;

    size_t n_heard;
    struct heard heard[NOTIFY_BATCH_MAX];
    uint64_t next[LOG_PARTITIONS_MAX]; /* to be committed */
    bool touched[LOG_PARTITIONS_MAX];
};

static bool is_stopping(struct notify *n)
{
    return atomic_load(&n->stopping);
}

/* How long the oldest of the batch has waited. */
static void lag_tell(const struct notify *n)
{
    int64_t now_ms = clock_wall_us(n->config.clock) / 1000, oldest_ms = now_ms;
    for (size_t i = 0; i < n->n_heard; i++)
        if (n->heard[i].time_ms < oldest_ms)
            oldest_ms = n->heard[i].time_ms;
    metric_set(M_NOTIFY_LAG_US, (now_ms - oldest_ms) * 1000);
}

/* False: it is to stop. Doubles `*ms` for the next time. */
static bool wait_again(struct notify *n, unsigned *ms)
{
    lag_tell(n);
    for (unsigned slept = 0; slept < *ms && !is_stopping(n); slept += SLICE_MS)
        clock_sleep_ms(SLICE_MS);
    *ms = *ms * 2 > AGAIN_LAST ? AGAIN_LAST : *ms * 2;
    return !is_stopping(n);
}

/* ---- Hearing ---- */

static void on_record(struct log_listener *self, const struct log_record *r)
{
    struct notify *n = (struct notify *)self;
    struct record record;
    n->next[r->partition] = r->offset + 1;
    n->touched[r->partition] = true;
    if (!record_decode(r->value, &record))
        return; /* persist counts it */
    if (!event_is_post(&record.event)) {
        members_forget(n->members, &record.event.channel);
        return;
    }
    if (r->time_ms < clock_wall_us(n->config.clock) / 1000 - NOTIFY_AGE_MS) {
        metric_inc(M_NOTIFY_OLD);
        return;
    }
    assert(n->n_heard < NOTIFY_BATCH_MAX);
    struct heard *h = &n->heard[n->n_heard++];
    *h = (struct heard){.channel = record.event.channel,
                        .seq = seq_of(n->config.epoch, r->offset),
                        .partition = r->partition,
                        .time_ms = r->time_ms};
    if (r->trace.n > 0 && trace_is_on())
        (void)traceparent_parse(r->trace, &h->trace); /* or it is none */
}

/* What the log no longer holds cannot be told of: said, not passed over in silence. */
static void on_assigned(struct log_listener *self, const unsigned *partitions, uint64_t *offsets,
                        size_t count)
{
    struct notify *n = (struct notify *)self;
    struct event_log *log = n->config.log;
    for (size_t i = 0; i < count; i++) {
        uint64_t first, end;
        n->touched[partitions[i]] = false;
        if (log->ops->bounds(log, partitions[i], &first, &end) != ERR_OK || offsets[i] >= first)
            continue;
        if (offsets[i] != LOG_FROM_START)
            log_event(LOG_WARN, "the log is shorter than what is to be notified",
                      LOG_I("partition", partitions[i]), LOG_I("committed", offsets[i]),
                      LOG_I("first", first));
        offsets[i] = first;
    }
}

/* Whoever has it now commits. */
static void on_revoked(struct log_listener *self, const unsigned *partitions, size_t count)
{
    struct notify *n = (struct notify *)self;
    for (size_t i = 0; i < count; i++)
        n->touched[partitions[i]] = false;
}

/* ---- Until persist has written it ---- */

static bool is_persisted(struct notify *n)
{
    uint64_t written[LOG_PARTITIONS_MAX];
    struct event_log *log = n->config.log;
    if (log->ops->committed(log, n->config.persist_group, written) != ERR_OK)
        return false;
    for (size_t i = 0; i < n->n_heard; i++)
        if (seq_offset(n->heard[i].seq) >= written[n->heard[i].partition])
            return false;
    return true;
}

/* ---- Telling ---- */

/* Those of `ids` who are offline and in `part`, without the author, at most NOTE_USERS_MAX. */
static size_t pick_users(const struct uuid *ids, const bool *offline, size_t n_ids,
                         const struct event *post, unsigned part, unsigned parts,
                         struct uuid out[NOTE_USERS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < n_ids && n < NOTE_USERS_MAX; i++)
        if (offline[i] && note_part_of(&ids[i], parts) == part && !uuid_eq(&ids[i], &post->user))
            out[n++] = ids[i];
    return n;
}

static const struct trace_context *trace_of_post(const struct notify *n, const struct event *post)
{
    static const struct trace_context none;
    for (size_t i = 0; i < n->n_heard; i++)
        if (n->heard[i].seq == post->seq && uuid_eq(&n->heard[i].channel, &post->channel))
            return &n->heard[i].trace;
    return &none;
}

static void tell_hook(struct notify *n, const struct event *post, const struct uuid *ids,
                      const bool *offline, size_t n_ids, bool known)
{
    const struct trace_context *trace = trace_of_post(n, post);
    struct uuid users[NOTE_USERS_MAX];
    unsigned parts = note_parts(n_ids);
    for (unsigned part = 0; part < parts; part++) {
        struct buf body;
        size_t n_users = pick_users(ids, offline, n_ids, post, part, parts, users);
        if (n_users == 0)
            continue;
        struct uuid id = note_id(post, part);
        buf_init(&body, NOTE_BYTES_MAX);
        note_encode(post, users, n_users, known, &body);
        assert(!body.failed);
        couriers_send(n->couriers, &id, buf_str(&body), trace);
        buf_fini(&body);
    }
}

/* Writes the inboxes and marks who is offline; how many. `*known` is false when nobody could say
 * of somebody. */
static size_t find_offline(struct notify *n, const struct post *posts, size_t n_posts,
                           const struct uuid *ids, size_t n_ids, bool *offline, bool *known)
{
    size_t count = 0;
    for (size_t i = 0; i < n_ids; i++) {
        enum presence_state state = presence_of(&n->presence, &ids[i]);
        offline[i] = state != PRESENCE_ONLINE;
        *known = *known && state != PRESENCE_UNKNOWN;
        if (!offline[i])
            continue;
        count++;
        bool written = state == PRESENCE_OFFLINE &&
                       inbox_push(n->config.cache, &ids[i], posts, n_posts) == ERR_OK;
        metric_inc(written ? M_NOTIFY_INBOXES : M_NOTIFY_INBOXES_LOST);
    }
    return count;
}

/* A run of posts of one channel. */
static enum err tell(struct notify *n, const struct post *posts, size_t n_posts)
{
    const struct uuid *ids;
    size_t n_ids;
    bool known = true;
    enum err e = members_get(n->members, &posts[0].event.channel, &ids, &n_ids);
    if (e != ERR_OK || n_ids == 0)
        return e;
    bool *offline = mem_array(n_ids, sizeof *offline);
    size_t count = find_offline(n, posts, n_posts, ids, n_ids, offline, &known);
    for (size_t i = 0; i < n_posts && count > 0; i++) {
        metric_inc(M_NOTIFY_POSTS);
        if (n->couriers != NULL)
            tell_hook(n, &posts[i].event, ids, offline, n_ids, known);
    }
    mem_free(offline);
    return ERR_OK;
}

/* ---- Reading back what was heard ---- */

static bool is_heard(const struct notify *n, const struct event *e)
{
    for (size_t i = 0; i < n->n_heard; i++)
        if (n->heard[i].seq == e->seq && uuid_eq(&n->heard[i].channel, &e->channel))
            return !n->heard[i].done;
    return false;
}

/* The rows that were heard, moved together; how many. */
static size_t keep_heard(const struct notify *n, struct post_page *page)
{
    size_t kept = 0;
    for (size_t i = 0; i < page->n; i++)
        if (is_heard(n, &page->rows[i].event))
            page->rows[kept++] = page->rows[i];
    return kept;
}

/* Everything of `channel` up to `seq` was told of, or is a repeat. */
static void mark_done(struct notify *n, const struct uuid *channel, uint64_t seq)
{
    for (size_t i = 0; i < n->n_heard; i++)
        if (n->heard[i].seq <= seq && uuid_eq(&n->heard[i].channel, channel))
            n->heard[i].done = true;
}

/* The channel of the i-th that was heard, up to the last of it in the batch. */
static enum err channel_tell(struct notify *n, size_t i)
{
    struct message_store *store = n->config.messages;
    struct uuid channel = n->heard[i].channel;
    uint64_t after = n->heard[i].seq - 1, end = n->heard[i].seq;
    enum err e = ERR_OK;
    bool more = true;
    for (size_t j = i; j < n->n_heard; j++)
        if (uuid_eq(&n->heard[j].channel, &channel))
            end = n->heard[j].seq;
    while (e == ERR_OK && more && after < end) {
        struct arena arena;
        struct post_page page = {.n = 0};
        arena_init(&arena);
        e = store->ops->after(store, &channel, after, LIMIT_PAGE_ROWS, &arena, &page);
        more = page.more;
        if (e == ERR_OK && page.n > 0) {
            after = page.rows[page.n - 1].event.seq;
            size_t kept = keep_heard(n, &page);
            e = kept > 0 ? tell(n, page.rows, kept) : ERR_OK;
        }
        if (e == ERR_OK)
            mark_done(n, &channel, more ? after : end);
        arena_fini(&arena);
    }
    return e;
}

/* A channel that fails is begun anew, from its first post that was not told of. */
static enum err batch_tell(struct notify *n)
{
    for (size_t i = 0; i < n->n_heard; i++) {
        if (n->heard[i].done)
            continue;
        enum err e = channel_tell(n, i);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* ---- The thread ---- */

static void batch_commit(struct notify *n, struct log_reader *r)
{
    for (unsigned i = 0; i < LOG_PARTITIONS_MAX; i++) {
        if (!n->touched[i])
            continue;
        enum err e = n->config.log->ops->commit(r, i, n->next[i]);
        if (e != ERR_OK)
            log_event(LOG_WARN, "notify not committed", LOG_I("partition", i),
                      LOG_S("error", err_name(e)));
        n->touched[i] = e != ERR_OK; /* with the next batch */
    }
}

/* False: it is to stop, and what was heard is not handed over. */
static bool batch_work(struct notify *n)
{
    unsigned again_ms = AGAIN_MS;
    while (n->n_heard > 0 && !is_persisted(n))
        if (!wait_again(n, &again_ms))
            return false;
    again_ms = AGAIN_MS;
    while (batch_tell(n) != ERR_OK)
        if (!wait_again(n, &again_ms))
            return false;
    return n->couriers == NULL || couriers_wait(n->couriers);
}

static bool batch_do(struct notify *n)
{
    struct trace_set traces = {.n = 0};
    struct trace_span span;
    for (size_t i = 0; i < n->n_heard; i++)
        trace_set_add(&traces, &n->heard[i].trace);
    trace_begin_batch(&span, &traces, "notify", TRACE_CONSUMER);
    trace_add_text(&span, "messaging.system", "kafka");
    trace_add_number(&span, "messaging.batch.message_count", (int64_t)n->n_heard);
    bool is_done = batch_work(n);
    trace_end(&span, is_done ? ERR_OK : ERR_UNAVAILABLE);
    return is_done;
}

/* Until the log says that it lost our place, or it is to stop. */
static void follow(struct notify *n, struct log_reader *r)
{
    unsigned again_ms = AGAIN_MS;
    n->n_heard = 0;
    while (!is_stopping(n)) {
        enum err e = n->config.log->ops->poll(r, NOTIFY_BATCH_MAX, POLL_MS);
        if (!batch_do(n))
            return;
        batch_commit(n, r);
        n->n_heard = 0;
        lag_tell(n);
        if (e == ERR_NOT_FOUND)
            return;
        if (e == ERR_OK)
            again_ms = AGAIN_MS;
        else
            wait_again(n, &again_ms);
    }
}

static void *notify_main(void *arg)
{
    struct notify *n = arg;
    unsigned again_ms = AGAIN_MS;
    while (!is_stopping(n)) {
        struct log_reader *r;
        struct event_log *log = n->config.log;
        if (log->ops->join(log, n->config.group, &n->listener, &r) == ERR_OK) {
            follow(n, r);
            log->ops->close_reader(r);
        }
        wait_again(n, &again_ms);
    }
    return NULL;
}

struct notify *notify_start(const struct notify_config *config)
{
    struct notify *n = MEM_NEW(struct notify);
    assert(config->hook == NULL || config->retry != NULL);
    n->listener = (struct log_listener){on_record, on_assigned, on_revoked};
    n->config = *config;
    n->members = members_new(config->channels, config->clock, 0);
    presence_init(&n->presence, config->cache, config->clock);
    if (config->hook != NULL)
        n->couriers = couriers_new(config->hook, config->retry, config->clock);
    if (pthread_create(&n->thread, NULL, notify_main, n) != 0) {
        fputs("parley: no thread to be had\n", stderr);
        abort();
    }
    return n;
}

void notify_stop(struct notify *n)
{
    if (n == NULL)
        return;
    atomic_store(&n->stopping, true);
    if (n->couriers != NULL)
        couriers_stop(n->couriers);
    pthread_join(n->thread, NULL);
    couriers_free(n->couriers);
    presence_fini(&n->presence);
    members_free(n->members);
    mem_free(n);
}

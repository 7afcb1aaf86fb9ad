/* The journal's thread: takes what is queued, runs it as one batch, answers. */
#include <assert.h>

#include "adapter/memory/state.h"
#include "base/mem.h"
#include "telemetry/metrics.h"

#define APPENDS_MAX_DEFAULT 65536

/* Everything that was queued at one moment. */
struct batch {
    struct append *appends;
    struct memory_job *jobs;
    size_t size;
    struct event *events;
    size_t n_events;
    void *prepared;
    bool refused;
};

static enum err journal_queue(struct journal *self, struct append *a)
{
    struct memory_store *s = MEM_OWNER(self, struct memory_store, journal);
    enum err e = ERR_UNAVAILABLE;
    pthread_mutex_lock(&s->mutex);
    if (s->started && !s->stopping && s->n_appends < s->appends_max) {
        a->next = NULL;
        *s->append_tail = a;
        s->append_tail = &a->next;
        s->n_appends++;
        pthread_cond_signal(&s->queued);
        e = ERR_OK;
    }
    pthread_mutex_unlock(&s->mutex);
    return e;
}

static uint64_t journal_last(struct journal *self, unsigned partition)
{
    struct memory_store *s = MEM_OWNER(self, struct memory_store, journal);
    assert(partition < s->n_partitions);
    return atomic_load(&s->partitions[partition].position);
}

static unsigned journal_count(struct journal *self)
{
    return MEM_OWNER(self, struct memory_store, journal)->n_partitions;
}

static unsigned journal_find(struct journal *self, const struct uuid *channel)
{
    return memory_partition_of(MEM_OWNER(self, struct memory_store, journal), channel);
}

static const struct journal_ops journal_ops = {journal_queue, journal_last, journal_count,
                                               journal_find};

enum err memory_store_do(struct memory_store *s, struct memory_job *job)
{
    job->next = NULL;
    job->answered = false;
    pthread_mutex_lock(&s->mutex);
    if (!s->started || s->stopping) {
        pthread_mutex_unlock(&s->mutex);
        return ERR_UNAVAILABLE;
    }
    *s->job_tail = job;
    s->job_tail = &job->next;
    pthread_cond_signal(&s->queued);
    if (s->stepped) {
        pthread_mutex_unlock(&s->mutex);
        memory_store_step(s);
        assert(job->answered);
        return job->err;
    }
    while (!job->answered)
        pthread_cond_wait(&s->answered, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
    return job->err;
}

static void batch_take(struct memory_store *s, struct batch *b)
{
    *b = (struct batch){.appends = s->append_head,
                        .jobs = s->job_head,
                        .size = s->n_appends,
                        .refused = s->refusing};
    for (struct memory_job *j = b->jobs; j != NULL; j = j->next)
        b->size++;
    s->n_batch = 0;
    s->append_head = NULL;
    s->append_tail = &s->append_head;
    s->n_appends = 0;
    s->job_head = NULL;
    s->job_tail = &s->job_head;
}

/* The new events as the sink gets them: with the origins of their appends, which are not stored,
 * and the appends' own strings, which outlive a discarded log. */
static void batch_list_events(struct memory_store *s, struct batch *b)
{
    size_t nth = 0; /* the appends come first, in their order */
    b->n_events = s->n_batch;
    if (b->n_events == 0)
        return;
    b->events = mem_array(b->n_events, sizeof *b->events);
    for (size_t i = 0; i < b->n_events; i++)
        b->events[i] = *s->batch[i];
    for (const struct append *a = b->appends; a != NULL; a = a->next) {
        if (a->err != ERR_OK || a->duplicate)
            continue;
        struct event *e = &b->events[nth++];
        e->username = a->username;
        e->content = a->content;
        e->client_msg_id = a->client_msg_id;
        e->origin = a->origin;
        e->queued_us = a->queued_us;
        e->trace = a->trace;
    }
    if (s->sink != NULL)
        b->prepared = s->sink->prepare(s->sink, b->events, b->n_events);
}

static void batch_judge(struct memory_store *s, struct batch *b)
{
    for (struct append *a = b->appends; a != NULL; a = a->next)
        memory_append_judge(s, a);
    for (struct memory_job *j = b->jobs; j != NULL; j = j->next)
        j->err = b->refused ? ERR_UNAVAILABLE : j->run(s, j);
    batch_list_events(s, b);
}

static void batch_undo(struct memory_store *s, struct batch *b)
{
    while (s->n_batch > 0)
        memory_event_undo(s);
    for (struct append *a = b->appends; a != NULL; a = a->next) {
        a->err = ERR_UNAVAILABLE;
        a->duplicate = false;
        a->seq = a->prev_seq = a->id = 0;
    }
}

/* Sending moves one's own read position. */
static void batch_move_readers(struct memory_store *s, const struct batch *b)
{
    for (size_t i = 0; i < b->n_events; i++) {
        const struct event *e = &b->events[i];
        struct memory_member *m =
            event_is_post(e) ? memory_member_find(memory_channel_find(s, &e->channel), &e->user)
                             : NULL;
        if (m != NULL && m->read_seq < e->seq)
            m->read_seq = e->seq;
    }
}

static void batch_publish(struct memory_store *s, const struct batch *b)
{
    if (b->n_events == 0)
        return;
    if (s->sink != NULL)
        (b->refused ? s->sink->discard : s->sink->publish)(s->sink, b->prepared);
    if (b->refused) {
        metric_inc(M_JOURNAL_FAILED);
        return;
    }
    for (size_t i = 0; i < b->n_events; i++)
        atomic_store(&s->partitions[b->events[i].partition].position, b->events[i].seq);
    metric_observe(M_JOURNAL_BATCH, b->n_events);
}

static void batch_answer(struct memory_store *s, struct batch *b)
{
    for (struct append *a = b->appends, *next; a != NULL; a = next) {
        next = a->next;
        a->done(a);
    }
    pthread_mutex_lock(&s->mutex);
    for (struct memory_job *j = b->jobs, *next; j != NULL; j = next) {
        next = j->next;
        j->answered = true;
    }
    pthread_cond_broadcast(&s->answered);
    pthread_mutex_unlock(&s->mutex);
}

/* Called with the mutex held, which it gives up while it calls out. `prepare` alone is called
 * under it, so that nobody reads what is not durable yet; a sink does not call back. */
static size_t batch_run(struct memory_store *s)
{
    struct batch b;
    batch_take(s, &b);
    batch_judge(s, &b);
    if (b.refused)
        batch_undo(s, &b);
    else
        batch_move_readers(s, &b);
    pthread_mutex_unlock(&s->mutex);
    batch_publish(s, &b);
    batch_answer(s, &b);
    mem_free(b.events);
    pthread_mutex_lock(&s->mutex);
    return b.size;
}

static bool has_queued(const struct memory_store *s)
{
    return s->append_head != NULL || s->job_head != NULL;
}

size_t memory_store_step(struct memory_store *s)
{
    assert(s->stepped);
    pthread_mutex_lock(&s->mutex);
    size_t n = has_queued(s) ? batch_run(s) : 0;
    pthread_mutex_unlock(&s->mutex);
    return n;
}

static void *journal_thread(void *arg)
{
    struct memory_store *s = arg;
    pthread_setname_np(pthread_self(), "journal");
    pthread_mutex_lock(&s->mutex);
    while (has_queued(s) || !s->stopping)
        if (has_queued(s))
            batch_run(s);
        else
            pthread_cond_wait(&s->queued, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

static void partitions_init(struct memory_store *s, unsigned n)
{
    assert(n <= JOURNAL_PARTITIONS_MAX);
    s->n_partitions = n;
    for (unsigned i = 0; i < n; i++) {
        s->partitions[i].base = i == 0 ? 0 : 100 * (uint64_t)(n - i);
        atomic_init(&s->partitions[i].position, s->partitions[i].base);
    }
}

struct memory_store *memory_store_new(const struct memory_config *config)
{
    const unsigned partitions = config->partitions == 0 ? 1 : config->partitions;
    struct memory_store *s = mem_zalloc(sizeof *s + partitions * sizeof s->partitions[0]);
    partitions_init(s, partitions);
    s->journal.ops = &journal_ops;
    s->accounts.ops = &memory_account_ops;
    s->channels.ops = &memory_channel_ops;
    s->messages.ops = &memory_message_ops;
    s->clock = config->clock;
    s->stepped = config->stepped;
    s->appends_max = config->appends_max == 0 ? APPENDS_MAX_DEFAULT : config->appends_max;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->queued, NULL);
    pthread_cond_init(&s->answered, NULL);
    s->append_tail = &s->append_head;
    s->job_tail = &s->job_head;
    return s;
}

void memory_store_start(struct memory_store *s, struct journal_sink *sink)
{
    assert(!s->started);
    s->sink = sink;
    s->started = true;
    if (s->stepped)
        return;
    int failed = pthread_create(&s->thread, NULL, journal_thread, s);
    assert(failed == 0);
}

void memory_store_stop(struct memory_store *s)
{
    pthread_mutex_lock(&s->mutex);
    bool runs = s->started && !s->stopping;
    s->stopping = true;
    pthread_cond_signal(&s->queued);
    pthread_mutex_unlock(&s->mutex);
    if (!runs)
        return;
    if (s->stepped)
        memory_store_step(s);
    else
        pthread_join(s->thread, NULL);
}

void memory_store_refuse(struct memory_store *s, bool refuse)
{
    pthread_mutex_lock(&s->mutex);
    s->refusing = refuse;
    pthread_mutex_unlock(&s->mutex);
}

static void users_free(struct memory_store *s)
{
    struct memory_user *u, *next;
    HASH_ITER (hh, s->users, u, next) {
        HASH_DEL(s->users, u);
        mem_free((char *)u->account.user.name.p);
        mem_free((char *)u->account.user.email.p);
        mem_free((char *)u->account.password_hash.p);
        mem_free(u);
    }
    while (s->revocations != NULL) {
        struct memory_revocation *r = s->revocations;
        s->revocations = r->next;
        mem_free(r);
    }
}

static void channels_free(struct memory_store *s)
{
    struct memory_channel *c, *next;
    HASH_ITER (hh, s->by_channel, c, next) {
        HASH_DEL(s->by_channel, c);
        while (c->members != NULL) {
            struct memory_member *m = c->members;
            c->members = m->next;
            mem_free(m);
        }
        mem_free((char *)c->info.name.p);
        mem_free(c);
    }
}

void memory_store_free(struct memory_store *s)
{
    if (s == NULL)
        return;
    memory_store_stop(s);
    memory_log_free(s);
    channels_free(s);
    users_free(s);
    pthread_cond_destroy(&s->queued);
    pthread_cond_destroy(&s->answered);
    pthread_mutex_destroy(&s->mutex);
    mem_free(s);
}

struct journal *memory_store_journal(struct memory_store *s)
{
    return &s->journal;
}

struct account_store *memory_store_accounts(struct memory_store *s)
{
    return &s->accounts;
}

struct channel_store *memory_store_channels(struct memory_store *s)
{
    return &s->channels;
}

struct message_store *memory_store_messages(struct memory_store *s)
{
    return &s->messages;
}

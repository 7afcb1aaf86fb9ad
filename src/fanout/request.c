/* Hello and Resume: what the client has seen, compared with what there is.
 *
 * Each point the client names is decided: the channel is not the user's; or so much was missed, or
 * the point is beyond the head, or nobody can tell, that it is refused; or it is recovered, and
 * replayed up to the head as it was decided. The tail decides where it reaches back far enough,
 * else the store is asked, on a worker, for all points at once; so it is for a point that is ahead
 * of the tail, since another node may have been quicker. While that is under way the channels
 * concerned are held, and nothing is handed out. */
#include <assert.h>

#include "base/mem.h"
#include "fanout/audience.h"
#include "fanout/catchup.h"
#include "fanout/tail.h"
#include "fanout/watch.h"
#include "telemetry/metrics.h"

enum verdict { POINT_OPEN, POINT_ABSENT, POINT_RECOVERED, POINT_REFUSED };

struct point {
    struct uuid channel;
    uint64_t seq, head_seq;
    enum verdict verdict;
};

struct request {
    bool is_hello;
    bool was_settled; /* hello: live events had flowed before it */
    size_t n_watch;
    struct uuid watch[LIMIT_WATCHED_CHANNELS];
    size_t n;
    struct point points[];
};

/* The question to the store: all open points of a request, and the read positions. */
struct inquiry {
    struct job job;
    struct uuid user;
    bool asks_reads;
    struct reads *reads;
    size_t n;
    struct point points[];
};

void request_free(struct request *r)
{
    mem_free(r);
}

static struct request *request_new(const struct resume_point *points, size_t n)
{
    struct request *r = mem_zalloc(sizeof *r + n * sizeof r->points[0]);
    r->n = n;
    for (size_t i = 0; i < n; i++)
        r->points[i] = (struct point){.channel = points[i].channel, .seq = points[i].seq};
    return r;
}

/* ---- Deciding ---- */

static enum verdict verdict_of(uint64_t seq, unsigned missed, uint64_t head_seq)
{
    return seq > head_seq || missed > LIMIT_REPLAY_EVENTS ? POINT_REFUSED : POINT_RECOVERED;
}

static int session_find_channel(const struct session *s, const struct uuid *channel)
{
    const struct audience *a = audience_find(s->shard, channel);
    return a == NULL || uuid_eq(channel, &UUID_NIL) ? -1 : session_find(s, a);
}

static void point_decide(struct session *s, struct point *p)
{
    const int slot = session_find_channel(s, &p->channel);
    if (slot < 0) {
        p->verdict = POINT_ABSENT;
        return;
    }
    const struct audience *a = session_subs(s)[slot].audience;
    struct tail_answer tail =
        tail_read(shard_tail(s->shard), a->partition, &p->channel, p->seq, NULL, 0);
    if (tail.complete && tail.has_head && p->seq <= tail.head) {
        p->head_seq = tail.head;
        p->verdict = verdict_of(p->seq, tail.missed, tail.head);
    } else if (a->head_is_known && a->head_seq == p->seq && !tail.has_head) {
        p->head_seq = p->seq;
        p->verdict = POINT_RECOVERED;
    }
}

static enum err inquiry_work(struct job *self, const struct hub_config *config)
{
    struct inquiry *q = MEM_OWNER(self, struct inquiry, job);
    struct message_store *store = config->messages;
    for (size_t i = 0; i < q->n; i++) {
        struct point *p = &q->points[i];
        unsigned missed = 0;
        enum err err = store->ops->missed(store, &p->channel, p->seq, LIMIT_REPLAY_EVENTS + 1,
                                          &missed, &p->head_seq);
        p->verdict = err != ERR_OK ? POINT_REFUSED : verdict_of(p->seq, missed, p->head_seq);
    }
    if (!q->asks_reads)
        return ERR_OK;
    struct arena arena;
    arena_init(&arena);
    struct memberships m = {0};
    enum err err =
        config->channels->ops->memberships(config->channels, &q->user, false, &arena, &m);
    if (err == ERR_OK)
        q->reads = reads_new(&m);
    arena_fini(&arena);
    return err;
}

static void inquiry_free(struct job *self)
{
    struct inquiry *q = MEM_OWNER(self, struct inquiry, job);
    reads_free(q->reads);
    mem_free(q);
}

static void request_answer(struct session *s);

/* The answers go to the open points, in the same order. What is still open was never asked: the
 * workers had no time for it. */
static void request_take(struct request *r, const struct inquiry *q)
{
    size_t next = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->points[i].verdict != POINT_OPEN)
            continue;
        r->points[i] = q->points[next++];
        if (r->points[i].verdict == POINT_OPEN)
            r->points[i].verdict = POINT_REFUSED;
    }
    assert(next == q->n);
}

static void inquiry_done(struct job *self)
{
    struct inquiry *q = MEM_OWNER(self, struct inquiry, job);
    struct session *s = shard_session(self->shard, self->session);
    if (s != NULL) {
        struct session_work *w = s->hub->work;
        request_take(w->request, q);
        if (q->asks_reads) {
            w->reads = q->reads;
            q->reads = NULL;
        }
    }
    inquiry_free(self);
    if (s != NULL)
        request_answer(s);
}

static const struct job_kind inquiry_kind = {
    .work = inquiry_work, .done = inquiry_done, .free = inquiry_free, .ticks_max = 5};

static void inquiry_start(struct session *s, const struct request *r, size_t n_open,
                          bool asks_reads)
{
    struct inquiry *q = mem_zalloc(sizeof *q + n_open * sizeof q->points[0]);
    q->user = s->user;
    q->asks_reads = asks_reads;
    for (size_t i = 0; i < r->n; i++)
        if (r->points[i].verdict == POINT_OPEN)
            q->points[q->n++] = r->points[i];
    job_start(&q->job, &inquiry_kind, s->shard, s->id);
}

void request_begin(struct session *s)
{
    struct session_work *w = s->hub->work;
    struct request *r = w->request;
    size_t n_open = 0;
    for (size_t i = 0; i < r->n; i++) {
        point_decide(s, &r->points[i]);
        n_open += r->points[i].verdict == POINT_OPEN;
    }
    const bool asks_reads = r->is_hello && w->reads == NULL;
    if (n_open > 0 || asks_reads)
        inquiry_start(s, r, n_open, asks_reads);
    else
        request_answer(s);
}

/* ---- Answering ---- */

static void point_count(const struct point *p)
{
    if (p->verdict == POINT_REFUSED)
        metric_inc(M_RESUME_REFUSED);
}

/* A gap for a recovered point; for another one live events go on where they were held. */
static void point_open_gap(struct session *s, uint32_t slot, const struct point *p)
{
    if (p->verdict == POINT_RECOVERED)
        gap_open(s, slot, p->seq, p->head_seq);
    else
        gap_open(s, slot, audience_member(s, slot)->pos, 0);
}

static struct session_channel *hello_list(struct session *s, const struct request *r)
{
    const struct session_state *st = s->hub;
    struct session_channel *list = mem_array(st->n_subs + 1, sizeof *list);
    for (uint32_t i = 0; i < st->n_subs; i++) {
        const struct audience *a = session_subs(s)[i].audience;
        uint64_t head_seq = 0;
        list[i].channel = a->channel;
        /* What the store did not know of was joined since: nothing before the join is unread. */
        if (!reads_find(st->work->reads, &a->channel, i, &head_seq, &list[i].read_seq))
            list[i].read_seq = st->work->reads == NULL ? 0 : audience_member(s, i)->pos;
        list[i].head_seq = a->head_is_known || a->head_seq > head_seq ? a->head_seq : head_seq;
    }
    for (size_t i = 0; i < r->n; i++) {
        const struct point *p = &r->points[i];
        const int slot = session_find_channel(s, &p->channel);
        if (slot < 0)
            continue;
        struct session_channel *c = &list[slot];
        c->resume_asked = true;
        c->recovered = p->verdict == POINT_RECOVERED;
        if (p->head_seq > c->head_seq)
            c->head_seq = p->head_seq;
        point_count(p);
    }
    return list;
}

/* Where each channel goes on: a recovered one at its point; another one of a session that heard
 * nothing yet at the head that Hello tells; else where it was held. */
static void hello_open_gaps(struct session *s, const struct request *r,
                            const struct session_channel *list, uint32_t n)
{
    for (size_t i = 0; i < r->n; i++) {
        const int slot = session_find_channel(s, &r->points[i].channel);
        if (slot >= 0 && r->points[i].verdict == POINT_RECOVERED)
            point_open_gap(s, (uint32_t)slot, &r->points[i]);
    }
    for (uint32_t slot = 0; slot < n; slot++) {
        const struct member *m = audience_member(s, slot);
        uint64_t pos = m->pos;
        if (list[slot].recovered || (m->flags & MEMBER_HELD) == 0)
            continue;
        if (!r->was_settled && list[slot].head_seq > pos)
            pos = list[slot].head_seq;
        gap_open(s, slot, pos, 0);
    }
}

static void hello_answer(struct session *s, struct request *r)
{
    struct shard *sh = s->shard;
    const uint64_t id = s->id, n_detached = sh->n_detached;
    const uint32_t n = s->hub->n_subs;
    struct session_channel *list = hello_list(s, r);
    reads_free(s->hub->work->reads);
    s->hub->work->reads = NULL;
    hello_open_gaps(s, r, list, n);
    s->hub->flags |= SESSION_SETTLED | SESSION_OPEN;
    session_subscribe(s, &UUID_NIL, sh->received);
    watch_set(s, r->watch, r->n_watch);
    s->ops->hello(s, list, n);
    mem_free(list);
    if (!session_is_gone(sh, id, n_detached))
        catchup_run(s);
}

static void resume_answer(struct session *s, const struct request *r)
{
    struct shard *sh = s->shard;
    const uint64_t id = s->id, n_detached = sh->n_detached;
    struct session_channel *list = mem_array(r->n + 1, sizeof *list);
    for (size_t i = 0; i < r->n; i++) {
        const struct point *p = &r->points[i];
        const int slot = session_find_channel(s, &p->channel);
        list[i] = (struct session_channel){.channel = p->channel, .resume_asked = true};
        if (slot < 0)
            continue;
        const struct audience *a = session_subs(s)[slot].audience;
        list[i].recovered = p->verdict == POINT_RECOVERED;
        list[i].head_seq = p->head_seq > a->head_seq ? p->head_seq : a->head_seq;
        point_count(p);
        point_open_gap(s, (uint32_t)slot, p);
    }
    s->ops->resumed(s, list, r->n);
    mem_free(list);
    if (!session_is_gone(sh, id, n_detached))
        catchup_run(s);
}

static void request_answer(struct session *s)
{
    struct session_work *w = s->hub->work;
    struct request *r = w->request;
    w->request = NULL;
    if (r->is_hello)
        hello_answer(s, r);
    else
        resume_answer(s, r);
    request_free(r);
}

/* ---- Asking ---- */

enum err session_hello(struct session *s, const struct resume_point *resume, size_t n_resume,
                       const struct uuid *watch, size_t n_watch)
{
    if (s->extended || n_resume > shard_config(s->shard)->channels_max ||
        n_watch > LIMIT_WATCHED_CHANNELS)
        return ERR_BAD_REQUEST;
    struct request *r = request_new(resume, n_resume);
    r->is_hello = true;
    r->was_settled = session_is(s, SESSION_SETTLED);
    r->n_watch = n_watch;
    for (size_t i = 0; i < n_watch; i++)
        r->watch[i] = watch[i];
    s->extended = true;
    session_get_work(s)->request = r;
    for (uint32_t slot = 0; slot < s->hub->n_subs; slot++)
        session_hold(s, slot);
    if (session_is(s, SESSION_ATTACHED))
        request_begin(s);
    return ERR_OK;
}

enum err session_resume(struct session *s, const struct resume_point *points, size_t n)
{
    if (!s->extended || n > shard_config(s->shard)->channels_max)
        return ERR_BAD_REQUEST;
    if (!session_is(s, SESSION_OPEN) || (s->hub->work != NULL && s->hub->work->request != NULL))
        return ERR_RATE_LIMITED;
    session_get_work(s)->request = request_new(points, n);
    for (size_t i = 0; i < n; i++) {
        const int slot = session_find_channel(s, &points[i].channel);
        if (slot >= 0)
            session_hold(s, (uint32_t)slot);
    }
    request_begin(s);
    return ERR_OK;
}

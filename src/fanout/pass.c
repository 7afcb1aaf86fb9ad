#include <assert.h>

#include "fanout/audience.h"
#include "fanout/catchup.h"
#include "fanout/sizes.h"
#include "fanout/watch.h"
#include "telemetry/metrics.h"

/* Sessions are scattered over the heap: ask for those a few turns ahead. */
#define PREFETCH_AHEAD 6

/* Pushes of what follows `pos` in the items before `until`; returns how many frames. Stops when the
 * session vanishes. */
static unsigned hand_items(struct audience *a, struct session *s, uint64_t pos,
                           const struct pending *until)
{
    struct shard *sh = a->shard;
    const uint64_t id = s->id, n_detached = sh->n_detached;
    unsigned handed = 0;
    for (struct pending *p = a->first; p != until; p = p->next) {
        if (p->item->last_seq <= pos)
            continue;
        struct run *r = p->item->run;
        const unsigned from = run_after(r, pos);
        s->ops->push(s, r, from, r->n);
        handed += r->n - from;
        p->handed += r->n - from;
        if (session_is_gone(sh, id, n_detached))
            break;
    }
    return handed;
}

/* Frame `i` of `p` is the member's own: what precedes it, then the ack in its place. What follows
 * comes when the walk does. */
static void author_serve(struct audience *a, struct member *m, struct pending *p, unsigned i)
{
    struct shard *sh = a->shard;
    struct session *s = m->session;
    struct run *r = p->item->run;
    const uint64_t id = s->id, n_detached = sh->n_detached, pos = m->pos, seq = r->frames[i].seq;
    if (pos < seq) {
        m->pos = seq; /* before the callbacks, in which the member may vanish */
        unsigned handed = 1 + hand_items(a, s, pos, p);
        const unsigned from = run_after(r, pos);
        if (from < i && !session_is_gone(sh, id, n_detached)) {
            s->ops->push(s, r, from, i);
            handed += i - from;
            p->handed += i - from;
        }
        p->handed++;
        metric_add(M_DELIVERIES, handed);
    }
    if (!session_is_gone(sh, id, n_detached))
        s->ops->ack(s, r, i);
}

static void author_answer(struct audience *a, struct session *s, struct pending *p, unsigned i)
{
    int slot = session_find(s, a);
    if (slot < 0) { /* it left, and is owed its ack all the same */
        s->ops->ack(s, p->item->run, i);
        return;
    }
    struct member *m = audience_member(s, (uint32_t)slot);
    if (m->flags & MEMBER_HELD)
        gap_owe(s, (uint32_t)slot, p->item->run, i, true);
    else
        author_serve(a, m, p, i);
}

static void item_serve_authors(struct audience *a, struct pending *p)
{
    struct shard *sh = a->shard;
    const struct run *r = p->item->run;
    for (unsigned i = 0; i < r->n; i++) {
        const struct origin *o = &r->frames[i].origin;
        struct session *s = o->shard == sh->index ? shard_session(sh, o->session) : NULL;
        if (s != NULL)
            author_answer(a, s, p, i);
    }
}

/* ---- Joins and leaves: the user's own sessions first ---- */

static void own_joined(struct session *s, struct audience *a, const struct feed_item *item)
{
    int slot = session_find(s, a);
    if (slot < 0) {
        session_subscribe(s, &a->channel, item->last_seq);
    } else {
        struct member *m = audience_member(s, (uint32_t)slot);
        if (m->pos >= item->last_seq)
            return; /* subscribed, and told, when the feed arrived */
        if (m->flags & MEMBER_HELD) {
            if (session_is(s, SESSION_OPEN))
                gap_owe(s, (uint32_t)slot, item->own, 0, false);
            return;
        }
        m->pos = item->last_seq;
    }
    if (session_is(s, SESSION_OPEN))
        s->ops->push(s, item->own, 0, 1);
}

static void own_left(struct session *s, struct audience *a, const struct feed_item *item)
{
    int slot = session_find(s, a);
    if (slot < 0)
        return;
    struct shard *sh = s->shard;
    const uint64_t id = s->id, n_detached = sh->n_detached;
    struct gap *gap = gap_abandon(s, (uint32_t)slot);
    session_unsubscribe(s, (uint32_t)slot);
    if (session_is(s, SESSION_OPEN))
        s->ops->push(s, item->own, 0, 1);
    gap_pay_acks(session_is_gone(sh, id, n_detached) ? NULL : s, gap);
}

static void pass_tell_own(struct audience *a, const struct pending *p)
{
    const struct feed_item *item = p->item;
    struct session *next;
    for (struct session *s = shard_user_first(a->shard, &item->user); s != NULL; s = next) {
        next = shard_user_next(s);
        if (!session_is(s, SESSION_ATTACHED) || pending_number(p) <= s->hub->accounted)
            continue;
        if (item->kind == FEED_JOINED)
            own_joined(s, a, item);
        else
            own_left(s, a, item);
    }
}

/* ---- The walk ---- */

/* Takes the posts that have arrived into the pass: whoever has not been visited yet in this lap
 * gets them with the rest, everyone else in the next one. Their authors are served at once. */
static void pass_extend(struct audience *a)
{
    while (a->unbegun != NULL && a->unbegun->item->kind == FEED_POSTS) {
        struct pending *p = a->unbegun;
        p->lap = a->lap;
        p->turn = a->cursor;
        a->unbegun = p->next;
        a->pass_last = p->item->last_seq;
        item_serve_authors(a, p);
    }
}

static void pass_begin(struct audience *a)
{
    assert(!a->in_pass && a->first == a->unbegun);
    const struct feed_item *item = a->first->item;
    a->in_pass = true;
    a->cursor = 0;
    if (item->kind == FEED_POSTS)
        return; /* pass_extend takes it */
    a->first->lap = a->lap;
    a->first->turn = 0;
    a->unbegun = a->first->next;
    a->pass_last = item->kind == FEED_CREATED ? pending_number(a->first) : item->last_seq;
    if (item->kind != FEED_CREATED)
        pass_tell_own(a, a->first);
    if (item->kind == FEED_JOINED && a->watch != NULL)
        watch_note(a, &item->user, item->username, WATCH_JOINED_TICKS);
    else if (item->kind == FEED_LEFT && a->watch != NULL)
        watch_forget(a, &item->user);
}

static void member_pass_over(struct member *m)
{
    if (m->flags & MEMBER_BLOCKED)
        gap_unblock(m->session, m->slot);
}

static void pass_walk_posts(struct audience *a)
{
    const uint64_t last = a->pass_last;
    const struct pending *until = a->unbegun;
    unsigned pushed = 0;
    for (unsigned left = AUDIENCE_SLICE; left > 0 && a->cursor < a->n; left--) {
        const uint32_t i = a->cursor++; /* before the callback, in which the member may vanish */
        if (i + PREFETCH_AHEAD < a->n)
            __builtin_prefetch(a->members[i + PREFETCH_AHEAD].session);
        struct member *m = &a->members[i];
        if (m->flags & MEMBER_HELD) {
            member_pass_over(m);
            continue;
        }
        const uint64_t pos = m->pos;
        if (pos >= last)
            continue;
        m->pos = last;
        pushed += hand_items(a, m->session, pos, until);
    }
    metric_add(M_DELIVERIES, pushed);
}

/* May this member be told of a join, leave or creation of someone else? */
static bool member_is_told(const struct member *m, const struct feed_item *item)
{
    if (!session_is(m->session, SESSION_OPEN))
        return false;
    if (item->kind == FEED_CREATED)
        return true;
    if (uuid_eq(&m->session->user, &item->user)) /* told already, in words of their own */
        return false;
    return item->members <= LIMIT_MEMBERS_TOLD || (m->flags & MEMBER_WATCHES);
}

static void pass_walk_other(struct audience *a)
{
    const struct feed_item *item = a->first->item;
    for (unsigned left = AUDIENCE_SLICE; left > 0 && a->cursor < a->n; left--) {
        struct member *m = &a->members[a->cursor++];
        const bool is_told = m->pos < a->pass_last && member_is_told(m, item);
        if (m->flags & MEMBER_HELD) {
            if (is_told)
                gap_owe(m->session, m->slot, item->run, 0, false);
            member_pass_over(m);
            continue;
        }
        if (m->pos < a->pass_last)
            m->pos = a->pass_last;
        if (is_told)
            m->session->ops->push(m->session, item->run, 0, 1);
    }
}

static void run_observe_latency(const struct run *r, int64_t now_us)
{
    for (unsigned i = 0; i < r->n; i++) {
        const int64_t queued_us = r->frames[i].queued_us;
        if (queued_us > 0 && now_us >= queued_us)
            metric_observe(M_DELIVERY_LATENCY, (uint64_t)(now_us - queued_us));
    }
}

/* From the journal to the last of this shard's members: one span for all of them. */
static void pending_trace(const struct audience *a, const struct pending *p, int64_t now_us)
{
    const struct trace_set *traces = p->item->run->traces;
    int64_t begun_us = pending_published_us(p);
    if (!trace_is_on() || (traces == NULL && !trace_is_slow(now_us - begun_us)))
        return;
    struct trace_span s = {
        .name = "fan out",
        .kind = TRACE_INTERNAL,
        .begun_us = begun_us,
        .ended_us = now_us,
    };
    trace_add_number(&s, "parley.shard", a->shard->index);
    trace_add_number(&s, "parley.sessions", a->n);
    trace_add_number(&s, "parley.frames", p->item->run->n);
    trace_add_number(&s, "parley.deliveries", p->handed);
    trace_note_batch(&s, traces);
}

/* Has everyone been visited since the item was taken into the pass? */
static bool item_is_handed_out(const struct audience *a, const struct pending *p)
{
    const uint32_t laps = a->lap - p->lap;
    return laps > 1 || (laps == 1 && a->cursor >= p->turn);
}

static void pass_release(struct audience *a)
{
    int64_t now_us = 0;
    while (a->first != a->unbegun && item_is_handed_out(a, a->first)) {
        struct pending *p = a->first;
        a->first = p->next;
        if (p->item->kind == FEED_POSTS) {
            if (now_us == 0)
                now_us = clock_steady_us(shard_config(a->shard)->clock);
            run_observe_latency(p->item->run, now_us);
            pending_trace(a, p, now_us);
        }
        pending_done(p);
    }
    if (a->first == NULL)
        a->last = &a->first;
}

bool audience_step(struct audience *a)
{
    if (a->unbegun == NULL && !a->in_pass)
        return false;
    if (!a->in_pass)
        pass_begin(a);
    if (a->first->item->kind == FEED_POSTS) {
        pass_extend(a);
        pass_walk_posts(a);
    } else {
        pass_walk_other(a);
    }
    if (a->cursor >= a->n) {
        a->lap++;
        a->cursor = 0;
    }
    pass_release(a);
    if (a->first != a->unbegun)
        return true;
    a->in_pass = false;
    if (a->unbegun != NULL)
        return true;
    audience_put(a);
    return false;
}

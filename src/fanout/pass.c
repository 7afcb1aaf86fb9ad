#include <assert.h>

#include "fanout/audience.h"
#include "fanout/catchup.h"
#include "fanout/sizes.h"
#include "fanout/watch.h"
#include "telemetry/metrics.h"

/* Sessions are scattered over the heap: ask for those a few turns ahead. */
#define PREFETCH_AHEAD 6

static bool frame_is_of(const struct run_frame *f, const struct session *s)
{
    return f->origin.session == s->id && f->origin.shard == s->shard->index;
}

/* Of one run, what follows `pos`: acks in place of what the session wrote, pushes of the rest.
 * What it wrote at or before `pos` is acked all the same. False: it is gone. */
static bool author_hand_run(struct session *s, struct run *r, uint64_t pos)
{
    struct shard *sh = s->shard;
    const uint64_t id = s->id, n_detached = sh->n_detached;
    unsigned from = run_after(r, pos);
    for (unsigned i = 0; i < r->n; i++) {
        if (!frame_is_of(&r->frames[i], s))
            continue;
        if (from < i)
            s->ops->push(s, r, from, i);
        if (session_is_gone(sh, id, n_detached))
            return false;
        s->ops->ack(s, r, i);
        if (session_is_gone(sh, id, n_detached))
            return false;
        if (from <= i)
            from = i + 1;
    }
    if (from < r->n)
        s->ops->push(s, r, from, r->n);
    return !session_is_gone(sh, id, n_detached);
}

/* The whole pass for a member that wrote some of it. */
static void author_serve(struct audience *a, struct member *m)
{
    struct session *s = m->session;
    const uint64_t pos = m->pos;
    m->flags |= MEMBER_SERVED;
    if (m->pos < a->pass_last)
        m->pos = a->pass_last;
    for (const struct pending *p = a->first; p != a->unbegun; p = p->next) {
        metric_add(M_DELIVERIES, p->item->run->n - run_after(p->item->run, pos));
        if (!author_hand_run(s, p->item->run, pos))
            return;
    }
}

static void author_answer(struct audience *a, struct session *s, struct run *r, unsigned i)
{
    int slot = session_find(s, a);
    if (slot < 0) { /* it left, and is owed its ack all the same */
        s->ops->ack(s, r, i);
        return;
    }
    struct member *m = audience_member(s, (uint32_t)slot);
    if (m->flags & MEMBER_HELD)
        gap_owe(s, (uint32_t)slot, r, i, true);
    else if ((m->flags & MEMBER_SERVED) == 0)
        author_serve(a, m);
}

static void pass_serve_authors(struct audience *a)
{
    struct shard *sh = a->shard;
    for (const struct pending *p = a->first; p != a->unbegun; p = p->next) {
        struct run *r = p->item->run;
        for (unsigned i = 0; i < r->n; i++) {
            const struct origin *o = &r->frames[i].origin;
            struct session *s = o->shard == sh->index ? shard_session(sh, o->session) : NULL;
            if (s != NULL)
                author_answer(a, s, r, i);
        }
    }
}

/* ---- Joins and leaves: the user's own sessions first ---- */

/* Where one who joins when `p` has its turn hears from: the join, or, when the session said its
 * Hello after that was received, the last of what the Hello's answer covers. */
static uint64_t joined_hears_from(const struct session *s, const struct pending *p)
{
    uint64_t from = p->item->last_seq;
    for (; p != NULL && pending_number(p) <= s->hub->since; p = p->next)
        from = p->item->last_seq;
    return from;
}

static void own_joined(struct session *s, struct audience *a, const struct pending *p)
{
    const struct feed_item *item = p->item;
    int slot = session_find(s, a);
    if (slot < 0) {
        session_subscribe(s, &a->channel, joined_hears_from(s, p));
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
            own_joined(s, a, p);
        else
            own_left(s, a, item);
    }
}

/* ---- The walk ---- */

static void pass_begin(struct audience *a)
{
    assert(!a->in_pass && a->first == a->unbegun);
    struct pending *p = a->first;
    a->in_pass = true;
    a->cursor = 0;
    do {
        a->pass_last = p->item->kind == FEED_CREATED ? pending_number(p) : p->item->last_seq;
        p = p->next;
    } while (a->first->item->kind == FEED_POSTS && p != NULL && p->item->kind == FEED_POSTS);
    a->unbegun = p;
    const struct feed_item *item = a->first->item;
    if (item->kind == FEED_POSTS)
        pass_serve_authors(a);
    else if (item->kind != FEED_CREATED)
        pass_tell_own(a, a->first);
    if (item->kind == FEED_JOINED && a->watch != NULL)
        watch_note(a, &item->user, item->username);
}

/* What of the pass follows `pos`, in pieces; returns how many frames. */
static unsigned member_hand_rest(struct audience *a, struct session *s, uint64_t pos)
{
    struct shard *sh = a->shard;
    const uint64_t id = s->id, n_detached = sh->n_detached;
    unsigned handed = 0;
    for (const struct pending *p = a->first; p != a->unbegun; p = p->next) {
        struct run *r = p->item->run;
        unsigned from = run_after(r, pos);
        if (from == r->n)
            continue;
        s->ops->push(s, r, from, r->n);
        handed += r->n - from;
        if (session_is_gone(sh, id, n_detached))
            break;
    }
    return handed;
}

static void member_pass_over(struct member *m)
{
    m->flags &= ~(uint32_t)MEMBER_SERVED;
    if (m->flags & MEMBER_BLOCKED)
        gap_unblock(m->session, m->slot);
}

static void pass_walk_posts(struct audience *a)
{
    const bool is_single = a->first->next == a->unbegun;
    struct run *run = a->first->item->run;
    const uint64_t first = a->first->item->first_seq, last = a->pass_last;
    unsigned pushed = 0;
    for (unsigned left = AUDIENCE_SLICE; left > 0 && a->cursor < a->n; left--) {
        const uint32_t i = a->cursor++; /* before the callback, in which the member may vanish */
        if (i + PREFETCH_AHEAD < a->n)
            __builtin_prefetch(a->members[i + PREFETCH_AHEAD].session);
        struct member *m = &a->members[i];
        if (m->flags & (MEMBER_HELD | MEMBER_SERVED)) {
            member_pass_over(m);
            continue;
        }
        const uint64_t pos = m->pos;
        if (pos >= last)
            continue;
        struct session *s = m->session;
        m->pos = last;
        if (is_single && pos < first) {
            s->ops->push(s, run, 0, run->n);
            pushed += run->n;
        } else {
            pushed += member_hand_rest(a, s, pos);
        }
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

static void pass_end(struct audience *a)
{
    const int64_t now_us = clock_steady_us(shard_config(a->shard)->clock);
    struct pending *p = a->first;
    a->first = a->unbegun;
    if (a->first == NULL)
        a->last = &a->first;
    a->in_pass = false;
    while (p != a->first) {
        struct pending *next = p->next;
        if (p->item->kind == FEED_POSTS)
            run_observe_latency(p->item->run, now_us);
        pending_done(p);
        p = next;
    }
}

bool audience_step(struct audience *a)
{
    if (a->unbegun == NULL && !a->in_pass)
        return false;
    if (!a->in_pass)
        pass_begin(a);
    if (a->first->item->kind == FEED_POSTS)
        pass_walk_posts(a);
    else
        pass_walk_other(a);
    if (a->cursor < a->n)
        return true;
    pass_end(a);
    if (a->unbegun != NULL)
        return true;
    audience_put(a);
    return false;
}

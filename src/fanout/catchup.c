#include "fanout/catchup.h"

#include <assert.h>

#include "base/mem.h"
#include "fanout/audience.h"
#include "fanout/page.h"
#include "fanout/sizes.h"
#include "fanout/tail.h"
#include "telemetry/metrics.h"

struct owed {
    struct run *run;
    uint32_t index;
    bool is_ack;
};

struct gap {
    struct list link; /* in the session's work */
    struct audience *audience;
    uint64_t pos;       /* everything up to it was handed out */
    uint64_t replay_to; /* frames up to it are replays; 0: none is */
    bool asked_store;
    bool is_blocked;   /* until the next pass: see gap_rest */
    struct owed *owed; /* in order of position */
    uint32_t n_owed, owed_cap, owed_first;
};

static uint64_t owed_seq(const struct owed *o)
{
    return o->run->frames[o->index].seq;
}

static void gap_free(struct gap *g)
{
    for (uint32_t i = g->owed_first; i < g->n_owed; i++)
        run_unref(g->owed[i].run);
    mem_free(g->owed);
    mem_free(g);
}

void gaps_free(struct list *gaps)
{
    struct list *link;
    while ((link = list_pop(gaps)) != NULL)
        gap_free(MEM_OWNER(link, struct gap, link));
}

static struct gap *gap_find(const struct session *s, const struct audience *a)
{
    const struct list *gaps = &s->hub->work->gaps;
    for (struct list *link = gaps->next; link != gaps; link = link->next) {
        struct gap *g = MEM_OWNER(link, struct gap, link);
        if (g->audience == a)
            return g;
    }
    return NULL;
}

static struct gap *gap_get(struct session *s, uint32_t slot)
{
    struct member *m = audience_member(s, slot);
    struct audience *a = session_subs(s)[slot].audience;
    assert(m->flags & MEMBER_HELD);
    if (m->flags & MEMBER_GAP)
        return gap_find(s, a);
    struct gap *g = MEM_NEW(struct gap);
    g->audience = a;
    g->pos = m->pos;
    m->flags |= MEMBER_GAP;
    list_append(&session_get_work(s)->gaps, &g->link);
    return g;
}

static bool audience_has_after(const struct audience *a, uint64_t pos)
{
    return !a->head_is_known || a->head_seq > pos;
}

/* The member hears live events from the boundary on (or from further on, if it said so). */
static void member_go_live(struct audience *a, struct member *m, uint64_t pos)
{
    const uint64_t boundary = audience_boundary(a);
    m->flags &= ~(uint32_t)(MEMBER_HELD | MEMBER_GAP | MEMBER_BLOCKED);
    if (m->pos < boundary)
        m->pos = boundary;
    if (m->pos < pos)
        m->pos = pos;
}

void gap_open(struct session *s, uint32_t slot, uint64_t pos, uint64_t replay_to)
{
    struct audience *a = session_subs(s)[slot].audience;
    struct member *m = audience_member(s, slot);
    m->flags = (m->flags | MEMBER_HELD) & ~(uint32_t)MEMBER_BLOCKED;
    if ((m->flags & MEMBER_GAP) == 0 && !audience_has_after(a, pos)) {
        if (replay_to > 0)
            metric_inc(M_RESUME_MEMORY);
        member_go_live(a, m, pos);
        return;
    }
    struct gap *g = gap_get(s, slot);
    g->is_blocked = false;
    if (replay_to > 0 || (g->replay_to == 0 && pos > g->pos))
        g->pos = pos;
    if (replay_to > g->replay_to)
        g->replay_to = replay_to;
}

void gap_owe(struct session *s, uint32_t slot, struct run *r, unsigned index, bool is_ack)
{
    struct gap *g = gap_get(s, slot);
    if (g->n_owed - g->owed_first >= OWED_MAX) {
        if (is_ack)
            s->ops->ack(s, r, index);
        return;
    }
    if (g->n_owed == g->owed_cap) {
        g->owed_cap = g->owed_cap == 0 ? 4 : g->owed_cap * 2;
        g->owed = mem_realloc(g->owed, g->owed_cap * sizeof *g->owed);
    }
    g->owed[g->n_owed++] = (struct owed){run_ref(r), index, is_ack};
}

/* Hands out the first thing owed. False: the session is gone. */
static bool gap_pay(struct session *s, struct gap *g)
{
    struct shard *sh = s->shard;
    const uint64_t id = s->id, n_detached = sh->n_detached;
    struct owed o = g->owed[g->owed_first++];
    if (g->owed_first == g->n_owed)
        g->owed_first = g->n_owed = 0;
    if (o.is_ack)
        s->ops->ack(s, o.run, o.index);
    else
        s->ops->push(s, o.run, o.index, o.index + 1);
    run_unref(o.run);
    return !session_is_gone(sh, id, n_detached);
}

struct gap *gap_abandon(struct session *s, uint32_t slot)
{
    struct member *m = audience_member(s, slot);
    if ((m->flags & MEMBER_GAP) == 0)
        return NULL;
    struct gap *g = gap_find(s, session_subs(s)[slot].audience);
    list_remove(&g->link);
    m->flags &= ~(uint32_t)(MEMBER_GAP | MEMBER_BLOCKED);
    return g;
}

void gap_pay_acks(struct session *s, struct gap *g)
{
    bool is_there = s != NULL;
    while (g != NULL && is_there && g->owed_first < g->n_owed) {
        if (g->owed[g->owed_first].is_ack)
            is_there = gap_pay(s, g);
        else
            run_unref(g->owed[g->owed_first++].run);
    }
    if (g != NULL)
        gap_free(g);
}

static bool gap_close(struct session *s, struct gap *g)
{
    list_remove(&g->link);
    uint32_t slot = (uint32_t)session_find(s, g->audience);
    member_go_live(g->audience, audience_member(s, slot), g->pos);
    if (g->replay_to > 0)
        metric_inc(g->asked_store ? M_RESUME_STORE : M_RESUME_MEMORY);
    bool is_there = true;
    while (is_there && g->owed_first < g->n_owed)
        is_there = gap_pay(s, g);
    gap_free(g);
    return is_there;
}

/* Frames [from, return value) can be handed out at once: none of them owed, all on the same side
 * of `replay_to`, up to `boundary`, within a chunk. */
static unsigned chunk_end(const struct gap *g, const struct run *r, unsigned from,
                          uint64_t boundary)
{
    uint64_t limit = boundary;
    if (g->owed_first < g->n_owed && owed_seq(&g->owed[g->owed_first]) <= limit)
        limit = owed_seq(&g->owed[g->owed_first]) - 1;
    if (r->frames[from].seq <= g->replay_to && g->replay_to < limit)
        limit = g->replay_to;
    unsigned end = from + 1;
    while (end < r->n && end - from < CHUNK_FRAMES && r->frames[end].seq <= limit &&
           r->frames[end].end - r->frames[from].start <= CHUNK_BYTES)
        end++;
    return end;
}

static bool gap_hand_chunk(struct session *s, struct gap *g, struct run *r, unsigned from,
                           unsigned end)
{
    struct shard *sh = s->shard;
    const uint64_t id = s->id, n_detached = sh->n_detached;
    g->pos = r->frames[end - 1].seq;
    if (g->pos <= g->replay_to) {
        s->ops->replay(s, r, from, end);
    } else {
        metric_add(M_DELIVERIES, end - from);
        s->ops->push(s, r, from, end);
    }
    return !session_is_gone(sh, id, n_detached);
}

/* What of `r` lies in (g->pos, boundary]. False: stop, the reader is full or gone. */
static bool gap_hand_run(struct session *s, struct gap *g, struct run *r, uint64_t boundary)
{
    unsigned i = run_after(r, g->pos);
    while (i < r->n) {
        const uint64_t seq = r->frames[i].seq;
        if (seq > boundary) {
            g->pos = boundary;
            return true;
        }
        if (g->owed_first < g->n_owed && owed_seq(&g->owed[g->owed_first]) <= seq) {
            const struct owed *o = &g->owed[g->owed_first];
            if (owed_seq(o) == seq) { /* the ack stands in place of the frame */
                g->pos = seq;
                i++;
            }
            if (!gap_pay(s, g))
                return false;
            continue;
        }
        if (!s->ops->is_writable(s))
            return false;
        unsigned end = chunk_end(g, r, i, boundary);
        if (!gap_hand_chunk(s, g, r, i, end))
            return false;
        i = end;
    }
    return true;
}

static bool gap_hand_runs(struct session *s, struct gap *g, struct run **runs, unsigned n,
                          uint64_t boundary)
{
    bool go_on = true;
    for (unsigned i = 0; i < n && go_on; i++)
        go_on = gap_hand_run(s, g, runs[i], boundary);
    return go_on;
}

/* Everything up to the boundary was handed out. Live events go on from there, unless the member was
 * to hear nothing live up to a later place (where its session attached, or its user joined) and
 * what lies between still waits in the audience: then the gap must take that too, pass by pass. */
static bool gap_rest(struct session *s, struct gap *g, uint64_t boundary)
{
    struct member *m = audience_member(s, (uint32_t)session_find(s, g->audience));
    if (boundary >= m->pos || g->pos >= m->pos)
        return gap_close(s, g);
    g->is_blocked = true;
    m->flags |= MEMBER_BLOCKED;
    return true;
}

/* One step of a gap. False: stop here, for now or because the session is gone. */
static bool gap_advance(struct session *s, struct gap *g)
{
    struct audience *a = g->audience;
    const uint64_t boundary = audience_boundary(a);
    if (!audience_has_after(a, g->pos))
        return gap_close(s, g);
    if (g->pos >= boundary)
        return gap_rest(s, g, boundary);
    struct run *runs[TAIL_RUNS];
    struct tail_answer tail =
        tail_read(shard_tail(s->shard), a->partition, &a->channel, g->pos, runs, TAIL_RUNS);
    if (tail.complete && tail.n == 0)
        return gap_close(s, g);
    if (!tail.complete && s->ops->is_writable(s)) {
        s->hub->work->is_reading = true;
        g->asked_store = true;
        page_start(s, &a->channel, g->pos, boundary);
    }
    if (!tail.complete)
        return false;
    bool go_on = gap_hand_runs(s, g, runs, tail.n, boundary);
    for (unsigned i = 0; i < tail.n; i++)
        run_unref(runs[i]);
    return go_on;
}

static struct gap *gap_next(const struct session_work *w)
{
    for (struct list *link = w->gaps.next; link != &w->gaps; link = link->next) {
        struct gap *g = MEM_OWNER(link, struct gap, link);
        if (!g->is_blocked)
            return g;
    }
    return NULL;
}

void catchup_run(struct session *s)
{
    bool go_on = true;
    while (go_on) {
        struct session_work *w = s->hub->work;
        if (w == NULL || w->is_reading || w->request != NULL || !session_is(s, SESSION_SETTLED))
            return;
        struct gap *g = gap_next(w);
        if (g == NULL) {
            session_put_work(s);
            return;
        }
        go_on = gap_advance(s, g);
    }
}

void gap_unblock(struct session *s, uint32_t slot)
{
    audience_member(s, slot)->flags &= ~(uint32_t)MEMBER_BLOCKED;
    gap_find(s, session_subs(s)[slot].audience)->is_blocked = false;
    catchup_run(s);
}

/* ---- A page of history has come ---- */

/* The gap the page was read for, NULL when it is no longer open at that place, or must wait. */
static struct gap *page_gap(struct session *s, const struct page *p)
{
    if (s->hub->work->request != NULL)
        return NULL;
    struct audience *a = audience_find(s->shard, &p->channel);
    struct gap *g = a == NULL ? NULL : gap_find(s, a);
    return g != NULL && g->pos == p->after ? g : NULL;
}

/* The store does not answer. Whoever speaks our protocol is told to page the history; an old
 * client cannot be told and would have a silent hole, so its gap stays open and is tried again. */
static bool gap_give_up(struct session *s, struct gap *g)
{
    if (!session_is(s, SESSION_OPEN))
        return true;
    struct shard *sh = s->shard;
    const uint64_t id = s->id, n_detached = sh->n_detached;
    struct session_channel answer = {
        .channel = g->audience->channel, .head_seq = g->audience->head_seq, .resume_asked = true};
    metric_inc(M_RESUME_REFUSED);
    g->replay_to = 0;
    s->ops->resumed(s, &answer, 1);
    return !session_is_gone(sh, id, n_detached) && gap_close(s, g);
}

static bool gap_take_page(struct session *s, struct gap *g, struct page *p)
{
    if (p->job.err != ERR_OK)
        return gap_give_up(s, g);
    const uint64_t boundary = audience_boundary(g->audience);
    const uint64_t id = s->id;
    struct shard *sh = s->shard;
    const uint64_t n_detached = sh->n_detached;
    if (!gap_hand_runs(s, g, p->runs, p->n, boundary))
        return !session_is_gone(sh, id, n_detached);
    if (!p->more && g->pos < p->boundary)
        g->pos = p->boundary;
    return true;
}

void catchup_take_page(struct session *s, struct page *p)
{
    s->hub->work->is_reading = false;
    struct gap *g = page_gap(s, p);
    if (g == NULL || gap_take_page(s, g, p))
        catchup_run(s);
}

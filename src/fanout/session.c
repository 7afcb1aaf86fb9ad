#include <assert.h>

#include "base/mem.h"
#include "fanout/audience.h"
#include "fanout/catchup.h"
#include "fanout/presence.h"
#include "fanout/watch.h"

struct session_work *session_get_work(struct session *s)
{
    struct session_state *st = s->hub;
    if (st->work == NULL) {
        st->work = MEM_NEW(struct session_work);
        list_init(&st->work->gaps);
    }
    return st->work;
}

void session_put_work(struct session *s)
{
    struct session_work *w = s->hub->work;
    if (w == NULL || w->attaching != NULL || w->reads != NULL || w->request != NULL ||
        w->is_reading || !list_is_empty(&w->gaps))
        return;
    mem_free(w);
    s->hub->work = NULL;
}

void session_attach(struct shard *sh, struct session *s)
{
    struct session_state *st = MEM_NEW(struct session_state);
    s->shard = sh;
    s->id = ++sh->last_id;
    s->extended = false;
    s->hub = st;
    st->session = s;
    table_add(&sh->by_id, &st->by_id, s->id);
    table_add(&sh->by_user, &st->by_user, table_hash(&s->user));
    attach_start(s);
}

int session_find(const struct session *s, const struct audience *a)
{
    const struct session_state *st = s->hub;
    for (uint32_t i = 0; i < st->n_subs; i++)
        if (session_subs(s)[i].audience == a)
            return (int)i;
    return -1;
}

/* Nothing live may reach a session that has not settled, or waits for the answer to its Hello. */
static uint32_t session_initial_flags(const struct session *s)
{
    const bool flows = session_is(s, SESSION_SETTLED) && s->extended == session_is(s, SESSION_OPEN);
    return flows ? 0 : MEMBER_HELD;
}

static void session_grow(struct session_state *st)
{
    if (st->subs_cap == 0) {
        st->subs_cap = 1;
        return;
    }
    const uint32_t cap = 2 * st->subs_cap;
    struct subscription *subs =
        mem_realloc(st->subs_cap == 1 ? NULL : st->many, cap * sizeof *subs);
    if (st->subs_cap == 1)
        subs[0] = st->one;
    st->many = subs;
    st->subs_cap = cap;
}

void session_subscribe(struct session *s, const struct uuid *channel, uint64_t pos)
{
    struct session_state *st = s->hub;
    if (st->n_subs == st->subs_cap)
        session_grow(st);
    struct audience *a = audience_get(s->shard, channel);
    const uint32_t slot = st->n_subs++;
    const uint32_t index = audience_add(a, s, slot, pos, session_initial_flags(s));
    session_subs(s)[slot] = (struct subscription){a, index};
}

void session_unsubscribe(struct session *s, uint32_t slot)
{
    struct session_state *st = s->hub;
    assert(slot < st->n_subs);
    struct subscription gone = session_subs(s)[slot];
    audience_remove(gone.audience, gone.index);
    st->n_subs--;
    if (slot != st->n_subs) {
        session_subs(s)[slot] = session_subs(s)[st->n_subs];
        audience_member(s, slot)->slot = slot;
    }
    audience_put(gone.audience);
}

void session_hold(struct session *s, uint32_t slot)
{
    audience_member(s, slot)->flags |= MEMBER_HELD;
}

void session_release(struct session *s)
{
    s->hub->flags |= SESSION_SETTLED;
    for (uint32_t slot = 0; slot < s->hub->n_subs; slot++) {
        const struct member *m = audience_member(s, slot);
        if (m->flags & MEMBER_HELD)
            gap_open(s, slot, m->pos, 0);
    }
    catchup_run(s);
}

void session_settle(struct session *s)
{
    struct session_state *st = s->hub;
    if (session_is(s, SESSION_SETTLED) || (st->work != NULL && st->work->request != NULL))
        return;
    if (!session_is(s, SESSION_ATTACHED)) {
        st->flags |= SESSION_SETTLE;
        return;
    }
    assert(st->work != NULL); /* what the memberships said is kept until now */
    reads_free(st->work->reads);
    st->work->reads = NULL;
    session_release(s);
}

bool session_is_attached(const struct session *s)
{
    return session_is(s, SESSION_ATTACHED);
}

bool session_has(const struct session *s, const struct uuid *channel)
{
    const struct audience *a = audience_find(s->shard, channel);
    return a != NULL && session_find(s, a) >= 0 && !uuid_eq(channel, &UUID_NIL);
}

void session_writable(struct session *s)
{
    catchup_run(s);
}

static void session_free_work(struct session_state *st)
{
    struct session_work *w = st->work;
    if (w == NULL)
        return;
    attach_free(w->attaching);
    reads_free(w->reads);
    request_free(w->request);
    gaps_free(&w->gaps);
    mem_free(w);
}

void session_detach(struct session *s)
{
    struct session_state *st = s->hub;
    struct shard *sh = s->shard;
    if (session_is(s, SESSION_ATTACHED))
        presence_leave(s);
    sh->n_detached++;
    while (st->n_subs > 0)
        session_unsubscribe(s, st->n_subs - 1);
    table_remove(&sh->by_id, &st->by_id);
    table_remove(&sh->by_user, &st->by_user);
    session_free_work(st);
    if (st->subs_cap > 1)
        mem_free(st->many);
    mem_free(st);
    s->hub = NULL;
}

struct session *shard_session(struct shard *sh, uint64_t id)
{
    struct table_node *node = table_first(&sh->by_id, id);
    return node == NULL ? NULL : MEM_OWNER(node, struct session_state, by_id)->session;
}

static struct session *user_session(struct table_node *node, const struct uuid *user)
{
    for (; node != NULL; node = table_next(node)) {
        struct session *s = MEM_OWNER(node, struct session_state, by_user)->session;
        if (uuid_eq(&s->user, user))
            return s;
    }
    return NULL;
}

struct session *shard_user_first(struct shard *sh, const struct uuid *user)
{
    return user_session(table_first(&sh->by_user, table_hash(user)), user);
}

struct session *shard_user_next(const struct session *s)
{
    return user_session(table_next(&s->hub->by_user), &s->user);
}

struct each_session {
    void (*each)(struct session *s, void *arg);
    void *arg;
};

static void session_visit(struct table_node *node, void *arg)
{
    const struct each_session *e = arg;
    e->each(MEM_OWNER(node, struct session_state, by_id)->session, e->arg);
}

void shard_each_session(struct shard *sh, void (*each)(struct session *s, void *arg), void *arg)
{
    struct each_session e = {each, arg};
    table_each(&sh->by_id, session_visit, &e);
}

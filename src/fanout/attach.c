/* How a session learns its channels.
 *
 * It is registered at the shard's positions `from`, one a partition. A worker reads the
 * memberships, as they are at the store's positions S. Joins and leaves of the user that arrive
 * meanwhile are noted. When the shard has reached S in every partition, its own positions being P,
 * the session's channels are
 *
 *     those of the snapshot, heard from `from` on (or from the join, if that came later)
 *     and what was noted after S, up to P
 *
 * where each channel looks at the positions of its own partition.
 * Hence every later join or leave is one the session has not accounted for, and every earlier one,
 * if it still waits in an audience, is one it has. */
#include <assert.h>

#include "base/mem.h"
#include "fanout/audience.h"
#include "fanout/presence.h"
#include "fanout/sizes.h"
#include "fanout/tail.h"

struct change {
    struct uuid channel;
    unsigned partition;
    uint64_t seq;
    bool is_join;
};

struct load {
    struct job job;
    struct uuid user;
    struct arena arena;
    struct memberships memberships;
};

struct attaching {
    struct list link; /* in shard->ahead, while the shard has not reached the snapshot */
    struct session *session;
    struct load *load; /* the snapshot that waits */
    uint64_t last_tick;
    uint32_t n_changes;
    bool lost_count; /* of the changes */
    struct change *changes;
    uint64_t from[]; /* one a partition */
};

static void load_free(struct job *self)
{
    struct load *l = MEM_OWNER(self, struct load, job);
    arena_fini(&l->arena);
    mem_free(l);
}

void attach_free(struct attaching *a)
{
    if (a == NULL)
        return;
    list_remove(&a->link);
    if (a->load != NULL)
        load_free(&a->load->job);
    mem_free(a->changes);
    mem_free(a);
}

static enum err load_work(struct job *self, const struct hub_config *config)
{
    struct load *l = MEM_OWNER(self, struct load, job);
    return config->channels->ops->memberships(config->channels, &l->user, false, &l->arena,
                                              &l->memberships);
}

static void load_done(struct job *self);
static const struct job_kind load_kind = {
    .work = load_work, .done = load_done, .free = load_free, .ticks_max = 5};

static void load_start(struct session *s)
{
    struct load *l = MEM_NEW(struct load);
    l->user = s->user;
    arena_init(&l->arena);
    job_start(&l->job, &load_kind, s->shard, s->id);
}

void attach_start(struct session *s)
{
    const size_t positions_bytes = hub_partitions(s->shard->hub) * sizeof(uint64_t);
    struct attaching *a = mem_zalloc(sizeof *a + positions_bytes);
    list_init(&a->link);
    a->session = s;
    memcpy(a->from, s->shard->positions, positions_bytes);
    a->last_tick = s->shard->ticks + PATIENCE_TICKS;
    session_get_work(s)->attaching = a;
    load_start(s);
}

void attach_note(struct session *s, const struct feed_item *item)
{
    struct attaching *a = s->hub->work->attaching;
    if (a->n_changes == CHANGES_MAX) {
        a->lost_count = true;
        return;
    }
    if (a->changes == NULL)
        a->changes = mem_array(CHANGES_MAX, sizeof *a->changes);
    a->changes[a->n_changes++] =
        (struct change){item->subject, item->partition, item->last_seq, item->kind != FEED_LEFT};
}

static void attach_fail(struct session *s, enum err err)
{
    attach_free(s->hub->work->attaching);
    s->hub->work->attaching = NULL;
    session_put_work(s);
    s->ops->attached(s, err);
}

/* From where on the session hears a channel of the snapshot. */
static uint64_t attach_hears_from(const struct attaching *a, const struct uuid *channel,
                                  unsigned partition, uint64_t snapshot)
{
    uint64_t from = a->from[partition];
    for (uint32_t i = 0; i < a->n_changes; i++) {
        const struct change *c = &a->changes[i];
        if (c->is_join && c->seq <= snapshot && uuid_eq(&c->channel, channel))
            from = c->seq;
    }
    return from;
}

/* The head of a channel nobody here heard until now: the snapshot's, unless something followed. */
static void attach_learn_head(struct shard *sh, struct audience *au, uint64_t head_seq,
                              uint64_t snapshot)
{
    if (au->head_is_known)
        return;
    audience_learn_head(au, head_seq, snapshot);
    if (au->head_is_known)
        return;
    struct tail_answer tail =
        tail_read(shard_tail(sh), au->partition, &au->channel, snapshot, NULL, 0);
    if (tail.complete && tail.missed == 0)
        audience_learn_head(au, head_seq, au->since);
}

static void attach_apply(struct session *s, const struct attaching *a, const struct memberships *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct uuid *channel = &m->items[i].channel.id;
        const unsigned partition = shard_partition_of(s->shard, channel);
        const uint64_t snapshot = m->positions[partition];
        session_subscribe(s, channel, attach_hears_from(a, channel, partition, snapshot));
        struct audience *au = session_subs(s)[s->hub->n_subs - 1].audience;
        attach_learn_head(s->shard, au, m->items[i].head_seq, snapshot);
    }
    for (uint32_t i = 0; i < a->n_changes; i++) {
        const struct change *c = &a->changes[i];
        if (c->seq <= m->positions[c->partition])
            continue;
        const struct audience *au = audience_find(s->shard, &c->channel);
        const int slot = au == NULL ? -1 : session_find(s, au);
        if (c->is_join && slot < 0)
            session_subscribe(s, &c->channel, c->seq);
        else if (!c->is_join && slot >= 0)
            session_unsubscribe(s, (uint32_t)slot);
    }
}

/* The shard has reached the snapshot. `s` may be gone afterwards. */
static void attach_finish(struct session *s)
{
    struct session_work *w = s->hub->work;
    struct attaching *a = w->attaching;
    struct shard *sh = s->shard;
    if (a->lost_count) {
        attach_free(a);
        attach_start(s);
        return;
    }
    attach_apply(s, a, &a->load->memberships);
    w->reads = reads_new(&a->load->memberships);
    w->attaching = NULL;
    attach_free(a);
    s->hub->accounted = sh->received;
    s->hub->flags |= SESSION_ATTACHED;
    presence_enter(s);
    const uint64_t id = s->id, n_detached = sh->n_detached;
    const bool said_hello = w->request != NULL; /* or may say it in the callback */
    s->ops->attached(s, ERR_OK);
    if (session_is_gone(sh, id, n_detached))
        return;
    if (said_hello)
        request_begin(s);
    else if (session_is(s, SESSION_SETTLE))
        session_settle(s);
}

/* Is every position of `a` at or above the one of `b`? */
static bool positions_reach(const struct shard *sh, const uint64_t *a, const uint64_t *b)
{
    const unsigned n = hub_partitions(sh->hub);
    unsigned i = 0;
    while (i < n && a[i] >= b[i])
        i++;
    return i == n;
}

/* The store answered as of positions the session's notes do not reach back to: ask again. */
static void attach_retry(struct session *s)
{
    struct attaching *a = s->hub->work->attaching;
    load_free(&a->load->job);
    a->load = NULL;
    list_append(&s->shard->ahead, &a->link); /* until the next tick */
}

static void load_done(struct job *self)
{
    struct session *s = shard_session(self->shard, self->session);
    if (s == NULL) {
        load_free(self);
        return;
    }
    const enum err err = self->err;
    struct attaching *a = s->hub->work->attaching;
    if (err != ERR_OK) {
        load_free(self);
        attach_fail(s, err);
        return;
    }
    a->load = MEM_OWNER(self, struct load, job);
    const uint64_t *snapshot = a->load->memberships.positions;
    if (!positions_reach(s->shard, snapshot, a->from))
        attach_retry(s);
    else if (!positions_reach(s->shard, s->shard->positions, snapshot))
        list_append(&s->shard->ahead, &a->link);
    else
        attach_finish(s);
}

void attach_positions_moved(struct shard *sh)
{
    struct list now, *link;
    list_init(&now);
    struct list *next;
    for (link = sh->ahead.next; link != &sh->ahead; link = next) {
        next = link->next;
        const struct attaching *a = MEM_OWNER(link, struct attaching, link);
        if (a->load == NULL || !positions_reach(sh, sh->positions, a->load->memberships.positions))
            continue;
        list_remove(link);
        list_append(&now, link);
    }
    while ((link = list_pop(&now)) != NULL)
        attach_finish(MEM_OWNER(link, struct attaching, link)->session);
}

void attach_tick(struct shard *sh)
{
    struct list now, *link;
    list_init(&now);
    while ((link = list_pop(&sh->ahead)) != NULL)
        list_append(&now, link);
    while ((link = list_pop(&now)) != NULL) {
        struct attaching *a = MEM_OWNER(link, struct attaching, link);
        if (sh->ticks > a->last_tick)
            attach_fail(a->session, ERR_UNAVAILABLE);
        else if (a->load == NULL)
            load_start(a->session);
        else
            list_append(&sh->ahead, link);
    }
}

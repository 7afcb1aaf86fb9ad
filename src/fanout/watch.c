#include "fanout/watch.h"

#include <assert.h>

#include "base/log.h"
#include "base/mem.h"
#include "fanout/audience.h"
#include "fanout/herald.h"
#include "fanout/notice.h"
#include "fanout/presence.h"

struct watch {
    struct list link; /* in shard->watched */
    struct audience *audience;
    struct table changes; /* since the last frame */
    bool is_loading;      /* the members are being asked for; changes wait until they are here */
    bool has_newcomers;
    bool is_stale; /* something was not noted: tell everyone anew, who is offline too */
    uint64_t asked_tick;
};

enum told { TOLD_NOTHING, TOLD_ONLINE, TOLD_OFFLINE };

struct watch_change {
    struct table_node node;
    struct uuid user;
    uint64_t until; /* the tick up to which it is looked at again; before now: once */
    enum told told;
    size_t name_bytes;
    char name[];
};

/* Who is online among the members: asked on a worker. */
struct roll {
    struct job job;
    struct uuid channel;
    bool tells_offline;
    struct bytes *frame;
    /* While it is asked: */
    struct presence *presence;
    struct arena arena;
    struct user *online, *offline;
    size_t n_online, n_offline;
};

/* ---- The roll of members ---- */

static void roll_member(const struct user *u, void *arg)
{
    struct roll *r = arg;
    bool is_online;
    presence_online(r->presence, &u->id, 1, &is_online);
    struct user *list = is_online ? r->online : r->offline;
    size_t *n = is_online ? &r->n_online : &r->n_offline;
    if (*n == LIMIT_MEMBERS_TOLD || (!is_online && !r->tells_offline))
        return;
    list[(*n)++] = (struct user){.id = u->id, .name = arena_str(&r->arena, u->name)};
}

static enum err roll_work(struct job *self, const struct hub_config *config)
{
    struct roll *r = MEM_OWNER(self, struct roll, job);
    const size_t list_bytes = LIMIT_MEMBERS_TOLD * sizeof(struct user);
    arena_init(&r->arena);
    r->online = arena_alloc(&r->arena, list_bytes);
    r->offline = r->tells_offline ? arena_alloc(&r->arena, list_bytes) : NULL;
    r->n_online = r->n_offline = 0;
    enum err err = config->channels->ops->members(config->channels, &r->channel, roll_member, r);
    if (err == ERR_OK)
        r->frame = config->encoder->presence(&r->channel, r->online, r->n_online, r->offline,
                                             r->n_offline);
    arena_fini(&r->arena);
    return err;
}

static void roll_free(struct job *self)
{
    struct roll *r = MEM_OWNER(self, struct roll, job);
    bytes_unref(r->frame);
    mem_free(r);
}

/* The newcomers were told of an earlier moment. */
static void watch_tell_again(struct table_node *node, void *arg)
{
    (void)arg;
    MEM_OWNER(node, struct watch_change, node)->told = TOLD_NOTHING;
}

static void roll_done(struct job *self)
{
    struct roll *r = MEM_OWNER(self, struct roll, job);
    struct audience *a = audience_find(self->shard, &r->channel);
    if (a != NULL && a->watch != NULL && a->watch->is_loading) {
        a->watch->is_loading = false;
        table_each(&a->watch->changes, watch_tell_again, NULL);
        a->pins++;
        if (self->err == ERR_OK)
            audience_frame(a, MEMBER_AWAITS, NULL, r->frame);
        else
            log_event(LOG_WARN, "presence not told", LOG_S("reason", err_name(self->err)));
        for (uint32_t i = 0; i < a->n; i++)
            a->members[i].flags &= ~(uint32_t)MEMBER_AWAITS;
        a->pins--;
        audience_put(a);
    }
    roll_free(self);
}

static const struct job_kind roll_kind = {
    .work = roll_work, .done = roll_done, .free = roll_free, .ticks_max = 5, .repeat = true};

static void roll_start(struct watch *w)
{
    struct audience *a = w->audience;
    struct roll *r = MEM_NEW(struct roll);
    r->channel = a->channel;
    r->tells_offline = w->is_stale;
    r->presence = shard_presence(a->shard);
    for (uint32_t i = 0; i < a->n; i++) {
        struct member *m = &a->members[i];
        if ((m->flags & MEMBER_WATCHES) && (w->is_stale || (m->flags & MEMBER_NEWCOMER)))
            m->flags = (m->flags & ~(uint32_t)MEMBER_NEWCOMER) | MEMBER_AWAITS;
    }
    w->is_loading = true;
    w->has_newcomers = w->is_stale = false;
    w->asked_tick = a->shard->ticks;
    job_start(&r->job, &roll_kind, a->shard, 0);
}

/* ---- Changes ---- */

static struct watch_change *watch_find(const struct watch *w, const struct uuid *user)
{
    struct table_node *node = table_first(&w->changes, table_hash(user));
    for (; node != NULL; node = table_next(node)) {
        struct watch_change *c = MEM_OWNER(node, struct watch_change, node);
        if (uuid_eq(&c->user, user))
            return c;
    }
    return NULL;
}

static void watch_forget_change(struct table_node *node, void *arg)
{
    struct watch *w = arg;
    table_remove(&w->changes, node);
    mem_free(MEM_OWNER(node, struct watch_change, node));
}

void watch_forget(struct audience *a, const struct uuid *user)
{
    struct watch_change *c = watch_find(a->watch, user);
    if (c != NULL)
        watch_forget_change(&c->node, a->watch);
}

void watch_note(struct audience *a, const struct uuid *user, struct str name, unsigned ticks)
{
    struct watch *w = a->watch;
    const uint64_t until = a->shard->ticks + ticks;
    struct watch_change *c = watch_find(w, user);
    if (c != NULL) {
        c->told = TOLD_NOTHING;
        c->until = c->until > until ? c->until : until;
        return;
    }
    if (w->changes.n == LIMIT_MEMBERS_TOLD) {
        table_each(&w->changes, watch_forget_change, w);
        w->is_stale = true;
    }
    c = mem_zalloc(sizeof *c + name.n);
    c->user = *user;
    c->until = until;
    c->name_bytes = name.n;
    if (name.n > 0)
        memcpy(c->name, name.p, name.n);
    table_add(&w->changes, &c->node, table_hash(user));
}

struct watch_tally {
    struct presence *presence;
    struct user *online, *offline;
    size_t n_online, n_offline;
};

static void watch_tally_change(struct table_node *node, void *arg)
{
    struct watch_tally *t = arg;
    struct watch_change *c = MEM_OWNER(node, struct watch_change, node);
    bool is_online;
    presence_online(t->presence, &c->user, 1, &is_online);
    const enum told told = is_online ? TOLD_ONLINE : TOLD_OFFLINE;
    if (c->told == told)
        return;
    c->told = told;
    const struct user u = {.id = c->user, .name = {c->name, c->name_bytes}};
    if (is_online)
        t->online[t->n_online++] = u;
    else
        t->offline[t->n_offline++] = u;
}

static void watch_end_change(struct table_node *node, void *arg)
{
    struct watch *w = arg;
    if (MEM_OWNER(node, struct watch_change, node)->until <= w->audience->shard->ticks)
        watch_forget_change(node, w);
}

/* Tells the watchers how those noted are by now: never what a notice said, which may be old news,
 * and whoever came and went is told too, since a newcomer may have been told in between. The watch
 * may be gone afterwards, the audience is pinned. */
static void watch_flush(struct watch *w)
{
    struct audience *a = w->audience;
    if (w->changes.n == 0)
        return;
    struct watch_tally t = {.presence = shard_presence(a->shard),
                            .online = mem_array(w->changes.n, sizeof *t.online),
                            .offline = mem_array(w->changes.n, sizeof *t.offline)};
    table_each(&w->changes, watch_tally_change, &t);
    struct bytes *frame = NULL;
    if (t.n_online + t.n_offline > 0)
        frame = shard_config(a->shard)->encoder->presence(&a->channel, t.online, t.n_online,
                                                          t.offline, t.n_offline);
    table_each(&w->changes, watch_end_change, w);
    if (frame != NULL)
        audience_frame(a, MEMBER_WATCHES, NULL, frame);
    bytes_unref(frame);
    mem_free(t.online);
    mem_free(t.offline);
}

void watch_tick(struct shard *sh)
{
    const bool is_stale = atomic_exchange_explicit(&sh->is_stale, false, memory_order_relaxed);
    struct list round, *link;
    list_init(&round);
    while ((link = list_pop(&sh->watched)) != NULL)
        list_append(&round, link);
    while ((link = list_pop(&round)) != NULL) {
        list_append(&sh->watched, link);
        struct watch *w = MEM_OWNER(link, struct watch, link);
        struct audience *a = w->audience;
        w->is_stale = w->is_stale || is_stale;
        if (w->is_loading)
            continue;
        a->pins++;
        watch_flush(w);
        if (a->watch != NULL && (a->watch->has_newcomers || a->watch->is_stale))
            roll_start(a->watch);
        a->pins--;
        audience_put(a);
    }
}

/* ---- Who watches ---- */

static void watch_add(struct audience *a)
{
    if (a->n_watchers++ == 0) {
        struct watch *w = MEM_NEW(struct watch);
        w->audience = a;
        w->asked_tick = UINT64_MAX;
        list_init(&w->link);
        list_append(&a->shard->watched, &w->link);
        atomic_fetch_add_explicit(&a->shard->n_watched, 1, memory_order_relaxed);
        a->watch = w;
    }
    a->watch->has_newcomers = true;
    if (!a->watch->is_loading && a->watch->asked_tick != a->shard->ticks)
        roll_start(a->watch);
}

void watch_remove(struct audience *a)
{
    struct watch *w = a->watch;
    assert(a->n_watchers > 0);
    if (--a->n_watchers > 0)
        return;
    table_each(&w->changes, watch_forget_change, w);
    table_fini(&w->changes);
    list_remove(&w->link);
    atomic_fetch_sub_explicit(&a->shard->n_watched, 1, memory_order_relaxed);
    mem_free(w);
    a->watch = NULL;
}

static bool uuid_is_among(const struct uuid *u, const struct uuid *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (uuid_eq(u, &list[i]))
            return true;
    return false;
}

void watch_set(struct session *s, const struct uuid *channels, size_t n)
{
    const uint32_t mine = MEMBER_WATCHES | MEMBER_NEWCOMER | MEMBER_AWAITS;
    for (uint32_t slot = 0; slot < s->hub->n_subs; slot++) {
        struct audience *a = session_subs(s)[slot].audience;
        struct member *m = audience_member(s, slot);
        const bool wanted =
            uuid_is_among(&a->channel, channels, n) && !uuid_eq(&a->channel, &UUID_NIL);
        const bool watches = (m->flags & MEMBER_WATCHES) != 0;
        if (watches && !wanted) {
            m->flags &= ~mine;
            watch_remove(a);
        } else if (wanted && !watches) {
            m->flags |= MEMBER_WATCHES | MEMBER_NEWCOMER;
            watch_add(a);
        }
    }
}

enum err session_watch(struct session *s, const struct uuid *watch, size_t n)
{
    if (!session_is(s, SESSION_OPEN) || n > LIMIT_WATCHED_CHANNELS)
        return ERR_BAD_REQUEST;
    watch_set(s, watch, n);
    return ERR_OK;
}

enum err session_typing(struct session *s, const struct uuid *channel)
{
    if (!session_has(s, channel))
        return ERR_NOT_MEMBER;
    notice_typing(s->shard->hub, &s->user, s->username, channel);
    herald_typing(hub_herald(s->shard->hub), &s->user, s->username, channel);
    return ERR_OK;
}

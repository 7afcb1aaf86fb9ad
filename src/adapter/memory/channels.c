#include <stdlib.h>

#include "adapter/memory/state.h"
#include "base/mem.h"
#include "domain/limits.h"

static struct memory_store *store_of(struct channel_store *self)
{
    return MEM_OWNER(self, struct memory_store, channels);
}

static uint32_t channels_of_user(const struct memory_store *s, const struct uuid *user)
{
    uint32_t n = 0;
    for (const struct memory_channel *c = s->by_channel; c != NULL; c = c->hh.next)
        n += memory_member_find(c, user) != NULL;
    return n;
}

/* The event that tells of a change of `c` by `u`. */
static void event_tell(struct memory_store *s, enum event_kind kind, const struct memory_channel *c,
                       const struct memory_user *u)
{
    const struct event e = {.kind = kind,
                            .channel = c->info.id,
                            .user = u->account.user.id,
                            .username = u->account.user.name,
                            .members = kind == EVENT_CREATED ? 0 : c->n_members};
    memory_event_add(s, &e);
}

/* Nothing that was said before someone joined counts as unread. */
static void member_add(struct memory_store *s, struct memory_channel *c, struct memory_user *u)
{
    struct memory_member **end = &c->members, *m = MEM_NEW(struct memory_member);
    while (*end != NULL)
        end = &(*end)->next;
    *end = m;
    c->n_members++;
    m->user = u;
    m->read_seq = c->head;
    m->nth = ++s->n_joins;
    event_tell(s, EVENT_JOINED, c, u);
}

struct member_job {
    struct memory_job super;
    const struct channel *created;
    const struct uuid *user, *channel;
    uint32_t channels_max;
};

static enum err create_run(struct memory_store *s, struct memory_job *self)
{
    const struct member_job *job = (const struct member_job *)self;
    const struct channel *wanted = job->created;
    struct memory_user *owner = memory_user_find(s, &wanted->owner);
    if (owner == NULL)
        return ERR_USER_NOT_FOUND;
    if (channels_of_user(s, &wanted->owner) >= job->channels_max)
        return ERR_TOO_MANY_CHANNELS;
    struct memory_channel *c = MEM_NEW(struct memory_channel);
    c->info = *wanted;
    c->info.name.p = mem_strndup(wanted->name.p, wanted->name.n);
    c->partition = memory_partition_of(s, &wanted->id);
    HASH_ADD(hh, s->by_channel, info.id, sizeof c->info.id, c);
    event_tell(s, EVENT_CREATED, c, owner);
    member_add(s, c, owner);
    return ERR_OK;
}

static enum err join_run(struct memory_store *s, struct memory_job *self)
{
    const struct member_job *job = (const struct member_job *)self;
    struct memory_channel *c = memory_channel_find(s, job->channel);
    struct memory_user *u = memory_user_find(s, job->user);
    if (c == NULL)
        return ERR_CHANNEL_NOT_FOUND;
    if (u == NULL)
        return ERR_USER_NOT_FOUND;
    if (memory_member_find(c, job->user) != NULL)
        return ERR_ALREADY_MEMBER;
    if (channels_of_user(s, job->user) >= job->channels_max)
        return ERR_TOO_MANY_CHANNELS;
    member_add(s, c, u);
    return ERR_OK;
}

static enum err leave_run(struct memory_store *s, struct memory_job *self)
{
    const struct member_job *job = (const struct member_job *)self;
    struct memory_channel *c = memory_channel_find(s, job->channel);
    if (c == NULL)
        return ERR_CHANNEL_NOT_FOUND;
    struct memory_member *m = memory_member_find(c, job->user);
    if (m == NULL)
        return ERR_NOT_JOINED;
    struct memory_member **at = &c->members;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    c->n_members--;
    event_tell(s, EVENT_LEFT, c, m->user);
    mem_free(m);
    return ERR_OK;
}

static enum err channel_create(struct channel_store *self, const struct channel *c,
                               uint32_t channels_max)
{
    struct member_job job = {.super.run = create_run, .created = c, .channels_max = channels_max};
    return memory_store_do(store_of(self), &job.super);
}

static enum err channel_join(struct channel_store *self, const struct uuid *user,
                             const struct uuid *channel, uint32_t channels_max)
{
    struct member_job job = {
        .super.run = join_run, .user = user, .channel = channel, .channels_max = channels_max};
    return memory_store_do(store_of(self), &job.super);
}

static enum err channel_leave(struct channel_store *self, const struct uuid *user,
                              const struct uuid *channel)
{
    struct member_job job = {.super.run = leave_run, .user = user, .channel = channel};
    return memory_store_do(store_of(self), &job.super);
}

struct read_job {
    struct memory_job super;
    const struct uuid *user, *channel;
    uint64_t seq, now;
    bool moved;
};

static enum err read_run(struct memory_store *s, struct memory_job *self)
{
    struct read_job *job = (struct read_job *)self;
    struct memory_channel *c = memory_channel_find(s, job->channel);
    struct memory_member *m = c == NULL ? NULL : memory_member_find(c, job->user);
    if (m == NULL)
        return ERR_NOT_MEMBER;
    uint64_t seq = job->seq < c->head ? job->seq : c->head;
    job->moved = seq > m->read_seq;
    if (job->moved)
        m->read_seq = seq;
    job->now = m->read_seq;
    return ERR_OK;
}

static enum err channel_mark_read(struct channel_store *self, const struct uuid *user,
                                  const struct uuid *channel, uint64_t seq, uint64_t *now,
                                  bool *moved)
{
    struct read_job job = {.super.run = read_run, .user = user, .channel = channel, .seq = seq};
    enum err e = memory_store_do(store_of(self), &job.super);
    *now = job.now;
    *moved = job.moved;
    return e;
}

static struct channel channel_copy(const struct memory_channel *c, struct arena *arena)
{
    struct channel copy = c->info;
    copy.name = arena_str(arena, c->info.name);
    return copy;
}

static enum err channel_get(struct channel_store *self, const struct uuid *id, struct arena *arena,
                            struct channel *out)
{
    struct memory_store *s = store_of(self);
    pthread_mutex_lock(&s->mutex);
    const struct memory_channel *c = memory_channel_find(s, id);
    if (c != NULL)
        *out = channel_copy(c, arena);
    pthread_mutex_unlock(&s->mutex);
    return c == NULL ? ERR_CHANNEL_NOT_FOUND : ERR_OK;
}

static enum err channel_list(struct channel_store *self,
                             void (*each)(const struct channel *, void *arg), void *arg)
{
    struct memory_store *s = store_of(self);
    struct arena arena;
    arena_init(&arena);
    pthread_mutex_lock(&s->mutex);
    size_t n = HASH_COUNT(s->by_channel), i = 0;
    struct channel *copies = arena_alloc(&arena, n * sizeof *copies);
    for (const struct memory_channel *c = s->by_channel; c != NULL; c = c->hh.next)
        copies[i++] = channel_copy(c, &arena);
    pthread_mutex_unlock(&s->mutex);
    for (i = 0; i < n; i++)
        each(&copies[i], arg);
    arena_fini(&arena);
    return ERR_OK;
}

static enum err channel_is_member(struct channel_store *self, const struct uuid *user,
                                  const struct uuid *channel)
{
    struct memory_store *s = store_of(self);
    enum err e = ERR_CHANNEL_NOT_FOUND;
    pthread_mutex_lock(&s->mutex);
    const struct memory_channel *c = memory_channel_find(s, channel);
    if (c != NULL)
        e = memory_member_find(c, user) != NULL ? ERR_OK : ERR_NOT_MEMBER;
    pthread_mutex_unlock(&s->mutex);
    return e;
}

static enum err channel_members(struct channel_store *self, const struct uuid *channel,
                                void (*each)(const struct user *, void *arg), void *arg)
{
    struct memory_store *s = store_of(self);
    struct arena arena;
    struct user *copies = NULL;
    size_t n = 0;
    arena_init(&arena);
    pthread_mutex_lock(&s->mutex);
    const struct memory_channel *c = memory_channel_find(s, channel);
    if (c != NULL)
        copies = arena_alloc(&arena, c->n_members * sizeof *copies);
    for (const struct memory_member *m = c == NULL ? NULL : c->members; m != NULL; m = m->next) {
        copies[n].id = m->user->account.user.id;
        copies[n++].name = arena_str(&arena, m->user->account.user.name);
    }
    pthread_mutex_unlock(&s->mutex);
    for (size_t i = 0; i < n; i++)
        each(&copies[i], arg);
    arena_fini(&arena);
    return c == NULL ? ERR_CHANNEL_NOT_FOUND : ERR_OK;
}

/* Others' posts in `c` after `read_seq`. */
static uint32_t unread_count(const struct memory_store *s, const struct memory_channel *c,
                             const struct memory_member *m)
{
    const struct memory_partition *p = &s->partitions[c->partition];
    uint32_t n = 0;
    for (size_t i = memory_index_after(p, m->read_seq); i < p->n && n < LIMIT_UNREAD; i++) {
        const struct event *e = p->events[i];
        n += event_is_post(e) && uuid_eq(&e->channel, &c->info.id) &&
             !uuid_eq(&e->user, &m->user->account.user.id);
    }
    return n;
}

struct sortable {
    uint64_t nth;
    struct membership membership;
};

static int by_joining(const void *a, const void *b)
{
    const struct sortable *x = a, *y = b;
    return (x->nth > y->nth) - (x->nth < y->nth);
}

static size_t memberships_collect(const struct memory_store *s, const struct uuid *user,
                                  bool with_unread, struct arena *arena, struct sortable *all)
{
    size_t n = 0;
    for (const struct memory_channel *c = s->by_channel; c != NULL; c = c->hh.next) {
        const struct memory_member *m = memory_member_find(c, user);
        if (m == NULL)
            continue;
        all[n++] = (struct sortable){
            m->nth,
            {.channel = channel_copy(c, arena),
             .head_seq = c->head,
             .read_seq = m->read_seq,
             .unread = with_unread ? unread_count(s, c, m) : 0},
        };
    }
    return n;
}

static const uint64_t *positions_copy(const struct memory_store *s, struct arena *arena)
{
    uint64_t *positions = arena_alloc(arena, s->n_partitions * sizeof *positions);
    for (unsigned i = 0; i < s->n_partitions; i++)
        positions[i] = s->partitions[i].base + s->partitions[i].n;
    return positions;
}

static enum err channel_memberships(struct channel_store *self, const struct uuid *user,
                                    bool with_unread, struct arena *arena, struct memberships *out)
{
    struct memory_store *s = store_of(self);
    pthread_mutex_lock(&s->mutex);
    struct sortable *all = mem_array(HASH_COUNT(s->by_channel), sizeof *all);
    out->n = memberships_collect(s, user, with_unread, arena, all);
    out->positions = positions_copy(s, arena);
    pthread_mutex_unlock(&s->mutex);
    qsort(all, out->n, sizeof *all, by_joining);
    out->items = arena_alloc(arena, out->n * sizeof *out->items);
    for (size_t i = 0; i < out->n; i++)
        out->items[i] = all[i].membership;
    mem_free(all);
    return ERR_OK;
}

const struct channel_store_ops memory_channel_ops = {
    channel_create,    channel_get,     channel_list,        channel_join,      channel_leave,
    channel_is_member, channel_members, channel_memberships, channel_mark_read,
};

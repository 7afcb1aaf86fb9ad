/* Changes of the tables of channels in memory. */
#include "adapter/memory/table_state.h"

static struct row *member_find(const struct memory_tables *t, const struct table_channel *c,
                               const struct uuid *user)
{
    struct row *r = t->rows;
    while (r != NULL && (r->channel != c || r->leave_version != 0 || !uuid_eq(&r->user, user)))
        r = r->next;
    return r;
}

static uint32_t channels_of(const struct memory_tables *t, const struct uuid *user)
{
    uint32_t n = 0;
    for (const struct row *r = t->rows; r != NULL; r = r->next)
        n += r->leave_version == 0 && uuid_eq(&r->user, user);
    return n;
}

/* ---- Changes; each refuses, or is asked whether it commits, before it touches anything ---- */

/* Does the change under way happen? ERR_UNKNOWN is said after it did or did not. */
static bool commit_happens(struct memory_tables *t, enum err *e)
{
    bool happens = t->next_commit != COMMIT_LOST && !t->refusing;
    *e = t->refusing ? ERR_UNAVAILABLE : t->next_commit == COMMIT_FINE ? ERR_OK : ERR_UNKNOWN;
    if (!t->refusing)
        t->next_commit = COMMIT_FINE;
    return happens;
}

static void outbox_add(struct memory_tables *t, enum event_kind kind, const struct table_channel *c,
                       const struct row *r, uint64_t version)
{
    struct waiting *w = MEM_NEW(struct waiting);
    w->row.id = ++t->last_outbox_id;
    w->row.version = version;
    w->row.event = (struct event){.kind = kind,
                                  .at_us = clock_wall_us(t->clock),
                                  .channel = c->info.id,
                                  .user = r->user,
                                  .username = r->username,
                                  .channel_info = c->info,
                                  .members = kind == EVENT_CREATED ? 0 : c->members,
                                  .origin = {.shard = ORIGIN_NO_SHARD}};
    *t->outbox_end = w;
    t->outbox_end = &w->next;
    pthread_cond_broadcast(&t->changed);
}

static struct row *member_add(struct memory_tables *t, struct table_channel *c,
                              const struct user *u)
{
    struct row *r = MEM_NEW(struct row);
    r->channel = c;
    r->user = u->id;
    r->username = (struct str){mem_strndup(u->name.p, u->name.n), u->name.n};
    r->join_version = ++c->version;
    c->members++;
    *t->rows_end = r;
    t->rows_end = &r->next;
    return r;
}

static enum err create_locked(struct memory_tables *t, const struct channel *wanted,
                              const struct user *owner, uint32_t channels_max)
{
    struct table_channel *there = memory_tables_channel(t, &wanted->id);
    enum err e;
    if (there != NULL)
        return uuid_eq(&there->info.owner, &wanted->owner) && str_eq(there->info.name, wanted->name)
                   ? ERR_OK
                   : ERR_INTERNAL;
    if (channels_of(t, &owner->id) >= channels_max)
        return ERR_TOO_MANY_CHANNELS;
    if (!commit_happens(t, &e))
        return e;
    struct table_channel *c = MEM_NEW(struct table_channel);
    c->info = *wanted;
    c->info.name.p = mem_strndup(wanted->name.p, wanted->name.n);
    c->version = 1;
    *t->channels_end = c;
    t->channels_end = &c->next;
    struct row *r = member_add(t, c, owner);
    outbox_add(t, EVENT_CREATED, c, r, 1);
    outbox_add(t, EVENT_JOINED, c, r, r->join_version);
    return e;
}

enum err memory_table_create(struct channel_table *self, const struct channel *c,
                             uint32_t channels_max, uint64_t *version)
{
    struct memory_tables *t = door_of(self)->tables;
    struct account owner;
    struct arena arena;
    arena_init(&arena);
    enum err e = t->accounts->ops->by_id(t->accounts, &c->owner, &arena, &owner);
    *version = 2;
    if (e == ERR_OK)
        e = memory_tables_enter(self) == NULL
                ? ERR_UNAVAILABLE
                : memory_tables_leave(t, create_locked(t, c, &owner.user, channels_max));
    arena_fini(&arena);
    return e;
}

static enum err join_locked(struct memory_tables *t, const struct user *u,
                            const struct uuid *channel, uint32_t channels_max, uint64_t *version)
{
    struct table_channel *c = memory_tables_channel(t, channel);
    enum err e;
    if (c == NULL)
        return ERR_CHANNEL_NOT_FOUND;
    if (u == NULL)
        return ERR_USER_NOT_FOUND;
    if (member_find(t, c, &u->id) != NULL)
        return ERR_ALREADY_MEMBER;
    if (channels_of(t, &u->id) >= channels_max)
        return ERR_TOO_MANY_CHANNELS;
    if (!commit_happens(t, &e))
        return e;
    struct row *r = member_add(t, c, u);
    outbox_add(t, EVENT_JOINED, c, r, r->join_version);
    *version = r->join_version;
    return e;
}

enum err memory_table_join(struct channel_table *self, const struct uuid *user,
                           const struct uuid *channel, uint32_t channels_max, uint64_t *version)
{
    struct memory_tables *t = door_of(self)->tables;
    struct account a;
    struct arena arena;
    arena_init(&arena);
    enum err e = t->accounts->ops->by_id(t->accounts, user, &arena, &a);
    if (e == ERR_OK || e == ERR_USER_NOT_FOUND)
        e = memory_tables_enter(self) == NULL
                ? ERR_UNAVAILABLE
                : memory_tables_leave(t, join_locked(t, e == ERR_OK ? &a.user : NULL, channel,
                                                     channels_max, version));
    arena_fini(&arena);
    return e;
}

static enum err leave_locked(struct memory_tables *t, const struct uuid *user,
                             const struct uuid *channel, uint64_t *version)
{
    struct table_channel *c = memory_tables_channel(t, channel);
    enum err e;
    if (c == NULL)
        return ERR_CHANNEL_NOT_FOUND;
    struct row *r = member_find(t, c, user);
    if (r == NULL)
        return ERR_NOT_JOINED;
    if (!commit_happens(t, &e))
        return e;
    r->leave_version = *version = ++c->version;
    r->left_us = clock_wall_us(t->clock);
    c->members--;
    outbox_add(t, EVENT_LEFT, c, r, r->leave_version);
    return e;
}

enum err memory_table_leave(struct channel_table *self, const struct uuid *user,
                            const struct uuid *channel, uint64_t *version)
{
    struct memory_tables *t = memory_tables_enter(self);
    return t == NULL ? ERR_UNAVAILABLE
                     : memory_tables_leave(t, leave_locked(t, user, channel, version));
}

static enum err mark_locked(struct memory_tables *t, const struct uuid *user,
                            const struct uuid *channel, uint64_t seq, uint64_t *now, bool *moved)
{
    struct table_channel *c = memory_tables_channel(t, channel);
    struct row *r = c == NULL ? NULL : member_find(t, c, user);
    if (r == NULL)
        return ERR_NOT_MEMBER;
    if (t->refusing)
        return ERR_UNAVAILABLE;
    *moved = seq > r->read_seq;
    if (*moved)
        r->read_seq = seq;
    *now = r->read_seq;
    return ERR_OK;
}

enum err memory_table_mark_read(struct channel_table *self, const struct uuid *user,
                                const struct uuid *channel, uint64_t seq, uint64_t *now,
                                bool *moved)
{
    struct memory_tables *t = memory_tables_enter(self);
    *now = 0;
    *moved = false;
    return t == NULL ? ERR_UNAVAILABLE
                     : memory_tables_leave(t, mark_locked(t, user, channel, seq, now, moved));
}

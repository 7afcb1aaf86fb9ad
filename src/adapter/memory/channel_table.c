#include "adapter/memory/channel_table.h"

#include <stdio.h>
#include <time.h>

#include "adapter/memory/table_state.h"
#include "base/cond.h"

#define PAST_US (INT64_C(3600) * 1000000)

/* The tables, locked; NULL where they cannot be reached. */
struct memory_tables *memory_tables_enter(struct channel_table *self)
{
    struct door *d = door_of(self);
    pthread_mutex_lock(&d->tables->mutex);
    if (!d->away)
        return d->tables;
    pthread_mutex_unlock(&d->tables->mutex);
    return NULL;
}

enum err memory_tables_leave(struct memory_tables *t, enum err e)
{
    pthread_mutex_unlock(&t->mutex);
    return e;
}

struct table_channel *memory_tables_channel(const struct memory_tables *t, const struct uuid *id)
{
    struct table_channel *c = t->channels;
    while (c != NULL && !uuid_eq(&c->info.id, id))
        c = c->next;
    return c;
}

/* ---- Reads ---- */

static struct channel channel_copy(const struct table_channel *c, struct arena *arena)
{
    struct channel copy = c->info;
    copy.name = arena_str(arena, c->info.name);
    return copy;
}

static enum err table_get(struct channel_table *self, const struct uuid *id, struct arena *arena,
                          struct channel *out)
{
    struct memory_tables *t = memory_tables_enter(self);
    if (t == NULL)
        return ERR_UNAVAILABLE;
    const struct table_channel *c = memory_tables_channel(t, id);
    if (c != NULL)
        *out = channel_copy(c, arena);
    return memory_tables_leave(t, c == NULL ? ERR_CHANNEL_NOT_FOUND : ERR_OK);
}

static enum err table_list(struct channel_table *self,
                           void (*each)(const struct channel *, void *arg), void *arg)
{
    struct memory_tables *t = memory_tables_enter(self);
    struct arena arena;
    size_t n = 0, i = 0;
    if (t == NULL)
        return ERR_UNAVAILABLE;
    arena_init(&arena);
    for (const struct table_channel *c = t->channels; c != NULL; c = c->next)
        n++;
    struct channel *copies = arena_alloc(&arena, n * sizeof *copies);
    for (const struct table_channel *c = t->channels; c != NULL; c = c->next)
        copies[i++] = channel_copy(c, &arena);
    memory_tables_leave(t, ERR_OK);
    for (i = 0; i < n; i++)
        each(&copies[i], arg);
    arena_fini(&arena);
    return ERR_OK;
}

static enum err table_members(struct channel_table *self, const struct uuid *channel,
                              void (*each)(const struct user *, void *arg), void *arg)
{
    struct memory_tables *t = memory_tables_enter(self);
    struct arena arena;
    size_t n = 0;
    if (t == NULL)
        return ERR_UNAVAILABLE;
    const struct table_channel *c = memory_tables_channel(t, channel);
    if (c == NULL)
        return memory_tables_leave(t, ERR_CHANNEL_NOT_FOUND);
    arena_init(&arena);
    struct user *copies = arena_alloc(&arena, c->members * sizeof *copies);
    for (const struct row *r = t->rows; r != NULL; r = r->next)
        if (r->channel == c && r->leave_version == 0)
            copies[n++] = (struct user){.id = r->user, .name = arena_str(&arena, r->username)};
    memory_tables_leave(t, ERR_OK);
    for (size_t i = 0; i < n; i++)
        each(&copies[i], arg);
    arena_fini(&arena);
    return ERR_OK;
}

static bool is_kept(const struct memory_tables *t, const struct row *r)
{
    return r->leave_version == 0 || clock_wall_us(t->clock) - r->left_us <= PAST_US;
}

static struct membership_row row_copy(const struct row *r, struct arena *arena)
{
    return (struct membership_row){channel_copy(r->channel, arena),
                                   r->join_version,
                                   r->join_seq,
                                   r->leave_version,
                                   r->leave_seq,
                                   r->read_seq};
}

static enum err table_membership(struct channel_table *self, const struct uuid *user,
                                 const struct uuid *channel, struct arena *arena,
                                 struct membership_row *out)
{
    struct memory_tables *t = memory_tables_enter(self);
    const struct row *last = NULL;
    if (t == NULL)
        return ERR_UNAVAILABLE;
    const struct table_channel *c = memory_tables_channel(t, channel);
    if (c == NULL)
        return memory_tables_leave(t, ERR_CHANNEL_NOT_FOUND);
    for (const struct row *r = t->rows; r != NULL; r = r->next)
        if (r->channel == c && uuid_eq(&r->user, user) && is_kept(t, r))
            last = r;
    if (last != NULL)
        *out = row_copy(last, arena);
    return memory_tables_leave(t, last == NULL ? ERR_NOT_MEMBER : ERR_OK);
}

static enum err table_memberships(struct channel_table *self, const struct uuid *user,
                                  struct arena *arena, struct membership_row **out, size_t *n)
{
    struct memory_tables *t = memory_tables_enter(self);
    size_t room = 0;
    *n = 0;
    *out = NULL;
    if (t == NULL)
        return ERR_UNAVAILABLE;
    for (const struct row *r = t->rows; r != NULL; r = r->next)
        room += uuid_eq(&r->user, user);
    *out = arena_alloc(arena, room * sizeof **out);
    for (const struct row *r = t->rows; r != NULL; r = r->next)
        if (uuid_eq(&r->user, user) && is_kept(t, r))
            (*out)[(*n)++] = row_copy(r, arena);
    return memory_tables_leave(t, ERR_OK);
}

static bool table_is_ready(struct channel_table *self, char *detail, size_t size)
{
    struct memory_tables *t = memory_tables_enter(self);
    snprintf(detail, size, "%s", t == NULL ? "the tables are away" : "");
    if (t == NULL)
        return false;
    memory_tables_leave(t, ERR_OK);
    return true;
}

static const struct channel_table_ops table_ops = {
    memory_table_create,
    memory_table_join,
    memory_table_leave,
    table_get,
    table_list,
    table_members,
    table_membership,
    table_memberships,
    memory_table_mark_read,
    memory_table_relay_take,
    memory_table_relay_let_go,
    memory_table_outbox,
    memory_table_outbox_done,
    memory_table_epoch,
    table_is_ready,
};

/* ---- Tables and doors ---- */

struct memory_tables *memory_tables_new(const struct clock *clock, struct account_store *accounts)
{
    struct memory_tables *t = MEM_NEW(struct memory_tables);
    t->clock = clock;
    t->accounts = accounts;
    pthread_mutex_init(&t->mutex, NULL);
    cond_init(&t->changed);
    t->channels_end = &t->channels;
    t->rows_end = &t->rows;
    t->outbox_end = &t->outbox;
    return t;
}

#define LIST_FREE(type, head) \
    while ((head) != NULL) {  \
        type *first = (head); \
        (head) = first->next; \
        mem_free(first);      \
    }

void memory_tables_free(struct memory_tables *t)
{
    if (t == NULL)
        return;
    for (const struct table_channel *c = t->channels; c != NULL; c = c->next)
        mem_free((char *)c->info.name.p);
    for (const struct row *r = t->rows; r != NULL; r = r->next)
        mem_free((char *)r->username.p);
    LIST_FREE(struct waiting, t->outbox)
    LIST_FREE(struct row, t->rows)
    LIST_FREE(struct table_channel, t->channels)
    LIST_FREE(struct table_epoch, t->epochs)
    LIST_FREE(struct door, t->doors)
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->mutex);
    mem_free(t);
}

struct channel_table *memory_tables_door(struct memory_tables *t)
{
    struct door *d = MEM_NEW(struct door);
    d->super.ops = &table_ops;
    d->tables = t;
    pthread_mutex_lock(&t->mutex);
    d->next = t->doors;
    t->doors = d;
    pthread_mutex_unlock(&t->mutex);
    return &d->super;
}

void memory_tables_cut(struct channel_table *door)
{
    memory_table_relay_let_go(door);
    pthread_cond_broadcast(&door_of(door)->tables->changed);
}

void memory_tables_refuse(struct memory_tables *t, bool refuse)
{
    pthread_mutex_lock(&t->mutex);
    t->refusing = refuse;
    pthread_mutex_unlock(&t->mutex);
}

void memory_tables_away(struct channel_table *door, bool away)
{
    struct memory_tables *t = door_of(door)->tables;
    pthread_mutex_lock(&t->mutex);
    door_of(door)->away = away;
    if (away && t->relay == door_of(door))
        t->relay = NULL;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->mutex);
}

void memory_tables_lose_commit(struct memory_tables *t, bool done)
{
    pthread_mutex_lock(&t->mutex);
    t->next_commit = done ? COMMIT_LOST_DONE : COMMIT_LOST;
    pthread_mutex_unlock(&t->mutex);
}

/* The relay's side of the tables of channels in memory, and the epochs. */
#include <time.h>

#include "adapter/memory/table_state.h"
#include "base/cond.h"

#define EPOCH_MAX 4095

enum err memory_table_relay_take(struct channel_table *self)
{
    struct memory_tables *t = memory_tables_enter(self);
    if (t == NULL)
        return ERR_UNAVAILABLE;
    if (t->relay == NULL)
        t->relay = door_of(self);
    return memory_tables_leave(t, t->relay == door_of(self) ? ERR_OK : ERR_UNAVAILABLE);
}

void memory_table_relay_let_go(struct channel_table *self)
{
    struct memory_tables *t = door_of(self)->tables;
    pthread_mutex_lock(&t->mutex);
    if (t->relay == door_of(self))
        t->relay = NULL;
    pthread_mutex_unlock(&t->mutex);
}

static void outbox_wait(struct memory_tables *t, unsigned wait_ms)
{
    const struct timespec until = cond_deadline(wait_ms);
    int timed_out = wait_ms == 0;
    while (t->outbox == NULL && timed_out == 0)
        timed_out = pthread_cond_timedwait(&t->changed, &t->mutex, &until);
}

enum err memory_table_outbox(struct channel_table *self, unsigned max, unsigned wait_ms,
                             struct arena *arena, struct outbox_row **out, size_t *n)
{
    struct memory_tables *t = memory_tables_enter(self);
    *n = 0;
    *out = arena_alloc(arena, max * sizeof **out);
    if (t == NULL)
        return ERR_UNAVAILABLE;
    if (t->relay == door_of(self))
        outbox_wait(t, wait_ms);
    if (t->relay != door_of(self) || door_of(self)->away)
        return memory_tables_leave(t, ERR_UNAVAILABLE);
    for (const struct waiting *w = t->outbox; w != NULL && *n < max; w = w->next) {
        struct outbox_row *row = &(*out)[(*n)++];
        *row = w->row;
        row->event.username = arena_str(arena, w->row.event.username);
        row->event.channel_info.name = arena_str(arena, w->row.event.channel_info.name);
    }
    return memory_tables_leave(t, ERR_OK);
}

static void outbox_remove(struct memory_tables *t, uint64_t id)
{
    struct waiting **at = &t->outbox;
    while (*at != NULL && (*at)->row.id != id)
        at = &(*at)->next;
    struct waiting *w = *at;
    if (w == NULL)
        return;
    *at = w->next;
    if (t->outbox_end == &w->next)
        t->outbox_end = at;
    mem_free(w);
}

enum err memory_table_outbox_done(struct channel_table *self, const struct outbox_row *row,
                                  uint64_t seq)
{
    struct memory_tables *t = memory_tables_enter(self);
    if (t == NULL)
        return ERR_UNAVAILABLE;
    if (t->relay != door_of(self) || t->refusing)
        return memory_tables_leave(t, ERR_UNAVAILABLE);
    for (struct row *r = t->rows; r != NULL; r = r->next) {
        if (!uuid_eq(&r->channel->info.id, &row->event.channel))
            continue;
        if (r->join_version == row->version)
            r->join_seq = seq;
        if (r->leave_version == row->version)
            r->leave_seq = seq;
    }
    outbox_remove(t, row->id);
    return memory_tables_leave(t, ERR_OK);
}

static enum err epoch_locked(struct memory_tables *t, const struct uuid *identity,
                             unsigned partitions, uint32_t *out)
{
    uint32_t last = t->epochs == NULL ? 0 : t->epochs->epoch; /* the newest is first */
    for (const struct table_epoch *e = t->epochs; e != NULL; e = e->next)
        if (uuid_eq(&e->identity, identity) && e->partitions == partitions) {
            *out = e->epoch;
            return ERR_OK;
        }
    if (t->refusing)
        return ERR_UNAVAILABLE;
    if (last == EPOCH_MAX)
        return ERR_TOO_LARGE;
    struct table_epoch *e = MEM_NEW(struct table_epoch);
    *e = (struct table_epoch){t->epochs, *identity, partitions, last + 1};
    t->epochs = e;
    *out = e->epoch;
    return ERR_OK;
}

enum err memory_table_epoch(struct channel_table *self, const struct uuid *identity,
                            unsigned partitions, uint32_t *out)
{
    struct memory_tables *t = memory_tables_enter(self);
    return t == NULL ? ERR_UNAVAILABLE
                     : memory_tables_leave(t, epoch_locked(t, identity, partitions, out));
}

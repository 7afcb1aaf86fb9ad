/* What the tables of channels in memory hold. Inside adapter/memory only. Everything is under
 * `mutex`. */
#ifndef PARLEY_ADAPTER_MEMORY_TABLE_STATE_H
#define PARLEY_ADAPTER_MEMORY_TABLE_STATE_H

#include <pthread.h>

#include "adapter/memory/channel_table.h"
#include "base/mem.h"

/* One membership, present or past. */
struct row {
    struct row *next; /* in order of joining */
    struct table_channel *channel;
    struct uuid user;
    struct str username; /* owned */
    uint64_t join_version, join_seq, leave_version, leave_seq, read_seq;
    int64_t left_us;
};

struct table_channel {
    struct table_channel *next; /* in order of making */
    struct channel info;        /* its name is owned */
    uint64_t version;
    uint32_t members;
};

struct waiting {
    struct waiting *next;
    struct outbox_row row; /* its strings are those of the tables, which keep them */
};

struct door {
    struct channel_table super;
    struct door *next;
    struct memory_tables *tables;
    bool away;
};

struct table_epoch {
    struct table_epoch *next;
    struct uuid identity;
    unsigned partitions;
    uint32_t epoch;
};

struct memory_tables {
    const struct clock *clock;
    struct account_store *accounts;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct table_channel *channels, **channels_end;
    struct row *rows, **rows_end;
    struct waiting *outbox, **outbox_end;
    struct table_epoch *epochs;
    struct door *doors;
    struct door *relay; /* who holds the lock */
    uint64_t last_outbox_id;
    bool refusing;
    enum { COMMIT_FINE, COMMIT_LOST_DONE, COMMIT_LOST } next_commit;
};

static inline struct door *door_of(struct channel_table *self)
{
    return MEM_OWNER(self, struct door, super);
}

/* The tables, locked; NULL where they cannot be reached. */
struct memory_tables *memory_tables_enter(struct channel_table *self);
/* Unlocks them; returns `e`. */
enum err memory_tables_leave(struct memory_tables *t, enum err e);
struct table_channel *memory_tables_channel(const struct memory_tables *t, const struct uuid *id);
/* The ops, by file. */
enum err memory_table_create(struct channel_table *self, const struct channel *c,
                             uint32_t channels_max, uint64_t *version);
enum err memory_table_join(struct channel_table *self, const struct uuid *user,
                           const struct uuid *channel, uint32_t channels_max, uint64_t *version);
enum err memory_table_leave(struct channel_table *self, const struct uuid *user,
                            const struct uuid *channel, uint64_t *version);
enum err memory_table_mark_read(struct channel_table *self, const struct uuid *user,
                                const struct uuid *channel, uint64_t seq, uint64_t *now,
                                bool *moved);
enum err memory_table_relay_take(struct channel_table *self);
void memory_table_relay_let_go(struct channel_table *self);
enum err memory_table_outbox(struct channel_table *self, unsigned max, unsigned wait_ms,
                             struct arena *arena, struct outbox_row **out, size_t *n);
enum err memory_table_outbox_done(struct channel_table *self, const struct outbox_row *row,
                                  uint64_t seq);
enum err memory_table_epoch(struct channel_table *self, const struct uuid *identity,
                            unsigned partitions, uint32_t *out);

#endif

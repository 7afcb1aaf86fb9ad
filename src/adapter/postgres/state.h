/* What the store is made of. Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_STATE_H
#define PARLEY_ADAPTER_POSTGRES_STATE_H

#include "adapter/postgres/pool.h"
#include "adapter/postgres/postgres.h"
#include "base/mem.h"

/* The texts of the settings, one after the other. */
#define PG_TEXTS_SIZE 2048

struct postgres_store {
    struct account_store accounts;
    struct channel_table channels;
    struct import_table imports;
    struct history_store history;
    struct message_store messages;
    const struct clock *clock;
    struct pg_settings settings;
    char texts[PG_TEXTS_SIZE];
    struct pg_pool pool;
    struct pg_conn *relay; /* holds the lock or tries to; of the thread that relays */
    bool is_relay;
    unsigned relay_idle_ms;
    struct pg_conn *import; /* holds the lock of who imports; NULL: nobody does here */
    bool import_in_place;
};

/* store.c: takes the settings out of `config` into `texts` (PG_TEXTS_SIZE). ERR_BAD_REQUEST with a
 * sentence. */
enum err pg_settings_check(struct pg_settings *s, char *texts, const struct postgres_config *config,
                           char *reason, size_t reason_size);

extern const struct account_store_ops pg_account_ops;
extern const struct channel_table_ops pg_channel_ops;
extern const struct import_table_ops pg_import_ops;
extern const struct history_store_ops pg_history_ops; /* history_write.c */
extern const struct message_store_ops pg_message_ops; /* history_read.c */

/* The parts of pg_channel_ops: reads.c, relay.c. */
enum err pg_channel_get(struct channel_table *self, const struct uuid *id, struct arena *arena,
                        struct channel *out);
enum err pg_channel_list(struct channel_table *self,
                         void (*each)(const struct channel *, void *arg), void *arg);
enum err pg_channel_members(struct channel_table *self, const struct uuid *channel,
                            void (*each)(const struct user *, void *arg), void *arg);
enum err pg_channel_membership(struct channel_table *self, const struct uuid *user,
                               const struct uuid *channel, struct arena *arena,
                               struct membership_row *out);
enum err pg_channel_memberships(struct channel_table *self, const struct uuid *user,
                                struct arena *arena, struct membership_row **out, size_t *n);
enum err pg_relay_take(struct channel_table *self);
void pg_relay_let_go(struct channel_table *self);
enum err pg_relay_outbox(struct channel_table *self, unsigned max, unsigned wait_ms,
                         struct arena *arena, struct outbox_row **out, size_t *n);
enum err pg_relay_outbox_done(struct channel_table *self, const struct outbox_row *row,
                              uint64_t seq);
enum err pg_relay_epoch(struct channel_table *self, const struct uuid *identity,
                        unsigned partitions, uint32_t *out);

static inline struct postgres_store *pg_store_of(struct channel_table *self)
{
    return MEM_OWNER(self, struct postgres_store, channels);
}

/* The message or reply of columns 0.. (PG_POST_COLUMNS). */
struct event pg_post(const PGresult *r, int row, struct arena *arena);

/* The channel of columns `at`..`at + 3` (PG_CHANNEL_COLUMNS). */
struct channel pg_channel(const PGresult *r, int row, int at, struct arena *arena);

#endif

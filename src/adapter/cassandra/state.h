/* What an open store holds. Inside adapter/cassandra only. */
#ifndef PARLEY_ADAPTER_CASSANDRA_STATE_H
#define PARLEY_ADAPTER_CASSANDRA_STATE_H

#include "adapter/cassandra/buckets.h"
#include "adapter/cassandra/link.h"
#include "adapter/cassandra/reply_counts.h"
#include "base/mem.h"

struct cassandra {
    struct history_store history;
    struct message_store messages;
    struct link link;
    struct buckets buckets;
    struct reply_counts reply_counts;
};

extern const struct message_store_ops cassandra_message_ops;

/* The calls of port/history_store.h, each where the comment says. */
/* write.c */
enum err cassandra_write(struct history_store *self, const struct event *posts, size_t n);
/* heads.c */
enum err cassandra_write_heads(struct history_store *self, uint32_t epoch, unsigned partition,
                               const struct channel_head *heads, size_t n);
enum err cassandra_write_snapshot(struct history_store *self, const struct log_snapshot *snapshot);
enum err cassandra_read_snapshot(struct history_store *self, uint32_t epoch, unsigned partition,
                                 struct arena *arena, struct log_snapshot *out);
enum err cassandra_read_heads(struct history_store *self, uint32_t epoch, unsigned partition,
                              bool (*each)(const struct channel_head *, void *arg), void *arg);
enum err cassandra_is_empty(struct history_store *self, bool *out);
/* pages.c */
enum err cassandra_replay(struct history_store *self, const struct uuid *channel, uint64_t seq,
                          unsigned limit, struct arena *arena, struct post_page *out);
/* users.c */
enum err cassandra_by_client_id(struct history_store *self, const struct uuid *user,
                                const struct uuid *channel, struct str client_msg_id,
                                struct arena *arena, struct event *out);
enum err cassandra_own_heads(struct history_store *self, const struct uuid *user,
                             void (*each)(const struct uuid *channel, uint64_t seq, void *arg),
                             void *arg);
enum err cassandra_unread(struct history_store *self, const struct uuid *user,
                          const struct uuid *channel, uint64_t seq, unsigned max, unsigned *out);

static inline struct cassandra *cassandra_of(struct history_store *self)
{
    return MEM_OWNER(self, struct cassandra, history);
}

#endif

#include "adapter/cassandra/cassandra.h"

#include "adapter/cassandra/state.h"

static bool history_is_ready(struct history_store *self, char *detail, size_t size)
{
    return link_is_ready(&cassandra_of(self)->link, detail, size);
}

static const struct history_store_ops history_ops = {
    .write = cassandra_write,
    .write_heads = cassandra_write_heads,
    .write_snapshot = cassandra_write_snapshot,
    .read_snapshot = cassandra_read_snapshot,
    .read_heads = cassandra_read_heads,
    .by_client_id = cassandra_by_client_id,
    .own_heads = cassandra_own_heads,
    .unread = cassandra_unread,
    .replay = cassandra_replay,
    .is_empty = cassandra_is_empty,
    .is_ready = history_is_ready,
};

enum err cassandra_open(const struct cassandra_config *config, struct cassandra **out, char *reason,
                        size_t reason_size)
{
    struct cassandra *c = MEM_NEW(struct cassandra);
    enum err e = link_open(&c->link, config, reason, reason_size);
    if (e != ERR_OK) {
        mem_free(c);
        return e;
    }
    c->messages.ops = &cassandra_message_ops;
    c->history = (struct history_store){&history_ops, &c->messages};
    buckets_init(&c->buckets);
    reply_counts_init(&c->reply_counts);
    *out = c;
    return ERR_OK;
}

void cassandra_close(struct cassandra *c)
{
    if (c == NULL)
        return;
    link_close(&c->link);
    reply_counts_fini(&c->reply_counts);
    buckets_fini(&c->buckets);
    mem_free(c);
}

struct history_store *cassandra_history(struct cassandra *c)
{
    return &c->history;
}

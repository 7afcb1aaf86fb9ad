/* What the parts of the log share. Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_LOG_STATE_H
#define PARLEY_ADAPTER_POSTGRES_LOG_STATE_H

#include "adapter/postgres/log.h"
#include "adapter/postgres/state.h"

#define PG_BATCH_SENDS 1024
#define PG_BATCH_BYTES (4 * 1024 * 1024)

/* One batch on its way, as the parameters of parley_log_append. */
struct pg_batch {
    int64_t number;
    unsigned n;
    size_t bytes;
    struct log_send *sends[PG_BATCH_SENDS];
    struct pg_array partitions, keys, values, tags, traces;
    uint64_t next[LOG_PARTITIONS_MAX]; /* by partition: the offset of its next send */
    int64_t time_ms[LOG_PARTITIONS_MAX];
};

struct postgres_log {
    struct event_log door;
    struct pg_settings settings;
    char texts[PG_TEXTS_SIZE];
    struct pg_pool pool;
    struct postgres_topic topic;
    char name[PG_TOPIC_SIZE];
    int64_t id;
    struct uuid identity;
    unsigned n_partitions;
    unsigned lease_ms, trim_every_ms;
    int64_t produce_timeout_us;
    struct uuid producer;
    pthread_t thread, keeper;

    pthread_mutex_t mutex;
    pthread_cond_t queued; /* sends, or the end */
    pthread_cond_t grown;  /* own commits */
    pthread_cond_t stops;  /* the keeper's */
    bool stopping;
    struct log_send *head, **tail;
    size_t n_sends;
    uint64_t n_commits;
    struct pg_batch batch; /* the thread's */
};

static inline struct postgres_log *pg_log_of(struct event_log *self)
{
    return MEM_OWNER(self, struct postgres_log, door);
}

/* Where a partition begins and ends. */
struct pg_heads {
    const struct postgres_log *log; /* asked for */
    uint64_t first[LOG_PARTITIONS_MAX], next[LOG_PARTITIONS_MAX];
};

/* A pg_body_f: fills a struct pg_heads. */
enum err pg_log_heads(struct pg_conn *c, void *heads);

/* log_producer.c */
enum err pg_log_produce(struct event_log *self, struct log_send *s);
void *pg_log_producer(void *log);
void pg_batch_init(struct pg_batch *b);
void pg_batch_fini(struct pg_batch *b);
/* log_keeper.c */
void *pg_log_keeper(void *log);

/* log_reader.c: the door's functions. */
enum err pg_log_read(struct event_log *self, const uint64_t *offsets, struct log_listener *listener,
                     struct log_reader **out);
enum err pg_log_join(struct event_log *self, const char *group, struct log_listener *listener,
                     struct log_reader **out);
enum err pg_log_poll(struct log_reader *r, unsigned max, unsigned wait_ms);
enum err pg_log_commit(struct log_reader *r, unsigned partition, uint64_t offset);
void pg_log_pause(struct log_reader *r, unsigned partition, bool paused);
void pg_log_close_reader(struct log_reader *r);
enum err pg_log_committed(struct event_log *self, const char *group, uint64_t *out);

#endif

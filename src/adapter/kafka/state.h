/* What an open log holds. Inside adapter/kafka and its tests only. */
#ifndef PARLEY_ADAPTER_KAFKA_STATE_H
#define PARLEY_ADAPTER_KAFKA_STATE_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "adapter/kafka/kafka.h"
#include "adapter/kafka/refusal.h"

#define KAFKA_HEADER_TAG     "parley-tag"
#define KAFKA_HEADER_TRACE   "traceparent"
#define KAFKA_ASK_TIMEOUT_MS 5000 /* of every blocking question to the brokers */

/* The producer's handle, replaced after a fatal error, and the thread that hands out answers. */
struct producer {
    pthread_mutex_t mutex; /* for the handle and `open` */
    rd_kafka_t *rk;        /* written by the thread only */
    rd_kafka_topic_t *topic;
    bool open;
    atomic_bool stopping;
    atomic_size_t waiting;                 /* records whose answer has not come */
    long long retries_seen, timeouts_seen; /* of the library's counts, by the thread only */
    pthread_t thread;
};

#define WATCH_DETAIL_SIZE 128

/* Can the topic be written? Asked of the brokers again and again by a thread of its own. */
struct watch {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping;
    bool doubted;                   /* ask now */
    bool reachable;                 /* a broker answers */
    char detail[WATCH_DETAIL_SIZE]; /* what is missing, "": the log can be written */
    pthread_t thread;
};

/* Asks what a group has committed; opened for the group that is asked for. */
struct asker {
    pthread_mutex_t mutex;
    rd_kafka_t *handle; /* NULL: not asked yet */
    char group[512];
};

struct kafka {
    struct event_log log; /* first */
    struct kafka_config config;
    unsigned n_partitions;
    rd_kafka_t *control;             /* a consumer without a task: for questions */
    rd_kafka_topic_t *control_topic; /* our topic, as `control` knows it */
    struct refusal refusal;          /* of `control` */
    struct asker asker;
    struct producer producer;
    struct watch watch;
};

/* ---- conf.c ---- */

enum kafka_role { KAFKA_PRODUCER, KAFKA_CONTROL, KAFKA_READER, KAFKA_MEMBER };

/* A configuration for one handle; `opaque` goes to its callbacks, `group` is of a member. NULL when
 * the library refuses a value: the sentence is in `reason`. */
rd_kafka_conf_t *kafka_conf(const struct kafka_config *c, enum kafka_role role, const char *group,
                            void *opaque, char *reason, size_t reason_size);
/* A handle of `conf`, which it takes whatever the answer. NULL: the sentence is in `reason`. */
rd_kafka_t *kafka_handle(rd_kafka_conf_t *conf, enum kafka_role role, char *reason,
                         size_t reason_size);

/* Ends a handle that nobody uses or polls any more. The library joins its threads, and one of them
 * may wait for a broker that is coming back, for longer than a stop may take: after three seconds
 * the handle goes on ending beside everything else. */
void kafka_discard(rd_kafka_t *rk);

/* ---- producer.c ---- */

enum err producer_start(struct kafka *k, char *reason, size_t reason_size);
void producer_stop(struct kafka *k);
/* The door's produce and partition_of. */
enum err producer_send(struct event_log *self, struct log_send *s);
unsigned producer_partition_of(struct event_log *self, const struct uuid *key);

/* ---- watch.c ---- */

/* Asks for the first time, until `k->n_partitions` is known or the time is over. ERR_UNAVAILABLE,
 * ERR_NOT_FOUND, ERR_BAD_REQUEST as kafka_open. */
enum err watch_find(struct kafka *k, char *reason, size_t reason_size);
void watch_start(struct kafka *k);
void watch_stop(struct kafka *k);
/* No broker can be reached, says the library: so it is until the brokers were asked again. */
void watch_doubt(struct kafka *k);
bool watch_is_reachable(struct kafka *k);
bool watch_is_ready(struct event_log *self, char *detail, size_t size);

/* ---- ask.c ---- */

/* The door's questions; each blocks for KAFKA_ASK_TIMEOUT_MS, or three requests' time where the
 * library sees to it (bounds), 6 s. */
enum err ask_identity(struct event_log *self, struct uuid *out);
enum err ask_bounds(struct event_log *self, unsigned partition, uint64_t *first, uint64_t *end);
enum err ask_committed(struct event_log *self, const char *group, uint64_t *out);

/* ---- reader.c, member.c ---- */

struct log_reader {
    struct kafka *kafka;
    rd_kafka_t *rk;
    struct log_listener *listener;
    rd_kafka_queue_t *close_queue;     /* while the handle closes */
    char *group;                       /* NULL of a plain reader */
    bool was_assigned;                 /* the handle, if only nothing */
    bool is_closing;                   /* the listener hears nothing more */
    bool is_lost;                      /* an offset is gone: from now on ERR_NOT_FOUND */
    bool is_broken;                    /* the handle must be replaced */
    bool is_ours[LOG_PARTITIONS_MAX];  /* of a member: assigned, and the listener knows */
    uint64_t next[LOG_PARTITIONS_MAX]; /* lower offsets were handed out, or are none of ours */
};

/* The door's read, poll and close_reader. */
enum err reader_open(struct event_log *self, const uint64_t *offsets, struct log_listener *listener,
                     struct log_reader **out);
enum err reader_poll(struct log_reader *r, unsigned max, unsigned wait_ms);
void reader_close(struct log_reader *r);
/* The door's join, commit and pause. */
enum err member_open(struct event_log *self, const char *group, struct log_listener *listener,
                     struct log_reader **out);
/* Closes the handle, for at most that long; true when it is gone. Called again, it goes on. */
bool reader_end_handle(struct log_reader *r, unsigned wait_ms);
/* A new handle in place of one that failed; ERR_UNAVAILABLE: not yet. */
enum err member_renew(struct log_reader *r);
enum err member_commit(struct log_reader *r, unsigned partition, uint64_t offset);
void member_pause(struct log_reader *r, unsigned partition, bool paused);
/* The library's callback, within a poll. */
void member_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                         rd_kafka_topic_partition_list_t *list, void *opaque);

/* ---- stats.c ---- */

/* The library's statistics (JSON) into our metrics. */
int stats_take(rd_kafka_t *rk, char *json, size_t json_len, void *opaque);

#endif

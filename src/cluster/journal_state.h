/* What the parts of the journal share. Inside cluster only. */
#ifndef PARLEY_CLUSTER_JOURNAL_STATE_H
#define PARLEY_CLUSTER_JOURNAL_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/task.h"
#include "cluster/channel_view.h"
#include "cluster/early.h"
#include "cluster/follower.h"
#include "cluster/journal.h"
#include "cluster/pending.h"

#define JOURNAL_HEARD 16  /* traced records of a batch; of more the spans are dropped */
#define JOURNAL_BATCH 512 /* records polled, and so published, at once */

/* How long after it was admitted a send may take until it is judged. */
#define JOURNAL_FLIGHT_MS (PENDING_TIMEOUT_US / 1000 + 15000)

struct journal_partition {
    pthread_mutex_t mutex; /* of the follower */
    struct follower *follower;
    atomic_uint_least64_t position; /* the last published seq */
    atomic_uint_least64_t next;     /* the offset after the last one judged and published */
    uint64_t end;                   /* where the log ended when it started */
};

/* A record of the batch whose trace is kept. */
struct journal_heard {
    struct trace_context producer, trace; /* its span, and ours */
    enum verdict verdict;
    unsigned partition;
    uint64_t offset;
    int64_t begun_us;
};

struct admission;
struct cluster_journal {
    struct journal door;
    struct channel_view view;
    struct cluster_journal_config config;
    unsigned n_partitions;
    struct journal_sink *sink;
    struct overlay *overlay;
    struct admission *admission;
    struct pendings pendings;
    struct journal_partition partitions[LOG_PARTITIONS_MAX];

    struct log_listener listener;
    struct log_reader *reader;
    pthread_t thread, watcher;
    bool is_loaded, runs;
    uint64_t offsets[LOG_PARTITIONS_MAX]; /* to read from, when loaded */
    atomic_bool is_ready, stopping, ends;
    atomic_bool is_lost; /* what it must read is gone or another's: it never becomes ready again */

    pthread_mutex_t mutex;
    pthread_cond_t moved; /* after each batch, and when it is ready or ends */

    /* The batch; the journal's thread alone. */
    struct event events[JOURNAL_BATCH];
    size_t n_events, n_heard;
    struct journal_heard heard[JOURNAL_HEARD];
    struct append *judged, **judged_tail; /* own ones of this batch, in order */
    struct append *early;                 /* found in the store, and not yet published here */
    uint64_t n_read;                      /* records, also those that only fill the window */
    int64_t quiet_since_us;               /* since when nothing was read, while it catches up */
};

/* Sends `a` to the log. ERR_OK: it will be answered. Any thread. */
enum err journal_produce(struct cluster_journal *j, struct append *a);
/* Sets `a`'s verdict, to be answered on the journal's thread. Any thread. */
void journal_refuse(struct cluster_journal *j, struct append *a, enum err e);
/* Waits until everything of `partition` below `offset` is published, at most `wait_ms`. */
bool journal_wait(struct cluster_journal *j, unsigned partition, uint64_t offset, unsigned wait_ms);

/* Waits until the journal ends, at most `wait_ms`. */
void journal_wait_end(struct cluster_journal *j, unsigned wait_ms);

/* Fills in `view` (journal_view.c). */
void journal_view_init(struct cluster_journal *j);

/* journal_trace.c: the spans of records on the journal's thread. */
/* `r` was judged; the context of what follows from it, if it is traced. */
struct trace_context journal_hear(struct cluster_journal *j, const struct log_record *r,
                                  enum verdict verdict);
/* The batch is published. */
void journal_heard_end(struct cluster_journal *j);

/* journal_thread.c */
void *journal_thread(void *arg);
void *journal_watcher(void *arg);
void journal_on_record(struct log_listener *self, const struct log_record *r);

#endif

/* What the parts of the hand-over share. Inside cluster/handover*.c only. */
#ifndef PARLEY_CLUSTER_HANDOVER_STATE_H
#define PARLEY_CLUSTER_HANDOVER_STATE_H

#include <pthread.h>

#include "cluster/gap.h"
#include "cluster/handover.h"

/* A plain reader: what may be told lies in its gaps. */
struct log_reader {
    struct log_reader *next; /* of the hand-over's */
    struct handover *handover;
    struct log_listener *listener;
    struct log_reader *inner; /* of a group: the log's own, and nothing below is used */
    unsigned turn;            /* the partition that comes first */
    int64_t look_us;          /* when the log is to be looked into next; 0: now */
    int64_t open_since_us;    /* since when a gap has been open, or was looked for; 0: none is */
    int64_t patience_us;      /* with it; grows while looking does not help */
    enum err err;             /* of the last look */
    struct log_listener looker;
    unsigned n_looked;
    struct gap gaps[]; /* one a partition */
};

/* A committed record on its way to the other nodes. */
struct handed_out {
    struct handed_out *next;
    struct gap_record *record;
};

struct handover {
    struct event_log door;
    struct handover_config config;
    struct uuid identity;
    unsigned n_partitions;
    struct peer_listener peer_listener;
    struct bus_listener bus_listener;
    size_t batch_max; /* bytes */
    pthread_t thread; /* where there are others */

    pthread_mutex_t mutex;
    pthread_cond_t queued;  /* records for the others, or the end */
    pthread_cond_t offered; /* something to tell or to look for */
    bool stopping;
    struct log_reader *readers;
    struct handed_out *head, **tail;
    size_t n_queued;
    int64_t invalid_us; /* when nonsense was told of last */
    size_t n_sends;     /* taken and not answered */
};

static inline struct handover *handover_of(struct event_log *self)
{
    return (struct handover *)self;
}

/* Is there anybody to hand to? */
static inline bool handover_has_others(const struct handover *h)
{
    return h->config.peers != NULL || h->config.bus != NULL;
}

/* With the mutex held: to every plain reader. */
void handover_offer(struct handover *h, const struct log_record *r);
/* With the mutex held: every plain reader looks at once. */
void handover_look(struct handover *h);

/* handover_reader.c: the door's functions. */
enum err handover_read(struct event_log *self, const uint64_t *offsets,
                       struct log_listener *listener, struct log_reader **out);
enum err handover_join(struct event_log *self, const char *group, struct log_listener *listener,
                       struct log_reader **out);
enum err handover_poll(struct log_reader *r, unsigned max, unsigned wait_ms);
enum err handover_commit(struct log_reader *r, unsigned partition, uint64_t offset);
void handover_pause(struct log_reader *r, unsigned partition, bool paused);
void handover_close_reader(struct log_reader *r);

/* handover_peers.c */
void handover_batch(struct peer_listener *self, struct str from, struct str bytes);
void handover_lost(struct peer_listener *self, struct str from);
void handover_note(struct bus_listener *self, struct str note);
void handover_gap(struct bus_listener *self);
/* With the mutex held: queues it, or counts it as not told. */
void handover_queue(struct handover *h, const struct log_record *r);
void *handover_thread(void *handover);

#endif

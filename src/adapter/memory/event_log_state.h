/* What the parts of the log in memory share. Inside adapter/memory only. */
#ifndef PARLEY_ADAPTER_MEMORY_EVENT_LOG_STATE_H
#define PARLEY_ADAPTER_MEMORY_EVENT_LOG_STATE_H

#include <pthread.h>

#include "adapter/memory/event_log.h"

/* A partition's records are never moved or freed while the log lives: readers look at them
 * without the mutex. */
struct memory_partition {
    struct log_record **records;
    size_t n, cap;
    uint64_t first, end;
};

struct memory_group {
    struct memory_group *next;
    char *name;
    struct log_reader *members[LOG_PARTITIONS_MAX];
    size_t n_members;
    struct log_reader *owner[LOG_PARTITIONS_MAX];
    uint64_t committed[LOG_PARTITIONS_MAX];
};

struct memory_event_log {
    struct event_log door;
    const struct clock *clock;
    struct uuid identity;
    unsigned n_partitions;
    size_t sends_max;
    bool stepped;
    pthread_t thread;

    pthread_mutex_t mutex;
    pthread_cond_t queued, grown; /* sends; records, or what else a poll waits for */
    bool stopping, refusing, cut, held;
    enum memory_fault fault;
    size_t faults_left;
    struct log_send *send_head, **send_tail;
    size_t n_sends;
    struct memory_partition partitions[LOG_PARTITIONS_MAX];
    struct memory_group *groups;
};

/* The rest is called with the mutex held. */

/* The index of the first record of `p` at or after `offset`; p->n when there is none. */
size_t memory_partition_find(const struct memory_partition *p, uint64_t offset);

/* The door's functions for readers (event_log_reader.c). */
enum err memory_log_read(struct event_log *self, const uint64_t *offsets,
                         struct log_listener *listener, struct log_reader **out);
enum err memory_log_join(struct event_log *self, const char *group, struct log_listener *listener,
                         struct log_reader **out);
enum err memory_log_poll(struct log_reader *r, unsigned max, unsigned wait_ms);
enum err memory_log_commit(struct log_reader *r, unsigned partition, uint64_t offset);
void memory_log_pause(struct log_reader *r, unsigned partition, bool paused);
void memory_log_close_reader(struct log_reader *r);
enum err memory_log_committed(struct event_log *self, const char *group, uint64_t *out);
void memory_log_groups_free(struct memory_event_log *l);

#endif

/* What the memory store holds. Inside adapter/memory only. Everything is under `mutex`, but for
 * what only the thread that runs a batch touches. */
#ifndef PARLEY_ADAPTER_MEMORY_STATE_H
#define PARLEY_ADAPTER_MEMORY_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <uthash.h>

#include "adapter/memory/store.h"
#include "domain/message.h"

/* uthash keeps the order of insertion, so the table of users is in order of creation too. */
struct memory_user {
    struct account account; /* its strings are owned */
    UT_hash_handle hh;
};

struct memory_member {
    struct memory_member *next; /* in order of joining */
    struct memory_user *user;
    uint64_t read_seq;
    uint64_t nth; /* of all joins there ever were */
};

struct memory_channel {
    struct channel info; /* its name is owned */
    struct memory_member *members;
    uint32_t n_members;
    unsigned partition;
    uint64_t head; /* of posts */
    UT_hash_handle hh;
};

/* What was posted under a client's id. */
struct memory_client_id {
    struct {
        struct uuid channel, user;
        char text[CLIENT_MSG_ID_CHARS_MAX];
    } key; /* padded with NULs, which no id holds */
    struct event *event;
    UT_hash_handle hh;
};

struct memory_revocation {
    struct memory_revocation *next;
    struct revocation revocation;
};

/* A write that its caller waits for: run by the journal's thread as part of a batch. `run` refuses
 * or does everything, under the mutex. */
struct memory_job {
    struct memory_job *next;
    enum err (*run)(struct memory_store *s, struct memory_job *self);
    enum err err;
    bool answered;
};

/* One partition of the journal. Its positions count from `base`, and its ids carry its number. */
struct memory_partition {
    struct event **events; /* events[seq - base - 1]; their strings are owned */
    size_t n, cap;
    uint64_t base, last_id;
    atomic_uint_least64_t position; /* the last published seq */
};

struct memory_store {
    struct journal journal;
    struct account_store accounts;
    struct channel_store channels;
    struct message_store messages;
    const struct clock *clock;
    struct journal_sink *sink;
    bool stepped;
    size_t appends_max;
    pthread_t thread;

    pthread_mutex_t mutex;
    pthread_cond_t queued, answered;
    bool started, stopping, refusing;
    struct append *append_head, **append_tail;
    size_t n_appends;
    struct memory_job *job_head, **job_tail;

    struct memory_user *users;
    struct memory_channel *by_channel;
    struct memory_client_id *client_ids;
    struct memory_revocation *revocations;
    uint64_t n_joins;
    struct event **batch; /* what the batch under way has added, in order */
    size_t n_batch, batch_cap;
    unsigned n_partitions;
    struct memory_partition partitions[];
};

/* Runs `job` in a batch and returns its answer; ERR_UNAVAILABLE when the journal is not open. */
enum err memory_store_do(struct memory_store *s, struct memory_job *job);

/* The rest is for jobs and the journal: called with the mutex held. */

struct memory_user *memory_user_find(const struct memory_store *s, const struct uuid *id);
struct memory_channel *memory_channel_find(const struct memory_store *s, const struct uuid *id);
struct memory_member *memory_member_find(const struct memory_channel *c, const struct uuid *user);
unsigned memory_partition_of(const struct memory_store *s, const struct uuid *channel);
/* The index of the first event after position `seq`; `p->n` when there is none. */
size_t memory_index_after(const struct memory_partition *p, uint64_t seq);
/* Appends a copy of `e` to the log; sets its partition, seq, prev_seq and, for posts, id and time.
 */
struct event *memory_event_add(struct memory_store *s, const struct event *e);
/* Takes the batch's last event, a post, out of the log and out of everything that it changed. */
void memory_event_undo(struct memory_store *s);
void memory_log_free(struct memory_store *s);
/* Judges `a` and appends its event; the verdict is in `a`. */
void memory_append_judge(struct memory_store *s, struct append *a);
/* The message with that id, NULL when there is none (a reply does not count). */
struct event *memory_message_find(const struct memory_store *s, uint64_t id);

extern const struct account_store_ops memory_account_ops;
extern const struct channel_store_ops memory_channel_ops;
extern const struct message_store_ops memory_message_ops;

#endif

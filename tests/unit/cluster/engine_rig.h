/* The cluster engine over doors in memory, for tests: one log and one history, and nodes on them,
 * each with a sink that writes down what it hears. Time is stepped by hand. */
#ifndef PARLEY_UNIT_CLUSTER_ENGINE_RIG_H
#define PARLEY_UNIT_CLUSTER_ENGINE_RIG_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/memory/cache.h"
#include "adapter/memory/event_log.h"
#include "adapter/memory/history_store.h"
#include "cluster/history.h"
#include "consumer/persist.h"
#include "log_rig.h"

#define RIG_PERSIST_GROUP "persist"
#define RIG_EPOCH         1
#define RIG_START_US      (LOG_RIG_START_MS * 1000)

struct engine_rig {
    struct clock_manual clock;
    struct memory_event_log *log;
    struct memory_history *store;
    struct cache *cache; /* NULL: the nodes have none */
    uint32_t epoch;
    size_t overlay_bytes; /* of nodes opened from here on */
};

struct node {
    struct journal_sink sink;
    struct engine_rig *rig;
    struct cluster_journal *journal;
    struct cluster_history *history;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct trace_context trace; /* what it is sent for */
    bool held, waits;           /* publish waits while held */
    struct event *heard;        /* without their strings */
    size_t n_heard, cap;
};

void rig_open(struct engine_rig *r, unsigned partitions);
void rig_close(struct engine_rig *r);
/* Another log under the same store, with the next epoch. */
void rig_new_log(struct engine_rig *r, unsigned partitions);
struct persist *rig_persist(struct engine_rig *r);
/* Steps `p` until nothing is left to write. */
void rig_persist_all(struct persist *p);

/* A node that has caught up. */
struct node *node_open(struct engine_rig *r);
/* One that has not been started. */
struct node *node_new(struct engine_rig *r);
void node_close(struct node *n);
/* Keeps it from publishing; waits until it does not. */
void node_hold(struct node *n);
void node_release(struct node *n);
/* Waits until the node has heard `wanted` events; the test fails if that takes too long. */
void node_await(struct node *n, size_t wanted);
/* Waits until it has let go of what persist committed. */
void node_await_persisted(struct node *n, unsigned partition, uint64_t offset);

/* A send and what came of it. */
struct sent {
    struct append a;
    struct node *node;
    bool done;
    char content[64], client_msg_id[64];
};
/* Queues a message, or a reply to `parent` when that is not 0. NULL: it was refused at once. */
struct sent *node_queue(struct node *n, unsigned user, unsigned channel, uint64_t parent,
                        const char *content, const char *client_msg_id);
/* Waits for it and frees it. */
struct append node_finish(struct sent *s);
/* Both; a refusal is in `err`. */
struct append node_say(struct node *n, unsigned user, unsigned channel, const char *content,
                       const char *client_msg_id);
struct append node_reply(struct node *n, unsigned user, unsigned channel, uint64_t parent,
                         const char *content, const char *client_msg_id);

/* All posts of a channel as the history shows them, oldest first: how many; the chain is checked.
 */
size_t history_walk(struct message_store *m, unsigned channel, struct arena *arena,
                    struct event **out);

#endif

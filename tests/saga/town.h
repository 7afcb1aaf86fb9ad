/* Two nodes on one set of tables and one log: what the tests of cluster/channels and cluster/relay
 * run in. The tables are those of the driver chosen for the run (memory, PostgreSQL); log, history
 * and cache are in memory. Each node has an ear, which follows the log, writes down what it hears,
 * and answers as the journal does (cluster/channel_view.h).
 *
 * Users and channels are those of contract/kit.h: the n-th of each. */
#ifndef PARLEY_SAGA_TOWN_H
#define PARLEY_SAGA_TOWN_H

#include <pthread.h>

#include "adapter/memory/cache.h"
#include "adapter/memory/event_log.h"
#include "adapter/memory/history_store.h"
#include "cluster/channels.h"
#include "cluster/follower.h"
#include "cluster/relay.h"
#include "kit.h"
#include "table_driver.h"

#define TOWN_PARTITIONS 4
#define TOWN_EPOCH      1
#define TOWN_HEARD_MAX  4096

/* One event as an ear heard it. */
struct heard_event {
    enum event_kind kind;
    unsigned user, channel;
    uint64_t seq, version;
    uint32_t members;
};

struct town;
struct node {
    struct town *town;
    struct channel_table *table;
    struct relay *relay;
    struct cluster_channels *channels;

    struct channel_view view; /* the ear */
    struct log_listener listener;
    struct log_reader *reader;
    struct follower *followers[TOWN_PARTITIONS];
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping, deaf; /* deaf: it reads nothing more */
    uint64_t positions[TOWN_PARTITIONS];
    struct heard_event heard[TOWN_HEARD_MAX];
    size_t n_heard, n_stale;
    struct event posts[TOWN_HEARD_MAX]; /* not in the history yet; strings are static */
    size_t n_posts;
};

struct town {
    struct tables tables;
    struct memory_event_log *log;
    struct memory_history *history;
    struct memory_cache *cache;
    struct node node[TABLE_NODES];
};

/* cmocka's set-up and tear-down of every test: `*state` is a `struct town`. No relay runs yet. */
int town_setup(void **state);
int town_teardown(void **state);

/* A relay of that node, with a thread or (`at` may be NULL) for passes. */
struct relay *town_relay(struct town *t, unsigned node, void (*at)(enum relay_step, void *arg),
                         void *arg);
/* Starts one on each node. */
void town_start_relays(struct town *t);

void town_add_users(struct town *t, unsigned n);
/* By the door of a node. */
enum err town_create(struct town *t, unsigned node, unsigned channel, unsigned owner);
enum err town_join(struct town *t, unsigned node, unsigned user, unsigned channel);
enum err town_leave(struct town *t, unsigned node, unsigned user, unsigned channel);
enum err town_is_member(struct town *t, unsigned node, unsigned user, unsigned channel);
/* The membership of a user in a channel; false when she is not in. */
bool town_membership(struct town *t, unsigned node, unsigned user, unsigned channel,
                     struct membership *out);

/* A message, by way of the log; heard by all nodes that hear when it returns. Its seq. */
uint64_t town_say(struct town *t, unsigned user, unsigned channel);
/* Writes the posts that node 0 holds into the history, up to `seq`; the ears let them go, unless
 * `keep`: as in the moment between the write and the note of it. */
void town_persist(struct town *t, uint64_t seq, bool keep);

/* Waits until the node has heard `n` events; stops the test after 20 s. */
void town_wait_heard(struct town *t, unsigned node, size_t n);
size_t town_heard(struct town *t, unsigned node, struct heard_event *out, size_t max);
/* How many were stale. */
size_t town_stale(struct town *t, unsigned node);
/* Waits until nothing is left in the outbox (as far as `node`'s tables tell: every membership of
 * the user has its seq); stops the test after 20 s. */
void town_wait_told(struct town *t, unsigned user);
/* The versions of the channel as node 0 heard them: 1, 2, .. without a gap. How many. */
size_t town_check_versions(struct town *t, unsigned channel);
/* While set the node reads nothing more from the log. */
void town_deafen(struct town *t, unsigned node, bool deaf);

/* The suites; each returns how many of its tests failed. */
int saga_changes(void);
int saga_relay(void);
int saga_memberships(void);
int saga_kill(void);
/* On a server of its own (postgres_server.h), which it removes. */
int saga_server(void);

#endif

/* What the contract suites share: a store under test with a sink that writes down what it hears,
 * and short ways to say "this one sends that". Times, users and channels are made up but
 * repeatable.
 */
#ifndef PARLEY_CONTRACT_KIT_H
#define PARLEY_CONTRACT_KIT_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "driver.h"

#define KIT_START_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */
#define KIT_MANY     1000                      /* channels_max where it does not matter */

struct kit_sink {
    struct journal_sink super;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool held;            /* publish waits */
    bool waiting;         /* and one does */
    struct event *events; /* published, in order; strings owned */
    size_t n, cap;
    size_t prepared, discarded; /* batches */
};

struct kit {
    struct driver *driver;
    struct clock_manual clock;
    struct kit_sink sink;
    struct driver_setup setup;
    struct sent *plug;
};

/* An append and what came of it. */
struct sent {
    struct append a;
    struct kit *kit;
    bool done;
    bool published_first; /* when done was called, the sink had heard of it */
    size_t done_order;    /* the how-manieth of all */
};

/* cmocka's set-up and tear-down of every test; `kit_driver` says on what. */
extern const struct driver_ops *kit_driver;
int kit_setup(void **state);
/* A kit without a store, for a test that opens its own with `setup`. */
struct kit *kit_new(void);
int kit_teardown(void **state);
/* Runs a suite whose last tests are `n_reopen` that open the store again and, before them,
 * `n_threads` that need a journal with a thread: left out where the driver cannot. */
int kit_run(const char *name, const struct CMUnitTest *tests, size_t n, size_t n_reopen,
            size_t n_threads);
#define KIT_RUN(name, tests, n_reopen, n_threads) \
    kit_run((name), (tests), sizeof(tests) / sizeof(tests)[0], (n_reopen), (n_threads))
/* Ends the store and opens it again. */
void kit_reopen(struct kit *k);

/* The n-th user "user-n" and channel "channel-n": their ids, whether or not they exist. */
struct uuid kit_user_id(unsigned n);
struct uuid kit_channel_id(unsigned n);
/* Makes users 1..n. */
void kit_add_users(struct kit *k, unsigned n);
/* Makes channel n, owned by user `owner`. */
void kit_add_channel(struct kit *k, unsigned n, unsigned owner);
enum err kit_join(struct kit *k, unsigned user, unsigned channel);
enum err kit_leave(struct kit *k, unsigned user, unsigned channel);

/* A message of user to channel; `client_msg_id` may be NULL. */
struct sent *kit_message(struct kit *k, unsigned user, unsigned channel, const char *content,
                         const char *client_msg_id);
struct sent *kit_reply(struct kit *k, unsigned user, unsigned channel, uint64_t parent,
                       const char *content, const char *client_msg_id);
/* Queues it. */
enum err kit_queue(struct sent *s);
/* Waits for its `done`, and frees it. Returns it for a last look, valid until the next call. */
const struct append *kit_finish(struct sent *s);
/* Queue and finish. */
const struct append *kit_say(struct kit *k, unsigned user, unsigned channel, const char *content);
const struct append *kit_send(struct sent *s);
void kit_wait(struct sent *s);

/* Keeps the journal within the publishing of one message (by user 1 in channel 1), so that what is
 * queued until the release makes one batch. */
void kit_hold(struct kit *k);
void kit_release(struct kit *k);

/* The partition of channel n, and where the journal stands in it. */
unsigned kit_partition(struct kit *k, unsigned channel);
uint64_t kit_position(struct kit *k, unsigned channel);

/* What was published: how many so far, and the i-th. */
size_t kit_published(struct kit *k);
struct event kit_event(struct kit *k, size_t i);

#endif

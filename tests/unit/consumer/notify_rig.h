/* A cluster without services for the tests of notify: a log, its retry log, tables, a cache and a
 * history in memory; a persist that the test steps; a web hook that does as it is told. */
#ifndef PARLEY_UNIT_CONSUMER_NOTIFY_RIG_H
#define PARLEY_UNIT_CONSUMER_NOTIFY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "adapter/memory/cache.h"
#include "adapter/memory/channel_table.h"
#include "adapter/memory/event_log.h"
#include "adapter/memory/history_store.h"
#include "adapter/memory/store.h"
#include "cluster/follower.h"
#include "consumer/envelope.h"
#include "consumer/notify.h"

#define RIG_PARTITIONS 4
#define RIG_NOTES_MAX  1024

/* What the hook was told. */
struct rig_note {
    struct uuid id;
    char *body;
};

struct rig_hook {
    struct web_hook super;
    atomic_bool fails;
    pthread_mutex_t mutex;
    size_t n;
    struct rig_note notes[RIG_NOTES_MAX];
};

struct rig {
    struct memory_event_log *log, *retry;
    struct memory_store *store;
    struct memory_tables *tables;
    struct channel_table *channels;
    struct memory_cache *cache;
    struct memory_history *history;
    struct log_listener persist;
    struct log_reader *reader;
    struct follower *followers[RIG_PARTITIONS];
    struct rig_hook hook;
    struct notify_config config;
    struct notify *notify;
};

struct uuid rig_user(unsigned n);
struct uuid rig_channel(unsigned n);
/* Users 1..5; channel 1 with members 1, 2, 3. */
void rig_init(struct rig *r);
/* Ends notify too. */
void rig_fini(struct rig *r);
void rig_start(struct rig *r);
void rig_stop(struct rig *r);

/* Puts a post of user into channel (parent 0: a message) into the log. */
void rig_say(struct rig *r, unsigned user, unsigned channel, uint64_t parent, const char *content,
             const char *client_msg_id);
/* Persist judges, writes and commits everything that is in the log. */
void rig_persist(struct rig *r);
void rig_online(struct rig *r, unsigned user, bool online);

/* Waits until the hook was told n times (at most 10 s), and a moment more: not one more comes. The
 * body of the last. */
const char *rig_told(struct rig *r, size_t n);
/* Waits until everything persist has written is committed by notify. */
void rig_committed(struct rig *r);
bool rig_is_committed(struct rig *r);
/* How many envelopes are in the retry log, and the n-th (from 0), borrowed until the next call. */
size_t rig_left(struct rig *r);
struct envelope rig_envelope(struct rig *r, size_t n);
/* Is the user among the "users" of a body? */
bool rig_names(const char *body, unsigned user);
void rig_sleep(unsigned ms);

#endif

/* What the hub's tests stand on: a journal of events in an array, from which the stores answer;
 * loops and workers that run when told; sessions that write down what they get.
 *
 * A session's record is text: "+" a push, "=" an ack, "~" a replay, each followed by the frame,
 * which the test's encoder makes as "<seq>:<kind> " (m message, r reply, j joined, l left, c
 * created; J and L as the user's own sessions get them); "hello(...)", "resumed(...)",
 * "frame(...)", "attached" or "attached!ERR", "revoked". */
#ifndef PARLEY_TESTS_FANOUT_KIT_H
#define PARLEY_TESTS_FANOUT_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "fanout/hub.h"

#define KIT_EVENTS_MAX 8192
#define KIT_SHARDS     2

struct kit_loop {
    struct executor super;
    struct task *head, **tail;
    unsigned n_kicks;
};

struct kit {
    struct hub_config config;
    struct hub *hub;
    struct shard *shards[KIT_SHARDS];
    struct kit_loop loops[KIT_SHARDS];
    struct clock_manual clock;

    struct journal journal; /* given to the hub by kit_partition: odd channels are in partition 1 */
    struct channel_store channels;
    struct message_store messages;
    struct event log[KIT_EVENTS_MAX];
    size_t n_log;       /* stamped */
    size_t n_committed; /* durable: what the stores know */
    size_t n_published;
    enum err store_err; /* what every store call answers when not ERR_OK */
    unsigned n_reads;   /* calls of `after`, `missed` */
    unsigned n_loads;   /* calls of `memberships` */

    struct task *work_head, **work_tail; /* posted to the workers */
    size_t work_max, n_work;
};

struct fake {
    struct session super;
    struct buf record;
    bool is_writable;
    unsigned writable_for; /* frames replayed until is_writable turns false; 0: no end */
    bool detaches_on_push;
    uint64_t last_pushed;
};

struct uuid kit_user(unsigned n);
struct uuid kit_channel(unsigned n);
/* The number of either. */
unsigned kit_number(const struct uuid *u);

/* The hub with its shards at position `n_committed` of the log (0 for a new kit). */
void kit_init(struct kit *k);
void kit_open_hub(struct kit *k);
void kit_close_hub(struct kit *k);
/* Opens the hub anew, over a journal of two partitions. Before the first event. */
void kit_partition(struct kit *k);
void kit_fini(struct kit *k);

/* Stamp one event; returns it. Nothing hears of it until it is published. */
struct event *kit_post(struct kit *k, unsigned channel, unsigned user);
struct event *kit_join(struct kit *k, unsigned channel, unsigned user);
struct event *kit_leave(struct kit *k, unsigned channel, unsigned user);
struct event *kit_create(struct kit *k, unsigned channel, unsigned user);
/* The post was sent by `f`. */
void kit_from(struct event *e, const struct fake *f);
/* What was stamped becomes durable. */
void kit_commit(struct kit *k);
/* What was stamped becomes durable, and one batch is published; the loops do not run yet. */
void kit_publish(struct kit *k);
/* Everything that is posted to loops and workers runs, until nothing is left. */
void kit_run(struct kit *k);
void kit_run_loops(struct kit *k);
/* What is posted to one loop, once, and no step of large audiences. */
void kit_receive(struct kit *k, unsigned shard);
void kit_run_work(struct kit *k);
void kit_tick(struct kit *k);
/* publish and run. */
void kit_flow(struct kit *k);
/* `n` members join and posts are made, before anyone is connected. */
void kit_members(struct kit *k, unsigned channel, unsigned user_first, unsigned n);

/* ---- Sessions (fake.c) ---- */

/* Attaches a session of the user to the shard; its answer comes when the kit runs. */
struct fake *kit_attach(struct kit *k, unsigned shard, unsigned user);
/* The same, run until it is attached, and settled. */
struct fake *kit_old_client(struct kit *k, unsigned shard, unsigned user);
/* The same with a Hello that resumes nothing; its record is empty. */
struct fake *kit_client(struct kit *k, unsigned shard, unsigned user);
void fake_detach(struct fake *f);
/* Frees one that was detached. */
void fake_free(struct fake *f);
void fake_hello(struct fake *f, unsigned channel, uint64_t seq);
/* The record, which is then emptied. */
const char *fake_record(struct fake *f);
#define assert_record(f, text) assert_string_equal(fake_record(f), (text))

#endif

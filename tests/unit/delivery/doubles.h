/* Ports for tests of the edge. Each call can be made to wait at a gate or to fail. */
#ifndef TESTS_DELIVERY_DOUBLES_H
#define TESTS_DELIVERY_DOUBLES_H

#include <pthread.h>
#include <stdbool.h>

#include "port/account_store.h"
#include "port/channel_store.h"
#include "port/journal.h"
#include "port/message_store.h"
#include "port/notifier.h"

/* Where calls wait while it is shut. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    bool shut;
    unsigned waiting;
};
void gate_init(struct gate *g);
void gate_fini(struct gate *g);
void gate_shut(struct gate *g);
void gate_open(struct gate *g);
/* A call passes: waits while the gate is shut. */
void gate_pass(struct gate *g);
/* Waits until `n` calls wait at the gate. */
void gate_await(struct gate *g, unsigned n);

struct test_accounts {
    struct account_store super;
};
void test_accounts_init(struct test_accounts *a);

/* One channel of that id, which everyone is in; `list` gives `count` of them. */
struct test_channels {
    struct channel_store super;
    struct gate gate;
    _Atomic int err; /* enum err of every call */
    unsigned count;
    struct uuid id;
    const char *name;
};
void test_channels_init(struct test_channels *c);
void test_channels_fini(struct test_channels *c);

struct test_messages {
    struct message_store super;
};
void test_messages_init(struct test_messages *m);

/* Holds appends until the test gives the verdict, from its own thread. */
struct test_journal {
    struct journal super;
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    struct append *held;
};
void test_journal_init(struct test_journal *j);
void test_journal_fini(struct test_journal *j);
/* Waits for an append; gives the verdict. */
void test_journal_judge(struct test_journal *j, enum err err, bool duplicate, uint64_t seq,
                        uint64_t id);

/* Everyone whose id is `online` is; counts what it is told. */
struct test_notifier {
    struct notifier super;
    struct uuid online;
    _Atomic unsigned reads, revocations;
};
void test_notifier_init(struct test_notifier *n);

#endif

/* A running HTTP edge for tests: one loop on a thread of its own, a listener on loopback, real
 * sockets in blocking mode on the test's side. Ports are doubles that can be told to wait or to
 * fail; the services above them are the real ones. */
#ifndef TESTS_DELIVERY_FIXTURE_H
#define TESTS_DELIVERY_FIXTURE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "delivery/http/edge.h"
#include "doubles.h"

#define FIXTURE_SECRET "a secret of thirty-two bytes, or more"
#define FIXTURE_NOW_US INT64_C(1795515346123456) /* 2026-11-24T10:15:46.123456Z */

/* A clock that a test moves while other threads read it. */
struct test_clock {
    struct clock super;
    _Atomic int64_t wall_us;
};

#define FIXTURE_HASHING_QUEUE 4

struct fixture {
    struct http_deps deps; /* filled by fixture_init; a test alters it before fixture_start */
    struct limits limits;
    struct test_clock clock;
    struct test_accounts accounts;
    struct test_channels channel_store;
    struct test_messages message_store;
    struct test_journal journal;
    struct test_notifier notifier;
    struct history history;
    struct token_key *key;
    size_t cold_queue_max;

    struct loop *loop;
    struct listener *listener;
    struct http_edge *edge;
    pthread_t thread;
    uint16_t port;
    struct task call; /* see fixture_on_loop */
    void (*call_run)(struct fixture *f);
    sem_t call_done;

    atomic_int upgrades; /* handed over; what follows is of the last one */
    bool deflate, identified;
    struct uuid user;
    char early[256];
    size_t n_early;
};

void fixture_init(struct fixture *f);
void fixture_start(struct fixture *f);
/* Waits until nothing is in flight, then takes everything down. */
void fixture_stop(struct fixture *f);
/* Runs `run` on the loop's thread and waits for it. */
void fixture_on_loop(struct fixture *f, void (*run)(struct fixture *f));

/* A token of `user` named `name`, valid for an hour of the fixture's clock. Static storage. */
const char *fixture_token(struct fixture *f, const struct uuid *user, const char *name);
extern const struct uuid fixture_ada;

/* ---- Clients ---- */

int client_connect(struct fixture *f);
void client_send(int fd, const char *text);
void client_send_bytes(int fd, const char *p, size_t n);
/* Everything until the server closes, at most 5 s; NUL-terminated, to be freed with mem_free. */
char *client_read_all(int fd);
/* Exactly one answer, head and body (or until the server closes); freed with mem_free. */
char *client_read_answer(int fd);
/* The same, to a HEAD: no body follows. */
char *client_read_answer_to(int fd, bool head);
/* Has the server closed, within `ms`? */
bool client_is_closed(int fd, int ms);
/* Connects, sends `request`, returns the one answer, closes. */
char *client_ask(struct fixture *f, const char *request);

/* The body of an answer, and the value of one of its fields (static storage, "" when absent). */
const char *answer_body(const char *answer);
const char *answer_field(const char *answer, const char *name);
int answer_status(const char *answer);

#endif

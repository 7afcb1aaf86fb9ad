/* Websocket clients by the thousand on one thread: epoll, one big read buffer, frames looked at
 * where they lie. Much cheaper a frame than any server, so that the server is what is measured.
 *
 * A client connects, shakes hands, authenticates and asks something that must be answered (Hello,
 * or an action that no server knows): with the answer it is ready, and everything published from
 * then on reaches it.
 */
#ifndef PARLEY_CLI_BENCH_CLIENT_H
#define PARLEY_CLI_BENCH_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/str.h"
#include "cli/bench/options.h"
#include "cli/bench/sight.h"
#include "cli/bench/users.h"

enum client_state {
    CLIENT_CLOSED,
    CLIENT_CONNECTING,
    CLIENT_SHAKING,  /* the upgrade is asked for */
    CLIENT_GREETING, /* authenticated, as far as we know; the answer is awaited */
    CLIENT_READY,
};

struct channel;
struct missing;

struct client {
    int fd;
    uint8_t state;
    uint8_t server; /* which of the options' */
    bool has_seq;
    const struct user *user;
    const char *channel_id; /* what it resumes; NULL: it is in no channel of ours */
    struct channel *channel;
    uint32_t place;   /* in the channel */
    uint32_t carry_n; /* bytes of a frame that has not come whole */
    char *carry;
    struct buf out;
    struct list dirty;
    /* For the checks of load.c */
    uint64_t last_id, last_seq;
    uint64_t *heard; /* the last counter of each sender of the channel */
    struct missing *missing;
};

struct engine;
struct engine_ops {
    /* A text frame. */
    void (*text)(struct engine *e, struct client *c, struct str frame);
    /* The server ended it, or it could not be opened. */
    void (*closed)(struct engine *e, struct client *c, const char *why);
};

struct engine {
    const struct engine_ops *ops;
    void *owner;
    const struct options *options;
    struct sockaddr_storage addresses[SERVERS_MAX];
    socklen_t address_lens[SERVERS_MAX];
    int epoll;
    char *in;
    uint64_t now_ns; /* the steady clock, as of the last read */
    struct list dirty;
    struct sight_memory memory;
    uint32_t opening;     /* clients that are neither closed nor ready */
    uint64_t frame_bytes; /* text frames read, with their heads */
    uint64_t frames;
    bool speaks_hello; /* the last Hello was answered with one */
};

/* The steady clock. */
uint64_t clock_ns(void);

bool engine_init(struct engine *e, const struct options *o, const struct engine_ops *ops,
                 void *owner, char *reason, size_t size);
void engine_fini(struct engine *e);
/* Sends what was put, waits at most `timeout_ns` for something to happen, and handles it. */
void engine_turn(struct engine *e, uint64_t timeout_ns);

void client_init(struct client *c, const struct user *u);
void client_fini(struct engine *e, struct client *c);
/* Begins to connect. `number` spreads clients over servers and loopback addresses. A client that
 * was ready in an extended session before resumes its channel from its last position. */
void client_open(struct engine *e, struct client *c, uint32_t number);
/* Closes at once, without a word to the server or to `closed`. */
void client_cut(struct engine *e, struct client *c);
/* Queues a text message; it goes out at the next turn. */
void client_say(struct engine *e, struct client *c, struct str text);

#endif

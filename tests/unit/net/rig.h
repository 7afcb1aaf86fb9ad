/* A loop with a listener on a thread of its own, and a client with plain blocking sockets that give
 * up after a few seconds. */
#ifndef PARLEY_TESTS_NET_RIG_H
#define PARLEY_TESTS_NET_RIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/conn.h"

#define RIG_TIMEOUT_MS 10000

struct rig {
    struct loop *loop;
    struct listener *listener;
    pthread_t thread;
    uint16_t port;
};

/* Accepts on 127.0.0.1, any port. */
void rig_start(struct rig *r, struct tls_context *tls, void (*on_accept)(struct conn *, void *),
               void *arg);
/* loop_stop, join, free. */
void rig_stop(struct rig *r);
/* Runs `f` on the loop's thread and waits for it. */
void rig_call(struct rig *r, void (*f)(void *arg), void *arg);

/* Waits until `*counter` is at least `n`; fails the test when that takes too long. */
void rig_wait(atomic_int *counter, int n);
void rig_sleep_ms(unsigned ms);
int64_t rig_now_ms(void);

/* A connected socket; `rcvbuf` 0: the default. */
int client_connect(uint16_t port, int rcvbuf);
void client_send(int fd, const void *p, size_t n);
/* Exactly `n` bytes. */
void client_read(int fd, void *p, size_t n);
/* What recv says: 0 end, -errno. */
long client_read_some(int fd, void *p, size_t n);
/* Closes with an RST. */
void client_reset(int fd);

#endif

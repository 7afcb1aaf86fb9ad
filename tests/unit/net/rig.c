#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static void *rig_main(void *arg)
{
    loop_run(((struct rig *)arg)->loop);
    return NULL;
}

void rig_start(struct rig *r, struct tls_context *tls, void (*on_accept)(struct conn *, void *),
               void *arg)
{
    char reason[200];
    r->loop = loop_new(0);
    assert_int_equal(listener_open(r->loop, "127.0.0.1", 0, tls, on_accept, arg, &r->listener,
                                   reason, sizeof reason),
                     ERR_OK);
    r->port = listener_port(r->listener);
    assert_int_equal(pthread_create(&r->thread, NULL, rig_main, r), 0);
}

void rig_stop(struct rig *r)
{
    loop_stop(r->loop);
    pthread_join(r->thread, NULL);
    listener_close(r->listener);
    loop_free(r->loop);
}

struct call {
    struct task task;
    void (*f)(void *arg);
    void *arg;
    sem_t done;
};

static void call_run(struct task *t)
{
    struct call *c = (struct call *)t;
    c->f(c->arg);
    sem_post(&c->done);
}

void rig_call(struct rig *r, void (*f)(void *arg), void *arg)
{
    struct call c = {.task.run = call_run, .f = f, .arg = arg};
    sem_init(&c.done, 0, 0);
    struct executor *e = loop_executor(r->loop);
    e->post(e, &c.task);
    while (sem_wait(&c.done) != 0)
        ;
    sem_destroy(&c.done);
}

int64_t rig_now_ms(void)
{
    return clock_steady_us(&clock_system) / 1000;
}

void rig_sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

void rig_wait(atomic_int *counter, int n)
{
    int64_t end = rig_now_ms() + RIG_TIMEOUT_MS;
    while (atomic_load(counter) < n) {
        if (rig_now_ms() > end)
            fail_msg("waited in vain: %d of %d", atomic_load(counter), n);
        rig_sleep_ms(1);
    }
}

int client_connect(uint16_t port, int rcvbuf)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval tv = {.tv_sec = RIG_TIMEOUT_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (rcvbuf > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

void client_send(int fd, const void *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t sent = send(fd, (const char *)p + done, n - done, MSG_NOSIGNAL);
        assert_true(sent > 0);
        done += (size_t)sent;
    }
}

void client_read(int fd, void *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = recv(fd, (char *)p + done, n - done, 0);
        if (got <= 0)
            fail_msg("%zu of %zu bytes, then %s", done, n, got == 0 ? "the end" : strerror(errno));
        done += (size_t)got;
    }
}

long client_read_some(int fd, void *p, size_t n)
{
    ssize_t got = recv(fd, p, n, 0);
    return got < 0 ? -errno : (long)got;
}

void client_reset(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    close(fd);
}

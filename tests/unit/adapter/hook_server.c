#include "hook_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

#define WAIT_MS 10000

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

const char *hook_body(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    return end == NULL ? "" : end + 4;
}

void hook_header(const char *request, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    out[0] = '\0';
    for (const char *line = strstr(request, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) == 0 && line[n] == ':')
            snprintf(out, size, "%.*s", (int)strcspn(line + n + 2, "\r"), line + n + 2);
        if (line[0] == '\r')
            return;
    }
}

/* One whole request as text; NULL when the other side closed first. */
static char *request_read(struct hook_server *s, int fd)
{
    char *text = mem_zalloc(HOOK_REQUEST_MAX + 1);
    size_t n = 0;
    while (n < HOOK_REQUEST_MAX && !atomic_load(&s->stopping)) {
        char length[24];
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 50) == 0)
            continue;
        ssize_t got = recv(fd, text + n, HOOK_REQUEST_MAX - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        if (strstr(text, "\r\n\r\n") == NULL)
            continue;
        hook_header(text, "Content-Length", length, sizeof length);
        if (n - (size_t)(hook_body(text) - text) >= strtoul(length, NULL, 10))
            return text;
    }
    mem_free(text);
    return NULL;
}

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Sends `piece` until the other side has enough, or the test. */
static void say_for_ever(struct hook_server *s, int fd, const char *piece, long pause_ms)
{
    while (!atomic_load(&s->stopping) && send(fd, piece, strlen(piece), MSG_NOSIGNAL) > 0)
        sleep_ms(pause_ms);
}

static void hang(struct hook_server *s, int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    while (!atomic_load(&s->stopping) && poll(&p, 1, 20) == 0)
        ;
}

/* False: the connection is over. */
static bool answer(struct hook_server *s, int fd)
{
    char kilobyte[1025];
    memset(kilobyte, 'x', sizeof kilobyte - 1);
    kilobyte[sizeof kilobyte - 1] = '\0';
    switch ((enum hook_manner)atomic_load(&s->manner)) {
    case HOOK_OK:
        say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
        return true;
    case HOOK_ERROR:
        say(fd, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nsecret");
        return true;
    case HOOK_REDIRECT:
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
        return true;
    case HOOK_HANGS:
        hang(s, fd);
        return false;
    case HOOK_DRIPS:
        say(fd, "HTTP/1.1 200 OK\r\nX-Long: ");
        say_for_ever(s, fd, "x", 50);
        return false;
    case HOOK_FLOODS:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
        say_for_ever(s, fd, kilobyte, 0);
        return false;
    case HOOK_GARBAGE:
        say(fd, "\x01\x02 I am not what you think\r\n\r\n");
        return false;
    case HOOK_CLOSES:
        return false;
    }
    return false;
}

static void connection_serve(struct hook_server *s, int fd)
{
    char *request;
    while ((request = request_read(s, fd)) != NULL) {
        pthread_mutex_lock(&s->mutex);
        if (s->n < HOOK_REQUESTS_MAX)
            s->requests[s->n++] = request;
        else
            mem_free(request);
        pthread_mutex_unlock(&s->mutex);
        if (!answer(s, fd))
            return;
    }
}

struct connection {
    struct hook_server *server;
    int fd;
    pthread_t thread;
};

#define CONNECTIONS_MAX 256

static void *connection_main(void *arg)
{
    struct connection *c = arg;
    connection_serve(c->server, c->fd);
    close(c->fd);
    return NULL;
}

static void *server_main(void *arg)
{
    struct hook_server *s = arg;
    struct connection connections[CONNECTIONS_MAX];
    size_t n = 0;
    while (!atomic_load(&s->stopping)) {
        struct pollfd p = {s->fd, POLLIN, 0};
        if (poll(&p, 1, 20) <= 0 || n == CONNECTIONS_MAX)
            continue;
        connections[n] = (struct connection){s, accept4(s->fd, NULL, NULL, SOCK_CLOEXEC), 0};
        if (connections[n].fd >= 0 &&
            pthread_create(&connections[n].thread, NULL, connection_main, &connections[n]) == 0)
            n++;
    }
    for (size_t i = 0; i < n; i++)
        pthread_join(connections[i].thread, NULL);
    return NULL;
}

void hook_server_start(struct hook_server *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    memset(s, 0, sizeof *s);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &size), 0);
    assert_int_equal(listen(s->fd, 64), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u/hook", ntohs(at.sin_port));
    pthread_mutex_init(&s->mutex, NULL);
    assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
}

void hook_server_stop(struct hook_server *s)
{
    atomic_store(&s->stopping, true);
    pthread_join(s->thread, NULL);
    close(s->fd);
    for (size_t i = 0; i < s->n; i++)
        mem_free(s->requests[i]);
    pthread_mutex_destroy(&s->mutex);
}

size_t hook_server_count(struct hook_server *s)
{
    pthread_mutex_lock(&s->mutex);
    size_t n = s->n;
    pthread_mutex_unlock(&s->mutex);
    return n;
}

const char *hook_server_wait(struct hook_server *s, size_t n)
{
    for (int i = 0; i < WAIT_MS / 10 && hook_server_count(s) < n; i++)
        sleep_ms(10);
    pthread_mutex_lock(&s->mutex);
    const char *request = s->n < n ? NULL : s->requests[n - 1];
    pthread_mutex_unlock(&s->mutex);
    return request;
}

#include "postgres_proxy.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS_MAX 64

struct pair {
    int client, server; /* -1: free */
    bool lose_answer;
};

static struct {
    pthread_t thread;
    pthread_mutex_t mutex;
    int listener;
    struct sockaddr_in server;
    char conninfo[RIG_CONNINFO_SIZE];
    struct pair pairs[PAIRS_MAX];
    enum proxy_mode mode;
    bool stopping;
} proxy = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void stop(const char *what)
{
    perror(what);
    abort();
}

static void server_address(struct sockaddr_in *out)
{
    PQconninfoOption *options = PQconninfoParse(getenv(RIG_VARIABLE), NULL);
    *out = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(5432), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (o->val == NULL)
            continue;
        if (strcmp(o->keyword, "port") == 0)
            out->sin_port = htons((uint16_t)strtoul(o->val, NULL, 10));
        if (strcmp(o->keyword, "host") == 0)
            inet_pton(AF_INET, o->val, &out->sin_addr);
    }
    PQconninfoFree(options);
}

static void pair_close(struct pair *p)
{
    if (p->client < 0)
        return;
    close(p->client);
    close(p->server);
    p->client = p->server = -1;
}

static void pair_open(int client)
{
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pair *p = proxy.pairs;
    while (p < proxy.pairs + PAIRS_MAX && p->client >= 0)
        p++;
    if (p == proxy.pairs + PAIRS_MAX ||
        connect(server, (struct sockaddr *)&proxy.server, sizeof proxy.server) != 0) {
        close(client);
        close(server);
        return;
    }
    *p = (struct pair){client, server, false};
}

static bool has_commit(const char *p, size_t n)
{
    static const char commit[] = "COMMIT"; /* with its end */
    return memmem(p, n, commit, sizeof commit) != NULL;
}

/* Hands on what one side said. */
static void pair_carry(struct pair *p, bool from_client)
{
    char bytes[65536];
    ssize_t n = recv(from_client ? p->client : p->server, bytes, sizeof bytes, 0);
    bool commits = from_client && n > 0 && has_commit(bytes, (size_t)n);
    if (n <= 0 || (commits && proxy.mode == PROXY_LOSE_COMMIT) ||
        (!from_client && p->lose_answer)) {
        if (n > 0)
            proxy.mode = PROXY_PASS;
        pair_close(p);
        return;
    }
    if (commits && proxy.mode == PROXY_LOSE_ANSWER)
        p->lose_answer = true;
    int to = from_client ? p->server : p->client;
    for (ssize_t at = 0, sent; at < n; at += sent)
        if ((sent = send(to, bytes + at, (size_t)(n - at), MSG_NOSIGNAL)) <= 0)
            return;
}

static void carry_all(void)
{
    struct pollfd polls[1 + 2 * PAIRS_MAX] = {{.fd = proxy.listener, .events = POLLIN}};
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        polls[1 + 2 * i] = (struct pollfd){.fd = proxy.pairs[i].client, .events = POLLIN};
        polls[2 + 2 * i] = (struct pollfd){.fd = proxy.pairs[i].server, .events = POLLIN};
    }
    if (poll(polls, 1 + 2 * PAIRS_MAX, 0) <= 0)
        return;
    if (polls[0].revents != 0) {
        int client = accept4(proxy.listener, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0)
            pair_open(client);
    }
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        struct pair *p = &proxy.pairs[i];
        if (p->client >= 0 && polls[1 + 2 * i].revents != 0)
            pair_carry(p, true);
        if (p->client >= 0 && polls[2 + 2 * i].revents != 0)
            pair_carry(p, false);
    }
}

static void close_all(void)
{
    int client;
    for (size_t i = 0; i < PAIRS_MAX; i++)
        pair_close(&proxy.pairs[i]);
    while ((client = accept4(proxy.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
        close(client);
}

static void *proxy_thread(void *arg)
{
    (void)arg;
    for (bool stopping = false; !stopping;) {
        struct pollfd listener = {.fd = proxy.listener, .events = POLLIN};
        poll(&listener, 1, 1);
        pthread_mutex_lock(&proxy.mutex);
        stopping = proxy.stopping;
        if (stopping || proxy.mode == PROXY_CLOSED)
            close_all();
        else if (proxy.mode != PROXY_HOLE)
            carry_all();
        pthread_mutex_unlock(&proxy.mutex);
    }
    return NULL;
}

const char *postgres_proxy_start(const char *name)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    for (size_t i = 0; i < PAIRS_MAX; i++)
        proxy.pairs[i].client = proxy.pairs[i].server = -1;
    proxy.mode = PROXY_PASS;
    proxy.stopping = false;
    server_address(&proxy.server);
    proxy.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(proxy.listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(proxy.listener, 64) != 0 ||
        getsockname(proxy.listener, (struct sockaddr *)&at, &size) != 0)
        stop("proxy");
    snprintf(proxy.conninfo, sizeof proxy.conninfo, "%.900s host=127.0.0.1 port=%u",
             postgres_rig_conninfo(name), (unsigned)ntohs(at.sin_port));
    if (pthread_create(&proxy.thread, NULL, proxy_thread, NULL) != 0)
        stop("proxy");
    return proxy.conninfo;
}

void postgres_proxy_set(enum proxy_mode mode)
{
    pthread_mutex_lock(&proxy.mutex);
    proxy.mode = mode;
    pthread_mutex_unlock(&proxy.mutex);
    if (mode == PROXY_CLOSED)
        usleep(20 * 1000); /* until the thread has cut them */
}

unsigned postgres_proxy_connections(void)
{
    unsigned n = 0;
    pthread_mutex_lock(&proxy.mutex);
    for (size_t i = 0; i < PAIRS_MAX; i++)
        n += proxy.pairs[i].client >= 0;
    pthread_mutex_unlock(&proxy.mutex);
    return n;
}

void postgres_proxy_stop(void)
{
    pthread_mutex_lock(&proxy.mutex);
    proxy.stopping = true;
    pthread_mutex_unlock(&proxy.mutex);
    pthread_join(proxy.thread, NULL);
    close(proxy.listener);
}

#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define CLIENT_PATIENCE_S 5
#define ANSWER_BYTES_MAX  (64u << 20)

const struct uuid fixture_ada = {{0xAD, 0xA0, 1}};

static void fail(const char *what)
{
    fprintf(stderr, "fixture: %s: %s\n", what, strerror(errno));
    abort();
}

static int64_t test_clock_wall(const struct clock *self)
{
    return MEM_OWNER(self, struct test_clock, super)->wall_us;
}

static void on_upgrade(const struct http_upgrade *u, void *arg);

void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->limits = LIMITS_DEFAULT;
    f->clock.super = (struct clock){test_clock_wall, clock_system.steady_us};
    f->clock.wall_us = FIXTURE_NOW_US;
    f->cold_queue_max = 64;
    sem_init(&f->call_done, 0, 0);
    f->key = token_key_new(STR(FIXTURE_SECRET));
    test_accounts_init(&f->accounts);
    test_channels_init(&f->channel_store);
    test_messages_init(&f->message_store);
    test_journal_init(&f->journal);
    test_notifier_init(&f->notifier);
    f->history = (struct history){&f->channel_store.super, &f->message_store.super};
    static const char *const any[] = {"*"};
    f->deps = (struct http_deps){
        .history = &f->history,
        .token_key = f->key,
        .clock = &f->clock.super,
        .limits = &f->limits,
        .loops = 1,
        .origins = any,
        .n_origins = 1,
        .upgrade = on_upgrade,
        .upgrade_arg = f,
    };
}

static void services_start(struct fixture *f)
{
    struct http_deps *deps = &f->deps;
    if (deps->auth == NULL)
        deps->auth = auth_new(&(struct auth_config){.accounts = &f->accounts.super,
                                                    .notifier = &f->notifier.super,
                                                    .clock = &f->clock.super,
                                                    .limits = &f->limits,
                                                    .session_s = 3600});
    if (deps->channels == NULL)
        deps->channels = channels_new(&(struct channel_config){
            .store = &f->channel_store.super, .clock = &f->clock.super, .limits = &f->limits});
    if (deps->messages == NULL)
        deps->messages = messages_new(&(struct message_config){
            .journal = &f->journal.super, .clock = &f->clock.super, .limits = &f->limits});
    deps->cold = workers_new("cold", 2, f->cold_queue_max, NULL, NULL, NULL);
    deps->hashing = workers_new("hashing", 1, FIXTURE_HASHING_QUEUE, NULL, NULL, NULL);
}

static void *loop_main(void *arg)
{
    loop_run(arg);
    return NULL;
}

static void on_accept(struct conn *c, void *arg)
{
    http_edge_accept(arg, c);
}

void fixture_start(struct fixture *f)
{
    char reason[160] = "";
    services_start(f);
    f->loop = loop_new(0);
    if (http_edge_new(&f->deps, &f->edge, reason, sizeof reason) != ERR_OK ||
        listener_open(f->loop, "127.0.0.1", 0, NULL, on_accept, f->edge, &f->listener, reason,
                      sizeof reason) != ERR_OK)
        fail(reason);
    f->port = listener_port(f->listener);
    if (pthread_create(&f->thread, NULL, loop_main, f->loop) != 0)
        fail("thread");
}

static void call_run(struct task *task)
{
    struct fixture *f = MEM_OWNER(task, struct fixture, call);
    f->call_run(f);
    sem_post(&f->call_done);
}

void fixture_on_loop(struct fixture *f, void (*run)(struct fixture *f))
{
    f->call.run = call_run;
    f->call_run = run;
    struct executor *loop = loop_executor(f->loop);
    loop->post(loop, &f->call);
    sem_wait(&f->call_done);
}

static void close_listener(struct fixture *f)
{
    listener_close(f->listener);
}

void fixture_stop(struct fixture *f)
{
    gate_open(&f->channel_store.gate); /* a test that failed may have left it shut */
    fixture_on_loop(f, close_listener);
    http_edge_stop(f->edge);
    while (http_edge_in_flight(f->edge) > 0)
        usleep(1000);
    loop_stop(f->loop);
    pthread_join(f->thread, NULL);
    workers_free(f->deps.cold);
    workers_free(f->deps.hashing);
    loop_free(f->loop);
    http_edge_free(f->edge);
    auth_free(f->deps.auth);
    channels_free(f->deps.channels);
    messages_free(f->deps.messages);
    token_key_free(f->key);
    test_channels_fini(&f->channel_store);
    test_journal_fini(&f->journal);
    sem_destroy(&f->call_done);
}

const char *fixture_token(struct fixture *f, const struct uuid *user, const char *name)
{
    static char token[TOKEN_TEXT_MAX];
    int64_t now_s = FIXTURE_NOW_US / 1000000;
    struct claims claims = {.user = *user, .issued_s = now_s, .expires_s = now_s + 3600};
    claims.jti = (struct uuid){{7, 7}};
    snprintf(claims.name, sizeof claims.name, "%s", name);
    snprintf(claims.email, sizeof claims.email, "%s@example.org", name);
    if (token_sign(f->key, &claims, token, sizeof token) != ERR_OK)
        fail("token");
    return token;
}

/* ---- What the websocket room would do ---- */

static void ws_on_data(struct conn *c, char *p, size_t n)
{
    conn_write_copy(c, p, n);
}

static void ws_on_close(struct conn *c)
{
    (void)c;
}

/* Echoes, so that a client sees that the connection was handed over alive. */
static void on_upgrade(const struct http_upgrade *u, void *arg)
{
    static const struct conn_ops ops = {.on_data = ws_on_data, .on_close = ws_on_close};
    struct fixture *f = arg;
    f->deflate = u->deflate;
    f->identified = u->identity != NULL;
    if (u->identity != NULL)
        f->user = u->identity->user;
    f->n_early = u->n_early < sizeof f->early ? u->n_early : sizeof f->early;
    memcpy(f->early, u->early, f->n_early);
    f->upgrades++;
    conn_set_handler(u->conn, &ops, f);
    if (u->n_early > 0)
        conn_write_copy(u->conn, u->early, u->n_early);
}

/* ---- Clients ---- */

int client_connect(struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(f->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connect");
    return fd;
}

void client_send_bytes(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* the server has closed: what it said is read */
        p += sent;
        n -= (size_t)sent;
    }
}

void client_send(int fd, const char *text)
{
    client_send_bytes(fd, text, strlen(text));
}

/* Reads one piece onto `b`; false at the end, after a reset or when nothing comes. */
static bool client_read_some(int fd, struct buf *b)
{
    char piece[65536];
    ssize_t n = recv(fd, piece, sizeof piece, 0);
    if (n <= 0)
        return false;
    buf_put(b, piece, (size_t)n);
    return true;
}

static char *text_take(struct buf *b)
{
    buf_putc(b, '\0');
    return b->p;
}

char *client_read_all(int fd)
{
    struct buf b;
    buf_init(&b, ANSWER_BYTES_MAX);
    while (client_read_some(fd, &b))
        continue;
    return text_take(&b);
}

/* Reads byte by byte up to the empty line, then as many as Content-Length says. */
char *client_read_answer_to(int fd, bool head)
{
    struct buf b;
    buf_init(&b, ANSWER_BYTES_MAX);
    char c;
    while (recv(fd, &c, 1, 0) == 1) {
        buf_putc(&b, c);
        if (b.n >= 4 && memcmp(b.p + b.n - 4, "\r\n\r\n", 4) == 0)
            break;
    }
    buf_putc(&b, '\0');
    size_t left = head ? 0 : strtoul(answer_field(b.p, "Content-Length"), NULL, 10);
    b.n--;
    while (left > 0) {
        char piece[65536];
        ssize_t n = recv(fd, piece, left < sizeof piece ? left : sizeof piece, 0);
        if (n <= 0)
            break;
        buf_put(&b, piece, (size_t)n);
        left -= (size_t)n;
    }
    return text_take(&b);
}

char *client_read_answer(int fd)
{
    return client_read_answer_to(fd, false);
}

bool client_is_closed(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char c;
    return poll(&p, 1, ms) == 1 && recv(fd, &c, 1, MSG_PEEK) <= 0;
}

char *client_ask(struct fixture *f, const char *request)
{
    int fd = client_connect(f);
    client_send(fd, request);
    char *answer = client_read_answer_to(fd, strncmp(request, "HEAD ", 5) == 0);
    close(fd);
    return answer;
}

const char *answer_body(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    return end == NULL ? "" : end + 4;
}

const char *answer_field(const char *answer, const char *name)
{
    static char value[1024];
    size_t n = strlen(name);
    const char *end = strstr(answer, "\r\n\r\n");
    for (const char *line = answer; end != NULL && line < end + 2;
         line = strstr(line, "\r\n") + 2) {
        if (strncasecmp(line, name, n) != 0 || strncmp(line + n, ": ", 2) != 0)
            continue;
        const char *start = line + n + 2;
        snprintf(value, sizeof value, "%.*s", (int)(strstr(start, "\r\n") - start), start);
        return value;
    }
    return "";
}

int answer_status(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

#include "redis_server.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TRIES 500 /* of 10 ms each, until it answers */

/* Debian's package redis-tools has the server under the second name. */
static const char *const programs[] = {"/usr/bin/redis-server", "/usr/local/bin/redis-server",
                                       "/usr/bin/redis-check-rdb"};

static const char *program(void)
{
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (access(programs[i], X_OK) == 0)
            return programs[i];
    return NULL;
}

bool redis_server_exists(void)
{
    return program() != NULL;
}

static int socket_to(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static unsigned free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void run(const struct redis_server *s)
{
    char port[8], cert[300], key[300], ca[300];
    const char *argv[32] = {"redis-server", "--bind", "127.0.0.1", "--save", "",
                            "--loglevel",   "warning"};
    size_t n = 7;
    bool tls = s->tls_dir[0] != '\0';
    snprintf(port, sizeof port, "%u", s->port);
    snprintf(cert, sizeof cert, "%s/server.crt", s->tls_dir);
    snprintf(key, sizeof key, "%s/server.key", s->tls_dir);
    snprintf(ca, sizeof ca, "%s/ca.crt", s->tls_dir);
    const char *const plain[] = {"--port", port};
    const char *const secure[] = {
        "--port",         "0", "--tls-port",         port, "--tls-cert-file",    cert,
        "--tls-key-file", key, "--tls-ca-cert-file", ca,   "--tls-auth-clients", "no"};
    const char *const locked[] = {"--requirepass", s->password};
    memcpy(argv + n, tls ? secure : plain, tls ? sizeof secure : sizeof plain);
    n += (tls ? sizeof secure : sizeof plain) / sizeof argv[0];
    if (s->password[0] != '\0')
        memcpy(argv + n, locked, sizeof locked);
    if (freopen("/dev/null", "w", stdout) != NULL)
        execv(program(), (char *const *)argv);
    _exit(127);
}

void redis_server_start(struct redis_server *s)
{
    int fd = -1;
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0)
        run(s);
    for (int i = 0; i < TRIES && fd < 0; i++) {
        nanosleep(&(struct timespec){0, 10000000}, NULL);
        fd = socket_to(s->port);
    }
    assert_true(fd >= 0);
    close(fd);
}

void redis_server_init(struct redis_server *s)
{
    s->port = free_port();
    snprintf(s->address, sizeof s->address, "127.0.0.1:%u", s->port);
    redis_server_start(s);
}

void redis_server_stop(struct redis_server *s)
{
    if (s->pid == 0)
        return;
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

void redis_server_pause(struct redis_server *s, bool paused)
{
    assert_int_equal(kill(s->pid, paused ? SIGSTOP : SIGCONT), 0);
}

void redis_server_say(struct redis_server *s, const char *command, char *out, size_t size)
{
    int fd = socket_to(s->port);
    assert_true(fd >= 0);
    assert_int_equal(send(fd, command, strlen(command), MSG_NOSIGNAL), strlen(command));
    assert_int_equal(send(fd, "\r\n", 2, MSG_NOSIGNAL), 2);
    ssize_t n = recv(fd, out, size - 1, 0);
    assert_true(n > 0);
    out[n] = '\0';
    close(fd);
}

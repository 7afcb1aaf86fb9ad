#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "rig.h"

static void ignore_data(struct conn *c, char *p, size_t n)
{
    conn_write_copy(c, p, n);
}

static void ignore_close(struct conn *c)
{
    (void)c;
}

static const struct conn_ops echo_ops = {.on_data = ignore_data, .on_close = ignore_close};

static void count_accept(struct conn *c, void *arg)
{
    conn_set_handler(c, &echo_ops, NULL);
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* listener_open on a loop of its own; the reason, "" when it worked. */
static const char *try_open(const char *host, uint16_t port)
{
    static char reason[200];
    struct listener *ls;
    struct loop *l = loop_new(0);
    reason[0] = '\0';
    if (listener_open(l, host, port, NULL, count_accept, NULL, &ls, reason, sizeof reason) ==
        ERR_OK) {
        assert_string_equal(reason, "");
        listener_close(ls);
    } else {
        assert_string_not_equal(reason, "");
    }
    loop_free(l);
    return reason;
}

static void a_port_in_use_is_named(void **state)
{
    (void)state;
    atomic_int accepted = 0;
    struct rig r;
    char expected[100];
    rig_start(&r, NULL, count_accept, &accepted);
    snprintf(expected, sizeof expected, "127.0.0.1 port %u: Address already in use", r.port);
    assert_string_equal(try_open("127.0.0.1", r.port), expected);
    rig_stop(&r);
    assert_string_equal(try_open("127.0.0.1", r.port), ""); /* free again, at once */
}

static void bad_addresses_are_named(void **state)
{
    (void)state;
    assert_non_null(strstr(try_open("203.0.113.7", 1), "203.0.113.7 port 1: Cannot assign"));
    assert_non_null(strstr(try_open("300.1.1.1", 1), "300.1.1.1: "));
    assert_non_null(strstr(try_open("", 1), ": "));
}

static void names_and_ipv6_are_understood(void **state)
{
    (void)state;
    assert_string_equal(try_open("localhost", 0), "");
    assert_string_equal(try_open("0.0.0.0", 0), "");
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool has_ipv6 = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    if (has_ipv6) {
        assert_string_equal(try_open("::1", 0), "");
        assert_string_equal(try_open("::", 0), "");
    }
}

struct second {
    struct loop *loop;
    pthread_t thread;
};

static void *second_main(void *arg)
{
    loop_run(((struct second *)arg)->loop);
    return NULL;
}

static void two_loops_share_a_port(void **state)
{
    (void)state;
    enum { N = 400 };
    atomic_int first = 0, second = 0;
    struct rig r;
    struct second s;
    struct listener *ls;
    char reason[200];
    rig_start(&r, NULL, count_accept, &first);
    s.loop = loop_new(1);
    assert_int_equal(listener_open(s.loop, "127.0.0.1", r.port, NULL, count_accept, &second, &ls,
                                   reason, sizeof reason),
                     ERR_OK);
    assert_int_equal(listener_port(ls), r.port);
    pthread_create(&s.thread, NULL, second_main, &s);
    int fds[N];
    for (int i = 0; i < N; i++) {
        char in;
        fds[i] = client_connect(r.port, 0);
        client_send(fds[i], "x", 1);
        client_read(fds[i], &in, 1);
    }
    assert_int_equal(atomic_load(&first) + atomic_load(&second), N);
    assert_in_range(atomic_load(&first), N / 4, 3 * N / 4);
    for (int i = 0; i < N; i++)
        close(fds[i]);
    loop_stop(s.loop);
    pthread_join(s.thread, NULL);
    listener_close(ls);
    loop_free(s.loop);
    rig_stop(&r);
}

/* Descriptors run out: the log says so once, the process does not spin, and serves on later. */
static void running_out_of_descriptors_passes(void **state)
{
    (void)state;
    enum { N = 20 };
    atomic_int accepted = 0;
    struct rig r;
    struct rlimit saved, low;
    rig_start(&r, NULL, count_accept, &accepted);
    int fds[N];
    for (int i = 0; i < N; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(fds[i] >= 0);
    }
    int log_pipe[2], saved_stderr = dup(STDERR_FILENO);
    assert_int_equal(pipe2(log_pipe, O_CLOEXEC | O_NONBLOCK), 0);
    getrlimit(RLIMIT_NOFILE, &saved);
    low = saved;
    low.rlim_cur = (rlim_t)log_pipe[1] + 1;
    dup2(log_pipe[1], STDERR_FILENO);
    setrlimit(RLIMIT_NOFILE, &low);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(r.port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < N; i++)
        connect(fds[i], (struct sockaddr *)&a, sizeof a);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    rig_sleep_ms(550);
    getrusage(RUSAGE_SELF, &after);
    setrlimit(RLIMIT_NOFILE, &saved);
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);

    assert_int_equal(atomic_load(&accepted), 0);
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 60);
    char text[2000] = "";
    ssize_t n = read(log_pipe[0], text, sizeof text - 1);
    assert_true(n > 0);
    const char *line = strstr(text, "Too many open files");
    assert_non_null(line);
    assert_null(strstr(line + 1, "Too many open files"));
    rig_wait(&accepted, 1); /* those that still wait are served now */
    for (int i = 0; i < N; i++)
        close(fds[i]);
    close(log_pipe[0]);
    close(log_pipe[1]);
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_in_use_is_named),
        cmocka_unit_test(bad_addresses_are_named),
        cmocka_unit_test(names_and_ipv6_are_understood),
        cmocka_unit_test(two_loops_share_a_port),
        cmocka_unit_test(running_out_of_descriptors_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

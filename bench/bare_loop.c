/* bare_loop: what the kernel alone makes possible. One thread sends frames of one size, one after
 * the other, to N loopback connections in turn; a second process, on another core, reads them and
 * throws them away. What comes out is the number of sends a second: the measure that the server's
 * deliveries a second are held against.
 *
 *   bare_loop [--sockets N] [--bytes B] [--seconds S] [--sender-core C] [--reader-core C]
 */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES  (1u << 18)
#define BYTES_MAX   65536
#define SOCKETS_MAX 100000
#define LISTEN_MAX  4096

struct setup {
    unsigned sockets, bytes, sender_core, reader_core;
    double seconds;
};

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pin(unsigned core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set); /* a machine of one core has no choice */
}

static int listen_any(struct sockaddr_in *a)
{
    socklen_t len = sizeof *a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || bind(fd, (struct sockaddr *)a, sizeof *a) != 0 || listen(fd, LISTEN_MAX) != 0 ||
        getsockname(fd, (struct sockaddr *)a, &len) != 0)
        die("listen");
    return fd;
}

/* Connects all of them, then reads until the sender is gone. */
static void reader(const struct setup *s, const struct sockaddr_in *a)
{
    static char in[READ_BYTES];
    struct epoll_event events[512];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    pin(s->reader_core);
    for (unsigned i = 0; i < s->sockets; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
        if (fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof *a) != 0 ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
            die("connect");
    }
    for (unsigned open = s->sockets; open > 0;) {
        int n = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < n; i++) {
            if (recv(events[i].data.fd, in, sizeof in, 0) <= 0) {
                close(events[i].data.fd);
                open--;
            }
        }
    }
}

static void send_frame(int fd, const char *frame, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t sent = send(fd, frame + done, n - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            done += (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            poll(&p, 1, -1); /* the reader is behind */
        } else {
            die("send");
        }
    }
}

static void sender(const struct setup *s, int listener)
{
    static char frame[BYTES_MAX];
    int *fds = calloc(s->sockets, sizeof *fds);
    if (fds == NULL)
        die("calloc");
    pin(s->sender_core);
    for (unsigned i = 0; i < s->sockets; i++) {
        fds[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fds[i] < 0)
            die("accept");
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    }
    memset(frame, 'x', sizeof frame);
    uint64_t sends = 0;
    double start = now_s(), end = start + s->seconds, now = start;
    while (now < end) {
        for (unsigned i = 0; i < s->sockets; i++)
            send_frame(fds[i], frame, s->bytes);
        sends += s->sockets;
        now = now_s();
    }
    printf("%.0f\n", (double)sends / (now - start));
    for (unsigned i = 0; i < s->sockets; i++)
        close(fds[i]);
    free(fds);
}

static unsigned number(const char *text, unsigned long min, unsigned long max)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || v < min || v > max) {
        fprintf(stderr, "bare_loop: %s is not between %lu and %lu\n", text, min, max);
        exit(2);
    }
    return (unsigned)v;
}

static struct setup setup_parse(int argc, char **argv)
{
    static const struct option options[] = {{"sockets", required_argument, NULL, 'n'},
                                            {"bytes", required_argument, NULL, 'b'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"sender-core", required_argument, NULL, 'c'},
                                            {"reader-core", required_argument, NULL, 'r'},
                                            {0}};
    struct setup s = {.sockets = 1000, .bytes = 480, .reader_core = 1, .seconds = 2};
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'n')
            s.sockets = number(optarg, 1, SOCKETS_MAX);
        else if (o == 'b')
            s.bytes = number(optarg, 1, BYTES_MAX);
        else if (o == 's')
            s.seconds = number(optarg, 1, 600);
        else if (o == 'c')
            s.sender_core = number(optarg, 0, CPU_SETSIZE - 1);
        else if (o == 'r')
            s.reader_core = number(optarg, 0, CPU_SETSIZE - 1);
        else
            exit(2);
    }
    return s;
}

int main(int argc, char **argv)
{
    struct setup s = setup_parse(argc, argv);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct sockaddr_in a;
    int listener = listen_any(&a), status = 0;
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        close(listener);
        reader(&s, &a);
        return 0;
    }
    alarm((unsigned)s.seconds + 60); /* should the reader die while it is waited for */
    sender(&s, listener);
    waitpid(child, &status, 0);
    return status == 0 ? 0 : 1;
}

/* nchan: the same fan-out through nginx with nchan, the quickest peer we know of, to stand beside
 * ours. N subscribers by websocket hear one channel; a publisher posts a message, waits until all
 * have got it, posts the next. Prints deliveries a second. Only bytes are counted, nothing is
 * parsed or checked: kinder to the peer than `parley bench` is to us.
 *
 *   nchan --port P [--subscribers N] [--bytes B] [--outstanding K] [--seconds S]
 */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES (1u << 18)
#define BYTES_MAX  8192
#define EVENTS     512

static char in[READ_BYTES];

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

static int dial(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static void send_all(int fd, const char *p, size_t n)
{
    if (send(fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
        die("send");
}

static int subscribe(uint16_t port)
{
    static const char request[] = "GET /sub HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: cGFybGV5LWJlbmNoLWtleQ==\r\n\r\n";
    int fd = dial(port);
    send_all(fd, request, sizeof request - 1);
    ssize_t n = recv(fd, in, sizeof in - 1, 0);
    if (n < 12 || memcmp(in, "HTTP/1.1 101", 12) != 0)
        die("the upgrade was refused");
    return fd;
}

static void publish(int fd, size_t bytes)
{
    char request[BYTES_MAX + 256], text[BYTES_MAX];
    memset(text, 'x', bytes);
    int n = snprintf(request, sizeof request,
                     "POST /pub HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%.*s",
                     bytes, (int)bytes, text);
    send_all(fd, request, (size_t)n);
}

/* Bytes of one delivery: RFC 6455 section 5.2, unmasked. */
static size_t frame_bytes(size_t payload)
{
    return payload + (payload < 126 ? 2 : 4);
}

static uint64_t run(int epoll, int publisher, uint64_t per_message, size_t bytes,
                    unsigned outstanding, double seconds)
{
    struct epoll_event events[EVENTS];
    uint64_t heard = 0, asked = 0;
    for (unsigned i = 0; i < outstanding; i++, asked += per_message)
        publish(publisher, bytes);
    for (double end = now_s() + seconds; now_s() < end;) {
        int n = epoll_wait(epoll, events, EVENTS, 0); /* never asleep, as our generator */
        for (int i = 0; i < n; i++) {
            ssize_t got = recv(events[i].data.fd, in, sizeof in, MSG_DONTWAIT);
            if (got == 0 || (got < 0 && errno != EAGAIN))
                die("a connection ended");
            heard += got > 0 && events[i].data.fd != publisher ? (uint64_t)got : 0;
        }
        for (; asked - heard <= (outstanding - 1) * per_message; asked += per_message)
            publish(publisher, bytes);
    }
    return heard;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"port", 1, NULL, 'p'},    {"subscribers", 1, NULL, 'n'},
                                          {"bytes", 1, NULL, 'b'},   {"outstanding", 1, NULL, 'k'},
                                          {"seconds", 1, NULL, 's'}, {NULL, 0, NULL, 0}};
    unsigned port = 0, subscribers = 1000, bytes = 200, outstanding = 1;
    double seconds = 5;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (c == 'p')
            port = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'n')
            subscribers = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'b')
            bytes = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'k')
            outstanding = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 's')
            seconds = strtod(optarg, NULL);
        else
            return 2;
    }
    if (port == 0 || port > 65535 || bytes == 0 || bytes > BYTES_MAX || outstanding == 0)
        return 2;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i <= subscribers; i++) {
        int fd = i < subscribers ? subscribe((uint16_t)port) : dial((uint16_t)port);
        struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
        if (i < subscribers)
            continue;
        uint64_t per_message = frame_bytes(bytes) * subscribers;
        uint64_t heard = run(epoll, fd, per_message, bytes, outstanding, seconds);
        printf("%.0f\n", (double)heard / (double)frame_bytes(bytes) / seconds);
    }
    return 0;
}

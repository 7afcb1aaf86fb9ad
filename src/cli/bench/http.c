#include "cli/bench/http.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define ANSWER_MAX    (16u << 20)
#define TIMEOUT_S     30
#define RETRIES       60
#define RETRY_MAX_S   5
#define RETRY_STEP_MS 200

bool http_resolve(const char *host, uint16_t port, struct sockaddr_storage *out, socklen_t *len,
                  char *reason, size_t size)
{
    struct addrinfo *list, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int failed = getaddrinfo(host, service, &hints, &list);
    if (failed != 0) {
        snprintf(reason, size, "%s: %s", host, gai_strerror(failed));
        return false;
    }
    memcpy(out, list->ai_addr, list->ai_addrlen);
    *len = list->ai_addrlen;
    freeaddrinfo(list);
    return true;
}

void http_init(struct http *h, const struct sockaddr_storage *address, socklen_t len,
               const char *host)
{
    *h = (struct http){.address = *address, .address_len = len, .host = host, .fd = -1};
    buf_init(&h->in, ANSWER_MAX);
}

static void http_disconnect(struct http *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
    buf_clear(&h->in);
}

void http_fini(struct http *h)
{
    http_disconnect(h);
    buf_fini(&h->in);
}

static bool http_connect(struct http *h)
{
    struct timeval tv = {.tv_sec = TIMEOUT_S};
    if (h->fd >= 0)
        return true;
    h->fd = socket(h->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (h->fd < 0)
        return false;
    setsockopt(h->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    setsockopt(h->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
    setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(h->fd, (struct sockaddr *)&h->address, h->address_len) == 0)
        return true;
    http_disconnect(h);
    return false;
}

static bool http_send(struct http *h, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(h->fd, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* More of the answer; false at its end. */
static bool http_recv(struct http *h)
{
    char *to = buf_reserve(&h->in, 16384);
    ssize_t n = to == NULL ? 0 : recv(h->fd, to, 16384, 0);
    if (n <= 0)
        return false;
    h->in.n += (size_t)n;
    return true;
}

/* Reads until `what` has come after `from`; where it begins, or -1. */
static ssize_t http_until(struct http *h, size_t from, const char *what)
{
    for (;;) {
        const char *at =
            h->in.n <= from ? NULL : memmem(h->in.p + from, h->in.n - from, what, strlen(what));
        if (at != NULL)
            return at - h->in.p;
        if (!http_recv(h))
            return -1;
    }
}

static bool http_have(struct http *h, size_t n)
{
    while (h->in.n < n)
        if (!http_recv(h))
            return false;
    return true;
}

/* The value of a header field as text; "" when it is absent. */
static void head_field(const char *head, size_t n, const char *name, char *out, size_t size)
{
    size_t name_n = strlen(name);
    out[0] = '\0';
    for (const char *p = head, *end = head + n; p < end;) {
        const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);
        size_t line_n = eol == NULL ? (size_t)(end - p) : (size_t)(eol - p);
        if (line_n > name_n && p[name_n] == ':' && strncasecmp(p, name, name_n) == 0) {
            struct str v = {p + name_n + 1, line_n - name_n - 1};
            while (v.n > 0 && *v.p == ' ')
                v = (struct str){v.p + 1, v.n - 1};
            str_copy(v, out, size);
            return;
        }
        p += line_n + 2;
    }
}

/* Takes a chunked body apart in place; its length, or -1. */
static ssize_t body_chunked(struct http *h, size_t begin)
{
    size_t out = begin, at = begin;
    for (;;) {
        ssize_t eol = http_until(h, at, "\r\n");
        if (eol < 0)
            return -1;
        size_t chunk = strtoul(h->in.p + at, NULL, 16);
        at = (size_t)eol + 2;
        if (chunk > ANSWER_MAX || !http_have(h, at + chunk + 2))
            return -1;
        if (chunk == 0)
            return (ssize_t)(out - begin);
        memmove(h->in.p + out, h->in.p + at, chunk);
        out += chunk;
        at += chunk + 2;
    }
}

struct answer {
    int status;
    unsigned retry_after_s;
    json_t *body;
};

/* Reads one whole answer. */
static bool http_answer(struct http *h, struct answer *a)
{
    char length[32], coding[32], retry[32], keep[32];
    ssize_t end = http_until(h, 0, "\r\n\r\n");
    if (end < 0 || sscanf(h->in.p, "HTTP/1.%*d %d", &a->status) != 1)
        return false;
    size_t begin = (size_t)end + 4;
    head_field(h->in.p, begin, "content-length", length, sizeof length);
    head_field(h->in.p, begin, "transfer-encoding", coding, sizeof coding);
    head_field(h->in.p, begin, "retry-after", retry, sizeof retry);
    head_field(h->in.p, begin, "connection", keep, sizeof keep);
    a->retry_after_s = (unsigned)strtoul(retry, NULL, 10);
    ssize_t n = (ssize_t)strtoul(length, NULL, 10);
    if (strcasecmp(coding, "chunked") == 0)
        n = body_chunked(h, begin);
    if (n < 0 || !http_have(h, begin + (size_t)n))
        return false;
    a->body = json_loadb(h->in.p + begin, (size_t)n, JSON_DECODE_ANY, NULL);
    buf_clear(&h->in); /* one request at a time: nothing follows */
    if (strcasecmp(keep, "close") == 0)
        http_disconnect(h);
    return true;
}

static bool http_once(struct http *h, struct str request, struct answer *a)
{
    bool kept = h->fd >= 0;
    for (;;) {
        if (!http_connect(h))
            return false;
        if (http_send(h, request.p, request.n) && http_answer(h, a))
            return true;
        http_disconnect(h);
        /* A kept connection may have been closed meanwhile. */
        if (!kept)
            return false;
        kept = false;
    }
}

int http_call(struct http *h, const char *method, const char *path, const char *token,
              const char *body, json_t **answer)
{
    struct answer a = {0};
    struct buf request;
    buf_init(&request, 65536);
    buf_printf(&request, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n", method, path,
               h->host, body == NULL ? (size_t)0 : strlen(body));
    if (token != NULL)
        buf_printf(&request, "Authorization: Bearer %s\r\n", token);
    buf_puts(&request, "Content-Type: application/json\r\n\r\n");
    if (body != NULL)
        buf_puts(&request, body);
    for (unsigned i = 0;; i++) {
        if (!http_once(h, buf_str(&request), &a)) {
            a = (struct answer){.status = -1};
            break;
        }
        bool busy = a.status == 503 || (a.status == 429 && a.retry_after_s <= RETRY_MAX_S);
        if (!busy || i == RETRIES)
            break;
        json_decref(a.body);
        clock_sleep_ms(RETRY_STEP_MS);
    }
    buf_fini(&request);
    if (answer != NULL)
        *answer = a.body;
    else
        json_decref(a.body);
    return a.status;
}

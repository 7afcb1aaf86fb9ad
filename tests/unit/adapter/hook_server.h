/* A receiver of web hooks for tests: HTTP on a free port of 127.0.0.1, on a thread of its own, one
 * request after the other; it writes down what it was sent and answers as it is told. */
#ifndef PARLEY_UNIT_ADAPTER_HOOK_SERVER_H
#define PARLEY_UNIT_ADAPTER_HOOK_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum hook_manner {
    HOOK_OK,       /* 204 */
    HOOK_ERROR,    /* 500 */
    HOOK_REDIRECT, /* 302 to itself, /elsewhere */
    HOOK_HANGS,    /* takes the request, says nothing */
    HOOK_DRIPS,    /* a byte of its answer every 50 ms, without end */
    HOOK_FLOODS,   /* 200 with an endless body */
    HOOK_CLOSES,   /* takes the request, closes */
    HOOK_GARBAGE,  /* answers what is no HTTP */
};

#define HOOK_REQUESTS_MAX 4096
#define HOOK_REQUEST_MAX  ((size_t)128 * 1024)

struct hook_server {
    int fd;
    char url[64];
    pthread_t thread;
    atomic_int manner;
    atomic_bool stopping;
    pthread_mutex_t mutex;
    size_t n;
    char *requests[HOOK_REQUESTS_MAX]; /* head and body, as text */
};

void hook_server_start(struct hook_server *s);
void hook_server_stop(struct hook_server *s);
/* How many requests came so far. */
size_t hook_server_count(struct hook_server *s);
/* Waits for the n-th (from 1), at most 10 s; its text, or NULL. */
const char *hook_server_wait(struct hook_server *s, size_t n);
/* The value of a header of a request, into `out`; "" when there is none. */
void hook_header(const char *request, const char *name, char *out, size_t size);
/* Where the body of a request begins. */
const char *hook_body(const char *request);

#endif

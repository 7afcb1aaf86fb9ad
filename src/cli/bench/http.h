/* A small blocking HTTP/1.1 client with one kept connection: for setting the stage. */
#ifndef PARLEY_CLI_BENCH_HTTP_H
#define PARLEY_CLI_BENCH_HTTP_H

#include <jansson.h>
#include <netinet/in.h>

#include "base/buf.h"

struct http {
    struct sockaddr_storage address;
    socklen_t address_len;
    const char *host; /* for the Host field */
    int fd;           /* -1: not connected */
    struct buf in;
};

/* The address of host and port; false with the reason. */
bool http_resolve(const char *host, uint16_t port, struct sockaddr_storage *out, socklen_t *len,
                  char *reason, size_t size);
void http_init(struct http *h, const struct sockaddr_storage *address, socklen_t len,
               const char *host);
void http_fini(struct http *h);
/* One request; `token` and `body` may be NULL. The status, or -1 when the server could not be
 * talked to. `*answer` (may be NULL) gets the parsed body, NULL where it is no JSON; the caller
 * lets it go. Waits and asks again while the answer is 503 or a 429 with a short Retry-After. */
int http_call(struct http *h, const char *method, const char *path, const char *token,
              const char *body, json_t **answer);

#endif

/* TLS towards Redis: bytes in, bytes out, no socket. Inside adapter/redis only.
 *
 * The certificate must be signed by whom the configuration trusts and name the host of the
 * configuration (or carry its address); TLS 1.2 or newer. A stream is for one thread at a time. */
#ifndef PARLEY_ADAPTER_REDIS_TLS_H
#define PARLEY_ADAPTER_REDIS_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* PEM files; NULL or "": none. */
struct tls_files {
    const char *ca; /* whom to trust; none: whom the system trusts */
    const char *cert, *key;
};

struct tls_client;
/* ERR_BAD_REQUEST with the reason. */
enum err tls_client_new(const struct tls_files *files, const char *host, struct tls_client **out,
                        char *reason, size_t reason_size);
void tls_client_free(struct tls_client *c);

enum tls_step {
    TLS_DONE,
    TLS_WANTS, /* bytes of the peer */
    TLS_ENDED, /* the peer said good-bye */
    TLS_FAILED,
};

struct tls_stream;
struct tls_stream *tls_stream_new(struct tls_client *c);
void tls_stream_free(struct tls_stream *s);
enum tls_step tls_stream_handshake(struct tls_stream *s);
/* Plain bytes to send. False when it failed. */
bool tls_stream_write(struct tls_stream *s, struct str plain);
/* Plain bytes received, `*n` of at most `size`. */
enum tls_step tls_stream_read(struct tls_stream *s, char *out, size_t size, size_t *n);
/* What came from the peer; taken whole. */
bool tls_stream_input(struct tls_stream *s, const char *p, size_t n);
/* What is to go to the peer: takes up to `size` bytes, returns how many. */
size_t tls_stream_output(struct tls_stream *s, char *out, size_t size);
/* Why it failed; TLS_UNTRUSTED begins it when the peer's certificate is not to be trusted. */
#define TLS_UNTRUSTED "TLS, certificate: "
void tls_stream_why(struct tls_stream *s, char *reason, size_t size);

#endif

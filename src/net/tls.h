/* TLS on a connection's own non-blocking socket. A session holds buffers only while a record is
 * under way (SSL_MODE_RELEASE_BUFFERS). */
#ifndef PARLEY_NET_TLS_H
#define PARLEY_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What the calls that move bytes return beside a count. */
#define NET_AGAIN  (-1) /* not now: wait for the socket */
#define NET_BROKEN (-2) /* never again */

#define TLS_RECORD_BYTES 16384

struct tls;
struct tls_context;

/* The server's side of a session on `fd`, which stays the caller's. */
struct tls *tls_new(struct tls_context *t, int fd);
void tls_free(struct tls *s);

/* 0 when the handshake is through. */
ssize_t tls_handshake(struct tls *s);
/* The bytes of at most one record; 0: the peer's end. `size` is at least TLS_RECORD_BYTES, so that
 * nothing stays behind in the session, where no poll would see it. */
ssize_t tls_read(struct tls *s, char *p, size_t size);
/* After NET_AGAIN the next call must bring the same `tls_committed` bytes again: they are sealed
 * in a record already. */
ssize_t tls_write(struct tls *s, const char *p, size_t n);
size_t tls_committed(const struct tls *s);
/* Says goodbye (close_notify): 0, NET_AGAIN or NET_BROKEN. */
ssize_t tls_close(struct tls *s);
/* Must the socket be writable for something to go on? */
bool tls_wants_write(const struct tls *s);

#endif

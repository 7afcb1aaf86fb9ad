#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "net/conn.h"

/* ---- The way to the socket: OpenSSL's own would raise SIGPIPE ---- */

static int fd_of(BIO *b)
{
    return (int)(intptr_t)BIO_get_data(b);
}

static int socket_write(BIO *b, const char *p, int n)
{
    BIO_clear_retry_flags(b);
    ssize_t sent = send(fd_of(b), p, (size_t)n, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(b);
    return (int)sent;
}

static int socket_read(BIO *b, char *p, int n)
{
    BIO_clear_retry_flags(b);
    ssize_t got = recv(fd_of(b), p, (size_t)n, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(b);
    if (got == 0)
        BIO_set_flags(b, BIO_FLAGS_IN_EOF);
    return (int)got;
}

static long socket_ctrl(BIO *b, int command, long n, void *p)
{
    (void)n;
    (void)p;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *socket_method;
static pthread_once_t socket_method_once = PTHREAD_ONCE_INIT;

static void socket_method_init(void)
{
    socket_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (socket_method == NULL)
        return;
    BIO_meth_set_write(socket_method, socket_write);
    BIO_meth_set_read(socket_method, socket_read);
    BIO_meth_set_ctrl(socket_method, socket_ctrl);
}

/* ---- Contexts ---- */

struct tls_context {
    pthread_mutex_t mutex; /* of `ctx`, which a reload replaces */
    SSL_CTX *ctx;
    char *cert_file, *key_file;
};

/* A key that needs a passphrase is refused; the default would ask on the terminal. */
static int tls_no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

/* HTTP/1.1 is all we speak; whoever offers something else only is refused (RFC 7301 3.2). */
static int tls_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *offered, unsigned n, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, offered, n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void tls_configure(SSL_CTX *ctx)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Sessions are resumed by tickets, which the clients keep. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_alpn_select_cb(ctx, tls_on_alpn, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, tls_no_passphrase);
}

static void tls_say(char *reason, size_t size, const char *what)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(reason, size, "%s: %s", what, why == NULL ? "cannot be used" : why);
}

/* NULL with the reason. */
static SSL_CTX *tls_load(const char *cert_file, const char *key_file, char *reason, size_t size)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL) {
        tls_say(reason, size, "TLS");
        return NULL;
    }
    tls_configure(ctx);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1) {
        tls_say(reason, size, cert_file);
        goto err_after_new;
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1) {
        tls_say(reason, size, key_file);
        goto err_after_new;
    }
    return ctx;

err_after_new:
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return NULL;
}

enum err tls_context_new(const char *cert_file, const char *key_file, struct tls_context **out,
                         char *reason, size_t reason_size)
{
    pthread_once(&socket_method_once, socket_method_init);
    SSL_CTX *ctx = tls_load(cert_file, key_file, reason, reason_size);
    if (ctx == NULL)
        return ERR_UNAVAILABLE;
    struct tls_context *t = MEM_NEW(struct tls_context);
    pthread_mutex_init(&t->mutex, NULL);
    t->ctx = ctx;
    t->cert_file = mem_strdup(cert_file);
    t->key_file = mem_strdup(key_file);
    *out = t;
    return ERR_OK;
}

enum err tls_context_reload(struct tls_context *t, char *reason, size_t reason_size)
{
    SSL_CTX *ctx = tls_load(t->cert_file, t->key_file, reason, reason_size);
    if (ctx == NULL)
        return ERR_UNAVAILABLE;
    pthread_mutex_lock(&t->mutex);
    SSL_CTX *old = t->ctx;
    t->ctx = ctx;
    pthread_mutex_unlock(&t->mutex);
    SSL_CTX_free(old); /* sessions that use it hold references of their own */
    return ERR_OK;
}

void tls_context_free(struct tls_context *t)
{
    if (t == NULL)
        return;
    SSL_CTX_free(t->ctx);
    pthread_mutex_destroy(&t->mutex);
    mem_free(t->cert_file);
    mem_free(t->key_file);
    mem_free(t);
}

/* ---- Sessions ---- */

struct tls {
    SSL *ssl;
    size_t committed;             /* bytes of a write that must be repeated */
    bool write_waits, read_waits; /* for the socket to be writable */
};

struct tls *tls_new(struct tls_context *t, int fd)
{
    pthread_mutex_lock(&t->mutex);
    SSL *ssl = SSL_new(t->ctx);
    pthread_mutex_unlock(&t->mutex);
    BIO *b = socket_method == NULL ? NULL : BIO_new(socket_method);
    if (ssl == NULL || b == NULL) {
        SSL_free(ssl);
        BIO_free(b);
        return NULL;
    }
    BIO_set_data(b, (void *)(intptr_t)fd);
    BIO_set_init(b, 1);
    SSL_set_bio(ssl, b, b);
    SSL_set_accept_state(ssl);
    struct tls *s = MEM_NEW(struct tls);
    s->ssl = ssl;
    return s;
}

void tls_free(struct tls *s)
{
    if (s == NULL)
        return;
    SSL_free(s->ssl);
    mem_free(s);
}

/* What a failed call means; `*waits` tells whether it waits for the socket to be writable. */
static ssize_t tls_failed(struct tls *s, int result, bool *waits)
{
    int error = SSL_get_error(s->ssl, result);
    ERR_clear_error();
    *waits = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ)
        return NET_AGAIN;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : NET_BROKEN;
}

ssize_t tls_handshake(struct tls *s)
{
    ERR_clear_error();
    int r = SSL_do_handshake(s->ssl);
    if (r == 1) {
        s->write_waits = false;
        return 0;
    }
    ssize_t failed = tls_failed(s, r, &s->write_waits);
    return failed == 0 ? NET_BROKEN : failed;
}

ssize_t tls_read(struct tls *s, char *p, size_t size)
{
    size_t n = 0;
    ERR_clear_error();
    int r = SSL_read_ex(s->ssl, p, size, &n);
    if (r != 1)
        return tls_failed(s, r, &s->read_waits);
    s->read_waits = false;
    return (ssize_t)n;
}

ssize_t tls_write(struct tls *s, const char *p, size_t n)
{
    size_t sent = 0;
    ERR_clear_error();
    int r = SSL_write_ex(s->ssl, p, n, &sent);
    if (r == 1) {
        s->committed = 0;
        s->write_waits = false;
        return (ssize_t)sent;
    }
    ssize_t failed = tls_failed(s, r, &s->write_waits);
    s->committed = failed == NET_AGAIN ? n : 0;
    return failed == 0 ? NET_BROKEN : failed;
}

size_t tls_committed(const struct tls *s)
{
    return s->committed;
}

ssize_t tls_close(struct tls *s)
{
    ERR_clear_error();
    int r = SSL_shutdown(s->ssl);
    if (r >= 0) {
        s->write_waits = false;
        return 0;
    }
    return tls_failed(s, r, &s->write_waits);
}

bool tls_wants_write(const struct tls *s)
{
    return s->write_waits || s->read_waits;
}

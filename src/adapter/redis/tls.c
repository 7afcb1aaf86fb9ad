#include "adapter/redis/tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/mem.h"

struct tls_client {
    SSL_CTX *ctx;
    char *host;
};

struct tls_stream {
    SSL *ssl;
    BIO *in, *out; /* memory; the SSL's own */
};

static void say(char *reason, size_t size, const char *what)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(reason, size, "%s: %s", what, why == NULL ? "cannot be used" : why);
    ERR_clear_error();
}

static SSL_CTX *context_new(const char *ca_file, char *reason, size_t size)
{
    bool own = ca_file != NULL && ca_file[0] != '\0';
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL) {
        say(reason, size, "TLS");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    int loaded = own ? SSL_CTX_load_verify_locations(ctx, ca_file, NULL)
                     : SSL_CTX_set_default_verify_paths(ctx);
    if (loaded == 1)
        return ctx;
    say(reason, size, own ? ca_file : "the system's certificates");
    SSL_CTX_free(ctx);
    return NULL;
}

/* Our own certificate, where there is one. */
static bool context_certify(SSL_CTX *ctx, const struct tls_files *files, char *reason, size_t size)
{
    bool none = files->cert == NULL || files->cert[0] == '\0';
    ERR_clear_error();
    if (none)
        return true;
    const char *fault = NULL;
    if (SSL_CTX_use_certificate_chain_file(ctx, files->cert) != 1)
        fault = files->cert;
    else if (SSL_CTX_use_PrivateKey_file(ctx, files->key, SSL_FILETYPE_PEM) != 1)
        fault = files->key;
    if (fault != NULL)
        say(reason, size, fault);
    return fault == NULL;
}

enum err tls_client_new(const struct tls_files *files, const char *host, struct tls_client **out,
                        char *reason, size_t reason_size)
{
    SSL_CTX *ctx = context_new(files->ca, reason, reason_size);
    if (ctx == NULL)
        return ERR_BAD_REQUEST;
    if (!context_certify(ctx, files, reason, reason_size)) {
        SSL_CTX_free(ctx);
        return ERR_BAD_REQUEST;
    }
    struct tls_client *c = MEM_NEW(struct tls_client);
    c->ctx = ctx;
    c->host = mem_strdup(host);
    *out = c;
    return ERR_OK;
}

void tls_client_free(struct tls_client *c)
{
    if (c == NULL)
        return;
    SSL_CTX_free(c->ctx);
    mem_free(c->host);
    mem_free(c);
}

/* Whom the certificate must name. An address is not sent as a server name (RFC 6066 3). */
static bool expect_host(SSL *ssl, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct tls_stream *tls_stream_new(struct tls_client *c)
{
    ERR_clear_error();
    SSL *ssl = SSL_new(c->ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (ssl == NULL || in == NULL || out == NULL || !expect_host(ssl, c->host)) {
        BIO_free(in);
        BIO_free(out);
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_mem_eof_return(in, -1);
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    struct tls_stream *s = MEM_NEW(struct tls_stream);
    *s = (struct tls_stream){ssl, in, out};
    return s;
}

void tls_stream_free(struct tls_stream *s)
{
    if (s == NULL)
        return;
    SSL_free(s->ssl);
    ERR_clear_error();
    mem_free(s);
}

static enum tls_step step_of(struct tls_stream *s, int result)
{
    switch (SSL_get_error(s->ssl, result)) {
    case SSL_ERROR_NONE:
        return TLS_DONE;
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        return TLS_FAILED;
    }
}

enum tls_step tls_stream_handshake(struct tls_stream *s)
{
    ERR_clear_error();
    return step_of(s, SSL_do_handshake(s->ssl));
}

bool tls_stream_write(struct tls_stream *s, struct str plain)
{
    size_t written;
    ERR_clear_error();
    return plain.n == 0 || SSL_write_ex(s->ssl, plain.p, plain.n, &written) == 1;
}

enum tls_step tls_stream_read(struct tls_stream *s, char *out, size_t size, size_t *n)
{
    *n = 0;
    ERR_clear_error();
    return step_of(s, SSL_read_ex(s->ssl, out, size, n));
}

bool tls_stream_input(struct tls_stream *s, const char *p, size_t n)
{
    size_t written;
    return BIO_write_ex(s->in, p, n, &written) == 1 && written == n;
}

size_t tls_stream_output(struct tls_stream *s, char *out, size_t size)
{
    size_t n;
    return BIO_read_ex(s->out, out, size, &n) == 1 ? n : 0;
}

void tls_stream_why(struct tls_stream *s, char *reason, size_t size)
{
    long verdict = SSL_get_verify_result(s->ssl);
    if (verdict == X509_V_OK) {
        say(reason, size, "TLS");
        return;
    }
    snprintf(reason, size, TLS_UNTRUSTED "%s", X509_verify_cert_error_string(verdict));
    ERR_clear_error();
}

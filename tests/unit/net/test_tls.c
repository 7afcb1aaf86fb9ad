#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn_impl.h"
#include "rig.h"

static char dir[] = "/tmp/parley-tls-XXXXXX";
static char cert_file[64], key_file[64];
static atomic_int accepted, closed, received, overflows;

/* `subject` tells certificates apart. */
static void make_certificate(const char *subject)
{
    char command[512];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
             "-subj /CN=%s -keyout %s -out %s 2>/dev/null",
             subject, key_file, cert_file);
    assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(cert_file, sizeof cert_file, "%s/cert.pem", dir);
    snprintf(key_file, sizeof key_file, "%s/key.pem", dir);
    make_certificate("first");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(cert_file);
    unlink(key_file);
    return rmdir(dir);
}

/* ---- The server's side ---- */

static void echo_data(struct conn *c, char *p, size_t n)
{
    atomic_fetch_add(&received, (int)n);
    conn_write_copy(c, p, n);
}

static void echo_eof(struct conn *c)
{
    conn_close(c, 1000);
}

static void echo_close(struct conn *c)
{
    (void)c;
    atomic_fetch_add(&closed, 1);
}

static void slow_overflow(struct conn *c)
{
    atomic_fetch_add(&overflows, 1);
    conn_close_slow(c, "LAST", 4, 5000);
}

static const struct conn_ops echo_ops = {
    .on_data = echo_data, .on_eof = echo_eof, .on_overflow = slow_overflow, .on_close = echo_close};

static struct conn *accepted_conn;

static void accept_echo(struct conn *c, void *arg)
{
    (void)arg;
    assert_true(conn_is_tls(c));
    conn_set_handler(c, &echo_ops, NULL);
    conn_set_limits(c, &(struct conn_limits){8 << 20, 100000});
    accepted_conn = c;
    atomic_fetch_add(&accepted, 1);
}

static struct tls_context *begin(struct rig *r)
{
    struct tls_context *t;
    char reason[200];
    atomic_store(&accepted, 0);
    atomic_store(&closed, 0);
    atomic_store(&received, 0);
    atomic_store(&overflows, 0);
    assert_int_equal(tls_context_new(cert_file, key_file, &t, reason, sizeof reason), ERR_OK);
    rig_start(r, t, accept_echo, NULL);
    return t;
}

static void end(struct rig *r, struct tls_context *t)
{
    rig_stop(r);
    tls_context_free(t);
}

/* ---- The client's side ---- */

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

/* Returns SSL_connect's answer. `alpn` in wire form, may be NULL. */
static int client_begin(struct client *c, uint16_t port, int version_max, const char *alpn,
                        int rcvbuf)
{
    c->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(c->ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(c->ctx, version_max);
    SSL_CTX_set_security_level(c->ctx, 0);
    if (alpn != NULL)
        SSL_CTX_set_alpn_protos(c->ctx, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    c->fd = client_connect(port, rcvbuf);
    c->ssl = SSL_new(c->ctx);
    SSL_set_fd(c->ssl, c->fd);
    return SSL_connect(c->ssl);
}

static void client_end(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
    ERR_clear_error();
}

static void tls_send_all(struct client *c, const char *p, size_t n)
{
    size_t sent;
    assert_int_equal(SSL_write_ex(c->ssl, p, n, &sent), 1);
    assert_int_equal(sent, n);
}

static void tls_read_all(struct client *c, char *p, size_t n)
{
    for (size_t done = 0, got; done < n; done += got)
        assert_int_equal(SSL_read_ex(c->ssl, p + done, n - done, &got), 1);
}

static void assert_ended(struct client *c)
{
    char in;
    size_t got;
    assert_int_equal(SSL_read_ex(c->ssl, &in, 1, &got), 0);
    assert_int_equal(SSL_get_error(c->ssl, 0), SSL_ERROR_ZERO_RETURN);
}

static void echo_over(int version)
{
    static char out[200000], in[sizeof out];
    struct rig r;
    struct client c;
    struct tls_context *t = begin(&r);
    const unsigned char *chosen;
    unsigned chosen_len;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (char)(i * 31 % 251);
    assert_int_equal(client_begin(&c, r.port, version, "\x02h2\x08http/1.1", 0), 1);
    assert_int_equal(SSL_version(c.ssl), version);
    SSL_get0_alpn_selected(c.ssl, &chosen, &chosen_len);
    assert_int_equal(chosen_len, 8);
    assert_memory_equal(chosen, "http/1.1", 8);
    for (int i = 0; i < 5; i++) {
        tls_send_all(&c, out, sizeof out);
        tls_read_all(&c, in, sizeof in);
        assert_memory_equal(in, out, sizeof out);
    }
    SSL_shutdown(c.ssl);
    assert_ended(&c);
    client_end(&c);
    rig_wait(&closed, 1);
    end(&r, t);
}

static void echo_over_12_and_13(void **state)
{
    (void)state;
    echo_over(TLS1_2_VERSION);
    echo_over(TLS1_3_VERSION);
}

static void older_versions_and_other_protocols_are_refused(void **state)
{
    (void)state;
    struct rig r;
    struct client c;
    struct tls_context *t = begin(&r);
    assert_int_not_equal(client_begin(&c, r.port, TLS1_1_VERSION, NULL, 0), 1);
    client_end(&c);
    assert_int_not_equal(client_begin(&c, r.port, TLS1_3_VERSION, "\x02h2", 0), 1);
    client_end(&c);
    assert_int_equal(atomic_load(&accepted), 0);
    end(&r, t);
}

static void what_is_not_tls_is_closed(void **state)
{
    (void)state;
    struct rig r;
    struct tls_context *t = begin(&r);
    int fd = client_connect(r.port, 0);
    client_send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 28);
    char in[64];
    while (client_read_some(fd, in, sizeof in) > 0)
        ;
    close(fd);
    assert_int_equal(atomic_load(&accepted), 0);
    end(&r, t);
}

static void a_silent_handshake_ends(void **state)
{
    (void)state;
    struct rig r;
    struct tls_context *t = begin(&r);
    int64_t start = rig_now_ms();
    int fd = client_connect(r.port, 0);
    char in;
    assert_int_equal(client_read_some(fd, &in, 1), 0);
    assert_in_range(rig_now_ms() - start, TLS_HANDSHAKE_MS - 100, TLS_HANDSHAKE_MS + 2000);
    close(fd);
    /* And a reset in the middle of one. */
    fd = client_connect(r.port, 0);
    client_send(fd, "\x16\x03\x01", 3);
    rig_sleep_ms(20);
    client_reset(fd);
    /* And one that is cut by the end of the loop. */
    fd = client_connect(r.port, 0);
    rig_sleep_ms(20);
    end(&r, t);
    close(fd);
    assert_int_equal(atomic_load(&accepted), 0);
}

static void write_megabytes(void *arg)
{
    struct bytes *b = bytes_new(4 << 20);
    (void)arg;
    for (size_t i = 0; i < b->len; i++)
        b->data[i] = (char)(i * 7 % 253);
    /* Odd pieces: records are filled across them. */
    for (size_t at = 0; at < b->len; at += 1001)
        conn_write(accepted_conn, b, at, b->len - at < 1001 ? b->len - at : 1001, 1);
    bytes_unref(b);
}

static void a_slow_reader_gets_every_byte(void **state)
{
    (void)state;
    static char in[4 << 20];
    struct rig r;
    struct client c;
    struct tls_context *t = begin(&r);
    assert_int_equal(client_begin(&c, r.port, TLS1_3_VERSION, NULL, 4096), 1);
    rig_wait(&accepted, 1);
    setsockopt(accepted_conn->fd, SOL_SOCKET, SO_SNDBUF, &(int){8192}, sizeof(int));
    rig_call(&r, write_megabytes, NULL);
    tls_read_all(&c, in, sizeof in);
    for (size_t i = 0; i < sizeof in; i++)
        assert_int_equal(in[i], (char)(i * 7 % 253));
    client_end(&c);
    end(&r, t);
}

#define FRAME 3001

static void write_until_over(void *arg)
{
    struct bytes *b = bytes_new(FRAME);
    (void)arg;
    memset(b->data, 'x', b->len);
    b->data[0] = '<';
    b->data[FRAME - 1] = '>';
    conn_set_limits(accepted_conn, &(struct conn_limits){200000, 100000});
    while (!accepted_conn->overflowed)
        conn_write(accepted_conn, b, 0, b->len, 1);
    bytes_unref(b);
}

/* The record that is sealed but not sent may end in the middle of a frame. */
static void too_slow_a_reader_gets_whole_frames(void **state)
{
    (void)state;
    char frame[FRAME];
    struct rig r;
    struct client c;
    struct tls_context *t = begin(&r);
    assert_int_equal(client_begin(&c, r.port, TLS1_3_VERSION, NULL, 4096), 1);
    rig_wait(&accepted, 1);
    setsockopt(accepted_conn->fd, SOL_SOCKET, SO_SNDBUF, &(int){8192}, sizeof(int));
    rig_call(&r, write_until_over, NULL);
    rig_wait(&overflows, 1);
    for (;;) {
        tls_read_all(&c, frame, 4);
        if (memcmp(frame, "LAST", 4) == 0)
            break;
        assert_int_equal(frame[0], '<');
        tls_read_all(&c, frame + 4, FRAME - 4);
        assert_int_equal(frame[FRAME - 1], '>');
    }
    assert_ended(&c);
    client_end(&c);
    rig_wait(&closed, 1);
    end(&r, t);
}

static void subject_of(uint16_t port, char *out, size_t size)
{
    struct client c;
    assert_int_equal(client_begin(&c, port, TLS1_3_VERSION, NULL, 0), 1);
    X509 *cert = SSL_get1_peer_certificate(c.ssl);
    X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, out, (int)size);
    X509_free(cert);
    client_end(&c);
}

static void a_reload_serves_the_new_certificate(void **state)
{
    (void)state;
    char name[32], reason[200];
    struct rig r;
    struct client old;
    struct tls_context *t = begin(&r);
    assert_int_equal(client_begin(&old, r.port, TLS1_3_VERSION, NULL, 0), 1);
    subject_of(r.port, name, sizeof name);
    assert_string_equal(name, "first");
    make_certificate("second");
    assert_int_equal(tls_context_reload(t, reason, sizeof reason), ERR_OK);
    subject_of(r.port, name, sizeof name);
    assert_string_equal(name, "second");
    /* Broken files change nothing, and are named. */
    FILE *f = fopen(cert_file, "w");
    fputs("nonsense", f);
    fclose(f);
    assert_int_equal(tls_context_reload(t, reason, sizeof reason), ERR_UNAVAILABLE);
    assert_non_null(strstr(reason, cert_file));
    subject_of(r.port, name, sizeof name);
    assert_string_equal(name, "second");
    /* Who was there stays. */
    char in[5];
    tls_send_all(&old, "hello", 5);
    tls_read_all(&old, in, 5);
    client_end(&old);
    end(&r, t);
    make_certificate("first");
}

static void bad_files_are_named(void **state)
{
    (void)state;
    struct tls_context *t;
    char reason[200];
    assert_int_equal(tls_context_new("/nonexistent", key_file, &t, reason, sizeof reason),
                     ERR_UNAVAILABLE);
    assert_non_null(strstr(reason, "/nonexistent"));
    assert_int_equal(tls_context_new(cert_file, "/nonexistent", &t, reason, sizeof reason),
                     ERR_UNAVAILABLE);
    assert_non_null(strstr(reason, "/nonexistent"));
    assert_int_equal(tls_context_new(cert_file, cert_file, &t, reason, sizeof reason),
                     ERR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_over_12_and_13),
        cmocka_unit_test(older_versions_and_other_protocols_are_refused),
        cmocka_unit_test(what_is_not_tls_is_closed),
        cmocka_unit_test(a_silent_handshake_ends),
        cmocka_unit_test(a_slow_reader_gets_every_byte),
        cmocka_unit_test(too_slow_a_reader_gets_whole_frames),
        cmocka_unit_test(a_reload_serves_the_new_certificate),
        cmocka_unit_test(bad_files_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

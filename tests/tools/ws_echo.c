/* ws-echo --listen HOST:PORT: sends every websocket message back, for conformance suites that know
 * nothing of chat. The server's own net/ and wire/, with the limits raised to what those suites
 * send; permessage-deflate where the client offers it. Ends at SIGTERM or SIGINT. */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/conn.h"
#include "wire/http.h"
#include "wire/ws.h"

#define MESSAGE_MAX    (64u << 20)
#define QUEUE_MAX      (256u << 20)
#define HEAD_MAX       16384
#define HEAD_MS        5000
#define LINGER_MS      900 /* with the wheel's tick, the connection is gone within a second */
#define EXTENSIONS_MAX 1024

static const struct http_limits http_limits = {HEAD_MAX, 100, 0};
static const struct ws_config ws_config = {
    .client = false, .message_max = MESSAGE_MAX, .fragments_max = 1u << 20};

struct echo {
    struct conn *conn;
    struct http_parser *http; /* until the handshake is through */
    struct ws_decoder decoder;
    struct buf out;
};

static void echo_send(struct echo *e)
{
    conn_write_copy(e->conn, e->out.p, e->out.n);
    buf_fini(&e->out);
    buf_init(&e->out, MESSAGE_MAX + WS_HEAD_MAX);
}

static void echo_close(struct echo *e, uint16_t code, struct str reason)
{
    char frame[WS_CLOSE_FRAME_MAX];
    conn_write_copy(e->conn, frame, ws_close_frame(code, reason, frame));
    conn_close(e->conn, LINGER_MS);
}

static void echo_control(struct echo *e, const struct ws_item *item)
{
    if (item->opcode == WS_CLOSE) {
        echo_close(e, item->code, item->payload);
    } else if (item->opcode == WS_PING) {
        ws_put_frame(&e->out, WS_PONG, item->payload);
        echo_send(e);
    }
}

static void echo_message(struct echo *e, const struct ws_item *item)
{
    if (!e->decoder.deflate || item->opcode != WS_TEXT ||
        !ws_put_frame_deflated(&e->out, item->payload))
        ws_put_frame(&e->out, item->opcode, item->payload);
    echo_send(e);
}

static void echo_frames(struct echo *e, char *p, size_t n)
{
    for (;;) {
        struct ws_item item;
        size_t used;
        enum ws_result r = ws_decode(&e->decoder, p, n, &used, &item);
        p += used;
        n -= used;
        if (r == WS_MESSAGE)
            echo_message(e, &item);
        else if (r == WS_CONTROL)
            echo_control(e, &item);
        else if (r == WS_ERROR)
            echo_close(e, item.code, STR_NONE);
        if (r == WS_MORE || r == WS_ERROR)
            return;
    }
}

static void echo_refuse(struct echo *e)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n";
    conn_write_copy(e->conn, answer, sizeof answer - 1);
    conn_close(e->conn, LINGER_MS);
}

/* All Sec-WebSocket-Extensions fields, joined by ", " as RFC 9110 section 5.3 allows. */
static struct str echo_extensions(const struct http_request *r, struct buf *joined)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        if (!str_eq_nocase(r->fields[i].name, STR("sec-websocket-extensions")))
            continue;
        if (joined->n > 0)
            buf_puts(joined, ", ");
        buf_put(joined, r->fields[i].value.p, r->fields[i].value.n);
    }
    return joined->failed ? STR_NONE : buf_str(joined);
}

static void echo_upgrade(struct echo *e)
{
    const struct http_request *r = http_parser_request(e->http);
    struct str key;
    if (!r->upgrade_websocket || !http_field_get(r, "sec-websocket-key", &key) ||
        !ws_key_is_valid(key)) {
        echo_refuse(e);
        return;
    }
    char accept[WS_ACCEPT_SIZE], extension[WS_EXTENSION_SIZE];
    struct buf joined;
    buf_init(&joined, EXTENSIONS_MAX);
    bool deflate = ws_offers_deflate(echo_extensions(r, &joined), extension);
    buf_fini(&joined);
    ws_accept(key, accept);
    buf_printf(&e->out,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
               accept);
    if (deflate)
        buf_printf(&e->out, "Sec-WebSocket-Extensions: %s\r\n", extension);
    buf_puts(&e->out, "\r\n");
    echo_send(e);
    conn_deadline(e->conn, 0);
    ws_decoder_init(&e->decoder, &ws_config, deflate);
    http_parser_free(e->http);
    e->http = NULL;
}

static void on_data(struct conn *c, char *p, size_t n)
{
    struct echo *e = conn_owner(c);
    size_t used = 0;
    while (e->http != NULL) {
        p += used;
        n -= used;
        enum http_result r = http_parse(e->http, p, n, &used);
        if (r == HTTP_MORE)
            return;
        if (r == HTTP_ERROR) {
            echo_refuse(e);
            return;
        }
        if (r == HTTP_DONE)
            echo_upgrade(e);
        if (r == HTTP_DONE && e->http != NULL)
            return; /* refused */
    }
    echo_frames(e, p + used, n - used);
}

static void on_close(struct conn *c)
{
    struct echo *e = conn_owner(c);
    http_parser_free(e->http);
    ws_decoder_fini(&e->decoder);
    buf_fini(&e->out);
    mem_free(e);
}

static const struct conn_ops echo_ops = {.on_data = on_data, .on_close = on_close};

static void on_accept(struct conn *c, void *arg)
{
    (void)arg;
    struct echo *e = MEM_NEW(struct echo);
    e->conn = c;
    e->http = http_parser_new(&http_limits);
    ws_decoder_init(&e->decoder, &ws_config, false);
    buf_init(&e->out, MESSAGE_MAX + WS_HEAD_MAX);
    conn_set_handler(c, &echo_ops, e);
    conn_set_limits(c, &(struct conn_limits){QUEUE_MAX, 1u << 20});
    conn_deadline(c, HEAD_MS);
}

static void *loop_main(void *arg)
{
    loop_run(arg);
    return NULL;
}

/* Splits HOST:PORT in place; false when it is none. */
static bool address_split(char *text, uint16_t *port)
{
    unsigned long long n;
    char *colon = strrchr(text, ':');
    if (colon == NULL || !str_to_u64(str_of(colon + 1), &n) || n > UINT16_MAX)
        return false;
    *colon = '\0';
    *port = (uint16_t)n;
    return true;
}

static int serve(const char *host, uint16_t port)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    struct loop *l = loop_new(0);
    struct listener *ls;
    char reason[256];
    if (listener_open(l, host, port, NULL, on_accept, NULL, &ls, reason, sizeof reason) != ERR_OK) {
        fprintf(stderr, "ws-echo: %s\n", reason);
        loop_free(l);
        return 1;
    }
    printf("listening on %s:%u\n", host, listener_port(ls));
    fflush(stdout);
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, loop_main, l), signal_number;
    if (failed != 0)
        abort();
    sigwait(&ends, &signal_number);
    loop_stop(l);
    pthread_join(thread, NULL);
    listener_close(ls);
    loop_free(l);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'}, {0}};
    char *address = NULL;
    uint16_t port;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;)
        address = o == 'l' ? optarg : NULL;
    if (address == NULL || optind != argc || !address_split(address, &port)) {
        fputs("usage: ws-echo --listen HOST:PORT\n", stderr);
        return 2;
    }
    return serve(address, port);
}

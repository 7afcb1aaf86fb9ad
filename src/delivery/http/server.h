/* The HTTP machine of one connection: bytes in, exchanges out, answers in order.
 *
 *     idle -> receiving -> (working) -> answered -> idle ...
 *
 * idle:       between requests, at most deps.idle_ms. Holds no request state.
 * receiving:  from the first byte of a request; its head has limits.head_timeout_s, and so has its
 *             body. Too slow is 408, malformed what the parser says; both close the connection.
 * working:    one exchange is under way, at most deps.work_ms; then 503. Reading is paused; what
 * came already (a pipelined request) is held, at most HTTP_HELD_BYTES_MAX. answered:   the next
 * request is taken up as long as less than HTTP_BACKLOG_BYTES of answers wait to be read; a client
 * that reads nothing for deps.idle_ms is cut off.
 *
 * All of it on the loop's thread. A websocket handshake ends it: the connection is handed over and
 * the machine is freed.
 */
#ifndef PARLEY_DELIVERY_HTTP_SERVER_H
#define PARLEY_DELIVERY_HTTP_SERVER_H

#include "delivery/http/context.h"

#define HTTP_LINGER_MS      2000 /* a refused client's input is drained this long */
#define HTTP_BACKLOG_BYTES  65536
#define HTTP_HELD_BYTES_MAX (256u << 10)

struct http_conn;

void http_conn_open(struct http_edge *e, struct conn *c);
/* The exchange under way has its answer. */
void http_conn_answered(struct http_conn *hc);
/* Closes it when it is between requests. `link` is its place in a lane. */
void http_conn_close_idle(struct list *link);

#endif

/* The websocket edge: what clients say and hear in real time.
 *
 * The HTTP edge hands a connection over after its 101. From then on a `ws_conn` translates: frames
 * into commands for the services and the hub, the hub's runs and answers into frames. It decides
 * nothing: who may do what is the services' to say.
 *
 *     upgraded -> authenticating -> attaching -> open -> closing
 *
 * authenticating: until the first frame, at most limits.auth_timeout_s (4001).
 * attaching:      the hub loads the memberships; reading is paused meanwhile.
 * open:           commands are answered; at most WS_IN_FLIGHT_MAX sends wait for their acks, then
 *                 reading pauses.
 * closing:        a close frame is queued, the rest is the connection's.
 *
 * All of it on the loop's thread.
 */
#ifndef PARLEY_DELIVERY_WS_EDGE_H
#define PARLEY_DELIVERY_WS_EDGE_H

#include "base/clock.h"
#include "base/task.h"
#include "domain/limits.h"
#include "fanout/hub.h"
#include "net/conn.h"
#include "service/auth.h"
#include "service/channel.h"
#include "service/message.h"
#include "wire/token.h"

struct ws_edge_config {
    struct auth *auth;
    struct channels *channels;
    struct messages *messages;
    const struct token_key *key;
    struct workers *workers; /* for what blocks: read positions */
    const struct clock *clock;
    const struct limits *limits; /* borrowed */
    const char *node;            /* this node's name, told in Hello */
};

struct ws_edge;
struct ws_edge *ws_edge_new(const struct ws_edge_config *config);
/* After the loops and workers have stopped. */
void ws_edge_free(struct ws_edge *e);
/* Websockets on `l` are sessions of `s`. Before the loop runs. */
void ws_edge_add_loop(struct ws_edge *e, struct loop *l, struct shard *s);

/* Takes over `c`, whose 101 answer is queued. `who` (may be NULL): authenticated by its cookie.
 * `deflate`: permessage-deflate was negotiated. `early`: bytes that came behind the request. */
void ws_edge_upgrade(struct ws_edge *e, struct conn *c, const struct identity *who, bool deflate,
                     char *early, size_t n_early);

/* On the loop: closes its websockets with 1012 as their sends are acked; new ones are closed at
 * once. `retry_after_ms` is told in the reason: clients come back after a random delay up to it. */
void ws_edge_drain(struct ws_edge *e, struct loop *l, uint32_t retry_after_ms);

/* How events become frames; for the hub. */
extern const struct run_encoder ws_run_encoder;

#endif

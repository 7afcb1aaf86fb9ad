/* The gRPC edge: parley.v1.Chat for services and bots, and chat-app's message.MessageService.
 *
 * The server itself is a driver (port/rpc.h). The edge is its handler: it says who is asking, gives
 * what blocks to the workers, and makes the answers. Subscriptions are sessions of the hub, all of
 * them on one loop of their own, so that writing to them holds up no websocket.
 *
 *     call ──> admitted ──worker──> History ──────────────────────────> answered
 *                             └───> Send ──journal──> the edge's loop ──> answered
 *     stream ─> admitted ──the edge's loop──> session ─> Hello, events ... finished ─> closed
 *
 * To stop: grpc_edge_drain ends the subscriptions, who resume elsewhere, and refuses what is new.
 * When workers and journal have stopped, every call was handed to the loop; when
 * grpc_edge_in_flight is 0, the server may stop, then the loop.
 */
#ifndef PARLEY_DELIVERY_GRPC_EDGE_H
#define PARLEY_DELIVERY_GRPC_EDGE_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/task.h"
#include "delivery/ops/ready.h"
#include "domain/limits.h"
#include "fanout/hub.h"
#include "port/rpc.h"
#include "service/auth.h"
#include "service/channel.h"
#include "service/history.h"
#include "service/message.h"
#include "wire/token.h"

#define GRPC_CALLS_MAX   4096  /* under way; beyond: UNAVAILABLE */
#define GRPC_STREAMS_MAX 10000 /* open; beyond: RESOURCE_EXHAUSTED */

/* Everything is borrowed and outlives the edge. */
struct grpc_edge_config {
    struct rpc_server *server;
    struct auth *auth;
    struct channels *channels;
    struct messages *messages;
    const struct history *history;
    const struct token_key *key;
    struct workers *workers;
    struct executor *executor; /* of the loop that `shard` is on */
    struct shard *shard;
    const struct clock *clock;
    const struct limits *limits;
    const char *node;
    struct str cluster_secret; /* what a peer shows; empty: none can */
    const struct ready_check *checks;
    size_t n_checks;
};

struct grpc_edge;
struct grpc_edge *grpc_edge_new(const struct grpc_edge_config *config);
/* With nothing in flight. NULL is fine. */
void grpc_edge_free(struct grpc_edge *e);
/* What the server is started with. */
struct rpc_handler *grpc_edge_handler(struct grpc_edge *e);

/* On the loop, once a second: readiness, tokens that have expired, peers that do not listen. */
void grpc_edge_tick(struct grpc_edge *e);
/* Any thread, once. From now on every call and stream is refused; the subscriptions are ended, each
 * told to come back after a random delay up to `retry_after_ms`. */
void grpc_edge_drain(struct grpc_edge *e, uint32_t retry_after_ms);
/* Any thread. Calls and streams that are not over. */
unsigned grpc_edge_in_flight(const struct grpc_edge *e);

/* How an event becomes an element of SubscribeResponse.events; for the hub's encoder. */
void grpc_event_encode(const struct event *e, enum run_variant variant, struct buf *out);

#endif

/* What parley says by gRPC, as bytes: the messages of proto/parley/v1/chat.proto. An event is
 * encoded once for every subscription of the process; an element of SubscribeResponse.events is a
 * whole field, so that elements laid end to end are a SubscribeResponse. */
#ifndef PARLEY_DELIVERY_GRPC_ENCODE_H
#define PARLEY_DELIVERY_GRPC_ENCODE_H

#include "base/buf.h"
#include "domain/event.h"
#include "fanout/hub.h"

/* The field SubscribeResponse.replay, set. */
#define ENCODE_REPLAY "\x10\x01"

/* A Post as `field` of a message; `reply_count` 0: not told. */
void encode_post(struct buf *out, unsigned field, const struct event *e, uint64_t reply_count);
/* An element Event.hello. */
void encode_hello(struct buf *out, const struct session *s, const char *node,
                  const struct session_channel *channels, size_t n);
/* An element Event.gap. */
void encode_gap(struct buf *out, const struct session_channel *c);

#endif

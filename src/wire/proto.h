/* Protocol Buffers, writing only (https://protobuf.dev/programming-guides/encoding): what parley
 * says by gRPC. Every function appends one field to `out`; numbers and texts that are proto3's
 * default (0, false, "") are left out, as the format wants it. What is read comes through
 * Google's library (adapter/grpc). */
#ifndef PARLEY_WIRE_PROTO_H
#define PARLEY_WIRE_PROTO_H

#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"

/* uint64, uint32, int64 of a number >= 0, enum, bool. */
void proto_put_u64(struct buf *out, unsigned field, uint64_t v);
/* string, bytes. */
void proto_put_text(struct buf *out, unsigned field, struct str s);
/* A UUID as text; never left out. */
void proto_put_uuid(struct buf *out, unsigned field, const struct uuid *u);
/* google.protobuf.Timestamp, from microseconds since 1970. */
void proto_put_time(struct buf *out, unsigned field, int64_t us);
/* A message within the message: what is appended between the two. `begin` returns what `end` wants.
 */
size_t proto_begin(struct buf *out, unsigned field);
void proto_end(struct buf *out, size_t begun);

#endif

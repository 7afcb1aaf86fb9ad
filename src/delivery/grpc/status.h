/* How a refusal is told by gRPC: the status of the error's row, its sentence, and the details that
 * clients read (google.rpc.Status with ErrorInfo, RetryInfo and, for a slow reader, our
 * ResumePositions). */
#ifndef PARLEY_DELIVERY_GRPC_STATUS_H
#define PARLEY_DELIVERY_GRPC_STATUS_H

#include "base/buf.h"
#include "base/err.h"
#include "fanout/hub.h"

#define STATUS_POINTS_MAX  64   /* what a client takes as trailing metadata is 8 KiB */
#define STATUS_DETAILS_MAX 8192 /* bytes */

/* Appends the details of `f` to `out`. */
void status_put_details(struct buf *out, const struct fault *f, const struct resume_point *points,
                        size_t n);

#endif

/* The gRPC server, on Debian's libgrpc++ (callback API): implements port/rpc.h and port/peer.h.
 *
 * The services are those of proto/. The library reads requests and carries messages; what is
 * written comes ready encoded and is passed on by reference. Two services are the library's own:
 * health (grpc.health.v1, every service) and reflection.
 *
 * Connections: pinged every `ping_s` and given up GRPC_PING_TIMEOUT_S later; closed when nothing
 * was called for five minutes; asked to go after five minutes (GOAWAY), so that new calls find
 * other nodes, while what is under way goes on. See docs/internals/grpc.md.
 */
#ifndef PARLEY_ADAPTER_GRPC_GRPC_H
#define PARLEY_ADAPTER_GRPC_GRPC_H

#include "port/peer.h"
#include "port/rpc.h"

#define GRPC_STREAMS_PER_CONNECTION_MAX 1000 /* further calls of that connection wait */
#define GRPC_REQUEST_BYTES_MAX          65536
#define GRPC_METADATA_BYTES_MAX         16384
#define GRPC_PING_TIMEOUT_S             15

/* Strings are borrowed while it is open. */
struct grpc_config {
    const char *host;
    unsigned port;
    const char *cert, *key; /* PEM files, looked at again every few seconds; "": plain */
    unsigned ping_s;
    const char *secret, *node; /* the cluster's, and this node's name; either "": no streams between
                                  nodes */
};

#ifdef __cplusplus
extern "C" {
#endif

/* A server that does not listen yet. */
struct rpc_server *grpc_server_new(const struct grpc_config *config);
/* Stops it if need be. */
void grpc_server_free(struct rpc_server *s);
/* The streams to other nodes; NULL where there are none. */
struct peer_link *grpc_server_peers(struct rpc_server *s);
/* The library's version. Static. */
const char *grpc_library_version(void);

#ifdef __cplusplus
}
#endif

#endif

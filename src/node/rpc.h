/* The node's gRPC door, where `server.grpcPort` opens one: the module with the server, the edge
 * (delivery/grpc), and one more loop with a shard of the hub, on which the subscriptions live.
 *
 * Inside node/ only; in the order of a node's life. Without the door all but rpc_load do nothing.
 */
#ifndef PARLEY_NODE_RPC_H
#define PARLEY_NODE_RPC_H

#include "base/err.h"

struct node;

/* Loads the module, so that a build without it says so before anything is opened. */
enum err rpc_load(struct node *n, char *reason);
/* The loop, its shard and the edge; when services and workers are there, before loops run. */
void rpc_wire(struct node *n);
void rpc_run(struct node *n);
/* Opens the door. */
enum err rpc_open(struct node *n, char *reason);
/* Ends the subscriptions, refuses what is new. */
void rpc_drain(struct node *n, unsigned retry_after_ms);
/* Calls and subscriptions that are not over. */
unsigned rpc_in_flight(const struct node *n);
/* Closes the door and ends the loop: when the workers and the journal have stopped. */
void rpc_halt(struct node *n);
/* Before the services go. */
void rpc_unwire(struct node *n);

#endif

/* Streams between nodes in memory: as many nodes as a process likes to have, each with a link. For
 * tests and the simulator.
 *
 * A batch waits in the queue of its two nodes and is handed over when their turn comes. Each
 * node has a thread that hears by itself; stepped, nothing is heard until memory_peers_step. An
 * address is not looked at. */
#ifndef PARLEY_ADAPTER_MEMORY_PEERS_H
#define PARLEY_ADAPTER_MEMORY_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#include "port/peer.h"

#define MEMORY_PEERS_MAX 16 /* nodes of a net */

struct memory_peers;
struct memory_peer;

/* `batches_max`: that may wait from one node to another; more are refused. 0: 1,024. */
struct memory_peers *memory_peers_new(bool stepped, size_t batches_max);
/* After its links. NULL is fine. */
void memory_peers_free(struct memory_peers *net);
/* Stepped: hands over one batch, or tells one listener of what it lost. False: there was nothing.
 */
bool memory_peers_step(struct memory_peers *net);

/* A node joins the net under a name that no other has. */
struct memory_peer *memory_peer_new(struct memory_peers *net, const char *name);
/* Its listener is not called any more when this returns. Not from within a call of it. The nodes
 * that heard it are told that they lost it. NULL is fine. */
void memory_peer_free(struct memory_peer *p);
struct peer_link *memory_peer_port(struct memory_peer *p);
/* While cut, no stream between the two stands; what waited is lost, and both are told. */
void memory_peer_cut(struct memory_peer *a, struct memory_peer *b, bool cut);
/* The newest batch that waits from `a` to `b` is lost and `b` is not told: what no driver may do,
 * for tests of those who must live with it. False: there was none. */
bool memory_peer_lose(struct memory_peer *a, struct memory_peer *b);

#endif

/* The streams between the nodes (gRPC): what one node has for another goes over one long-lived
 * stream, in order and at once. A batch may be lost, never in silence: its hearer is told. So
 * nothing rests on it alone; who needs what was lost reads it from where it is kept.
 *
 *     set      the list of nodes changed: streams to the new ones are opened, others closed
 *     tell     a batch waits in the bounded queue of its node, or is refused
 *     batch    what a node told, in the order in which it told it, each at most once
 *     lost     what a node told since its last batch may not all have come, and will not: its
 *              stream ended, or a batch of it was refused because the queue was full
 *
 * A stream that ends is opened again by the driver itself, after a delay that grows and is
 * jittered. Nodes prove to each other that they know the cluster's secret; what one tells is
 * hostile input all the same.
 */
#ifndef PARLEY_PORT_PEER_H
#define PARLEY_PORT_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

#define PEERS_MAX        1024 /* nodes of a list */
#define PEER_NAME_MAX    128  /* bytes of a node's name */
#define PEER_ADDRESS_MAX 255  /* bytes of "host:port" */
#define PEER_BATCH_MAX   (256 * 1024)

struct peer_node {
    struct str name, address;
};

/* On threads of the driver: must not block. One call at a time a node; `from` and `bytes` live
 * until it returns. */
struct peer_listener {
    void (*batch)(struct peer_listener *self, struct str from, struct str bytes);
    /* Comes before the next batch of that node; soon also when there is none. */
    void (*lost)(struct peer_listener *self, struct str from);
};

struct peer_link;
struct peer_link_ops {
    /* Before the first `set`; one listener. It is not called any more when the driver is closed. */
    void (*listen)(struct peer_link *self, struct peer_listener *listener);
    /* These are the nodes, this one may be among them; copied. A stream whose node keeps its name
     * and its address goes on. A node that is not in the list is still heard. Any thread; never
     * blocks. */
    void (*set)(struct peer_link *self, const struct peer_node *nodes, size_t n);
    /* To the node of that name, or to all of the list but this one (STR_NONE). ERR_OK: it waits for
     * each of them. ERR_UNAVAILABLE: at least one of them does not get it, since it is not in the
     * list, its stream does not stand or its queue is full; the others do. At most PEER_BATCH_MAX
     * bytes, copied. Any thread; never blocks. */
    enum err (*tell)(struct peer_link *self, struct str node, struct str bytes);
    /* Do the streams to all nodes of the list stand? Otherwise says which does not. Never blocks.
     */
    bool (*is_ready)(struct peer_link *self, char *detail, size_t size);
};

struct peer_link {
    const struct peer_link_ops *ops;
};

#endif

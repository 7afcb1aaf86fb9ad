/* What the suite of the streams between nodes runs on. */
#ifndef PARLEY_CONTRACT_PEER_DRIVER_H
#define PARLEY_CONTRACT_PEER_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "port/peer.h"

#define FLEET_NODES 3

/* Three nodes that know nothing of each other yet. */
struct fleet {
    struct peer_link *link[FLEET_NODES];
    struct peer_node node[FLEET_NODES]; /* the name and address of each */
    void *driver;                       /* its own */
};

struct peer_driver {
    const char *name;
    /* Stops the test when it cannot. */
    void (*open)(struct fleet *f);
    /* Ends node `i` (its link is NULL afterwards). */
    void (*stop)(struct fleet *f, size_t i);
    /* All that are left. */
    void (*close)(struct fleet *f);
    /* While cut, no stream between the two stands. NULL: the driver cannot do that. */
    void (*cut)(struct fleet *f, size_t a, size_t b, bool cut);
};

extern const struct peer_driver peer_driver_memory;
/* The chosen one. */
extern const struct peer_driver *peer_driver;

/* Returns how many of its tests failed. */
int contract_peer(void);

#endif

/* Tells the shared cache who has a session on this node, for those who must know and hear no bus:
 * the role `notify`, which may run in a process of its own.
 *
 * A thread looks once a second at who is here, a slice after the other. Who is new gets a lease
 * under online:<user> (port/cache_keys.h) by this node's name and a random id of this start (two
 * may have one name), for ATTENDANCE_LEASE_MS, renewed every ATTENDANCE_RENEW_MS; who has gone
 * loses it. While the cache is away nothing is told; when it is there again, all are new. A node
 * that dies leaves leases that end by themselves; a cache that is flushed is complete again after
 * ATTENDANCE_RENEW_MS. */
#ifndef PARLEY_NODE_ATTENDANCE_H
#define PARLEY_NODE_ATTENDANCE_H

#include "base/uuid.h"
#include "port/cache.h"

#define ATTENDANCE_LEASE_MS 30000
#define ATTENDANCE_RENEW_MS 10000
#define ATTENDANCE_LOOK_MS  1000

struct attendance_config {
    struct cache *cache;
    const char *node; /* borrowed */
    unsigned slices;
    /* The users of one slice that have a session here, `*n`, to be freed with mem_free. Called on
     * the thread of this. */
    struct uuid *(*list)(void *arg, unsigned slice, size_t *n);
    void *arg;
    unsigned look_ms, renew_ms, lease_ms; /* 0: those above */
};

struct attendance;
struct attendance *attendance_start(const struct attendance_config *config);
/* Gives the leases back, as long as the cache answers. NULL is fine. */
void attendance_stop(struct attendance *a);

#endif

/* What a node runs on: the four ports that everything above it uses, and the services behind them.
 * There are two, the embedded one (engine_embedded.c: SQLite) and the cluster's (engine_cluster.c:
 * Kafka, Cassandra, PostgreSQL, Redis). wiring.c knows only this.
 *
 *     open     connects and reads what must be known; the ports exist, nothing is heard yet
 *     start    events flow into `sink` (the hub); when it answers, the journal has heard everything
 *              that was durable before, and the door may be opened
 *     stop     no more appends; what was taken is durable and answered when it returns. Reads may
 *              still come
 *     close    nobody uses a port any more
 *
 * A node of the cluster without the role gateway has no ports (all NULL): its engine only follows
 * the journal as persist, notify or retry.
 */
#ifndef PARLEY_NODE_ENGINE_H
#define PARLEY_NODE_ENGINE_H

#include "delivery/ops/ready.h"
#include "node/config.h"
#include "port/account_store.h"
#include "port/bus.h"
#include "port/cache.h"
#include "port/channel_store.h"
#include "port/journal.h"
#include "port/message_store.h"

#define ENGINE_CHECKS_MAX 8

struct engine;
struct engine_ops {
    /* `sink` is NULL on a node without the role gateway. Once. Waits as long as a service is away;
     * ERR_UNAVAILABLE when `is_unwanted` says so meanwhile, or when waiting cannot help. */
    enum err (*start)(struct engine *self, struct journal_sink *sink, bool (*is_unwanted)(void),
                      char *reason);
    void (*stop)(struct engine *self);  /* a second time is fine, and so is without a start */
    void (*close)(struct engine *self); /* stops it if need be */
};

struct engine {
    const struct engine_ops *ops;
    struct journal *journal;
    struct account_store *accounts;
    struct channel_store *channels;
    struct message_store *messages;
    struct cache *cache; /* shared by the nodes; NULL: none */
    struct bus *bus;     /* between the nodes; NULL: this one is alone */
    struct ready_check checks[ENGINE_CHECKS_MAX];
    size_t n_checks;
};

/* On failure a sentence in `reason` (NODE_REASON_SIZE) that says what to do. */
enum err engine_embedded_open(const struct config *config, struct engine **out, char *reason);
/* Waits as long as a service is away, like the start. `node` is this node's name. */
enum err engine_cluster_open(const struct config *config, const char *node,
                             bool (*is_unwanted)(void), struct engine **out, char *reason);

#endif

/* The cluster engine: the journal on Kafka's topic, with its followers and overlay; accounts and
 * channels in PostgreSQL; history in Cassandra; the cache and the bus on Redis. And the consumers
 * of the roles that this node has (engine_roles.c).
 *
 *     open    drivers, the epoch of the log, the followers at persist's snapshots
 *     start   the journal reads to the end that the log has now, then relay and consumers begin
 *     stop    relay and consumers first: what they have not committed another node does. Then the
 *             journal, which answers what waits
 *     close   drivers, which report on every send that is still out; then what was above them
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/channels.h"
#include "cluster/handover.h"
#include "cluster/history.h"
#include "cluster/journal.h"
#include "cluster/relay.h"
#include "node/engine.h"
#include "node/engine_roles.h"
#include "node/node.h"

#define AGAIN_MS      500
#define AGAIN_LOG_MS  10000
#define READY_STEP_MS 200

struct cluster {
    struct engine super;
    const struct config *config;
    struct drivers drivers;
    struct handover *handover; /* direct delivery */
    struct event_log *log;
    struct history_store *store;
    struct channel_table *table;
    uint32_t epoch;
    char persist_group[ROLES_GROUP_SIZE];

    struct cluster_journal *journal; /* NULL, down to the relay, without the role gateway */
    struct cluster_history *history;
    struct cluster_channels *channels;
    struct relay *relay;
    struct roles *roles;
};

/* ---- Readiness ---- */

static bool log_is_ready(void *arg, char *detail)
{
    const struct cluster *c = arg;
    return c->journal != NULL ? cluster_journal_is_ready(c->journal, detail, READY_DETAIL_SIZE)
                              : c->log->ops->is_ready(c->log, detail, READY_DETAIL_SIZE);
}

static bool history_is_ready(void *arg, char *detail)
{
    const struct cluster *c = arg;
    return c->store->ops->is_ready(c->store, detail, READY_DETAIL_SIZE);
}

static bool table_is_ready(void *arg, char *detail)
{
    const struct cluster *c = arg;
    return c->table->ops->is_ready(c->table, detail, READY_DETAIL_SIZE);
}

static bool cache_is_ready(void *arg, char *detail)
{
    const struct cluster *c = arg;
    return c->super.cache->ops->is_ready(c->super.cache, detail, READY_DETAIL_SIZE);
}

static bool persist_is_well(void *arg, char *detail)
{
    const struct cluster *c = arg;
    return roles_persist_is_ready(c->roles, detail, READY_DETAIL_SIZE);
}

static void set_checks(struct cluster *c)
{
    struct engine *e = &c->super;
    e->checks[e->n_checks++] = (struct ready_check){"log", log_is_ready, c};
    e->checks[e->n_checks++] = (struct ready_check){"history", history_is_ready, c};
    e->checks[e->n_checks++] = (struct ready_check){"table", table_is_ready, c};
    if (e->cache != NULL)
        e->checks[e->n_checks++] = (struct ready_check){"cache", cache_is_ready, c};
    if ((c->config->server.roles & ROLE_PERSIST) != 0)
        e->checks[e->n_checks++] = (struct ready_check){"persist", persist_is_well, c};
}

/* ---- Opening ---- */

/* Does `step` until it is through, as long as only a service is missing for it. */
static enum err insist(struct cluster *c, enum err (*step)(struct cluster *c), const char *what,
                       bool (*is_unwanted)(void), char *reason)
{
    for (unsigned waited_ms = 0;; waited_ms += AGAIN_MS) {
        enum err e = step(c);
        if (e == ERR_OK)
            return e;
        snprintf(reason, NODE_REASON_SIZE, "%s: %s", what,
                 e == ERR_UNAVAILABLE ? "a service is away" : "see the log");
        if (e != ERR_UNAVAILABLE || is_unwanted())
            return e;
        if (waited_ms % AGAIN_LOG_MS == 0)
            log_event(LOG_WARN, "waiting for a service", LOG_S("reason", reason));
        clock_sleep_ms(AGAIN_MS);
    }
}

static enum err find_epoch(struct cluster *c)
{
    struct uuid identity;
    enum err e = c->log->ops->identity(c->log, &identity);
    return e == ERR_OK ? c->table->ops->epoch(c->table, &identity, c->log->ops->partitions(c->log),
                                              &c->epoch)
                       : e;
}

/* Under direct delivery the log's readers are served by the hand-over. */
static enum err make_handover(struct cluster *c)
{
    enum err e = handover_new(&(struct handover_config){.log = c->log,
                                                        .bus = c->drivers.open[USE_WORD]->bus,
                                                        .clock = &clock_system},
                              &c->handover);
    if (e == ERR_OK)
        c->log = handover_door(c->handover);
    return e;
}

static enum err load_journal(struct cluster *c)
{
    return cluster_journal_load(c->journal);
}

static void wire_gateway(struct cluster *c)
{
    struct cache *cache = c->super.cache;
    roles_group(c->config, "persist", c->persist_group);
    c->journal = cluster_journal_new(&(struct cluster_journal_config){
        .log = c->log,
        .store = c->store,
        .clock = &clock_system,
        .persist_group = c->persist_group,
        .epoch = c->epoch,
    });
    c->history = cluster_history_new(&(struct cluster_history_config){
        .journal = c->journal,
        .store = c->store,
        .cache = cache,
    });
    c->channels = cluster_channels_new(&(struct channels_config){
        .table = c->table,
        .log = c->log,
        .history = c->store,
        .view = cluster_journal_view(c->journal),
        .cache = cache,
    });
    c->relay = relay_new(&(struct relay_config){
        .table = c->table,
        .log = c->log,
        .cache = cache,
        .epoch = c->epoch,
    });
    c->super.journal = cluster_journal_door(c->journal);
    c->super.messages = cluster_history_door(c->history);
    c->super.channels = cluster_channels_door(c->channels);
    c->super.accounts = c->drivers.open[USE_TABLE]->accounts;
}

static void take_ports(struct cluster *c)
{
    struct driver *const *open = c->drivers.open;
    c->log = open[USE_EVENTS]->log;
    c->store = open[USE_HISTORY]->history;
    c->table = open[USE_TABLE]->channels;
    if (open[USE_CACHE] != NULL) {
        c->super.cache = open[USE_CACHE]->cache;
        c->super.bus = open[USE_CACHE]->bus;
    }
}

static enum err open_parts(struct cluster *c, const char *node, bool (*is_unwanted)(void),
                           char *reason)
{
    enum err e = drivers_open(c->config, node, roles_uses(c->config), is_unwanted, &c->drivers,
                              reason, NODE_REASON_SIZE);
    if (e != ERR_OK)
        return e;
    take_ports(c);
    if (c->config->cluster.delivery == DELIVERY_DIRECT)
        e = insist(c, make_handover, "the log cannot be found", is_unwanted, reason);
    if (e != ERR_OK)
        return e;
    e = insist(c, find_epoch, "the epoch of the log cannot be found", is_unwanted, reason);
    if (e != ERR_OK)
        return e;
    if ((c->config->server.roles & ROLE_GATEWAY) != 0) {
        wire_gateway(c);
        e = insist(c, load_journal, "the journal cannot be taken up", is_unwanted, reason);
    }
    return e;
}

/* ---- Start and stop ---- */

static enum err follow(struct cluster *c, struct journal_sink *sink, bool (*is_unwanted)(void),
                       char *reason)
{
    enum err e = cluster_journal_start(c->journal, sink);
    char detail[READY_DETAIL_SIZE] = "";
    while (e == ERR_OK && !cluster_journal_wait_ready(c->journal, READY_STEP_MS))
        if (is_unwanted())
            e = ERR_UNAVAILABLE;
    if (e != ERR_OK) {
        cluster_journal_is_ready(c->journal, detail, sizeof detail);
        snprintf(reason, NODE_REASON_SIZE, "the log was not read to its end: %s", detail);
    }
    return e;
}

static enum err cluster_start(struct engine *self, struct journal_sink *sink,
                              bool (*is_unwanted)(void), char *reason)
{
    struct cluster *c = MEM_OWNER(self, struct cluster, super);
    if (c->journal != NULL) {
        enum err e = follow(c, sink, is_unwanted, reason);
        if (e != ERR_OK)
            return e;
        relay_start(c->relay);
    }
    roles_start(c->roles);
    return ERR_OK;
}

static void cluster_stop(struct engine *self)
{
    struct cluster *c = MEM_OWNER(self, struct cluster, super);
    roles_stop(c->roles);
    if (c->journal == NULL)
        return;
    relay_stop(c->relay);
    cluster_journal_stop(c->journal);
}

static void cluster_close(struct engine *self)
{
    struct cluster *c = MEM_OWNER(self, struct cluster, super);
    cluster_stop(self);
    roles_free(c->roles);
    handover_stop(c->handover);
    drivers_close(&c->drivers);
    relay_free(c->relay);
    cluster_channels_free(c->channels);
    cluster_history_free(c->history);
    cluster_journal_free(c->journal);
    handover_free(c->handover);
    mem_free(c);
}

static const struct engine_ops cluster_ops = {
    .start = cluster_start,
    .stop = cluster_stop,
    .close = cluster_close,
};

enum err engine_cluster_open(const struct config *config, const char *node,
                             bool (*is_unwanted)(void), struct engine **out, char *reason)
{
    struct cluster *c = MEM_NEW(struct cluster);
    c->super.ops = &cluster_ops;
    c->config = config;
    enum err e = open_parts(c, node, is_unwanted, reason);
    if (e != ERR_OK) {
        cluster_close(&c->super);
        return e;
    }
    c->roles = roles_new(config, &c->drivers, c->epoch);
    set_checks(c);
    *out = &c->super;
    return ERR_OK;
}

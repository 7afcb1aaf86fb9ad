/* The cluster engine over its doors in memory: one partition, because the suites compare positions
 * across channels. Accounts are those of the store in memory; everything else is the engine's own:
 * journal, history, channels and relay. */
#include <stdio.h>
#include <stdlib.h>

#include "adapter/memory/channel_table.h"
#include "adapter/memory/event_log.h"
#include "adapter/memory/history_store.h"
#include "adapter/memory/store.h"
#include "base/mem.h"
#include "cluster/channels.h"
#include "cluster/history.h"
#include "cluster/relay.h"
#include "consumer/persist.h"
#include "driver.h"

#define EPOCH         1
#define PERSIST_GROUP "persist"
#define WAIT_MS       10000
#define RELAY_WAIT_MS 20 /* a stop waits for it */

struct cluster_driver {
    struct driver super;
    struct memory_event_log *log;
    struct memory_history *store;
    struct memory_store *accounts;
    struct memory_tables *tables;
    struct channel_table *table;
    struct cluster_journal *journal;
    struct cluster_history *history;
    struct cluster_channels *channels;
    struct relay *relay;
    struct persist *persist; /* NULL: nobody writes behind */
};

static void driver_start(struct cluster_driver *d, const struct driver_setup *setup, bool writes)
{
    struct event_log *log = memory_event_log_door(d->log);
    struct history_store *store = memory_history_door(d->store);
    d->journal = cluster_journal_new(&(struct cluster_journal_config){
        .log = log,
        .store = store,
        .clock = setup->clock,
        .persist_group = PERSIST_GROUP,
        .epoch = EPOCH,
        .appends_max = setup->appends_max,
    });
    if (cluster_journal_start(d->journal, setup->sink) != ERR_OK ||
        !cluster_journal_wait_ready(d->journal, WAIT_MS)) {
        fprintf(stderr, "the journal does not start\n");
        abort();
    }
    d->history = cluster_history_new(
        &(struct cluster_history_config){.journal = d->journal, .store = store});
    d->channels = cluster_channels_new(&(struct channels_config){
        .table = d->table, .log = log, .history = store, .view = cluster_journal_view(d->journal)});
    d->relay = relay_new(&(struct relay_config){
        .table = d->table, .log = log, .epoch = EPOCH, .wait_ms = RELAY_WAIT_MS});
    relay_start(d->relay);
    d->persist = NULL;
    if (writes) {
        d->persist = persist_new(&(struct persist_config){
            .log = log, .store = store, .group = PERSIST_GROUP, .epoch = EPOCH});
        persist_start(d->persist);
    }
    d->super.journal = cluster_journal_door(d->journal);
    d->super.accounts = memory_store_accounts(d->accounts);
    d->super.channels = cluster_channels_door(d->channels);
    d->super.messages = cluster_history_door(d->history);
}

static struct driver *driver_new(const struct driver_setup *setup, const struct driver_ops *ops,
                                 bool writes)
{
    struct cluster_driver *d = MEM_NEW(struct cluster_driver);
    d->super.ops = ops;
    d->log = memory_event_log_new(
        &(struct memory_event_log_config){.clock = setup->clock, .partitions = 1});
    d->store = memory_history_new();
    d->accounts = memory_store_new(&(struct memory_config){.clock = setup->clock});
    memory_store_start(d->accounts, NULL);
    d->tables = memory_tables_new(setup->clock, memory_store_accounts(d->accounts));
    d->table = memory_tables_door(d->tables);
    driver_start(d, setup, writes);
    return &d->super;
}

static struct driver *driver_open(const struct driver_setup *setup)
{
    return driver_new(setup, &driver_cluster, true);
}

static struct driver *driver_open_unwritten(const struct driver_setup *setup)
{
    return driver_new(setup, &driver_cluster_unwritten, false);
}

static void driver_end(struct cluster_driver *d)
{
    relay_free(d->relay);
    cluster_journal_stop(d->journal);
    persist_free(d->persist);
    cluster_channels_free(d->channels);
    cluster_history_free(d->history);
    cluster_journal_free(d->journal);
}

static struct driver *driver_reopen(struct driver *self, const struct driver_setup *setup)
{
    struct cluster_driver *d = (struct cluster_driver *)self;
    bool writes = d->persist != NULL;
    driver_end(d);
    driver_start(d, setup, writes);
    return self;
}

static void driver_stop(struct driver *self)
{
    struct cluster_driver *d = (struct cluster_driver *)self;
    relay_stop(d->relay);
    cluster_journal_stop(d->journal);
    memory_store_stop(d->accounts);
}

static void driver_close(struct driver *self)
{
    struct cluster_driver *d = (struct cluster_driver *)self;
    driver_end(d);
    memory_event_log_free(d->log);
    memory_history_free(d->store);
    memory_tables_free(d->tables);
    memory_store_free(d->accounts);
    mem_free(d);
}

static void driver_refuse(struct driver *self, bool refuse)
{
    struct cluster_driver *d = (struct cluster_driver *)self;
    memory_event_log_refuse(d->log, refuse);
    memory_tables_refuse(d->tables, refuse);
}

const struct driver_ops driver_cluster = {
    .name = "cluster-memory",
    .open = driver_open,
    .reopen = driver_reopen,
    .stop = driver_stop,
    .close = driver_close,
    .refuse = driver_refuse,
    .follows = true,
};

const struct driver_ops driver_cluster_unwritten = {
    .name = "cluster-unwritten",
    .open = driver_open_unwritten,
    .reopen = driver_reopen,
    .stop = driver_stop,
    .close = driver_close,
    .refuse = driver_refuse,
    .follows = true,
};

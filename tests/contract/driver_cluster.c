/* The cluster engine over its doors in memory: one partition, because the suites compare positions
 * across channels. Accounts and channels are those of the store in memory; what happens to a
 * channel is told through the log as the relay does, and the answer comes after it was heard. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapter/memory/event_log.h"
#include "adapter/memory/history_store.h"
#include "adapter/memory/store.h"
#include "base/mem.h"
#include "cluster/history.h"
#include "cluster/record.h"
#include "consumer/persist.h"
#include "driver.h"

#define EPOCH   1
#define WAIT_MS 10000

struct cluster_driver {
    struct driver super;
    struct channel_store channels;
    struct memory_event_log *log;
    struct memory_history *store;
    struct memory_store *tables;
    struct cluster_journal *journal;
    struct cluster_history *history;
    struct persist *persist; /* NULL: nobody writes behind */
    pthread_mutex_t mutex;   /* one change of a channel at a time */
    uint64_t version;        /* of whichever channel changed last */
};

static struct cluster_driver *driver_of(struct channel_store *self)
{
    return MEM_OWNER(self, struct cluster_driver, channels);
}

static struct channel_store *tables_of(struct cluster_driver *d)
{
    return memory_store_channels(d->tables);
}

/* ---- Channels, told through the log ---- */

struct told {
    struct log_send send;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done;
};

static void on_done(struct log_send *self)
{
    struct told *t = MEM_OWNER(self, struct told, send);
    pthread_mutex_lock(&t->mutex);
    t->done = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->mutex);
}

static void count_one(const struct user *u, void *arg)
{
    (void)u;
    ++*(uint32_t *)arg;
}

static void log_put(struct cluster_driver *d, const struct event *e, uint64_t version)
{
    struct buf value;
    struct event_log *log = memory_event_log_door(d->log);
    struct told t = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    buf_init(&value, RECORD_BYTES_MAX);
    record_encode(e, version, &value);
    t.send = (struct log_send){.key = e->channel, .value = buf_str(&value), .done = on_done};
    enum err answer = log->ops->produce(log, &t.send);
    pthread_mutex_lock(&t.mutex);
    while (answer == ERR_OK && !t.done)
        pthread_cond_wait(&t.changed, &t.mutex);
    pthread_mutex_unlock(&t.mutex);
    if (answer != ERR_OK || t.send.err != ERR_OK)
        abort();
    buf_fini(&value);
}

static enum err tell(struct cluster_driver *d, enum event_kind kind, const struct uuid *channel,
                     const struct uuid *user)
{
    struct channel_store *tables = tables_of(d);
    struct account_store *accounts = memory_store_accounts(d->tables);
    struct account account;
    struct arena arena;
    arena_init(&arena);
    struct event e = {.kind = kind, .channel = *channel, .user = *user};
    if (accounts->ops->by_id(accounts, user, &arena, &account) != ERR_OK ||
        tables->ops->get(tables, channel, &arena, &e.channel_info) != ERR_OK ||
        tables->ops->members(tables, channel, count_one, &e.members) != ERR_OK)
        abort();
    e.username = account.user.name;
    uint64_t version = ++d->version;
    log_put(d, &e, version);
    arena_fini(&arena);
    struct channel_view *view = cluster_journal_view(d->journal);
    return view->wait(view, channel, version, WAIT_MS);
}

static enum err driver_create(struct channel_store *self, const struct channel *c,
                              uint32_t channels_max)
{
    struct cluster_driver *d = driver_of(self);
    pthread_mutex_lock(&d->mutex);
    enum err e = tables_of(d)->ops->create(tables_of(d), c, channels_max);
    if (e == ERR_OK)
        e = tell(d, EVENT_CREATED, &c->id, &c->owner);
    if (e == ERR_OK)
        e = tell(d, EVENT_JOINED, &c->id, &c->owner);
    pthread_mutex_unlock(&d->mutex);
    return e;
}

static enum err driver_join(struct channel_store *self, const struct uuid *user,
                            const struct uuid *channel, uint32_t channels_max)
{
    struct cluster_driver *d = driver_of(self);
    pthread_mutex_lock(&d->mutex);
    enum err e = tables_of(d)->ops->join(tables_of(d), user, channel, channels_max);
    if (e == ERR_OK)
        e = tell(d, EVENT_JOINED, channel, user);
    pthread_mutex_unlock(&d->mutex);
    return e;
}

static enum err driver_leave(struct channel_store *self, const struct uuid *user,
                             const struct uuid *channel)
{
    struct cluster_driver *d = driver_of(self);
    pthread_mutex_lock(&d->mutex);
    enum err e = tables_of(d)->ops->leave(tables_of(d), user, channel);
    if (e == ERR_OK)
        e = tell(d, EVENT_LEFT, channel, user);
    pthread_mutex_unlock(&d->mutex);
    return e;
}

static const struct channel_store_ops channel_ops = {
    .create = driver_create, .join = driver_join, .leave = driver_leave};

/* ---- The driver ---- */

static void driver_start(struct cluster_driver *d, const struct driver_setup *setup, bool writes)
{
    struct event_log *log = memory_event_log_door(d->log);
    struct history_store *store = memory_history_door(d->store);
    d->journal = cluster_journal_new(&(struct cluster_journal_config){
        .log = log,
        .store = store,
        .clock = setup->clock,
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
    d->persist = NULL;
    if (writes) {
        d->persist =
            persist_new(&(struct persist_config){.log = log, .store = store, .epoch = EPOCH});
        persist_start(d->persist);
    }
    d->super.journal = cluster_journal_door(d->journal);
    d->super.accounts = memory_store_accounts(d->tables);
    d->super.channels = &d->channels;
    d->super.messages = cluster_history_door(d->history);
}

static struct driver *driver_new(const struct driver_setup *setup, const struct driver_ops *ops,
                                 bool writes)
{
    struct cluster_driver *d = MEM_NEW(struct cluster_driver);
    d->super.ops = ops;
    d->channels.ops = &channel_ops;
    pthread_mutex_init(&d->mutex, NULL);
    d->log = memory_event_log_new(
        &(struct memory_event_log_config){.clock = setup->clock, .partitions = 1});
    d->store = memory_history_new();
    d->tables = memory_store_new(&(struct memory_config){.clock = setup->clock});
    memory_store_start(d->tables, NULL);
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
    cluster_journal_stop(d->journal);
    persist_free(d->persist);
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
    cluster_journal_stop(d->journal);
    memory_store_stop(d->tables);
}

static void driver_close(struct driver *self)
{
    struct cluster_driver *d = (struct cluster_driver *)self;
    driver_end(d);
    memory_event_log_free(d->log);
    memory_history_free(d->store);
    memory_store_free(d->tables);
    pthread_mutex_destroy(&d->mutex);
    mem_free(d);
}

static void driver_refuse(struct driver *self, bool refuse)
{
    struct cluster_driver *d = (struct cluster_driver *)self;
    memory_event_log_refuse(d->log, refuse);
    memory_store_refuse(d->tables, refuse);
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

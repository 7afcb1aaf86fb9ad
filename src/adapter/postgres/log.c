/* Opening, closing, and what needs no thread. */
#include "adapter/postgres/log.h"

#include <assert.h>
#include <stdio.h>
#include <xxhash.h>

#include "adapter/postgres/log_state.h"
#include "base/cond.h"

#define CONNECTIONS_MAX    8 /* producer, keeper, follower, two groups, and short questions */
#define LEASE_MS           10000
#define TRIM_EVERY_MS      10000
#define PRODUCE_TIMEOUT_MS 5000

static unsigned log_partitions(struct event_log *self)
{
    return pg_log_of(self)->n_partitions;
}

static unsigned log_partition_of(struct event_log *self, const struct uuid *key)
{
    return (unsigned)(XXH3_64bits(key->b, sizeof key->b) % pg_log_of(self)->n_partitions);
}

static enum err log_identity(struct event_log *self, struct uuid *out)
{
    *out = pg_log_of(self)->identity;
    return ERR_OK;
}

enum err pg_log_heads(struct pg_conn *c, void *arg)
{
    struct pg_heads *h = arg;
    struct pg_args a = {.n = 0};
    pg_args_int(&a, h->log->id);
    PGresult *r = pg_run(c, PG_LOG_HEADS, &a);
    bool whole = PQntuples(r) == (int)h->log->n_partitions;
    for (int i = 0; whole && i < PQntuples(r); i++) {
        uint64_t p = pg_u64(r, i, 0);
        whole = p < h->log->n_partitions;
        if (!whole)
            break;
        h->first[p] = pg_u64(r, i, 1);
        h->next[p] = pg_u64(r, i, 2);
    }
    PQclear(r);
    /* the log was taken away under our feet */
    return whole ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err log_bounds(struct event_log *self, unsigned partition, uint64_t *first,
                           uint64_t *end)
{
    struct postgres_log *l = pg_log_of(self);
    struct pg_heads h = {.log = l};
    assert(partition < l->n_partitions);
    enum err e = pg_pool_read(&l->pool, pg_log_heads, &h);
    *first = h.first[partition];
    *end = h.next[partition];
    return e;
}

static bool log_is_ready(struct event_log *self, char *detail, size_t size)
{
    return pg_pool_is_ready(&pg_log_of(self)->pool, detail, size);
}

static const struct event_log_ops log_ops = {
    .produce = pg_log_produce,
    .partitions = log_partitions,
    .partition_of = log_partition_of,
    .identity = log_identity,
    .bounds = log_bounds,
    .read = pg_log_read,
    .join = pg_log_join,
    .poll = pg_log_poll,
    .commit = pg_log_commit,
    .pause = pg_log_pause,
    .close_reader = pg_log_close_reader,
    .committed = pg_log_committed,
    .is_ready = log_is_ready,
};

/* ---- Opening ---- */

static enum err log_find(struct pg_conn *c, void *arg)
{
    struct postgres_log *l = arg;
    struct pg_args a = {.n = 0};
    pg_args_str(&a, str_of(l->name));
    PGresult *r = pg_run(c, PG_LOG_GET, &a);
    bool found = PQntuples(r) == 1;
    l->id = found ? pg_int(r, 0, 0) : 0;
    l->identity = found ? pg_uuid(r, 0, 1) : UUID_NIL;
    uint64_t partitions = found ? pg_u64(r, 0, 2) : 0;
    PQclear(r);
    l->n_partitions = partitions <= LOG_PARTITIONS_MAX ? (unsigned)partitions : 0;
    return found ? ERR_OK : ERR_NOT_FOUND;
}

static enum err log_look(struct postgres_log *l, char *reason, size_t reason_size)
{
    char detail[PG_REASON_SIZE];
    enum err e = pg_pool_read(&l->pool, log_find, l);
    if (e == ERR_OK && l->n_partitions == 0)
        e = ERR_NOT_FOUND;
    if (e == ERR_NOT_FOUND)
        snprintf(reason, reason_size, "PostgreSQL holds no log %s: run `parley migrate up`",
                 l->name);
    else if (e != ERR_OK && !pg_pool_is_ready(&l->pool, detail, sizeof detail))
        snprintf(reason, reason_size, "%s", detail);
    return e;
}

static struct postgres_log *log_new(const struct postgres_config *config)
{
    struct postgres_log *l = MEM_NEW(struct postgres_log);
    l->door.ops = &log_ops;
    l->topic = *config->topic;
    snprintf(l->name, sizeof l->name, "%s", config->topic->name);
    l->topic.name = l->name;
    l->lease_ms = config->lease_ms == 0 ? LEASE_MS : config->lease_ms;
    l->trim_every_ms = config->trim_every_ms == 0 ? TRIM_EVERY_MS : config->trim_every_ms;
    l->produce_timeout_us =
        INT64_C(1000) *
        (config->produce_timeout_ms == 0 ? PRODUCE_TIMEOUT_MS : config->produce_timeout_ms);
    l->producer = uuid_random();
    l->tail = &l->head;
    pthread_mutex_init(&l->mutex, NULL);
    cond_init(&l->queued);
    cond_init(&l->grown);
    cond_init(&l->stops);
    pg_batch_init(&l->batch);
    return l;
}

static void log_free(struct postgres_log *l)
{
    pg_batch_fini(&l->batch);
    pthread_cond_destroy(&l->stops);
    pthread_cond_destroy(&l->grown);
    pthread_cond_destroy(&l->queued);
    pthread_mutex_destroy(&l->mutex);
    explicit_bzero(l->texts, sizeof l->texts);
    mem_free(l);
}

enum err postgres_log_open(const struct postgres_config *config, struct postgres_log **out,
                           char *reason, size_t reason_size)
{
    assert(strlen(config->topic->name) < PG_TOPIC_SIZE);
    struct postgres_log *l = log_new(config);
    enum err e = pg_settings_check(&l->settings, l->texts, config, reason, reason_size);
    if (e != ERR_OK) {
        log_free(l);
        return e;
    }
    pg_pool_init(&l->pool, &l->settings,
                 config->connections_max == 0 || config->connections_max > CONNECTIONS_MAX
                     ? CONNECTIONS_MAX
                     : config->connections_max);
    e = log_look(l, reason, reason_size);
    if (e != ERR_OK) {
        pg_pool_fini(&l->pool);
        log_free(l);
        return e;
    }
    int failed = pthread_create(&l->thread, NULL, pg_log_producer, l);
    assert(failed == 0);
    failed = pthread_create(&l->keeper, NULL, pg_log_keeper, l);
    assert(failed == 0);
    *out = l;
    return ERR_OK;
}

void postgres_log_close(struct postgres_log *l)
{
    if (l == NULL)
        return;
    pthread_mutex_lock(&l->mutex);
    l->stopping = true;
    pthread_cond_broadcast(&l->queued);
    pthread_cond_broadcast(&l->stops);
    pthread_mutex_unlock(&l->mutex);
    pthread_join(l->thread, NULL);
    pthread_join(l->keeper, NULL);
    pg_pool_fini(&l->pool);
    log_free(l);
}

struct event_log *postgres_log_door(struct postgres_log *l)
{
    return &l->door;
}

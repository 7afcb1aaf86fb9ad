#include "fanout/hub.h"

#include <assert.h>

#include "base/mem.h"
#include "fanout/herald.h"
#include "fanout/notice.h"
#include "fanout/peers.h"
#include "fanout/presence.h"
#include "fanout/shard.h"
#include "fanout/tail.h"
#include "telemetry/metrics.h"

#define HUB_SHARDS_MAX 256

struct hub {
    struct hub_config config;
    struct journal_sink sink;
    struct notifier notifier;
    struct tail *tail;
    struct peers *peers; /* NULL, both: this node is alone */
    struct herald *herald;
    struct presence *presence;
    unsigned n_partitions;
    uint64_t *positions; /* before the first batch */

    pthread_mutex_t mutex; /* of the shards' backlogs and what follows */
    pthread_cond_t sunk;   /* a backlog got smaller */
    bool is_publish_waiting, is_stopping;

    uint32_t n_shards;
    struct shard *shards[HUB_SHARDS_MAX];
};

static void *hub_prepare(struct journal_sink *self, const struct event *events, size_t n)
{
    struct hub *h = MEM_OWNER(self, struct hub, sink);
    return feed_build(h->config.encoder, events, n);
}

static void hub_discard(struct journal_sink *self, void *prepared)
{
    (void)self;
    feed_unref(prepared);
}

static void hub_keep_tail(struct hub *h, const struct feed *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->items[i].kind == FEED_POSTS)
            tail_append(h->tail, f->items[i].partition, f->items[i].run, f->items[i].prev_seq);
    metric_set(M_TAIL_BYTES, (int64_t)tail_bytes(h->tail));
}

static size_t hub_backlog_max(const struct hub *h)
{
    size_t max = 0;
    for (uint32_t i = 0; i < h->n_shards; i++)
        if (h->shards[i]->backlog > max)
            max = h->shards[i]->backlog;
    return max;
}

static void hub_wait_for_shards(struct hub *h)
{
    pthread_mutex_lock(&h->mutex);
    h->is_publish_waiting = true;
    while (!h->is_stopping && hub_backlog_max(h) > h->config.backlog_bytes_max)
        pthread_cond_wait(&h->sunk, &h->mutex);
    h->is_publish_waiting = false;
    pthread_mutex_unlock(&h->mutex);
}

static void hub_publish(struct journal_sink *self, void *prepared)
{
    struct hub *h = MEM_OWNER(self, struct hub, sink);
    struct feed *f = prepared;
    f->published_us = clock_steady_us(h->config.clock);
    hub_keep_tail(h, f);
    pthread_mutex_lock(&h->mutex);
    for (uint32_t i = 0; i < h->n_shards; i++)
        h->shards[i]->backlog += f->bytes;
    pthread_mutex_unlock(&h->mutex);
    metric_add(M_FANOUT_BACKLOG, (int64_t)(f->bytes * h->n_shards));
    for (uint32_t i = 0; i < h->n_shards; i++)
        shard_post_feed(h->shards[i], f);
    feed_unref(f);
    hub_wait_for_shards(h);
}

void shard_handed_out(struct shard *sh, size_t bytes)
{
    struct hub *h = sh->hub;
    pthread_mutex_lock(&h->mutex);
    assert(sh->backlog >= bytes);
    sh->backlog -= bytes;
    if (h->is_publish_waiting)
        pthread_cond_signal(&h->sunk);
    pthread_mutex_unlock(&h->mutex);
    metric_add(M_FANOUT_BACKLOG, -(int64_t)bytes);
}

static void hub_read_moved(struct notifier *self, const struct uuid *user,
                           const struct uuid *channel, uint64_t seq, uint32_t except_shard,
                           uint64_t except_session)
{
    struct hub *h = MEM_OWNER(self, struct hub, notifier);
    notice_read(h, user, channel, seq, except_shard, except_session);
    herald_read(h->herald, user, channel, seq);
}

static void hub_revoked(struct notifier *self, const struct uuid *user, const struct uuid *jti,
                        int64_t issued_before_us)
{
    struct hub *h = MEM_OWNER(self, struct hub, notifier);
    notice_revoked(h, user, jti, issued_before_us);
    herald_revoked(h->herald, user, jti, issued_before_us);
}

static void hub_online(struct notifier *self, const struct uuid *users, size_t n, bool *online)
{
    presence_online(MEM_OWNER(self, struct hub, notifier)->presence, users, n, online);
}

static const struct notifier_ops hub_notifier_ops = {
    .read_moved = hub_read_moved, .revoked = hub_revoked, .online = hub_online};

struct hub *hub_new(const struct hub_config *config)
{
    struct hub *h = MEM_NEW(struct hub);
    h->config = *config;
    h->sink = (struct journal_sink){hub_prepare, hub_publish, hub_discard};
    h->notifier.ops = &hub_notifier_ops;
    h->n_partitions = config->journal == NULL ? 1 : journal_partitions(config->journal);
    assert(h->n_partitions >= 1 && h->n_partitions <= JOURNAL_PARTITIONS_MAX);
    h->positions = mem_zalloc(h->n_partitions * sizeof *h->positions);
    h->tail = tail_new(config->tail_bytes_max, h->n_partitions);
    h->peers = config->bus == NULL ? NULL : peers_new();
    h->presence = presence_new(h->peers);
    h->herald = config->bus == NULL ? NULL : herald_new(h, config->bus, h->peers);
    pthread_mutex_init(&h->mutex, NULL);
    pthread_cond_init(&h->sunk, NULL);
    return h;
}

void hub_free(struct hub *h)
{
    if (h == NULL)
        return;
    for (uint32_t i = 0; i < h->n_shards; i++)
        shard_free(h->shards[i]);
    herald_free(h->herald);
    presence_free(h->presence);
    peers_free(h->peers);
    tail_free(h->tail);
    mem_free(h->positions);
    pthread_cond_destroy(&h->sunk);
    pthread_mutex_destroy(&h->mutex);
    mem_free(h);
}

struct journal_sink *hub_sink(struct hub *h)
{
    return &h->sink;
}

struct notifier *hub_notifier(struct hub *h)
{
    return &h->notifier;
}

void hub_listen(struct hub *h)
{
    herald_open(h->herald);
}

void hub_stop(struct hub *h)
{
    herald_close(h->herald);
    pthread_mutex_lock(&h->mutex);
    h->is_stopping = true;
    pthread_cond_signal(&h->sunk);
    pthread_mutex_unlock(&h->mutex);
}

void hub_set_position(struct hub *h, unsigned partition, uint64_t position)
{
    assert(partition < h->n_partitions);
    h->positions[partition] = position;
    tail_set_horizon(h->tail, partition, position);
    for (uint32_t i = 0; i < h->n_shards; i++)
        h->shards[i]->positions[partition] = position;
}

void hub_take_positions(struct hub *h)
{
    for (unsigned i = 0; i < h->n_partitions && h->config.journal != NULL; i++)
        hub_set_position(h, i, journal_position(h->config.journal, i));
}

struct shard *hub_add_shard(struct hub *h, struct executor *executor, void (*kick)(void *arg),
                            void *arg)
{
    assert(h->n_shards < HUB_SHARDS_MAX);
    struct shard *sh = shard_new(h, h->n_shards, executor, kick, arg);
    memcpy(sh->positions, h->positions, h->n_partitions * sizeof *sh->positions);
    h->shards[h->n_shards++] = sh;
    return sh;
}

const struct hub_config *hub_config(const struct hub *h)
{
    return &h->config;
}

unsigned hub_partitions(const struct hub *h)
{
    return h->n_partitions;
}

struct presence *hub_presence(const struct hub *h)
{
    return h->presence;
}

struct herald *hub_herald(const struct hub *h)
{
    return h->herald;
}

struct shard *hub_shard(const struct hub *h, uint32_t index)
{
    return index < h->n_shards ? h->shards[index] : NULL;
}

const struct hub_config *shard_config(const struct shard *sh)
{
    return &sh->hub->config;
}

struct tail *shard_tail(const struct shard *sh)
{
    return sh->hub->tail;
}

unsigned shard_partition_of(const struct shard *sh, const struct uuid *channel)
{
    return sh->hub->n_partitions == 1 ? 0 : journal_partition_of(sh->hub->config.journal, channel);
}

struct presence *shard_presence(const struct shard *sh)
{
    return sh->hub->presence;
}

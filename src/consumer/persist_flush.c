/* The steps of writing a batch, in the order in which each makes the next one true. */
#include <stdlib.h>

#include "cluster/recent.h"
#include "consumer/persist_state.h"
#include "telemetry/metrics.h"

void persist_batch_clear(struct persist *p)
{
    arena_fini(&p->batch.arena);
    p->batch.n_posts = p->batch.n_records = 0;
    p->batch.traces.n = 0;
    for (unsigned i = 0; i < p->n_partitions; i++)
        p->partitions[i].is_due = false;
}

struct heads_write {
    struct persist *persist;
    unsigned partition;
};

static enum err heads_take(const struct channel_head *heads, size_t n, void *arg)
{
    const struct heads_write *w = arg;
    struct history_store *store = w->persist->config.store;
    return store->ops->write_heads(store, w->persist->config.epoch, w->partition, heads, n);
}

static enum err partition_write(struct persist *p, unsigned partition)
{
    struct history_store *store = p->config.store;
    struct follower *f = p->partitions[partition].follower;
    struct heads_write heads = {p, partition};
    struct log_snapshot snapshot;
    enum err e = follower_changed_heads(f, heads_take, &heads);
    if (e != ERR_OK)
        return e;
    follower_snapshot(f, &p->blob, &snapshot);
    return store->ops->write_snapshot(store, &snapshot);
}

static int compare_posts(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    int channels = memcmp(x->channel.b, y->channel.b, sizeof x->channel.b);
    return channels != 0 ? channels : (x->seq > y->seq) - (x->seq < y->seq);
}

/* The newest of each channel, to its window. Sorts the posts. */
static void windows_push(struct persist *p)
{
    struct event *posts = p->batch.posts;
    qsort(posts, p->batch.n_posts, sizeof *posts, compare_posts);
    for (size_t i = 0, end; i < p->batch.n_posts; i = end) {
        end = i + 1;
        while (end < p->batch.n_posts && uuid_eq(&posts[end].channel, &posts[i].channel))
            end++;
        size_t from = end - i > RECENT_POSTS ? end - RECENT_POSTS : i;
        recent_push(p->config.cache, &posts[from], end - from);
    }
}

static enum err posts_write(struct persist *p)
{
    struct history_store *store = p->config.store;
    if (p->batch.n_posts == 0)
        return ERR_OK;
    enum err e = store->ops->write(store, p->batch.posts, p->batch.n_posts);
    int64_t age_us = clock_wall_us(&clock_system) - p->batch.oldest_ms * 1000;
    if (e == ERR_OK)
        metric_observe(M_PERSIST_AGE, age_us > 0 ? (uint64_t)age_us : 0);
    return e;
}

static enum err batch_write(struct persist *p)
{
    int64_t since = clock_steady_us(&clock_system);
    enum err e = posts_write(p);
    for (unsigned i = 0; i < p->n_partitions && e == ERR_OK; i++)
        if (p->partitions[i].is_due)
            e = partition_write(p, i);
    if (e != ERR_OK) {
        metric_inc(M_PERSIST_FAILED);
        return e;
    }
    if (p->config.cache != NULL)
        windows_push(p);
    /* a commit that fails is made up for by the next one, or is another member's by now */
    for (unsigned i = 0; i < p->n_partitions; i++)
        if (p->partitions[i].is_due)
            (void)p->config.log->ops->commit(p->reader, i,
                                             follower_next(p->partitions[i].follower));
    metric_observe(M_PERSIST_BATCH, p->batch.n_records);
    metric_observe(M_PERSIST_WRITE, (uint64_t)(clock_steady_us(&clock_system) - since));
    persist_batch_clear(p);
    return ERR_OK;
}

enum err persist_flush(struct persist *p)
{
    struct trace_span span;
    size_t n = p->batch.n_posts;
    trace_begin_batch(&span, &p->batch.traces, "persist", TRACE_CONSUMER);
    trace_add_text(&span, "messaging.system", "kafka");
    trace_add_number(&span, "messaging.batch.message_count", (int64_t)n);
    enum err e = batch_write(p);
    trace_end(&span, e);
    return e;
}

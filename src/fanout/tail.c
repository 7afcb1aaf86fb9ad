#include "fanout/tail.h"

#include <assert.h>
#include <pthread.h>

#include "base/list.h"
#include "base/mem.h"
#include "domain/limits.h"
#include "fanout/table.h"

/* One channel: a ring of runs. `count` numbers posts since the channel entered, so that what
 * follows a position is counted without walking the runs. */
struct tail_run {
    struct run *run;
    uint64_t last_seq;
    uint64_t count; /* posts of this channel up to and with this run */
};

struct tail_channel {
    struct table_node node;
    struct list recent; /* in tail->recent, the most recently active last */
    struct uuid id;
    unsigned partition;
    uint64_t floor; /* every post above it is here */
    uint64_t count;
    struct tail_run *ring;
    uint32_t first, n, cap; /* cap: a power of two */
};

struct tail {
    pthread_mutex_t mutex;
    struct table channels;
    struct list recent;
    size_t bytes, bytes_max;
    uint64_t horizons[]; /* one a partition */
};

struct tail *tail_new(size_t bytes_max, unsigned partitions)
{
    struct tail *t = mem_zalloc(sizeof *t + partitions * sizeof t->horizons[0]);
    pthread_mutex_init(&t->mutex, NULL);
    list_init(&t->recent);
    t->bytes_max = bytes_max;
    return t;
}

static struct tail_run *channel_run(const struct tail_channel *c, uint32_t i)
{
    return &c->ring[(c->first + i) & (c->cap - 1)];
}

static uint64_t channel_head(const struct tail_channel *c)
{
    return channel_run(c, c->n - 1)->last_seq;
}

/* Of the channel itself, its runs aside. */
static size_t channel_cost(const struct tail_channel *c)
{
    return sizeof *c + c->cap * sizeof *c->ring;
}

static void channel_drop_oldest(struct tail *t, struct tail_channel *c)
{
    struct tail_run *oldest = channel_run(c, 0);
    c->floor = oldest->last_seq;
    t->bytes -= run_size(oldest->run);
    run_unref(oldest->run);
    c->first = (c->first + 1) & (c->cap - 1);
    c->n--;
}

static void channel_free(struct tail *t, struct tail_channel *c)
{
    while (c->n > 0)
        channel_drop_oldest(t, c);
    if (c->floor > t->horizons[c->partition])
        t->horizons[c->partition] = c->floor;
    t->bytes -= channel_cost(c);
    table_remove(&t->channels, &c->node);
    list_remove(&c->recent);
    mem_free(c->ring);
    mem_free(c);
}

void tail_free(struct tail *t)
{
    if (t == NULL)
        return;
    while (!list_is_empty(&t->recent))
        channel_free(t, MEM_OWNER(t->recent.next, struct tail_channel, recent));
    table_fini(&t->channels);
    pthread_mutex_destroy(&t->mutex);
    mem_free(t);
}

void tail_set_horizon(struct tail *t, unsigned partition, uint64_t position)
{
    pthread_mutex_lock(&t->mutex);
    t->horizons[partition] = position;
    pthread_mutex_unlock(&t->mutex);
}

static struct tail_channel *channel_find(const struct tail *t, const struct uuid *id)
{
    struct table_node *node = table_first(&t->channels, table_hash(id));
    for (; node != NULL; node = table_next(node)) {
        struct tail_channel *c = MEM_OWNER(node, struct tail_channel, node);
        if (uuid_eq(&c->id, id))
            return c;
    }
    return NULL;
}

static struct tail_channel *channel_new(struct tail *t, unsigned partition, const struct uuid *id,
                                        uint64_t floor)
{
    struct tail_channel *c = MEM_NEW(struct tail_channel);
    c->id = *id;
    c->partition = partition;
    c->floor = floor;
    c->cap = 4;
    c->ring = mem_array(c->cap, sizeof *c->ring);
    list_init(&c->recent);
    table_add(&t->channels, &c->node, table_hash(id));
    t->bytes += channel_cost(c);
    return c;
}

static void channel_grow(struct tail *t, struct tail_channel *c)
{
    t->bytes += c->cap * sizeof *c->ring;
    struct tail_run *ring = mem_array((size_t)c->cap * 2, sizeof *ring);
    for (uint32_t i = 0; i < c->n; i++)
        ring[i] = *channel_run(c, i);
    mem_free(c->ring);
    c->ring = ring;
    c->first = 0;
    c->cap *= 2;
}

/* Without its oldest run the channel would still hold a replay's worth. */
static bool channel_is_deep(const struct tail_channel *c)
{
    return c->count - channel_run(c, 0)->count > LIMIT_REPLAY_EVENTS;
}

static void tail_trim(struct tail *t)
{
    while (t->bytes > t->bytes_max && !list_is_empty(&t->recent)) {
        struct tail_channel *quiet = MEM_OWNER(t->recent.next, struct tail_channel, recent);
        channel_drop_oldest(t, quiet);
        if (quiet->n == 0)
            channel_free(t, quiet);
    }
}

void tail_append(struct tail *t, unsigned partition, struct run *run, uint64_t prev_seq)
{
    pthread_mutex_lock(&t->mutex);
    struct tail_channel *c = channel_find(t, &run->channel);
    /* A broken chain (a journal that skipped something) must not pass for a complete one. */
    if (c != NULL && channel_head(c) != prev_seq) {
        channel_free(t, c);
        c = NULL;
    }
    if (c == NULL)
        c = channel_new(t, partition, &run->channel, prev_seq);
    if (c->n == c->cap)
        channel_grow(t, c);
    c->count += run->n;
    *channel_run(c, c->n++) =
        (struct tail_run){run_ref(run), run->frames[run->n - 1].seq, c->count};
    t->bytes += run_size(run);
    list_remove(&c->recent);
    list_append(&t->recent, &c->recent);
    while (channel_is_deep(c))
        channel_drop_oldest(t, c);
    tail_trim(t);
    pthread_mutex_unlock(&t->mutex);
}

/* The first run that ends after `after`; `c->n` when there is none. */
static uint32_t channel_search(const struct tail_channel *c, uint64_t after)
{
    uint32_t low = 0, high = c->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (channel_run(c, middle)->last_seq > after)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void channel_read(const struct tail_channel *c, uint64_t after, struct run **runs,
                         unsigned max, struct tail_answer *out)
{
    out->has_head = true;
    out->head = channel_head(c);
    out->complete = after >= c->floor;
    uint32_t at = channel_search(c, after);
    if (!out->complete || at == c->n)
        return;
    const struct tail_run *first = channel_run(c, at);
    uint64_t before = first->count - first->run->n + run_after(first->run, after);
    out->missed = (unsigned)(c->count - before);
    for (; at < c->n && out->n < max; at++)
        runs[out->n++] = run_ref(channel_run(c, at)->run);
}

struct tail_answer tail_read(struct tail *t, unsigned partition, const struct uuid *channel,
                             uint64_t after, struct run **runs, unsigned max)
{
    struct tail_answer answer = {0};
    pthread_mutex_lock(&t->mutex);
    const struct tail_channel *c = channel_find(t, channel);
    if (c != NULL)
        channel_read(c, after, runs, max, &answer);
    else
        answer.complete = after >= t->horizons[partition];
    pthread_mutex_unlock(&t->mutex);
    return answer;
}

size_t tail_bytes(struct tail *t)
{
    pthread_mutex_lock(&t->mutex);
    size_t bytes = t->bytes;
    pthread_mutex_unlock(&t->mutex);
    return bytes;
}

#include "fanout/feed.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "fanout/run_builder.h"
#include "fanout/table.h"

#define NONE UINT32_MAX

/* The events of one channel in a batch: a list through `next`, in order. */
struct group {
    struct uuid channel;
    uint32_t first, last; /* indexes of events */
};

/* A batch, sorted into groups in order of first appearance. `slots` is an open-addressed hash of
 * group indexes. */
struct grouping {
    size_t n;
    struct group *groups;
    uint32_t *next;  /* of each event: the next of its group, or NONE */
    uint32_t *slots; /* `n_slots`, a power of two at least twice the events */
    size_t n_slots;
};

static struct uuid event_audience(const struct event *e)
{
    return e->kind == EVENT_CREATED ? UUID_NIL : e->channel;
}

static struct group *grouping_find(struct grouping *g, const struct uuid *channel)
{
    size_t at = table_hash(channel) & (g->n_slots - 1);
    while (g->slots[at] != NONE && !uuid_eq(&g->groups[g->slots[at]].channel, channel))
        at = (at + 1) & (g->n_slots - 1);
    if (g->slots[at] == NONE) {
        g->slots[at] = (uint32_t)g->n;
        g->groups[g->n++] = (struct group){*channel, NONE, NONE};
    }
    return &g->groups[g->slots[at]];
}

static void grouping_init(struct grouping *g, const struct event *events, size_t n)
{
    *g = (struct grouping){.n_slots = 4};
    while (g->n_slots < 2 * n)
        g->n_slots *= 2;
    g->groups = mem_array(n, sizeof *g->groups);
    g->next = mem_array(n, sizeof *g->next);
    g->slots = mem_array(g->n_slots, sizeof *g->slots);
    memset(g->slots, 0xff, g->n_slots * sizeof *g->slots);
    for (uint32_t i = 0; i < n; i++) {
        const struct uuid channel = event_audience(&events[i]);
        struct group *group = grouping_find(g, &channel);
        g->next[i] = NONE;
        if (group->first == NONE)
            group->first = i;
        else
            g->next[group->last] = i;
        group->last = i;
    }
}

static void grouping_fini(struct grouping *g)
{
    mem_free(g->groups);
    mem_free(g->next);
    mem_free(g->slots);
}

struct feed_builder {
    struct run_builder runs;
    struct feed *feed;
};

static struct feed_item *feed_add(struct feed *f, const struct event *e, enum feed_kind kind)
{
    struct feed_item *item = &f->items[f->n++];
    *item = (struct feed_item){.kind = kind,
                               .channel = event_audience(e),
                               .partition = e->partition,
                               .first_seq = e->seq,
                               .last_seq = e->seq,
                               .prev_seq = e->prev_seq,
                               .subject = e->channel};
    return item;
}

static void feed_item_finish(struct feed *f, struct feed_item *item, struct run *run)
{
    item->run = run;
    item->bytes = run_size(run) + (item->own == NULL ? 0 : run_size(item->own));
    f->bytes += item->bytes;
}

static void feed_add_other(struct feed_builder *b, const struct event *e)
{
    enum feed_kind kind = e->kind == EVENT_JOINED ? FEED_JOINED
                          : e->kind == EVENT_LEFT ? FEED_LEFT
                                                  : FEED_CREATED;
    struct feed_item *item = feed_add(b->feed, e, kind);
    item->user = e->user;
    item->members = e->members;
    if (kind == FEED_JOINED && e->username.n > 0)
        item->username = (struct str){mem_strndup(e->username.p, e->username.n), e->username.n};
    if (kind != FEED_CREATED) {
        run_builder_add(&b->runs, e, RUN_OWN);
        item->own = run_builder_finish(&b->runs);
    }
    run_builder_add(&b->runs, e, RUN_PUSH);
    feed_item_finish(b->feed, item, run_builder_finish(&b->runs));
}

static void feed_add_group(struct feed_builder *b, const struct event *events,
                           const struct grouping *g, const struct group *group)
{
    struct feed_item *item = NULL; /* the run of posts under way */
    for (uint32_t i = group->first; i != NONE; i = g->next[i]) {
        const struct event *e = &events[i];
        if (item != NULL && (!event_is_post(e) || run_builder_is_full(&b->runs))) {
            feed_item_finish(b->feed, item, run_builder_finish(&b->runs));
            item = NULL;
        }
        if (!event_is_post(e)) {
            feed_add_other(b, e);
            continue;
        }
        if (item == NULL)
            item = feed_add(b->feed, e, FEED_POSTS);
        item->last_seq = e->seq;
        run_builder_add(&b->runs, e, RUN_PUSH);
    }
    if (item != NULL)
        feed_item_finish(b->feed, item, run_builder_finish(&b->runs));
}

struct feed *feed_build(const struct run_encoder *encoder, const struct event *events, size_t n)
{
    assert(n < NONE);
    struct feed *f = mem_zalloc(sizeof *f + n * sizeof f->items[0]);
    atomic_init(&f->refs, 1);
    if (n == 0)
        return f;
    struct feed_builder b = {.feed = f};
    run_builder_init(&b.runs, encoder);
    struct grouping g;
    grouping_init(&g, events, n);
    for (size_t i = 0; i < g.n; i++)
        feed_add_group(&b, events, &g, &g.groups[i]);
    grouping_fini(&g);
    run_builder_fini(&b.runs);
    return f;
}

struct feed *feed_ref(struct feed *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void feed_unref(struct feed *f)
{
    if (f == NULL || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < f->n; i++) {
        run_unref(f->items[i].run);
        run_unref(f->items[i].own);
        mem_free((void *)(uintptr_t)f->items[i].username.p);
    }
    mem_free(f);
}

#include "telemetry/metrics.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "base/mem.h"

static const struct metric_row rows[METRIC_COUNT] = {
#define METRIC_ROW(id, type, family, labels, help) [id] = {METRIC_##type, family, labels, help},
    METRICS_TABLE(METRIC_ROW)
#undef METRIC_ROW
};

struct cells {
    _Atomic uint64_t counts[HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum;
};

/* What one thread counted: written by that thread alone, read by others under the mutex. */
struct block {
    struct list link; /* in `blocks` */
    _Atomic int64_t values[METRIC_COUNT];
    struct cells *_Atomic histograms[METRIC_COUNT]; /* made at the first observation */
    char apart[64];                                 /* from the neighbour's cache line */
};

/* Guards the list and `finished`, the sum of what ended threads counted. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct list blocks = {&blocks, &blocks};
static struct block finished;

static _Atomic int64_t set_values[METRIC_COUNT];
static _Thread_local struct block *mine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit;

const struct metric_row *metric_row(enum metric m)
{
    assert(m < METRIC_COUNT);
    return &rows[m];
}

static bool is_histogram(enum metric m)
{
    return rows[m].type == METRIC_HISTOGRAM_US || rows[m].type == METRIC_HISTOGRAM_SIZE;
}

/* One writer, so no read-modify-write is needed: two plain moves. */
static inline void cell_add(_Atomic uint64_t *cell, uint64_t n)
{
    uint64_t before = atomic_load_explicit(cell, memory_order_relaxed);
    atomic_store_explicit(cell, before + n, memory_order_relaxed);
}

static struct cells *block_cells(struct block *b, enum metric m)
{
    struct cells *c = atomic_load_explicit(&b->histograms[m], memory_order_acquire);
    if (c == NULL) {
        c = MEM_NEW(struct cells);
        atomic_store_explicit(&b->histograms[m], c, memory_order_release);
    }
    return c;
}

static void cells_fold(struct cells *from, struct cells *to)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        cell_add(&to->counts[i], atomic_load_explicit(&from->counts[i], memory_order_relaxed));
    cell_add(&to->sum, atomic_load_explicit(&from->sum, memory_order_relaxed));
    mem_free(from);
}

/* The thread ends: what it counted goes to `finished`. */
static void block_fold(void *arg)
{
    struct block *b = arg;
    pthread_mutex_lock(&mutex);
    for (enum metric m = 0; m < METRIC_COUNT; m++) {
        int64_t value = atomic_load_explicit(&finished.values[m], memory_order_relaxed) +
                        atomic_load_explicit(&b->values[m], memory_order_relaxed);
        atomic_store_explicit(&finished.values[m], value, memory_order_relaxed);
        struct cells *c = atomic_load_explicit(&b->histograms[m], memory_order_acquire);
        if (c != NULL)
            cells_fold(c, block_cells(&finished, m));
    }
    list_remove(&b->link);
    pthread_mutex_unlock(&mutex);
    mem_free(b);
    mine = NULL;
}

static void key_make(void)
{
    int failed = pthread_key_create(&at_exit, block_fold);
    assert(failed == 0);
}

static struct block *block_new(void)
{
    struct block *b = MEM_NEW(struct block);
    pthread_once(&once, key_make);
    pthread_mutex_lock(&mutex);
    list_append(&blocks, &b->link);
    pthread_mutex_unlock(&mutex);
    pthread_setspecific(at_exit, b);
    mine = b;
    return b;
}

static inline struct block *block_mine(void)
{
    struct block *b = mine;
    return b != NULL ? b : block_new();
}

void metric_add(enum metric m, int64_t n)
{
    assert(m < METRIC_COUNT && !is_histogram(m) && (n >= 0 || rows[m].type == METRIC_GAUGE));
    _Atomic int64_t *value = &block_mine()->values[m];
    int64_t before = atomic_load_explicit(value, memory_order_relaxed);
    atomic_store_explicit(value, before + n, memory_order_relaxed);
}

void metric_set(enum metric m, int64_t value)
{
    assert(m < METRIC_COUNT && (rows[m].type == METRIC_GAUGE || rows[m].type == METRIC_GAUGE_US));
    atomic_store_explicit(&set_values[m], value, memory_order_relaxed);
}

void metric_observe(enum metric m, uint64_t value)
{
    assert(m < METRIC_COUNT && is_histogram(m));
    struct cells *c = block_cells(block_mine(), m);
    cell_add(&c->counts[histogram_bucket(value)], 1);
    cell_add(&c->sum, value);
}

static void cells_sum(struct block *b, enum metric m, struct histogram *out)
{
    struct cells *c = atomic_load_explicit(&b->histograms[m], memory_order_acquire);
    if (c == NULL)
        return;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        out->counts[i] += atomic_load_explicit(&c->counts[i], memory_order_relaxed);
    out->sum += atomic_load_explicit(&c->sum, memory_order_relaxed);
}

void metric_histogram(enum metric m, struct histogram *out)
{
    assert(m < METRIC_COUNT && is_histogram(m));
    *out = (struct histogram){0};
    pthread_mutex_lock(&mutex);
    cells_sum(&finished, m, out);
    for (struct list *l = blocks.next; l != &blocks; l = l->next)
        cells_sum(MEM_OWNER(l, struct block, link), m, out);
    pthread_mutex_unlock(&mutex);
}

int64_t metric_value(enum metric m)
{
    assert(m < METRIC_COUNT);
    if (is_histogram(m)) {
        struct histogram h;
        metric_histogram(m, &h);
        return (int64_t)histogram_count(&h);
    }
    pthread_mutex_lock(&mutex);
    int64_t value = atomic_load_explicit(&set_values[m], memory_order_relaxed) +
                    atomic_load_explicit(&finished.values[m], memory_order_relaxed);
    for (struct list *l = blocks.next; l != &blocks; l = l->next)
        value += atomic_load_explicit(&MEM_OWNER(l, struct block, link)->values[m],
                                      memory_order_relaxed);
    pthread_mutex_unlock(&mutex);
    return value;
}

#include "telemetry/trace_ring.h"

#include <assert.h>
#include <pthread.h>

#include "base/cond.h"
#include "base/list.h"
#include "base/mem.h"
#include "telemetry/metrics.h"

static_assert((TRACE_RING_SPANS & (TRACE_RING_SPANS - 1)) == 0, "places are found by a mask");

struct ring {
    struct list link; /* in `rings` */
    bool is_dead;     /* its thread has ended; under the mutex */
    atomic_uint written, read;
    struct trace_span spans[TRACE_RING_SPANS];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of the list */
static struct list rings = {&rings, &rings};
static _Thread_local struct ring *mine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit;

static pthread_mutex_t wait_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken;
static bool is_woken; /* under wait_mutex */

static void ring_free(struct ring *r)
{
    list_remove(&r->link);
    mem_free(r);
}

static void ring_orphan(void *arg)
{
    struct ring *r = arg;
    mine = NULL;
    pthread_mutex_lock(&mutex);
    r->is_dead = true;
    if (!trace_is_on())
        ring_free(r);
    pthread_mutex_unlock(&mutex);
}

static void begin_once(void)
{
    int failed = pthread_key_create(&at_exit, ring_orphan);
    assert(failed == 0);
    cond_init(&woken);
}

static struct ring *ring_new(void)
{
    struct ring *r = MEM_NEW(struct ring);
    pthread_once(&once, begin_once);
    pthread_mutex_lock(&mutex);
    list_append(&rings, &r->link);
    pthread_mutex_unlock(&mutex);
    pthread_setspecific(at_exit, r);
    mine = r;
    return r;
}

void trace_ring_put(const struct trace_span *s)
{
    struct ring *r = mine != NULL ? mine : ring_new();
    unsigned written = atomic_load_explicit(&r->written, memory_order_relaxed);
    unsigned held = written - atomic_load_explicit(&r->read, memory_order_acquire);
    if (held == TRACE_RING_SPANS) {
        metric_inc(M_TRACE_DROPPED);
        return;
    }
    r->spans[written & (TRACE_RING_SPANS - 1)] = *s;
    atomic_store_explicit(&r->written, written + 1, memory_order_release);
    if (held + 1 == TRACE_RING_SPANS / 2)
        trace_wake();
}

static void ring_drain(struct ring *r, void (*take)(const struct trace_span *s, void *arg),
                       void *arg)
{
    unsigned read = atomic_load_explicit(&r->read, memory_order_relaxed);
    unsigned written = atomic_load_explicit(&r->written, memory_order_acquire);
    for (; read != written; read++)
        if (take != NULL)
            take(&r->spans[read & (TRACE_RING_SPANS - 1)], arg);
    atomic_store_explicit(&r->read, written, memory_order_release);
}

void trace_drain(void (*take)(const struct trace_span *s, void *arg), void *arg)
{
    pthread_mutex_lock(&mutex);
    for (struct list *l = rings.next, *next; l != &rings; l = next) {
        struct ring *r = MEM_OWNER(l, struct ring, link);
        next = l->next;
        ring_drain(r, take, arg);
        if (r->is_dead)
            ring_free(r);
    }
    pthread_mutex_unlock(&mutex);
}

void trace_rings_clear(void)
{
    trace_drain(NULL, NULL);
}

void trace_wait(unsigned wait_ms)
{
    const struct timespec until = cond_deadline(wait_ms);
    pthread_once(&once, begin_once);
    pthread_mutex_lock(&wait_mutex);
    bool in_time = true;
    while (!is_woken && in_time)
        in_time = pthread_cond_timedwait(&woken, &wait_mutex, &until) == 0;
    is_woken = false;
    pthread_mutex_unlock(&wait_mutex);
}

void trace_wake(void)
{
    pthread_once(&once, begin_once);
    pthread_mutex_lock(&wait_mutex);
    is_woken = true;
    pthread_cond_signal(&woken);
    pthread_mutex_unlock(&wait_mutex);
}

/* To and from the other nodes. */
#include <assert.h>

#include "base/log.h"
#include "base/mem.h"
#include "cluster/handed.h"
#include "cluster/handover_state.h"
#include "telemetry/metrics.h"

#define INVALID_LOG_US 1000000
#define QUEUE_MAX      16384 /* records; what is more is not handed over, others look for it */

/* ---- Out ---- */

void handover_queue(struct handover *h, const struct log_record *r)
{
    if (h->n_queued >= QUEUE_MAX) {
        metric_inc(M_HANDOVER_REFUSED);
        return;
    }
    struct handed_out *o = MEM_NEW(struct handed_out);
    o->record = gap_record_new(r);
    *h->tail = o;
    h->tail = &o->next;
    h->n_queued++;
    pthread_cond_signal(&h->queued);
}

/* `n` 0: there is something, look for it. */
static void batch_tell(struct handover *h, const struct buf *b, unsigned n)
{
    struct peer_link *peers = h->config.peers;
    struct bus *bus = h->config.bus;
    assert(!b->failed);
    enum err e = peers != NULL ? peers->ops->tell(peers, STR_NONE, buf_str(b))
                               : bus->ops->tell(bus, buf_str(b));
    metric_add(e == ERR_OK ? M_HANDOVER_TOLD : M_HANDOVER_REFUSED, n);
}

/* Everything that is queued, in as few batches as it fits into. */
static void queue_tell(struct handover *h, struct handed_out *all, struct buf *b)
{
    unsigned n = 0;
    bool look = false;
    handed_begin(b, &h->identity);
    for (struct handed_out *o = all, *next; o != NULL; o = next) {
        size_t size = handed_size(&o->record->record);
        next = o->next;
        look = look || size + HANDED_HEAD_BYTES > h->batch_max;
        if (n > 0 && b->n + size > h->batch_max) {
            batch_tell(h, b, n);
            handed_begin(b, &h->identity);
            n = 0;
        }
        if (size + HANDED_HEAD_BYTES <= h->batch_max) {
            handed_add(b, &o->record->record);
            n++;
        }
        mem_free(o->record);
        mem_free(o);
    }
    if (n > 0)
        batch_tell(h, b, n);
    handed_begin(b, &h->identity);
    if (look)
        batch_tell(h, b, 0);
}

void *handover_thread(void *arg)
{
    struct handover *h = arg;
    struct buf b;
    pthread_setname_np(pthread_self(), "handover");
    buf_init(&b, h->batch_max);
    pthread_mutex_lock(&h->mutex);
    while (h->head != NULL || !h->stopping) {
        if (h->head == NULL) {
            pthread_cond_wait(&h->queued, &h->mutex);
            continue;
        }
        struct handed_out *all = h->head;
        h->head = NULL;
        h->tail = &h->head;
        h->n_queued = 0;
        pthread_mutex_unlock(&h->mutex);
        queue_tell(h, all, &b);
        pthread_mutex_lock(&h->mutex);
    }
    pthread_mutex_unlock(&h->mutex);
    buf_fini(&b);
    return NULL;
}

/* ---- In ---- */

static void record_offer(const struct log_record *r, void *arg)
{
    handover_offer(arg, r);
    metric_inc(M_HANDOVER_HEARD);
}

/* A flood of it is counted, and told once a second. */
static void invalid_note(struct handover *h, struct str from, size_t n)
{
    int64_t now = clock_steady_us(h->config.clock);
    metric_inc(M_HANDOVER_INVALID);
    pthread_mutex_lock(&h->mutex);
    bool log = h->invalid_us == 0 || now - h->invalid_us >= INVALID_LOG_US;
    if (log)
        h->invalid_us = now;
    pthread_mutex_unlock(&h->mutex);
    if (log)
        log_event(LOG_WARN, "a node handed over what cannot be read", LOG_STR("node", from),
                  LOG_I("bytes", n));
}

void handover_batch(struct peer_listener *self, struct str from, struct str bytes)
{
    struct handover *h = MEM_OWNER(self, struct handover, peer_listener);
    if (!handed_is_valid(bytes, &h->identity, h->n_partitions)) {
        invalid_note(h, from, bytes.n);
        return;
    }
    pthread_mutex_lock(&h->mutex);
    handed_each(bytes, record_offer, h);
    if (bytes.n == HANDED_HEAD_BYTES)
        handover_look(h);
    pthread_cond_broadcast(&h->offered);
    pthread_mutex_unlock(&h->mutex);
}

void handover_lost(struct peer_listener *self, struct str from)
{
    struct handover *h = MEM_OWNER(self, struct handover, peer_listener);
    (void)from;
    metric_inc(M_HANDOVER_LOST);
    pthread_mutex_lock(&h->mutex);
    handover_look(h);
    pthread_mutex_unlock(&h->mutex);
}

void handover_note(struct bus_listener *self, struct str note)
{
    struct handover *h = MEM_OWNER(self, struct handover, bus_listener);
    handover_batch(&h->peer_listener, STR("the bus"), note);
}

void handover_gap(struct bus_listener *self)
{
    struct handover *h = MEM_OWNER(self, struct handover, bus_listener);
    handover_lost(&h->peer_listener, STR("the bus"));
}

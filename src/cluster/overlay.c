#include "cluster/overlay.h"

#include <assert.h>
#include <stdalign.h>

#include "base/mem.h"
#include "cluster/follower.h"
#include "cluster/overlay_state.h"
#include "telemetry/metrics.h"

#define CHUNK_BYTES ((size_t)64 * 1024)
#define CAP_FIRST   256

struct overlay_chunk {
    struct overlay_chunk *next; /* newer */
    size_t used, size;
    uint64_t last_seq; /* of the last event in it */
    alignas(max_align_t) char data[];
};

struct overlay *overlay_new(unsigned partitions, size_t bytes_max)
{
    assert(partitions >= 1 && partitions <= LOG_PARTITIONS_MAX);
    struct overlay *o = MEM_NEW(struct overlay);
    pthread_mutex_init(&o->mutex, NULL);
    o->n_partitions = partitions;
    o->bytes_max = bytes_max;
    for (unsigned i = 0; i < partitions; i++) {
        o->partitions[i].cap = CAP_FIRST;
        o->partitions[i].posts = mem_array(CAP_FIRST, sizeof(struct overlay_post *));
    }
    return o;
}

void overlay_free(struct overlay *o)
{
    if (o == NULL)
        return;
    struct overlay_channel *c, *next_channel;
    HASH_ITER (hh, o->channels, c, next_channel) {
        HASH_DEL(o->channels, c);
        mem_free(c);
    }
    struct overlay_thread *t, *next_thread;
    HASH_ITER (hh, o->threads, t, next_thread) {
        HASH_DEL(o->threads, t);
        mem_free(t);
    }
    for (unsigned i = 0; i < o->n_partitions; i++) {
        struct overlay_partition *p = &o->partitions[i];
        for (struct overlay_chunk *k = p->oldest, *next; k != NULL; k = next) {
            next = k->next;
            mem_free(k);
        }
        mem_free(p->posts);
    }
    pthread_mutex_destroy(&o->mutex);
    mem_free(o);
}

void overlay_begin(struct overlay *o, unsigned partition, uint32_t epoch, uint64_t start)
{
    struct overlay_partition *p = &o->partitions[partition];
    p->epoch = epoch;
    p->start = start;
    atomic_store(&p->persisted, start);
}

/* ---- What is here ---- */

struct overlay_post *overlay_post_at(const struct overlay_partition *p, uint32_t i)
{
    return p->posts[(p->first + i) & (p->cap - 1)];
}

uint32_t overlay_find(const struct overlay_partition *p, uint64_t value, bool by_id)
{
    uint32_t low = 0, high = p->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct event *e = &overlay_post_at(p, middle)->event;
        if ((by_id ? e->id : e->seq) < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct overlay_channel *overlay_channel_find(const struct overlay *o, const struct uuid *id)
{
    struct overlay_channel *found;
    HASH_FIND(hh, o->channels, id, sizeof *id, found);
    return found;
}

struct overlay_thread *overlay_thread_find(const struct overlay *o, uint64_t message_id)
{
    struct overlay_thread *found;
    HASH_FIND(hh, o->threads, &message_id, sizeof message_id, found);
    return found;
}

static bool is_here(const struct overlay *o, unsigned partition, uint64_t seq)
{
    const struct overlay_partition *p = &o->partitions[partition];
    return seq != 0 && seq >= seq_of(p->epoch, p->start);
}

struct overlay_post *overlay_older(const struct overlay *o, const struct overlay_post *post)
{
    return post->older != NULL && is_here(o, post->event.partition, post->event.prev_seq)
               ? post->older
               : NULL;
}

struct overlay_post *overlay_same(const struct overlay *o, const struct overlay_post *post)
{
    return is_here(o, post->event.partition, post->same_seq) ? post->same : NULL;
}

/* ---- Adding ---- */

static void *chunk_alloc(struct overlay *o, struct overlay_partition *p, size_t size)
{
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct overlay_chunk *k = p->newest;
    if (k == NULL || k->size - k->used < size) {
        size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        k = mem_alloc(sizeof *k + room);
        *k = (struct overlay_chunk){.size = room};
        if (p->newest == NULL)
            p->oldest = k;
        else
            p->newest->next = k;
        p->newest = k;
        p->bytes += room;
        o->bytes += room;
    }
    void *at = k->data + k->used;
    k->used += size;
    return at;
}

static struct str put(char **at, struct str s)
{
    struct str copy = {*at, s.n};
    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}

static struct overlay_post *post_copy(struct overlay *o, const struct event *e)
{
    struct overlay_partition *p = &o->partitions[e->partition];
    size_t strings = e->username.n + e->content.n + e->client_msg_id.n + e->channel_info.name.n;
    struct overlay_post *post = chunk_alloc(o, p, sizeof *post + strings);
    char *at = (char *)(post + 1);
    *post = (struct overlay_post){.event = *e, .chunk = p->newest};
    post->event.username = put(&at, e->username);
    post->event.content = put(&at, e->content);
    post->event.client_msg_id = put(&at, e->client_msg_id);
    post->event.channel_info.name = put(&at, e->channel_info.name);
    p->newest->last_seq = e->seq;
    return post;
}

static void posts_push(struct overlay_partition *p, struct overlay_post *post)
{
    if (p->n == p->cap) {
        struct overlay_post **grown = mem_array(2 * (size_t)p->cap, sizeof(struct overlay_post *));
        for (uint32_t i = 0; i < p->n; i++)
            grown[i] = overlay_post_at(p, i);
        mem_free(p->posts);
        p->posts = grown;
        p->first = 0;
        p->cap *= 2;
    }
    p->posts[(p->first + p->n++) & (p->cap - 1)] = post;
}

static void channel_link(struct overlay *o, struct overlay_post *post)
{
    struct overlay_channel *c = overlay_channel_find(o, &post->event.channel);
    if (c == NULL) {
        c = MEM_NEW(struct overlay_channel);
        c->id = post->event.channel;
        c->before = post->event.prev_seq;
        HASH_ADD(hh, o->channels, id, sizeof c->id, c);
    } else {
        post->older = c->newest;
        c->newest->newer = post;
    }
    c->newest = post;
    c->n++;
}

static void thread_link(struct overlay *o, struct overlay_post *post)
{
    struct overlay_thread *t = overlay_thread_find(o, post->event.parent);
    if (t == NULL) {
        t = MEM_NEW(struct overlay_thread);
        t->message_id = post->event.parent;
        HASH_ADD(hh, o->threads, message_id, sizeof t->message_id, t);
    } else {
        post->same = t->newest;
        post->same_seq = t->newest->event.seq;
    }
    t->newest = post;
    t->n++;
}

const struct event *overlay_add(struct overlay *o, const struct event *e)
{
    pthread_mutex_lock(&o->mutex);
    struct overlay_post *post = post_copy(o, e);
    if (event_is_post(e)) {
        posts_push(&o->partitions[e->partition], post);
        channel_link(o, post);
        if (e->kind == EVENT_REPLY)
            thread_link(o, post);
    }
    pthread_mutex_unlock(&o->mutex);
    return &post->event;
}

/* ---- Trimming ---- */

static void post_unlink(struct overlay *o, struct overlay_post *post)
{
    struct overlay_channel *c = overlay_channel_find(o, &post->event.channel);
    c->before = post->event.seq;
    if (--c->n == 0) {
        HASH_DEL(o->channels, c);
        mem_free(c);
    }
    if (post->event.kind != EVENT_REPLY)
        return;
    struct overlay_thread *t = overlay_thread_find(o, post->event.parent);
    if (--t->n == 0) {
        HASH_DEL(o->threads, t);
        mem_free(t);
    }
}

/* Lets go of what is before `offset`. The chunk that is being filled stays. */
static void partition_trim(struct overlay *o, struct overlay_partition *p, uint64_t offset)
{
    uint64_t seq = seq_of(p->epoch, offset);
    if (offset <= p->start)
        return;
    p->start = offset;
    while (p->n > 0 && overlay_post_at(p, 0)->event.seq < seq) {
        post_unlink(o, overlay_post_at(p, 0));
        p->first = (p->first + 1) & (p->cap - 1);
        p->n--;
    }
    while (p->oldest != p->newest && p->oldest->last_seq < seq) {
        struct overlay_chunk *k = p->oldest;
        p->oldest = k->next;
        p->bytes -= k->size;
        o->bytes -= k->size;
        mem_free(k);
    }
}

/* Over the limit the partition that holds most loses its oldest chunk. */
static bool overflow_trim(struct overlay *o)
{
    struct overlay_partition *most = &o->partitions[0];
    for (unsigned i = 1; i < o->n_partitions; i++)
        if (o->partitions[i].bytes > most->bytes)
            most = &o->partitions[i];
    if (most->oldest == most->newest)
        return false;
    metric_inc(M_OVERLAY_DROPPED);
    partition_trim(o, most, seq_offset(most->oldest->last_seq) + 1);
    return true;
}

void overlay_set_persisted(struct overlay *o, unsigned partition, uint64_t offset)
{
    struct overlay_partition *p = &o->partitions[partition];
    uint64_t known = atomic_load(&p->persisted);
    while (offset > known && !atomic_compare_exchange_weak(&p->persisted, &known, offset))
        ;
}

void overlay_trim(struct overlay *o)
{
    pthread_mutex_lock(&o->mutex);
    for (unsigned i = 0; i < o->n_partitions; i++)
        partition_trim(o, &o->partitions[i], atomic_load(&o->partitions[i].persisted));
    while (o->bytes > o->bytes_max && overflow_trim(o))
        ;
    metric_set(M_OVERLAY_BYTES, (int64_t)o->bytes);
    pthread_mutex_unlock(&o->mutex);
}

uint64_t overlay_persisted(struct overlay *o, unsigned partition)
{
    return atomic_load(&o->partitions[partition].persisted);
}

int64_t overlay_oldest_us(struct overlay *o)
{
    int64_t oldest_us = 0;
    pthread_mutex_lock(&o->mutex);
    for (unsigned i = 0; i < o->n_partitions; i++) {
        const struct overlay_partition *p = &o->partitions[i];
        uint32_t at = overlay_find(p, seq_of(p->epoch, atomic_load(&p->persisted)), false);
        int64_t us = at < p->n ? overlay_post_at(p, at)->event.at_us : 0;
        if (us != 0 && (oldest_us == 0 || us < oldest_us))
            oldest_us = us;
    }
    pthread_mutex_unlock(&o->mutex);
    return oldest_us;
}

bool overlay_has_gap(struct overlay *o, unsigned partition)
{
    struct overlay_partition *p = &o->partitions[partition];
    pthread_mutex_lock(&o->mutex);
    bool has_gap = p->start > atomic_load(&p->persisted);
    pthread_mutex_unlock(&o->mutex);
    return has_gap;
}

uint64_t overlay_start(struct overlay *o, unsigned partition)
{
    pthread_mutex_lock(&o->mutex);
    uint64_t start = o->partitions[partition].start;
    pthread_mutex_unlock(&o->mutex);
    return start;
}

size_t overlay_bytes(struct overlay *o)
{
    pthread_mutex_lock(&o->mutex);
    size_t n = o->bytes;
    pthread_mutex_unlock(&o->mutex);
    return n;
}

#include "adapter/memory/peers.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"

#define BATCHES_MAX_DEFAULT 1024

struct batch {
    struct batch *next;
    size_t n;
    char bytes[];
};

/* From one node to another. */
struct stream {
    struct batch *first, **last;
    size_t n;
    bool wanted, cut; /* the other is in the list; no stream can stand */
    bool used;        /* something was told since its last loss */
    bool lost;        /* and the hearer is to be told */
};

struct memory_peer {
    struct peer_link super;
    struct memory_peers *net;
    struct peer_listener *listener;
    char name[PEER_NAME_MAX + 1];
    pthread_t thread;
    size_t at;   /* in the net */
    size_t turn; /* of the node that it hears next */
    bool is_called, is_leaving;
    struct stream to[MEMORY_PEERS_MAX];
    struct str listed[PEERS_MAX]; /* owned: the names of the list */
    size_t n_listed;
    bool misses_node; /* a node of the list is not in the net */
};

struct memory_peers {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stepped;
    struct memory_peer *nodes[MEMORY_PEERS_MAX];
    size_t turn; /* stepped: which node hears next */
    size_t batches_max;
};

/* ---- A stream ---- */

static struct batch *stream_take(struct stream *s)
{
    struct batch *b = s->first;
    if (b == NULL)
        return NULL;
    s->first = b->next;
    if (s->first == NULL)
        s->last = &s->first;
    s->n--;
    return b;
}

static void stream_end(struct stream *s)
{
    while (s->first != NULL)
        mem_free(stream_take(s));
    s->lost = s->lost || s->used;
    s->used = false;
}

static void stream_add(struct stream *s, struct str bytes)
{
    struct batch *b = mem_alloc(sizeof *b + bytes.n);
    b->next = NULL;
    b->n = bytes.n;
    if (bytes.n > 0)
        memcpy(b->bytes, bytes.p, bytes.n);
    *s->last = b;
    s->last = &b->next;
    s->n++;
}

/* ---- Handing over ---- */

/* Calls `to` without the mutex; `batch` NULL: it lost something of `from`. */
static void net_call(struct memory_peers *net, const struct memory_peer *from,
                     struct memory_peer *to, const struct batch *batch)
{
    char name[PEER_NAME_MAX + 1];
    memcpy(name, from->name, sizeof name);
    to->is_called = true;
    pthread_mutex_unlock(&net->mutex);
    if (batch != NULL)
        to->listener->batch(to->listener, str_of(name), (struct str){batch->bytes, batch->n});
    else
        to->listener->lost(to->listener, str_of(name));
    pthread_mutex_lock(&net->mutex);
    to->is_called = false;
    pthread_cond_broadcast(&net->changed);
}

static bool pair_turn(struct memory_peers *net, struct memory_peer *from, struct memory_peer *to)
{
    struct stream *s = &from->to[to->at];
    if (to->listener == NULL || (!s->lost && s->first == NULL))
        return false;
    if (s->lost) {
        s->lost = false;
        net_call(net, from, to, NULL);
        return true;
    }
    struct batch *b = stream_take(s);
    net_call(net, from, to, b);
    mem_free(b);
    return true;
}

/* With the mutex held: hands `to` the next of what there is for it, from each node in its turn. */
static bool peer_turn(struct memory_peer *to)
{
    struct memory_peers *net = to->net;
    for (size_t i = 0; i < MEMORY_PEERS_MAX; i++) {
        to->turn = (to->turn + 1) % MEMORY_PEERS_MAX;
        struct memory_peer *from = net->nodes[to->turn];
        if (from != NULL && pair_turn(net, from, to))
            return true;
    }
    return false;
}

/* Each node hears on a thread of its own: one that is slow hinders no other. */
static void *peer_thread(void *arg)
{
    struct memory_peer *p = arg;
    pthread_setname_np(pthread_self(), "peers");
    pthread_mutex_lock(&p->net->mutex);
    while (!p->is_leaving)
        if (!peer_turn(p))
            pthread_cond_wait(&p->net->changed, &p->net->mutex);
    pthread_mutex_unlock(&p->net->mutex);
    return NULL;
}

bool memory_peers_step(struct memory_peers *net)
{
    bool any = false;
    assert(net->stepped);
    pthread_mutex_lock(&net->mutex);
    for (size_t i = 0; i < MEMORY_PEERS_MAX && !any; i++) {
        net->turn = (net->turn + 1) % MEMORY_PEERS_MAX;
        any = net->nodes[net->turn] != NULL && peer_turn(net->nodes[net->turn]);
    }
    pthread_mutex_unlock(&net->mutex);
    return any;
}

struct memory_peers *memory_peers_new(bool stepped, size_t batches_max)
{
    struct memory_peers *net = MEM_NEW(struct memory_peers);
    pthread_mutex_init(&net->mutex, NULL);
    pthread_cond_init(&net->changed, NULL);
    net->stepped = stepped;
    net->batches_max = batches_max == 0 ? BATCHES_MAX_DEFAULT : batches_max;
    return net;
}

void memory_peers_free(struct memory_peers *net)
{
    if (net == NULL)
        return;
    pthread_mutex_lock(&net->mutex);
    for (size_t i = 0; i < MEMORY_PEERS_MAX; i++)
        assert(net->nodes[i] == NULL);
    pthread_mutex_unlock(&net->mutex);
    pthread_cond_destroy(&net->changed);
    pthread_mutex_destroy(&net->mutex);
    mem_free(net);
}

/* ---- A link ---- */

static struct memory_peer *peer_of(struct peer_link *self)
{
    return MEM_OWNER(self, struct memory_peer, super);
}

static bool peer_lists(const struct memory_peer *p, const char *name)
{
    for (size_t i = 0; i < p->n_listed; i++)
        if (str_eq(p->listed[i], str_of(name)))
            return true;
    return false;
}

static void peer_unlist(struct memory_peer *p)
{
    for (size_t i = 0; i < p->n_listed; i++)
        mem_free((char *)p->listed[i].p);
    p->n_listed = 0;
}

/* With the mutex held: which streams of `p` there are now. */
static void peer_connect(struct memory_peer *p)
{
    size_t found = peer_lists(p, p->name) ? 1 : 0;
    for (size_t i = 0; i < MEMORY_PEERS_MAX; i++) {
        const struct memory_peer *other = p->net->nodes[i];
        bool wanted = other != NULL && other != p && peer_lists(p, other->name);
        if (p->to[i].wanted && !wanted)
            stream_end(&p->to[i]);
        p->to[i].wanted = wanted;
        found += wanted ? 1 : 0;
    }
    p->misses_node = found < p->n_listed;
    pthread_cond_broadcast(&p->net->changed);
}

static void net_connect(struct memory_peers *net)
{
    for (size_t i = 0; i < MEMORY_PEERS_MAX; i++)
        if (net->nodes[i] != NULL)
            peer_connect(net->nodes[i]);
}

static void peer_listen(struct peer_link *self, struct peer_listener *listener)
{
    struct memory_peer *p = peer_of(self);
    pthread_mutex_lock(&p->net->mutex);
    assert(p->listener == NULL);
    p->listener = listener;
    pthread_cond_broadcast(&p->net->changed);
    pthread_mutex_unlock(&p->net->mutex);
}

static void peer_set(struct peer_link *self, const struct peer_node *nodes, size_t n)
{
    struct memory_peer *p = peer_of(self);
    assert(n <= PEERS_MAX);
    pthread_mutex_lock(&p->net->mutex);
    peer_unlist(p);
    for (size_t i = 0; i < n; i++) {
        assert(nodes[i].name.n >= 1 && nodes[i].name.n <= PEER_NAME_MAX);
        p->listed[p->n_listed++] =
            (struct str){mem_strndup(nodes[i].name.p, nodes[i].name.n), nodes[i].name.n};
    }
    peer_connect(p);
    pthread_mutex_unlock(&p->net->mutex);
}

static bool stream_tell(struct stream *s, struct str bytes, size_t batches_max)
{
    if (s->cut)
        return false;
    if (s->n >= batches_max) {
        s->lost = true; /* told before what waits, which is early enough */
        return false;
    }
    s->used = true;
    stream_add(s, bytes);
    return true;
}

static enum err peer_tell(struct peer_link *self, struct str node, struct str bytes)
{
    struct memory_peer *p = peer_of(self);
    bool to_all = node.n == 0, any = false;
    assert(bytes.n <= PEER_BATCH_MAX);
    pthread_mutex_lock(&p->net->mutex);
    bool told = !to_all || !p->misses_node;
    for (size_t i = 0; i < MEMORY_PEERS_MAX; i++) {
        if (!p->to[i].wanted || !(to_all || str_eq(node, str_of(p->net->nodes[i]->name))))
            continue;
        any = true;
        told = stream_tell(&p->to[i], bytes, p->net->batches_max) && told;
    }
    pthread_cond_broadcast(&p->net->changed);
    pthread_mutex_unlock(&p->net->mutex);
    return told && (any || to_all) ? ERR_OK : ERR_UNAVAILABLE;
}

static bool peer_is_ready(struct peer_link *self, char *detail, size_t size)
{
    struct memory_peer *p = peer_of(self);
    const char *cut = NULL;
    pthread_mutex_lock(&p->net->mutex);
    for (size_t i = 0; i < MEMORY_PEERS_MAX && cut == NULL; i++)
        if (p->to[i].wanted && p->to[i].cut)
            cut = p->net->nodes[i]->name;
    bool ready = cut == NULL && !p->misses_node;
    snprintf(detail, size, "%s%s", ready ? "" : "no stream to ",
             ready         ? ""
             : cut != NULL ? cut
                           : "a node of the list");
    pthread_mutex_unlock(&p->net->mutex);
    return ready;
}

static const struct peer_link_ops peer_ops = {peer_listen, peer_set, peer_tell, peer_is_ready};

struct memory_peer *memory_peer_new(struct memory_peers *net, const char *name)
{
    struct memory_peer *p = MEM_NEW(struct memory_peer);
    bool fits = str_copy(str_of(name), p->name, sizeof p->name);
    assert(fits && p->name[0] != '\0');
    p->super.ops = &peer_ops;
    p->net = net;
    for (size_t i = 0; i < MEMORY_PEERS_MAX; i++)
        p->to[i].last = &p->to[i].first;
    pthread_mutex_lock(&net->mutex);
    while (p->at < MEMORY_PEERS_MAX && net->nodes[p->at] != NULL)
        p->at++;
    assert(p->at < MEMORY_PEERS_MAX);
    net->nodes[p->at] = p;
    net_connect(net);
    pthread_mutex_unlock(&net->mutex);
    if (!net->stepped) {
        int failed = pthread_create(&p->thread, NULL, peer_thread, p);
        assert(failed == 0);
    }
    return p;
}

/* Whoever heard it is told now: nothing tells of a node that is gone. */
static void peer_farewell(struct memory_peer *p)
{
    struct memory_peers *net = p->net;
    for (size_t i = 0; i < MEMORY_PEERS_MAX; i++) {
        struct memory_peer *other = net->nodes[i];
        stream_end(&p->to[i]);
        while (other != NULL && other->is_called)
            pthread_cond_wait(&net->changed, &net->mutex);
        if (other != NULL && other != p && other->listener != NULL && p->to[i].lost)
            net_call(net, p, other, NULL);
    }
}

static void peer_leave(struct memory_peer *p)
{
    struct memory_peers *net = p->net;
    pthread_mutex_lock(&net->mutex);
    p->is_leaving = true;
    pthread_cond_broadcast(&net->changed);
    pthread_mutex_unlock(&net->mutex);
    if (!net->stepped)
        pthread_join(p->thread, NULL);
    pthread_mutex_lock(&net->mutex);
    peer_farewell(p);
    net->nodes[p->at] = NULL;
    net_connect(net);
    for (size_t i = 0; i < MEMORY_PEERS_MAX; i++)
        if (net->nodes[i] != NULL) {
            struct stream *s = &net->nodes[i]->to[p->at];
            *s = (struct stream){.last = &s->first};
        }
    pthread_mutex_unlock(&net->mutex);
}

void memory_peer_free(struct memory_peer *p)
{
    if (p == NULL)
        return;
    peer_leave(p);
    peer_unlist(p);
    mem_free(p);
}

struct peer_link *memory_peer_port(struct memory_peer *p)
{
    return &p->super;
}

void memory_peer_cut(struct memory_peer *a, struct memory_peer *b, bool cut)
{
    struct stream *both[] = {&a->to[b->at], &b->to[a->at]};
    pthread_mutex_lock(&a->net->mutex);
    for (size_t i = 0; i < 2; i++) {
        both[i]->cut = cut;
        if (cut)
            stream_end(both[i]);
    }
    pthread_cond_broadcast(&a->net->changed);
    pthread_mutex_unlock(&a->net->mutex);
}

bool memory_peer_lose(struct memory_peer *a, struct memory_peer *b)
{
    struct stream *s = &a->to[b->at];
    pthread_mutex_lock(&a->net->mutex);
    struct batch **newest = &s->first;
    while (*newest != NULL && (*newest)->next != NULL)
        newest = &(*newest)->next;
    bool any = *newest != NULL;
    if (any) {
        mem_free(*newest);
        *newest = NULL;
        s->last = newest;
        s->n--;
    }
    pthread_mutex_unlock(&a->net->mutex);
    return any;
}

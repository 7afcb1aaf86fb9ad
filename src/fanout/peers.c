#include "fanout/peers.h"

#include <assert.h>
#include <pthread.h>

#include "base/mem.h"

/* Bit i of a mask stands for all[i]. */
typedef uint32_t mask;

/* One that leaves is nobody's any more, but its bit is not free before its last user is gone. */
enum peer_state { PEER_FREE, PEER_HERE, PEER_LEAVES };

struct peer {
    enum peer_state state;
    struct uuid node;
    unsigned silent; /* ticks */
    /* The slice being heard: */
    unsigned slice, next_part;
    bool is_whole;               /* no part of it was missed so far */
    uint8_t broken[WORD_SLICES]; /* rounds in a row in which the slice was not heard whole */
};

struct peer_user {
    struct table_node node;
    struct uuid id;
    mask on;    /* peers it is online on */
    mask named; /* those that have named it in the round under way */
};

struct peers {
    pthread_mutex_t mutex;
    struct peer all[PEERS_MAX];
    struct table users[WORD_SLICES];
    size_t n_users;
};

struct peers *peers_new(void)
{
    struct peers *p = MEM_NEW(struct peers);
    pthread_mutex_init(&p->mutex, NULL);
    return p;
}

/* ---- Users ---- */

static struct peer_user *user_find(const struct peers *p, const struct uuid *id)
{
    struct table_node *node = table_first(&p->users[peers_slice_of(id)], table_hash(id));
    for (; node != NULL; node = table_next(node)) {
        struct peer_user *u = MEM_OWNER(node, struct peer_user, node);
        if (uuid_eq(&u->id, id))
            return u;
    }
    return NULL;
}

/* NULL when there is no room. */
static struct peer_user *user_get(struct peers *p, const struct uuid *id)
{
    struct peer_user *u = user_find(p, id);
    if (u != NULL || p->n_users == PEER_USERS_MAX)
        return u;
    u = MEM_NEW(struct peer_user);
    u->id = *id;
    table_add(&p->users[peers_slice_of(id)], &u->node, table_hash(id));
    p->n_users++;
    return u;
}

/* True when that was the last peer it was online on. */
static bool user_leave(struct peers *p, struct peer_user *u, mask bit)
{
    u->on &= ~bit;
    u->named &= ~bit;
    if (u->on != 0)
        return false;
    table_remove(&p->users[peers_slice_of(&u->id)], &u->node);
    mem_free(u);
    p->n_users--;
    return true;
}

static bool user_enter(struct peers *p, const struct uuid *id, mask bit, mask named)
{
    struct peer_user *u = user_get(p, id);
    if (u == NULL)
        return false;
    const bool is_news = u->on == 0;
    u->on |= bit;
    u->named |= named;
    return is_news;
}

/* ---- Walks over one slice ---- */

struct walk {
    struct peers *peers;
    mask bit;
    bool all; /* even those that were named */
    bool changed;
};

static void walk_user(struct table_node *node, void *arg)
{
    struct walk *w = arg;
    struct peer_user *u = MEM_OWNER(node, struct peer_user, node);
    if ((u->on & w->bit) == 0)
        return;
    if (w->all || (u->named & w->bit) == 0)
        w->changed |= user_leave(w->peers, u, w->bit);
    else
        u->named &= ~w->bit;
}

static bool slice_walk(struct peers *p, unsigned slice, mask bit, bool all)
{
    struct walk w = {p, bit, all, false};
    table_each(&p->users[slice], walk_user, &w);
    return w.changed;
}

void peers_free(struct peers *p)
{
    if (p == NULL)
        return;
    for (unsigned i = 0; i < WORD_SLICES; i++) {
        slice_walk(p, i, UINT32_MAX, true);
        table_fini(&p->users[i]);
    }
    pthread_mutex_destroy(&p->mutex);
    mem_free(p);
}

/* ---- Peers ---- */

static int peer_find(const struct peers *p, const struct uuid *node)
{
    for (int i = 0; i < PEERS_MAX; i++)
        if (p->all[i].state == PEER_HERE && uuid_eq(&p->all[i].node, node))
            return i;
    return -1;
}

static int peer_add(struct peers *p, const struct uuid *node)
{
    int i = 0;
    while (i < PEERS_MAX && p->all[i].state != PEER_FREE)
        i++;
    if (i == PEERS_MAX)
        return -1;
    p->all[i] = (struct peer){.state = PEER_HERE, .node = *node};
    return i;
}

enum peer_news peers_hear(struct peers *p, const struct uuid *node)
{
    enum peer_news news = PEER_KNOWN;
    pthread_mutex_lock(&p->mutex);
    int i = peer_find(p, node);
    if (i < 0) {
        i = peer_add(p, node);
        news = i < 0 ? PEER_REFUSED : PEER_NEW;
    }
    if (i >= 0)
        p->all[i].silent = 0;
    pthread_mutex_unlock(&p->mutex);
    return news;
}

bool peers_set(struct peers *p, const struct uuid *node, const struct uuid *user, bool online)
{
    bool changed = false;
    pthread_mutex_lock(&p->mutex);
    const int i = peer_find(p, node);
    struct peer_user *u = i < 0 || online ? NULL : user_find(p, user);
    if (i >= 0 && online)
        changed = user_enter(p, user, (mask)1 << i, 0);
    else if (u != NULL)
        changed = user_leave(p, u, (mask)1 << i);
    pthread_mutex_unlock(&p->mutex);
    return changed;
}

/* Has every part of the slice been heard, up to and with this one? */
static void peer_follow(struct peer *peer, const struct word *w)
{
    if (w->part == 0) {
        peer->slice = w->slice;
        peer->next_part = 0;
        peer->is_whole = true;
    }
    peer->is_whole = peer->is_whole && peer->slice == w->slice && peer->next_part == w->part;
    peer->next_part = w->part + 1;
}

static bool peer_end_slice(struct peers *p, struct peer *peer, unsigned slice, mask bit)
{
    if (!peer->is_whole && ++peer->broken[slice] < PEER_BROKEN_MAX)
        return false;
    peer->broken[slice] = 0;
    return slice_walk(p, slice, bit, false);
}

bool peers_take_slice(struct peers *p, const struct word *w)
{
    bool changed = false;
    assert(w->kind == WORD_SLICE && w->slice < WORD_SLICES);
    pthread_mutex_lock(&p->mutex);
    const int i = peer_find(p, &w->node);
    if (i >= 0) {
        const mask bit = (mask)1 << i;
        peer_follow(&p->all[i], w);
        for (size_t j = 0; j < w->n; j++)
            if (peers_slice_of(&w->list[j]) == w->slice)
                changed |= user_enter(p, &w->list[j], bit, bit);
        if (w->is_last)
            changed |= peer_end_slice(p, &p->all[i], w->slice, bit);
    }
    pthread_mutex_unlock(&p->mutex);
    return changed;
}

/* The peer has been marked as leaving. */
static bool peer_drop(struct peers *p, int i)
{
    bool changed = false;
    for (unsigned slice = 0; slice < WORD_SLICES; slice++) {
        pthread_mutex_lock(&p->mutex);
        changed |= slice_walk(p, slice, (mask)1 << i, true);
        pthread_mutex_unlock(&p->mutex);
    }
    pthread_mutex_lock(&p->mutex);
    p->all[i].state = PEER_FREE;
    pthread_mutex_unlock(&p->mutex);
    return changed;
}

bool peers_forget(struct peers *p, const struct uuid *node)
{
    pthread_mutex_lock(&p->mutex);
    const int i = peer_find(p, node);
    if (i >= 0)
        p->all[i].state = PEER_LEAVES;
    pthread_mutex_unlock(&p->mutex);
    return i >= 0 && peer_drop(p, i);
}

bool peers_tick(struct peers *p, bool is_deaf)
{
    bool changed = false;
    for (int i = 0; i < PEERS_MAX; i++) {
        pthread_mutex_lock(&p->mutex);
        struct peer *peer = &p->all[i];
        peer->silent = is_deaf ? 0 : peer->silent + 1;
        const bool is_gone = peer->state == PEER_HERE && peer->silent > PEER_SILENCE_TICKS;
        if (is_gone)
            peer->state = PEER_LEAVES;
        pthread_mutex_unlock(&p->mutex);
        if (is_gone)
            changed |= peer_drop(p, i);
    }
    return changed;
}

void peers_online(struct peers *p, const struct uuid *users, size_t n, bool *online)
{
    pthread_mutex_lock(&p->mutex);
    for (size_t i = 0; i < n; i++)
        online[i] = online[i] || user_find(p, &users[i]) != NULL;
    pthread_mutex_unlock(&p->mutex);
}

void peers_count(struct peers *p, size_t *n_peers, size_t *n_users)
{
    *n_peers = 0;
    pthread_mutex_lock(&p->mutex);
    for (int i = 0; i < PEERS_MAX; i++)
        *n_peers += p->all[i].state == PEER_HERE;
    *n_users = p->n_users;
    pthread_mutex_unlock(&p->mutex);
}

#include "fanout/presence.h"

#include <assert.h>
#include <pthread.h>

#include "base/mem.h"
#include "fanout/notice.h"
#include "fanout/peers.h"

struct presence_user {
    struct table_node node;
    struct uuid id;
    unsigned n_sessions;
};

struct presence {
    struct peers *peers;
    pthread_mutex_t mutex;
    struct table users[WORD_SLICES];
};

struct presence *presence_new(struct peers *peers)
{
    struct presence *p = MEM_NEW(struct presence);
    p->peers = peers;
    pthread_mutex_init(&p->mutex, NULL);
    return p;
}

void presence_free(struct presence *p)
{
    for (unsigned i = 0; i < WORD_SLICES; i++)
        table_fini(&p->users[i]);
    pthread_mutex_destroy(&p->mutex);
    mem_free(p);
}

static struct presence_user *presence_find(const struct presence *p, const struct uuid *id)
{
    struct table_node *node = table_first(&p->users[peers_slice_of(id)], table_hash(id));
    for (; node != NULL; node = table_next(node)) {
        struct presence_user *u = MEM_OWNER(node, struct presence_user, node);
        if (uuid_eq(&u->id, id))
            return u;
    }
    return NULL;
}

static bool presence_add(struct presence *p, const struct uuid *id)
{
    pthread_mutex_lock(&p->mutex);
    struct presence_user *u = presence_find(p, id);
    const bool is_first = u == NULL;
    if (is_first) {
        u = MEM_NEW(struct presence_user);
        u->id = *id;
        table_add(&p->users[peers_slice_of(id)], &u->node, table_hash(id));
    }
    u->n_sessions++;
    pthread_mutex_unlock(&p->mutex);
    return is_first;
}

static bool presence_remove(struct presence *p, const struct uuid *id)
{
    pthread_mutex_lock(&p->mutex);
    struct presence_user *u = presence_find(p, id);
    assert(u != NULL && u->n_sessions > 0);
    const bool is_last = --u->n_sessions == 0;
    if (is_last) {
        table_remove(&p->users[peers_slice_of(id)], &u->node);
        mem_free(u);
    }
    pthread_mutex_unlock(&p->mutex);
    return is_last;
}

void presence_enter(struct session *s)
{
    if (presence_add(shard_presence(s->shard), &s->user))
        notice_presence(s);
}

void presence_leave(struct session *s)
{
    if (presence_remove(shard_presence(s->shard), &s->user))
        notice_presence(s);
}

void presence_online(struct presence *p, const struct uuid *users, size_t n, bool *online)
{
    pthread_mutex_lock(&p->mutex);
    for (size_t i = 0; i < n; i++)
        online[i] = presence_find(p, &users[i]) != NULL;
    pthread_mutex_unlock(&p->mutex);
    if (p->peers != NULL)
        peers_online(p->peers, users, n, online);
}

bool presence_is_here(struct presence *p, const struct uuid *user)
{
    pthread_mutex_lock(&p->mutex);
    const bool is_here = presence_find(p, user) != NULL;
    pthread_mutex_unlock(&p->mutex);
    return is_here;
}

bool presence_is_elsewhere(struct presence *p, const struct uuid *user)
{
    bool is_elsewhere = false;
    if (p->peers != NULL)
        peers_online(p->peers, user, 1, &is_elsewhere);
    return is_elsewhere;
}

struct listing {
    struct uuid *users;
    size_t n;
};

static void presence_list(struct table_node *node, void *arg)
{
    struct listing *l = arg;
    l->users[l->n++] = MEM_OWNER(node, struct presence_user, node)->id;
}

struct uuid *presence_slice(struct presence *p, unsigned slice, size_t *n)
{
    struct listing l = {0};
    pthread_mutex_lock(&p->mutex);
    l.users = mem_array(p->users[slice].n, sizeof *l.users);
    table_each(&p->users[slice], presence_list, &l);
    pthread_mutex_unlock(&p->mutex);
    *n = l.n;
    return l.users;
}

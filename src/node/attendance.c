#include "node/attendance.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"
#include "base/rand.h"
#include "port/cache_keys.h"

/* Somebody whose lease this node holds. */
struct present {
    struct uuid user;
    int64_t renew_us;
    unsigned round; /* in which she was last seen */
    UT_hash_handle hh;
};

#define MEMBER_SIZE 128

struct attendance {
    struct attendance_config config;
    char member[MEMBER_SIZE]; /* of the leases */
    struct present *all;
    unsigned round;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t stopped;
    bool stopping;
};

static enum err lease_put(struct attendance *a, const struct uuid *user)
{
    struct cache *c = a->config.cache;
    struct cache_key key = cache_key_online(user);
    return c->ops->lease_put(c, cache_key_str(&key), str_of(a->member), a->config.lease_ms);
}

static enum err lease_drop(struct attendance *a, const struct uuid *user)
{
    struct cache *c = a->config.cache;
    struct cache_key key = cache_key_online(user);
    return c->ops->lease_drop(c, cache_key_str(&key), str_of(a->member));
}

static void forget(struct attendance *a, struct present *p)
{
    HASH_DEL(a->all, p);
    mem_free(p);
}

static void forget_all(struct attendance *a)
{
    struct present *p = NULL, *next = NULL;
    HASH_ITER (hh, a->all, p, next) {
        forget(a, p);
    }
}

/* Renewals are spread over their period, so that a crowd that came at once is not renewed at once.
 */
static int64_t next_renewal(const struct attendance *a, bool is_new)
{
    int64_t period_us = (int64_t)a->config.renew_ms * 1000;
    int64_t wait_us = is_new ? (int64_t)rand_below((uint64_t)period_us) : period_us;
    return clock_steady_us(&clock_system) + wait_us;
}

static enum err see(struct attendance *a, const struct uuid *user)
{
    struct present *p;
    HASH_FIND(hh, a->all, user, sizeof *user, p);
    bool is_new = p == NULL;
    if (!is_new)
        p->round = a->round;
    if (!is_new && p->renew_us > clock_steady_us(&clock_system))
        return ERR_OK;
    enum err e = lease_put(a, user);
    if (e != ERR_OK)
        return e;
    if (is_new) {
        p = MEM_NEW(struct present);
        p->user = *user;
        p->round = a->round;
        HASH_ADD(hh, a->all, user, sizeof p->user, p);
    }
    p->renew_us = next_renewal(a, is_new);
    return ERR_OK;
}

static enum err see_slice(struct attendance *a, unsigned slice)
{
    size_t n;
    enum err e = ERR_OK;
    struct uuid *users = a->config.list(a->config.arg, slice, &n);
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        e = see(a, &users[i]);
    mem_free(users);
    return e;
}

static enum err let_go(struct attendance *a)
{
    struct present *p = NULL, *next = NULL;
    enum err e = ERR_OK;
    HASH_ITER (hh, a->all, p, next) {
        if (p->round == a->round)
            continue;
        e = lease_drop(a, &p->user);
        if (e != ERR_OK)
            break;
        forget(a, p);
    }
    return e;
}

static void look(struct attendance *a)
{
    enum err e = ERR_OK;
    a->round++;
    for (unsigned i = 0; i < a->config.slices && e == ERR_OK; i++)
        e = see_slice(a, i);
    if (e == ERR_OK)
        e = let_go(a);
    if (e != ERR_OK)
        forget_all(a); /* the cache is away: what it holds of us ends by itself */
}

/* False: it is to stop. */
static bool wait(struct attendance *a)
{
    int64_t until_us = clock_steady_us(&clock_system) + (int64_t)a->config.look_ms * 1000;
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    int waited = 0;
    pthread_mutex_lock(&a->mutex);
    while (!a->stopping && waited == 0)
        waited = pthread_cond_timedwait(&a->stopped, &a->mutex, &until);
    bool on = !a->stopping;
    pthread_mutex_unlock(&a->mutex);
    return on;
}

static void *attendance_main(void *arg)
{
    struct attendance *a = arg;
    do
        look(a);
    while (wait(a));
    a->round++; /* nobody is here any more */
    let_go(a);
    return NULL;
}

struct attendance *attendance_start(const struct attendance_config *config)
{
    struct attendance *a = MEM_NEW(struct attendance);
    struct uuid id = uuid_random();
    a->config = *config;
    snprintf(a->member, sizeof a->member, "%.64s:%s", config->node, uuid_text(&id).s);
    if (a->config.look_ms == 0)
        a->config.look_ms = ATTENDANCE_LOOK_MS;
    if (a->config.renew_ms == 0)
        a->config.renew_ms = ATTENDANCE_RENEW_MS;
    if (a->config.lease_ms == 0)
        a->config.lease_ms = ATTENDANCE_LEASE_MS;
    pthread_mutex_init(&a->mutex, NULL);
    cond_init(&a->stopped);
    if (pthread_create(&a->thread, NULL, attendance_main, a) != 0) {
        fputs("parley: no thread to be had\n", stderr);
        abort();
    }
    return a;
}

void attendance_stop(struct attendance *a)
{
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->mutex);
    a->stopping = true;
    pthread_cond_signal(&a->stopped);
    pthread_mutex_unlock(&a->mutex);
    pthread_join(a->thread, NULL);
    forget_all(a);
    pthread_cond_destroy(&a->stopped);
    pthread_mutex_destroy(&a->mutex);
    mem_free(a);
}

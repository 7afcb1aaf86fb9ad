#include "adapter/redis/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cond.h"
#include "base/log.h"
#include "base/mem.h"
#include "telemetry/metrics.h"

struct pool {
    struct server *server;
    pthread_t keeper;
    pthread_mutex_t mutex;
    pthread_cond_t given; /* a connection is there, or will not be */
    pthread_cond_t woken; /* the first look was taken; stopping */
    bool up, looked, stopping;
    unsigned outages;   /* how often it went away: an old failure is no news */
    struct link **idle; /* the one used last at the end */
    size_t n_idle, n_open;
    char detail[LINK_REASON_SIZE];
};

/* A connection on loan. */
struct loan {
    struct link *link; /* NULL: to be opened */
    bool reused;
    unsigned outages;
};

static struct timespec time_of(int64_t deadline_us)
{
    return (struct timespec){deadline_us / 1000000, deadline_us % 1000000 * 1000};
}

/* ---- There, or away ---- */

static void say_down(const struct server *s, const char *reason)
{
    metric_set(M_CACHE_UP, 0);
    log_event(LOG_WARN, "redis is away", LOG_S("host", s->host), LOG_S("port", s->port),
              LOG_S("reason", reason));
}

static void pool_down(struct pool *p, unsigned outages, const char *reason)
{
    pthread_mutex_lock(&p->mutex);
    bool news = p->up && p->outages == outages;
    size_t n = news ? p->n_idle : 0;
    if (news) {
        p->up = false;
        p->outages++;
    }
    if (!p->up)
        snprintf(p->detail, sizeof p->detail, "%s", reason);
    for (size_t i = 0; i < n; i++)
        link_close(p->idle[i]);
    p->n_idle -= n;
    p->n_open -= n;
    pthread_cond_broadcast(&p->given);
    pthread_mutex_unlock(&p->mutex);
    if (news)
        say_down(p->server, reason);
}

static void pool_up(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    bool news = !p->up;
    p->up = true;
    p->detail[0] = '\0';
    pthread_mutex_unlock(&p->mutex);
    if (!news)
        return;
    metric_set(M_CACHE_UP, 1);
    log_event(LOG_INFO, "redis is there", LOG_S("host", p->server->host),
              LOG_S("port", p->server->port));
}

bool pool_is_up(struct pool *p, char *detail, size_t size)
{
    pthread_mutex_lock(&p->mutex);
    bool up = p->up;
    if (!up)
        snprintf(detail, size, "%s", p->detail);
    pthread_mutex_unlock(&p->mutex);
    return up;
}

/* ---- The keeper ---- */

/* Is Redis there? `*l` is the keeper's connection, kept while it is. */
static bool look(struct pool *p, struct link **l, char *reason, size_t size)
{
    enum link_state state = LINK_CLOSED;
    if (*l != NULL)
        state = link_ping(*l, p->server->command_ms);
    if (state == LINK_CLOSED) {
        /* Never opened, or stale: a new one tells. */
        link_close(*l);
        *l = server_resolve(p->server, reason, size) ? link_open(p->server, reason, size) : NULL;
        if (*l == NULL)
            return false;
        state = link_ping(*l, p->server->command_ms);
    }
    if (state == LINK_OK)
        return true;
    snprintf(reason, size, "%s", link_reason(*l));
    link_close(*l);
    *l = NULL;
    return false;
}

static bool keeper_sleep(struct pool *p)
{
    struct timespec until = time_of(link_deadline(p->server->probe_ms));
    pthread_mutex_lock(&p->mutex);
    if (!p->looked) {
        p->looked = true;
        pthread_cond_broadcast(&p->woken);
    }
    int waited = 0;
    while (!p->stopping && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&p->woken, &p->mutex, &until);
    bool on = !p->stopping;
    pthread_mutex_unlock(&p->mutex);
    return on;
}

static unsigned pool_outages(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    unsigned n = p->outages;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

static void *keeper_main(void *arg)
{
    struct pool *p = arg;
    struct link *l = NULL;
    do {
        char reason[LINK_REASON_SIZE];
        unsigned outages = pool_outages(p);
        if (look(p, &l, reason, sizeof reason))
            pool_up(p);
        else
            pool_down(p, outages, reason);
    } while (keeper_sleep(p));
    link_close(l);
    return NULL;
}

/* ---- Borrowing ---- */

static enum err pool_borrow(struct pool *p, struct loan *loan)
{
    struct timespec until = time_of(link_deadline(p->server->command_ms));
    int waited = 0;
    pthread_mutex_lock(&p->mutex);
    while (p->up && p->n_idle == 0 && p->n_open == p->server->connections && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&p->given, &p->mutex, &until);
    bool has = p->up && (p->n_idle > 0 || p->n_open < p->server->connections);
    *loan = (struct loan){.outages = p->outages};
    if (has && p->n_idle > 0) {
        loan->link = p->idle[--p->n_idle];
        loan->reused = true;
    } else if (has) {
        p->n_open++;
    }
    pthread_mutex_unlock(&p->mutex);
    return has ? ERR_OK : ERR_UNAVAILABLE;
}

/* Gives it back, if it is worth keeping. */
static void pool_return(struct pool *p, struct loan *loan, bool keep)
{
    pthread_mutex_lock(&p->mutex);
    keep = keep && p->up && p->outages == loan->outages;
    if (keep)
        p->idle[p->n_idle++] = loan->link;
    else
        p->n_open--;
    pthread_cond_signal(&p->given);
    pthread_mutex_unlock(&p->mutex);
    if (!keep)
        link_close(loan->link);
}

/* ---- Calling ---- */

static enum link_state exchange(struct link *l, unsigned wait_ms, struct str command,
                                struct arena *arena, struct reply **out)
{
    int64_t deadline_us = link_deadline(wait_ms);
    enum link_state state = link_send(l, command, deadline_us);
    return state == LINK_OK ? link_read(l, arena, deadline_us, out) : state;
}

/* On the borrowed connection, or on a new one when that is none, or stale. */
static enum link_state loan_call(struct pool *p, struct loan *loan, struct str command,
                                 struct arena *arena, struct reply **out, char *reason)
{
    unsigned wait_ms = p->server->command_ms;
    enum link_state state = LINK_CLOSED;
    if (loan->reused && link_is_quiet(loan->link))
        state = exchange(loan->link, wait_ms, command, arena, out);
    if (loan->reused && state == LINK_CLOSED) {
        link_close(loan->link);
        loan->link = NULL;
    }
    if (loan->link == NULL) {
        loan->link = link_open(p->server, reason, LINK_REASON_SIZE);
        if (loan->link == NULL)
            return LINK_CLOSED;
        state = exchange(loan->link, wait_ms, command, arena, out);
    }
    if (state != LINK_OK)
        snprintf(reason, LINK_REASON_SIZE, "%s", link_reason(loan->link));
    return state;
}

enum err pool_call(struct pool *p, struct str command, struct arena *arena, struct reply **out)
{
    struct loan loan;
    char reason[LINK_REASON_SIZE];
    enum err e = pool_borrow(p, &loan);
    if (e != ERR_OK)
        return e;
    enum link_state state = loan_call(p, &loan, command, arena, out, reason);
    if (state == LINK_CLOSED || state == LINK_TIMEOUT)
        pool_down(p, loan.outages, reason);
    pool_return(p, &loan, state == LINK_OK);
    if (state == LINK_OK)
        return ERR_OK;
    return state == LINK_GARBLED ? ERR_TOO_LARGE : ERR_UNAVAILABLE;
}

/* ---- The pool ---- */

static void wait_for_first_look(struct pool *p)
{
    struct timespec until =
        time_of(link_deadline(p->server->connect_ms + 2 * p->server->command_ms));
    int waited = 0;
    pthread_mutex_lock(&p->mutex);
    while (!p->looked && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&p->woken, &p->mutex, &until);
    pthread_mutex_unlock(&p->mutex);
}

struct pool *pool_new(struct server *server)
{
    struct pool *p = MEM_NEW(struct pool);
    p->server = server;
    p->idle = mem_array(server->connections, sizeof(struct link *));
    snprintf(p->detail, sizeof p->detail, "not looked for yet");
    pthread_mutex_init(&p->mutex, NULL);
    cond_init(&p->given);
    cond_init(&p->woken);
    if (pthread_create(&p->keeper, NULL, keeper_main, p) != 0) {
        fputs("parley: no thread to be had\n", stderr);
        abort();
    }
    wait_for_first_look(p);
    return p;
}

void pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    pthread_cond_broadcast(&p->woken);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->keeper, NULL);
    for (size_t i = 0; i < p->n_idle; i++)
        link_close(p->idle[i]);
    mem_free(p->idle);
    pthread_cond_destroy(&p->given);
    pthread_cond_destroy(&p->woken);
    pthread_mutex_destroy(&p->mutex);
    mem_free(p);
}

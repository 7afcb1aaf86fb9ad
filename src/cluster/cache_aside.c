#include "cluster/cache_aside.h"

#include <assert.h>
#include <pthread.h>
#include <uthash.h>

#include "base/mem.h"
#include "base/rand.h"

#define FLIGHTS_DEFAULT 256

/* The first byte of what lies in the cache. */
#define ENTRY_ABSENT '-'
#define ENTRY_VALUE  '+'

/* A load that is under way, and who waits for it. */
struct flight {
    char key[CACHE_KEY_MAX];
    unsigned key_n;
    unsigned users; /* the one that loads, and those that wait */
    bool has_landed;
    enum err err;
    char *value; /* of ERR_OK; owned */
    size_t n;
    UT_hash_handle hh;
};

struct cache_aside {
    struct cache_aside_config config;
    pthread_mutex_t mutex;
    pthread_cond_t landed;
    struct flight *flights;
    unsigned n_flights;
};

struct cache_aside *cache_aside_new(const struct cache_aside_config *config)
{
    struct cache_aside *c = MEM_NEW(struct cache_aside);
    c->config = *config;
    if (c->config.flights == 0)
        c->config.flights = FLIGHTS_DEFAULT;
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->landed, NULL);
    return c;
}

void cache_aside_free(struct cache_aside *c)
{
    if (c == NULL)
        return;
    assert(c->n_flights == 0);
    pthread_cond_destroy(&c->landed);
    pthread_mutex_destroy(&c->mutex);
    mem_free(c);
}

/* ---- The cache ---- */

static uint32_t spread(uint32_t ttl_ms)
{
    uint32_t tenth = ttl_ms / 10;
    return ttl_ms - tenth + (uint32_t)rand_below(2 * (uint64_t)tenth + 1);
}

static void entry_put(struct cache_aside *c, struct str key, uint64_t version, enum err found,
                      struct str value)
{
    struct cache *cache = c->config.cache;
    uint32_t ttl_ms = spread(found == ERR_OK ? c->config.ttl_ms : c->config.absent_ttl_ms);
    if (cache == NULL || ttl_ms == 0)
        return;
    char *bytes = mem_alloc(1 + value.n);
    bytes[0] = found == ERR_OK ? ENTRY_VALUE : ENTRY_ABSENT;
    if (value.n > 0)
        memcpy(bytes + 1, value.p, value.n);
    const struct str entry = {bytes, 1 + value.n};
    if (version > 0)
        (void)cache->ops->put_version(cache, key, version, entry, ttl_ms);
    else
        (void)cache->ops->put(cache, key, entry, ttl_ms);
    mem_free(bytes);
}

/* False: the cache knows nothing of it. */
static bool entry_get(struct cache_aside *c, struct str key, struct arena *arena, struct str *out,
                      enum err *found)
{
    struct cache *cache = c->config.cache;
    struct str entry;
    if (cache == NULL || cache->ops->get(cache, key, arena, &entry) != ERR_OK || entry.n == 0)
        return false;
    *found = entry.p[0] == ENTRY_VALUE ? ERR_OK : ERR_NOT_FOUND;
    *out = (struct str){entry.p + 1, entry.n - 1};
    return entry.p[0] == ENTRY_VALUE || (entry.p[0] == ENTRY_ABSENT && entry.n == 1);
}

/* ---- Flights; the mutex is held ---- */

static struct flight *flight_find(struct cache_aside *c, struct str key)
{
    struct flight *f;
    HASH_FIND(hh, c->flights, key.p, key.n, f);
    return f;
}

static struct flight *flight_new(struct cache_aside *c, struct str key)
{
    struct flight *f = MEM_NEW(struct flight);
    memcpy(f->key, key.p, key.n);
    f->key_n = (unsigned)key.n;
    HASH_ADD_KEYPTR(hh, c->flights, f->key, f->key_n, f);
    c->n_flights++;
    return f;
}

static void flight_leave(struct flight *f)
{
    if (--f->users > 0)
        return;
    mem_free(f->value);
    mem_free(f);
}

static enum err flight_take(const struct flight *f, struct arena *arena, struct str *out)
{
    if (f->err == ERR_OK)
        *out = arena_str(arena, (struct str){f->value, f->n});
    return f->err;
}

static enum err flight_await(struct cache_aside *c, struct flight *f, struct arena *arena,
                             struct str *out)
{
    f->users++;
    while (!f->has_landed)
        pthread_cond_wait(&c->landed, &c->mutex);
    enum err e = flight_take(f, arena, out);
    flight_leave(f);
    return e;
}

/* From here on others begin a flight of their own: what they want is newer. */
static void flight_land(struct cache_aside *c, struct flight *f, enum err e, struct str value)
{
    HASH_DEL(c->flights, f);
    c->n_flights--;
    f->has_landed = true;
    f->err = e;
    if (e == ERR_OK) {
        f->value = mem_strndup(value.n == 0 ? "" : value.p, value.n);
        f->n = value.n;
    }
    pthread_cond_broadcast(&c->landed);
    flight_leave(f);
}

/* ---- Calls ---- */

static enum err load_and_put(struct cache_aside *c, struct str key, cache_load_f load, void *arg,
                             struct arena *arena, struct str *out)
{
    uint64_t version = 0;
    *out = STR_NONE;
    enum err e = load(arg, arena, out, &version);
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        entry_put(c, key, version, e, e == ERR_OK ? *out : STR_NONE);
    return e;
}

enum err cache_aside_get(struct cache_aside *c, struct str key, cache_load_f load, void *arg,
                         struct arena *arena, struct str *out)
{
    enum err e;
    assert(key.n >= 1 && key.n <= CACHE_KEY_MAX);
    if (entry_get(c, key, arena, out, &e))
        return e;
    pthread_mutex_lock(&c->mutex);
    struct flight *f = flight_find(c, key);
    if (f != NULL) {
        e = flight_await(c, f, arena, out);
        pthread_mutex_unlock(&c->mutex);
        return e;
    }
    if (c->n_flights < c->config.flights) {
        f = flight_new(c, key);
        f->users = 1;
    }
    pthread_mutex_unlock(&c->mutex);
    e = load_and_put(c, key, load, arg, arena, out);
    if (f == NULL)
        return e;
    pthread_mutex_lock(&c->mutex);
    flight_land(c, f, e, *out);
    pthread_mutex_unlock(&c->mutex);
    return e;
}

void cache_aside_put(struct cache_aside *c, struct str key, uint64_t version, struct str value)
{
    entry_put(c, key, version, ERR_OK, value);
}

bool cache_aside_drop(struct cache_aside *c, struct str key)
{
    struct cache *cache = c->config.cache;
    return cache == NULL || cache->ops->drop(cache, key) == ERR_OK;
}

#include "adapter/memory/cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <uthash.h>

#include "base/mem.h"

#define KEYS_MAX_DEFAULT 65536
#define TOKEN            INT64_C(60000000) /* a bucket gains `per_min` of these parts a microsecond */

enum slot_kind { SLOT_VALUE, SLOT_BUCKET, SLOT_WINDOW, SLOT_LEASES };

/* An entry of a window, or a member of a set of leases. */
struct item {
    struct str text; /* owned */
    uint64_t seq;
    int64_t expires_us;
};

struct slot {
    char key[CACHE_KEY_MAX];
    unsigned key_bytes;
    enum slot_kind kind;
    int64_t expires_us; /* of a value or window */
    struct str value;   /* owned */
    uint64_t version;
    int64_t level, filled_us; /* of a bucket */
    uint64_t floor;           /* of a window */
    struct item *items;
    size_t n, cap;
    UT_hash_handle hh;
};

struct memory_cache {
    struct cache super;
    const struct clock *clock;
    pthread_mutex_t mutex;
    size_t keys_max;
    bool is_gone;
    struct slot *slots; /* in order of their making */
};

static struct memory_cache *cache_of(struct cache *self)
{
    return MEM_OWNER(self, struct memory_cache, super);
}

static struct str str_own(struct str s)
{
    return (struct str){mem_strndup(s.n == 0 ? "" : s.p, s.n), s.n};
}

/* ---- Slots ---- */

static void items_drop(struct slot *s, size_t from, size_t n)
{
    if (n == 0)
        return; /* there may be no array yet */
    for (size_t i = from; i < from + n; i++)
        mem_free((char *)s->items[i].text.p);
    memmove(&s->items[from], &s->items[from + n], (s->n - from - n) * sizeof *s->items);
    s->n -= n;
}

static struct item *items_add(struct slot *s, struct str text)
{
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 8 : 2 * s->cap;
        s->items = mem_realloc(s->items, s->cap * sizeof *s->items);
    }
    s->items[s->n] = (struct item){.text = str_own(text)};
    return &s->items[s->n++];
}

static void slot_free(struct memory_cache *c, struct slot *s)
{
    HASH_DEL(c->slots, s);
    items_drop(s, 0, s->n);
    mem_free(s->items);
    mem_free((char *)s->value.p);
    mem_free(s);
}

/* The live slot of that kind, NULL when there is none. */
static struct slot *slot_find(struct memory_cache *c, struct str key, enum slot_kind kind)
{
    struct slot *s;
    HASH_FIND(hh, c->slots, key.p, key.n, s);
    if (s == NULL || (s->kind == kind && s->expires_us > clock_steady_us(c->clock)))
        return s;
    slot_free(c, s);
    return NULL;
}

static struct slot *slot_get(struct memory_cache *c, struct str key, enum slot_kind kind)
{
    struct slot *s = slot_find(c, key, kind);
    assert(key.n > 0 && key.n <= CACHE_KEY_MAX);
    if (s != NULL)
        return s;
    if (HASH_COUNT(c->slots) == c->keys_max)
        slot_free(c, c->slots);
    s = MEM_NEW(struct slot);
    memcpy(s->key, key.p, key.n);
    s->key_bytes = (unsigned)key.n;
    s->kind = kind;
    s->expires_us = INT64_MAX;
    HASH_ADD(hh, c->slots, key[0], s->key_bytes, s);
    return s;
}

static int64_t expiry(const struct memory_cache *c, uint32_t ttl_ms)
{
    return clock_steady_us(c->clock) + (int64_t)ttl_ms * 1000;
}

/* Takes the mutex; false (and not taken) when the cache is gone. */
static bool cache_enter(struct memory_cache *c)
{
    pthread_mutex_lock(&c->mutex);
    if (!c->is_gone)
        return true;
    pthread_mutex_unlock(&c->mutex);
    return false;
}

static enum err cache_exit(struct memory_cache *c, enum err err)
{
    pthread_mutex_unlock(&c->mutex);
    return err;
}

/* ---- Values ---- */

static enum err cache_get(struct cache *self, struct str key, struct arena *arena, struct str *out)
{
    struct memory_cache *c = cache_of(self);
    if (!cache_enter(c))
        return ERR_UNAVAILABLE;
    const struct slot *s = slot_find(c, key, SLOT_VALUE);
    if (s != NULL)
        *out = arena_str(arena, s->value);
    return cache_exit(c, s == NULL ? ERR_NOT_FOUND : ERR_OK);
}

static enum err value_set(struct memory_cache *c, struct str key, bool anyhow, uint64_t version,
                          struct str value, uint32_t ttl_ms)
{
    if (!cache_enter(c))
        return ERR_UNAVAILABLE;
    struct slot *s = slot_get(c, key, SLOT_VALUE);
    if (s->value.p == NULL || anyhow || s->version <= version) {
        mem_free((char *)s->value.p);
        s->value = str_own(value);
        s->version = version;
        s->expires_us = expiry(c, ttl_ms);
    }
    return cache_exit(c, ERR_OK);
}

static enum err cache_put(struct cache *self, struct str key, struct str value, uint32_t ttl_ms)
{
    return value_set(cache_of(self), key, true, 0, value, ttl_ms);
}

static enum err cache_put_version(struct cache *self, struct str key, uint64_t version,
                                  struct str value, uint32_t ttl_ms)
{
    return value_set(cache_of(self), key, false, version, value, ttl_ms);
}

static enum err cache_drop(struct cache *self, struct str key)
{
    struct memory_cache *c = cache_of(self);
    struct slot *s;
    if (!cache_enter(c))
        return ERR_UNAVAILABLE;
    HASH_FIND(hh, c->slots, key.p, key.n, s);
    if (s != NULL)
        slot_free(c, s);
    return cache_exit(c, ERR_OK);
}

/* ---- Buckets ---- */

static enum err bucket_take(struct slot *s, uint32_t per_min, uint32_t *retry_after_ms)
{
    if (s->level >= TOKEN) {
        s->level -= TOKEN;
        return ERR_OK;
    }
    const int64_t per_ms = (int64_t)per_min * 1000;
    *retry_after_ms =
        per_min == 0 ? UINT32_MAX : (uint32_t)((TOKEN - s->level + per_ms - 1) / per_ms);
    return ERR_RATE_LIMITED;
}

static enum err cache_take(struct cache *self, struct str key, uint32_t per_min, uint32_t burst,
                           uint32_t *retry_after_ms)
{
    struct memory_cache *c = cache_of(self);
    if (!cache_enter(c))
        return ERR_UNAVAILABLE;
    const int64_t now_us = clock_steady_us(c->clock), full = (int64_t)burst * TOKEN;
    const bool is_new = slot_find(c, key, SLOT_BUCKET) == NULL;
    struct slot *s = slot_get(c, key, SLOT_BUCKET);
    const int64_t waited_us = now_us - s->filled_us;
    const bool is_full = is_new || per_min == 0 || waited_us >= (full - s->level) / per_min;
    if (is_new || (is_full && per_min > 0))
        s->level = full;
    else
        s->level += waited_us * per_min;
    s->filled_us = now_us;
    return cache_exit(c, bucket_take(s, per_min, retry_after_ms));
}

/* ---- Windows ---- */

static uint64_t window_last(const struct slot *s)
{
    return s->n > 0 ? s->items[s->n - 1].seq : s->floor;
}

static void window_trim(struct slot *s, unsigned max)
{
    if (s->n <= max)
        return;
    s->floor = s->items[s->n - max - 1].seq;
    items_drop(s, 0, s->n - max);
}

/* What the window reaches already, or has passed by, is not pushed again. */
static size_t window_known(const struct slot *s, const struct cache_entry *entries, size_t n)
{
    size_t i = 0;
    while (i < n && entries[i].seq <= window_last(s))
        i++;
    return i;
}

static enum err cache_window_push(struct cache *self, struct str key, uint64_t prev_seq,
                                  const struct cache_entry *entries, size_t n, unsigned max,
                                  uint32_t ttl_ms)
{
    struct memory_cache *c = cache_of(self);
    if (!cache_enter(c))
        return ERR_UNAVAILABLE;
    const bool is_new = slot_find(c, key, SLOT_WINDOW) == NULL;
    struct slot *s = slot_get(c, key, SLOT_WINDOW);
    size_t i = is_new ? 0 : window_known(s, entries, n);
    if (i > 0)
        prev_seq = entries[i - 1].seq;
    if (is_new || (i < n && prev_seq != window_last(s))) {
        items_drop(s, 0, s->n);
        s->floor = prev_seq;
    }
    for (; i < n; i++)
        items_add(s, entries[i].value)->seq = entries[i].seq;
    window_trim(s, max);
    s->expires_us = expiry(c, ttl_ms);
    return cache_exit(c, ERR_OK);
}

static enum err cache_window_read(struct cache *self, struct str key, uint64_t before, unsigned max,
                                  struct arena *arena, struct cache_entry **out, size_t *n,
                                  uint64_t *floor)
{
    struct memory_cache *c = cache_of(self);
    if (!cache_enter(c))
        return ERR_UNAVAILABLE;
    const struct slot *s = slot_find(c, key, SLOT_WINDOW);
    if (s == NULL)
        return cache_exit(c, ERR_NOT_FOUND);
    size_t end = s->n;
    while (before > 0 && end > 0 && s->items[end - 1].seq >= before)
        end--;
    *n = end < max ? end : max;
    *floor = s->floor;
    *out = arena_alloc(arena, *n * sizeof **out);
    for (size_t i = 0; i < *n; i++) {
        const struct item *item = &s->items[end - *n + i];
        (*out)[i] = (struct cache_entry){item->seq, arena_str(arena, item->text)};
    }
    return cache_exit(c, ERR_OK);
}

/* ---- Leases ---- */

static size_t lease_find(const struct slot *s, struct str member)
{
    size_t i = 0;
    while (i < s->n && !str_eq(s->items[i].text, member))
        i++;
    return i;
}

static void leases_expire(const struct memory_cache *c, struct slot *s)
{
    for (size_t i = s->n; i-- > 0;)
        if (s->items[i].expires_us <= clock_steady_us(c->clock))
            items_drop(s, i, 1);
}

static enum err cache_lease_put(struct cache *self, struct str key, struct str member,
                                uint32_t ttl_ms)
{
    struct memory_cache *c = cache_of(self);
    if (!cache_enter(c))
        return ERR_UNAVAILABLE;
    struct slot *s = slot_get(c, key, SLOT_LEASES);
    leases_expire(c, s);
    const size_t i = lease_find(s, member);
    struct item *item = i < s->n ? &s->items[i] : items_add(s, member);
    item->expires_us = expiry(c, ttl_ms);
    return cache_exit(c, ERR_OK);
}

static enum err cache_lease_drop(struct cache *self, struct str key, struct str member)
{
    struct memory_cache *c = cache_of(self);
    if (!cache_enter(c))
        return ERR_UNAVAILABLE;
    struct slot *s = slot_find(c, key, SLOT_LEASES);
    const size_t i = s == NULL ? 0 : lease_find(s, member);
    if (s != NULL && i < s->n)
        items_drop(s, i, 1);
    if (s != NULL && s->n == 0)
        slot_free(c, s);
    return cache_exit(c, ERR_OK);
}

static enum err cache_lease_list(struct cache *self, struct str key, struct arena *arena,
                                 struct str **out, size_t *n)
{
    struct memory_cache *c = cache_of(self);
    if (!cache_enter(c))
        return ERR_UNAVAILABLE;
    struct slot *s = slot_find(c, key, SLOT_LEASES);
    if (s != NULL)
        leases_expire(c, s);
    *n = s == NULL ? 0 : s->n;
    *out = arena_alloc(arena, *n * sizeof **out);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = arena_str(arena, s->items[i].text);
    return cache_exit(c, ERR_OK);
}

static bool cache_is_ready(struct cache *self, char *detail, size_t size)
{
    struct memory_cache *c = cache_of(self);
    if (cache_enter(c)) {
        (void)cache_exit(c, ERR_OK);
        return true;
    }
    snprintf(detail, size, "gone");
    return false;
}

static const struct cache_ops cache_ops = {
    .get = cache_get,
    .put = cache_put,
    .put_version = cache_put_version,
    .drop = cache_drop,
    .take = cache_take,
    .window_push = cache_window_push,
    .window_read = cache_window_read,
    .lease_put = cache_lease_put,
    .lease_drop = cache_lease_drop,
    .lease_list = cache_lease_list,
    .is_ready = cache_is_ready,
};

/* ---- The cache itself ---- */

struct memory_cache *memory_cache_new(const struct clock *clock, size_t keys_max)
{
    struct memory_cache *c = MEM_NEW(struct memory_cache);
    c->super.ops = &cache_ops;
    c->clock = clock;
    c->keys_max = keys_max == 0 ? KEYS_MAX_DEFAULT : keys_max;
    pthread_mutex_init(&c->mutex, NULL);
    return c;
}

void memory_cache_flush(struct memory_cache *c)
{
    pthread_mutex_lock(&c->mutex);
    while (c->slots != NULL)
        slot_free(c, c->slots);
    pthread_mutex_unlock(&c->mutex);
}

void memory_cache_free(struct memory_cache *c)
{
    if (c == NULL)
        return;
    memory_cache_flush(c);
    pthread_mutex_destroy(&c->mutex);
    mem_free(c);
}

struct cache *memory_cache_port(struct memory_cache *c)
{
    return &c->super;
}

void memory_cache_lose(struct memory_cache *c, bool gone)
{
    pthread_mutex_lock(&c->mutex);
    c->is_gone = gone;
    pthread_mutex_unlock(&c->mutex);
}

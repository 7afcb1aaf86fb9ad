#include "service/throttle.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>

#include "base/mem.h"
#include "base/rand.h"

#define WAYS    8
#define STRIPES 64

struct bucket {
    uint64_t tag;    /* the key's hash */
    int64_t full_ns; /* when it is full again; in the past: it is, and the slot is free */
};

struct throttle {
    unsigned char secret[crypto_shorthash_KEYBYTES];
    size_t sets; /* a power of two */
    pthread_mutex_t stripes[STRIPES];
    struct bucket buckets[]; /* WAYS a set */
};

struct throttle *throttle_new(size_t keys)
{
    assert(keys >= (size_t)WAYS * STRIPES && (keys & (keys - 1)) == 0);
    struct throttle *t = mem_zalloc(sizeof *t + keys * sizeof t->buckets[0]);
    t->sets = keys / WAYS;
    rand_bytes(t->secret, sizeof t->secret);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_init(&t->stripes[i], NULL);
    return t;
}

void throttle_free(struct throttle *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&t->stripes[i]);
    mem_free(t);
}

/* The bucket of `tag`, or the one in its set that is the least loss. */
static struct bucket *bucket_find(struct bucket *set, uint64_t tag)
{
    struct bucket *fullest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].tag == tag)
            return &set[i];
        if (set[i].full_ns < fullest->full_ns)
            fullest = &set[i];
    }
    *fullest = (struct bucket){.tag = tag};
    return fullest;
}

/* Nanoseconds to wait; 0: taken. */
static int64_t bucket_take(struct bucket *b, int64_t interval_ns, uint32_t burst, int64_t now_ns)
{
    int64_t ahead_max = interval_ns * ((int64_t)burst - 1);
    int64_t full_ns = b->full_ns > now_ns ? b->full_ns : now_ns;
    int64_t wait = full_ns - now_ns - ahead_max;
    if (wait > 0)
        return wait;
    b->full_ns = full_ns + interval_ns;
    return 0;
}

uint32_t throttle_take(struct throttle *t, struct str key, const struct rate *rate, int64_t now_us)
{
    uint64_t tag;
    if (rate->per_period == 0)
        return 0;
    int64_t interval_ns = rate->period_us * 1000 / rate->per_period;
    uint32_t burst = rate->burst > 0 ? rate->burst : 1;
    crypto_shorthash((unsigned char *)&tag, (const unsigned char *)key.p, key.n, t->secret);
    size_t set = (size_t)tag & (t->sets - 1);
    pthread_mutex_t *stripe = &t->stripes[set % STRIPES];
    pthread_mutex_lock(stripe);
    struct bucket *b = bucket_find(&t->buckets[set * WAYS], tag);
    int64_t wait_ns = bucket_take(b, interval_ns, burst, now_us * 1000);
    pthread_mutex_unlock(stripe);
    int64_t wait_ms = (wait_ns + 999999) / 1000000;
    return wait_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)wait_ms;
}

struct throttle_address throttle_address(struct str peer)
{
    struct throttle_address out = {.n = 0};
    struct in_addr v4;
    struct in6_addr v6;
    char text[INET6_ADDRSTRLEN];
    const char *zone = peer.n > 0 ? memchr(peer.p, '%', peer.n) : NULL;
    if (zone != NULL)
        peer.n = (size_t)(zone - peer.p);
    bool fits = str_copy(peer, text, sizeof text);
    if (fits && inet_pton(AF_INET, text, &v4) == 1) {
        out.n = sizeof v4;
        memcpy(out.bytes, &v4, out.n);
    } else if (fits && inet_pton(AF_INET6, text, &v6) == 1) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
        out.n = mapped ? 4 : 8;
        memcpy(out.bytes, mapped ? v6.s6_addr + 12 : v6.s6_addr, out.n);
    } else if (peer.n > 0) {
        out.n = peer.n < sizeof out.bytes ? peer.n : sizeof out.bytes;
        memcpy(out.bytes, peer.p, out.n);
    }
    return out;
}

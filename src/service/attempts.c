#include "service/attempts.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "base/mem.h"
#include "service/throttle.h"

#define MINUTE_US  INT64_C(60000000)
#define KEYS       8192 /* a kind: 128 KiB */
#define HASH_BYTES 16

struct attempts {
    const struct clock *clock;
    struct cache *cache; /* NULL: none */
    unsigned char secret[crypto_generichash_KEYBYTES];
    struct throttle *own[ATTEMPT_COUNT];
};

static const char *const names[ATTEMPT_COUNT] = {
    [ATTEMPT_LOGIN_ACCOUNT] = "login-account",
    [ATTEMPT_LOGIN_ADDRESS] = "login-address",
    [ATTEMPT_REGISTER_ADDRESS] = "register-address",
};

struct attempts *attempts_new(const struct clock *clock, struct cache *cache, struct str secret)
{
    static const unsigned char purpose[] = "parley: keys of rates";
    struct attempts *a = MEM_NEW(struct attempts);
    assert(cache == NULL || secret.n >= 16);
    a->clock = clock;
    a->cache = cache;
    /* A key of its own, whatever else the secret is used for and however long it is. */
    if (cache != NULL)
        crypto_generichash(a->secret, sizeof a->secret, (const unsigned char *)secret.p, secret.n,
                           purpose, sizeof purpose - 1);
    for (size_t i = 0; i < ATTEMPT_COUNT; i++)
        a->own[i] = throttle_new(KEYS);
    return a;
}

void attempts_free(struct attempts *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < ATTEMPT_COUNT; i++)
        throttle_free(a->own[i]);
    sodium_memzero(a->secret, sizeof a->secret);
    mem_free(a);
}

static uint32_t take_shared(struct attempts *a, enum attempt what, struct str whom,
                            uint32_t per_min)
{
    unsigned char hash[HASH_BYTES];
    char hex[2 * HASH_BYTES + 1], key[CACHE_KEY_MAX];
    uint32_t wait_ms = 0;
    crypto_generichash(hash, sizeof hash, (const unsigned char *)whom.p, whom.n, a->secret,
                       sizeof a->secret);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    int n = snprintf(key, sizeof key, "rate:%s:%s", names[what], hex);
    enum err e =
        a->cache->ops->take(a->cache, (struct str){key, (size_t)n}, per_min, per_min, &wait_ms);
    if (e != ERR_RATE_LIMITED)
        return 0; /* taken, or nobody can say: then our own bucket has spoken */
    return wait_ms > 0 ? wait_ms : 1;
}

uint32_t attempts_take(struct attempts *a, enum attempt what, struct str whom, uint32_t per_min)
{
    const struct rate rate = {per_min, per_min, MINUTE_US};
    if (per_min == 0)
        return 0;
    uint32_t wait_ms = throttle_take(a->own[what], whom, &rate, clock_steady_us(a->clock));
    if (wait_ms > 0 || a->cache == NULL)
        return wait_ms;
    return take_shared(a, what, whom, per_min);
}

#include "adapter/redis/script.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>

/* Times are Redis' own: the nodes' clocks need not agree. Numbers of Lua are doubles, exact up to
 * 2^53, which covers microseconds and positions; versions are compared as texts of equal length. */

/* clang-format off */
static const char put_version[] =
    "local old = redis.call('GET', KEYS[1])\n"
    "local version = old and string.match(string.sub(old, 1, 20), '^%d+$')\n"
    "if version and #version == 20 and version > ARGV[1] then return 0 end\n"
    "redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'PX', ARGV[3])\n"
    "return 1\n";

/* The moment at which the bucket is full again (GCRA, as in service/throttle.h). One that lies
 * further ahead than an empty bucket's cannot be: Redis' clock was set back. */
static const char take[] =
    "local time = redis.call('TIME')\n"
    "local now = tonumber(time[1]) * 1000000 + tonumber(time[2])\n"
    "local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
    "local full = tonumber(redis.call('GET', KEYS[1]) or 0) or 0\n"
    "if not (full > now) then full = now end\n"
    "if full > now + burst * interval then full = now + burst * interval end\n"
    "local wait = full - now - (burst - 1) * interval\n"
    "if wait > 0 then return math.ceil(wait / 1000) end\n"
    "full = full + interval\n"
    "redis.call('SET', KEYS[1], string.format('%.0f', full),\n"
    "           'PX', string.format('%.0f', math.ceil((full - now) / 1000)))\n"
    "return 0\n";

/* A sorted set by seq. The floor is a member of its own with the floor as score, so it is always
 * the lowest and one key holds all. */
static const char window_push[] =
    "local key, prev, max, n = KEYS[1], ARGV[1], tonumber(ARGV[2]), (#ARGV - 3) / 2\n"
    "local first, top\n"
    "if redis.call('ZSCORE', key, 'floor') then\n"
    "  top = tonumber(redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2])\n"
    "end\n"
    "if top and tonumber(ARGV[2 + 2 * n]) <= top then\n"
    "  first = n + 1\n"
    "elseif top == tonumber(prev) then\n"
    "  first = 1\n"
    "elseif top then\n"
    "  for i = 1, n do if tonumber(ARGV[2 + 2 * i]) == top then first = i + 1 end end\n"
    "end\n"
    "if not first then\n"
    "  redis.call('DEL', key)\n"
    "  redis.call('ZADD', key, prev, 'floor')\n"
    "  first = 1\n"
    "end\n"
    "for i = first, n do\n"
    "  local seq = ARGV[2 + 2 * i]\n"
    "  redis.call('ZADD', key, seq, seq .. ARGV[3 + 2 * i])\n"
    "end\n"
    "local extra = redis.call('ZCARD', key) - 1 - max\n"
    "if extra > 0 then\n"
    "  local gone = redis.call('ZRANGE', key, extra, extra, 'WITHSCORES')\n"
    "  redis.call('ZREMRANGEBYRANK', key, 1, extra)\n"
    "  redis.call('ZADD', key, gone[2], 'floor')\n"
    "end\n"
    "redis.call('PEXPIRE', key, ARGV[3])\n"
    "return 1\n";

static const char window_read[] =
    "local floor = redis.call('ZSCORE', KEYS[1], 'floor')\n"
    "if not floor then return false end\n"
    "local before = ARGV[1] == '0' and '+inf' or '(' .. ARGV[1]\n"
    "return {floor, redis.call('ZREVRANGEBYSCORE', KEYS[1], before, '(' .. floor,\n"
    "                          'LIMIT', 0, ARGV[2])}\n";

/* A sorted set by the end of the lease; over the limit those that end first go. */
static const char lease_put[] =
    "local time = redis.call('TIME')\n"
    "local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)\n"
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))\n"
    "redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])\n"
    "local extra = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[3])\n"
    "if extra > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, extra - 1) end\n"
    "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then\n"
    "  redis.call('PEXPIRE', KEYS[1], ARGV[2])\n"
    "end\n"
    "return 1\n";

static const char lease_list[] =
    "local time = redis.call('TIME')\n"
    "local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)\n"
    "return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf',\n"
    "                  'LIMIT', 0, ARGV[1])\n";
/* clang-format on */

static const struct str texts[SCRIPT_COUNT] = {
    [SCRIPT_PUT_VERSION] = {put_version, sizeof put_version - 1},
    [SCRIPT_TAKE] = {take, sizeof take - 1},
    [SCRIPT_WINDOW_PUSH] = {window_push, sizeof window_push - 1},
    [SCRIPT_WINDOW_READ] = {window_read, sizeof window_read - 1},
    [SCRIPT_LEASE_PUT] = {lease_put, sizeof lease_put - 1},
    [SCRIPT_LEASE_LIST] = {lease_list, sizeof lease_list - 1},
};

#define HASH_BYTES 20
static char hashes[SCRIPT_COUNT][2 * HASH_BYTES + 1];
static pthread_once_t hashes_once = PTHREAD_ONCE_INIT;

static void hashes_init(void)
{
    for (size_t i = 0; i < SCRIPT_COUNT; i++) {
        unsigned char hash[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        int ok = EVP_Digest(texts[i].p, texts[i].n, hash, &n, EVP_sha1(), NULL);
        assert(ok == 1 && n == HASH_BYTES);
        for (size_t j = 0; j < HASH_BYTES; j++)
            snprintf(hashes[i] + 2 * j, 3, "%02x", hash[j]);
    }
}

struct str script_text(enum script s)
{
    return texts[s];
}

struct str script_hash(enum script s)
{
    pthread_once(&hashes_once, hashes_init);
    return str_of(hashes[s]);
}

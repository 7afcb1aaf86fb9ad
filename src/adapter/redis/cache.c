#include "adapter/redis/cache.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "adapter/redis/command.h"
#include "adapter/redis/script.h"
#include "base/clock.h"
#include "base/log.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

#define SAY_EVERY_US INT64_C(60000000)

/* ---- Asking ---- */

static void put_key(struct buf *b, const struct redis_cache *c, struct str key)
{
    char whole[REDIS_PREFIX_MAX + 1 + CACHE_KEY_MAX];
    assert(key.n > 0 && key.n <= CACHE_KEY_MAX);
    memcpy(whole, c->prefix.p, c->prefix.n);
    memcpy(whole + c->prefix.n, key.p, key.n);
    command_arg(b, (struct str){whole, c->prefix.n + key.n});
}

static void put_digits(struct buf *b, uint64_t n)
{
    char digits[SCRIPT_DIGITS + 1];
    snprintf(digits, sizeof digits, "%0*" PRIu64, SCRIPT_DIGITS, n);
    command_arg(b, (struct str){digits, SCRIPT_DIGITS});
}

/* Redis answers, but with an error: no rights, no memory, a replica. Said once a minute. */
static void say_refused(const struct reply *answer)
{
    static atomic_int_least64_t said_us = INT64_MIN / 2;
    int64_t now_us = clock_steady_us(&clock_system), last_us = atomic_load(&said_us);
    if (now_us - last_us < SAY_EVERY_US ||
        !atomic_compare_exchange_strong(&said_us, &last_us, now_us))
        return;
    log_event(LOG_WARN, "redis refuses", LOG_STR("answer", answer->str));
}

/* One command; ERR_TOO_LARGE for what cannot be one of our values (either way). */
static enum err ask(struct redis_cache *c, const struct buf *command, struct arena *arena,
                    struct reply **out)
{
    if (command->failed)
        return ERR_TOO_LARGE;
    struct trace_span span;
    int64_t began_us = clock_steady_us(&clock_system);
    trace_begin(&span, "redis", TRACE_CLIENT);
    trace_add_text(&span, "db.system.name", "redis");
    enum err e = pool_call(c->pool, buf_str(command), arena, out);
    trace_end(&span, e);
    if (e == ERR_UNAVAILABLE)
        metric_inc(M_CACHE_FAILED);
    else
        metric_observe(M_CACHE_LATENCY, (uint64_t)(clock_steady_us(&clock_system) - began_us));
    if (e != ERR_OK || (*out)->type != REPLY_ERROR)
        return e;
    if (reply_is_error(*out, "NOSCRIPT"))
        return ERR_NOT_FOUND;
    if (reply_is_error(*out, "WRONGTYPE"))
        return ERR_TOO_LARGE;
    metric_inc(M_CACHE_FAILED);
    say_refused(*out);
    return ERR_UNAVAILABLE;
}

static enum err forget(struct redis_cache *c, struct str key)
{
    struct buf b;
    struct arena arena;
    struct reply *answer;
    arena_init(&arena);
    buf_init(&b, COMMAND_BYTES_MAX);
    command_begin(&b, 2);
    command_arg(&b, STR("DEL"));
    put_key(&b, c, key);
    enum err e = ask(c, &b, &arena, &answer);
    buf_fini(&b);
    arena_fini(&arena);
    return e;
}

/* ---- Scripts ---- */

/* The words behind the script's: its key and its arguments. */
struct script_call {
    struct redis_cache *c;
    enum script script;
    struct str key;
    size_t argc;
    struct buf words;
};

static void script_begin(struct script_call *call, struct redis_cache *c, enum script script,
                         struct str key)
{
    *call = (struct script_call){c, script, key, 0, {0}};
    buf_init(&call->words, COMMAND_BYTES_MAX);
    put_key(&call->words, c, key);
}

static void script_arg(struct script_call *call, struct str word)
{
    command_arg(&call->words, word);
    call->argc++;
}

static void script_number(struct script_call *call, uint64_t n)
{
    command_number(&call->words, n);
    call->argc++;
}

static void script_digits(struct script_call *call, uint64_t n)
{
    put_digits(&call->words, n);
    call->argc++;
}

static enum err script_try(struct script_call *call, struct str verb, struct str which,
                           struct arena *arena, struct reply **out)
{
    struct buf b;
    buf_init(&b, COMMAND_BYTES_MAX);
    command_begin(&b, 4 + call->argc);
    command_arg(&b, verb);
    command_arg(&b, which);
    command_number(&b, 1);
    buf_put(&b, call->words.p, call->words.n);
    b.failed = b.failed || call->words.failed;
    enum err e = ask(call->c, &b, arena, out);
    buf_fini(&b);
    return e;
}

static enum err script_once(struct script_call *call, struct arena *arena, struct reply **out)
{
    enum err e = script_try(call, STR("EVALSHA"), script_hash(call->script), arena, out);
    if (e == ERR_NOT_FOUND)
        e = script_try(call, STR("EVAL"), script_text(call->script), arena, out);
    return e == ERR_NOT_FOUND ? ERR_UNAVAILABLE : e;
}

/* Runs it; once more when what is there is not ours and was taken away. */
static enum err script_run(struct script_call *call, struct arena *arena, struct reply **out)
{
    enum err e = script_once(call, arena, out);
    if (e == ERR_TOO_LARGE && !call->words.failed) {
        e = forget(call->c, call->key);
        if (e == ERR_OK)
            e = script_once(call, arena, out);
    }
    buf_fini(&call->words);
    return e == ERR_TOO_LARGE ? ERR_UNAVAILABLE : e;
}

/* The same, where the answer does not matter. */
static enum err script_do(struct script_call *call)
{
    struct arena arena;
    struct reply *answer;
    arena_init(&arena);
    enum err e = script_run(call, &arena, &answer);
    arena_fini(&arena);
    return e;
}

/* ---- Values ---- */

static bool is_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

static enum err missed(enum err e)
{
    if (e == ERR_NOT_FOUND)
        metric_inc(M_CACHE_MISSES);
    else if (e == ERR_OK)
        metric_inc(M_CACHE_HITS);
    return e;
}

/* A value of ours behind its version, or none. */
static enum err value_of(const struct reply *answer, struct str *out)
{
    if (answer->type != REPLY_STRING || answer->str.n < SCRIPT_DIGITS ||
        !is_digits((struct str){answer->str.p, SCRIPT_DIGITS}))
        return ERR_NOT_FOUND;
    *out = (struct str){answer->str.p + SCRIPT_DIGITS, answer->str.n - SCRIPT_DIGITS};
    return ERR_OK;
}

static enum err on_get(struct cache *self, struct str key, struct arena *arena, struct str *out)
{
    struct redis_cache *c = (struct redis_cache *)self;
    struct buf b;
    struct reply *answer;
    buf_init(&b, COMMAND_BYTES_MAX);
    command_begin(&b, 2);
    command_arg(&b, STR("GET"));
    put_key(&b, c, key);
    enum err e = ask(c, &b, arena, &answer);
    buf_fini(&b);
    if (e == ERR_OK)
        e = value_of(answer, out);
    return missed(e == ERR_TOO_LARGE ? ERR_NOT_FOUND : e);
}

static enum err on_put(struct cache *self, struct str key, struct str value, uint32_t ttl_ms)
{
    struct redis_cache *c = (struct redis_cache *)self;
    struct buf b;
    struct arena arena;
    struct reply *answer;
    assert(ttl_ms > 0);
    arena_init(&arena);
    buf_init(&b, COMMAND_BYTES_MAX);
    command_begin(&b, 5);
    command_arg(&b, STR("SET"));
    put_key(&b, c, key);
    buf_printf(&b, "$%zu\r\n%0*d", SCRIPT_DIGITS + value.n, SCRIPT_DIGITS, 0);
    buf_put(&b, value.p, value.n);
    buf_put(&b, "\r\n", 2);
    command_arg(&b, STR("PX"));
    command_number(&b, ttl_ms);
    enum err e = ask(c, &b, &arena, &answer);
    buf_fini(&b);
    arena_fini(&arena);
    return e;
}

static enum err on_put_version(struct cache *self, struct str key, uint64_t version,
                               struct str value, uint32_t ttl_ms)
{
    struct script_call call;
    assert(ttl_ms > 0);
    script_begin(&call, (struct redis_cache *)self, SCRIPT_PUT_VERSION, key);
    script_digits(&call, version);
    script_arg(&call, value);
    script_number(&call, ttl_ms);
    return script_do(&call);
}

static enum err on_drop(struct cache *self, struct str key)
{
    return forget((struct redis_cache *)self, key);
}

static enum err on_take(struct cache *self, struct str key, uint32_t per_min, uint32_t burst,
                        uint32_t *retry_after_ms)
{
    struct script_call call;
    struct arena arena;
    struct reply *answer;
    assert(per_min > 0 && burst > 0);
    *retry_after_ms = 0;
    arena_init(&arena);
    script_begin(&call, (struct redis_cache *)self, SCRIPT_TAKE, key);
    script_number(&call, (uint64_t)60 * 1000000 / per_min);
    script_number(&call, burst);
    enum err e = script_run(&call, &arena, &answer);
    if (e == ERR_OK && (answer->type != REPLY_INTEGER || answer->integer < 0))
        e = ERR_UNAVAILABLE;
    if (e == ERR_OK && answer->integer > 0) {
        *retry_after_ms = answer->integer > UINT32_MAX ? UINT32_MAX : (uint32_t)answer->integer;
        e = ERR_RATE_LIMITED;
    }
    arena_fini(&arena);
    return e;
}

/* ---- Windows ---- */

static enum err on_window_push(struct cache *self, struct str key, uint64_t prev_seq,
                               const struct cache_entry *entries, size_t n, unsigned max,
                               uint32_t ttl_ms)
{
    struct script_call call;
    assert(ttl_ms > 0 && max > 0);
    if (n == 0)
        return ERR_OK;
    /* What would fall out at once is not sent: the rest is complete above the last of it. */
    size_t skipped = n > max ? n - max : 0;
    if (skipped > 0)
        prev_seq = entries[skipped - 1].seq;
    script_begin(&call, (struct redis_cache *)self, SCRIPT_WINDOW_PUSH, key);
    script_number(&call, prev_seq);
    script_number(&call, max);
    script_number(&call, ttl_ms);
    for (size_t i = skipped; i < n; i++) {
        assert(entries[i].seq > prev_seq && entries[i].seq < UINT64_C(1) << 53);
        script_digits(&call, entries[i].seq);
        script_arg(&call, entries[i].value);
        prev_seq = entries[i].seq;
    }
    return script_do(&call);
}

/* One row, digits and value; false when it is none, or not between its neighbours. */
static bool entry_of(const struct reply *row, uint64_t floor, uint64_t before,
                     struct cache_entry *out)
{
    unsigned long long seq;
    if (row->type != REPLY_STRING || row->str.n < SCRIPT_DIGITS ||
        !str_to_u64((struct str){row->str.p, SCRIPT_DIGITS}, &seq) || seq <= floor || seq >= before)
        return false;
    out->seq = seq;
    out->value = (struct str){row->str.p + SCRIPT_DIGITS, row->str.n - SCRIPT_DIGITS};
    return true;
}

/* Rows come newest first, entries go oldest first. */
static enum err window_of(const struct reply *answer, uint64_t before, unsigned max,
                          struct arena *arena, struct cache_entry **out, size_t *n, uint64_t *floor)
{
    unsigned long long bottom;
    if (answer->type != REPLY_ARRAY || answer->n != 2 ||
        answer->elements[0]->type != REPLY_STRING || answer->elements[1]->type != REPLY_ARRAY ||
        answer->elements[1]->n > max || !str_to_u64(answer->elements[0]->str, &bottom))
        return ERR_NOT_FOUND;
    const struct reply *rows = answer->elements[1];
    struct cache_entry *entries = arena_alloc(arena, (rows->n + 1) * sizeof *entries);
    if (before == 0)
        before = UINT64_MAX;
    for (size_t i = 0; i < rows->n; i++) {
        struct cache_entry *e = &entries[rows->n - 1 - i];
        if (!entry_of(rows->elements[i], bottom, before, e))
            return ERR_NOT_FOUND;
        before = e->seq;
    }
    *out = entries;
    *n = rows->n;
    *floor = bottom;
    return ERR_OK;
}

static enum err on_window_read(struct cache *self, struct str key, uint64_t before, unsigned max,
                               struct arena *arena, struct cache_entry **out, size_t *n,
                               uint64_t *floor)
{
    struct script_call call;
    struct reply *answer;
    script_begin(&call, (struct redis_cache *)self, SCRIPT_WINDOW_READ, key);
    script_number(&call, before);
    script_number(&call, max);
    enum err e = script_run(&call, arena, &answer);
    if (e == ERR_OK)
        e = window_of(answer, before, max, arena, out, n, floor);
    return missed(e);
}

/* ---- Leases ---- */

static enum err on_lease_put(struct cache *self, struct str key, struct str member, uint32_t ttl_ms)
{
    struct script_call call;
    assert(ttl_ms > 0);
    script_begin(&call, (struct redis_cache *)self, SCRIPT_LEASE_PUT, key);
    script_arg(&call, member);
    script_number(&call, ttl_ms);
    script_number(&call, CACHE_LEASES_MAX);
    return script_do(&call);
}

static enum err on_lease_drop(struct cache *self, struct str key, struct str member)
{
    struct redis_cache *c = (struct redis_cache *)self;
    struct buf b;
    struct arena arena;
    struct reply *answer;
    arena_init(&arena);
    buf_init(&b, COMMAND_BYTES_MAX);
    command_begin(&b, 3);
    command_arg(&b, STR("ZREM"));
    put_key(&b, c, key);
    command_arg(&b, member);
    enum err e = ask(c, &b, &arena, &answer);
    buf_fini(&b);
    arena_fini(&arena);
    return e == ERR_TOO_LARGE ? forget(c, key) : e;
}

static enum err on_lease_list(struct cache *self, struct str key, struct arena *arena,
                              struct str **out, size_t *n)
{
    struct script_call call;
    struct reply *answer;
    script_begin(&call, (struct redis_cache *)self, SCRIPT_LEASE_LIST, key);
    script_number(&call, CACHE_LEASES_MAX);
    enum err e = script_run(&call, arena, &answer);
    if (e != ERR_OK)
        return e;
    if (answer->type != REPLY_ARRAY)
        return ERR_UNAVAILABLE;
    *n = 0;
    *out = arena_alloc(arena, (answer->n + 1) * sizeof **out);
    for (size_t i = 0; i < answer->n; i++)
        if (answer->elements[i]->type == REPLY_STRING)
            (*out)[(*n)++] = answer->elements[i]->str;
    return ERR_OK;
}

static bool on_is_ready(struct cache *self, char *detail, size_t size)
{
    return pool_is_up(((struct redis_cache *)self)->pool, detail, size);
}

static const struct cache_ops ops = {
    .get = on_get,
    .put = on_put,
    .put_version = on_put_version,
    .drop = on_drop,
    .take = on_take,
    .window_push = on_window_push,
    .window_read = on_window_read,
    .lease_put = on_lease_put,
    .lease_drop = on_lease_drop,
    .lease_list = on_lease_list,
    .is_ready = on_is_ready,
};

void redis_cache_init(struct redis_cache *c, struct pool *pool, struct str prefix)
{
    *c = (struct redis_cache){{&ops}, pool, prefix};
}

/* What the cache and the bus do when Redis is stopped, paused, flushed, restarted, behind a
 * password or TLS, or holds what is not ours. On a real Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "adapter/redis/redis.h"
#include "base/clock.h"
#include "redis_server.h"
#include "scratch.h"

#define PROBE_MS   100
#define COMMAND_MS 200

struct rig {
    struct redis_server server;
    struct redis_config config;
    struct redis *redis;
    struct cache *cache;
};

static void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static int64_t now_ms(void)
{
    return clock_steady_us(&clock_system) / 1000;
}

static void rig_open(struct rig *r)
{
    char reason[160];
    r->config.address = r->server.address;
    r->config.probe_ms = PROBE_MS;
    r->config.command_ms = COMMAND_MS;
    assert_int_equal(redis_open(&r->config, &r->redis, reason, sizeof reason), ERR_OK);
    r->cache = redis_cache(r->redis);
}

static void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    redis_server_init(&r->server);
    rig_open(r);
}

static void rig_fini(struct rig *r)
{
    redis_close(r->redis);
    redis_server_stop(&r->server);
}

static enum err put(struct rig *r, const char *key, const char *value)
{
    return r->cache->ops->put(r->cache, str_of(key), str_of(value), 60000);
}

static enum err get(struct rig *r, const char *key, const char *wanted)
{
    struct arena arena;
    struct str got;
    arena_init(&arena);
    enum err e = r->cache->ops->get(r->cache, str_of(key), &arena, &got);
    if (e == ERR_OK)
        assert_true(str_eq(got, str_of(wanted)));
    arena_fini(&arena);
    return e;
}

static bool is_ready(struct rig *r)
{
    char detail[160];
    return r->cache->ops->is_ready(r->cache, detail, sizeof detail);
}

static void wait_ready(struct rig *r, bool ready)
{
    for (int i = 0; i < 500 && is_ready(r) != ready; i++)
        sleep_ms(10);
    assert_int_equal(is_ready(r), ready);
}

/* A hundred calls cost next to nothing. */
static void assert_fails_at_once(struct rig *r)
{
    int64_t began = now_ms();
    for (int i = 0; i < 100; i++)
        assert_int_equal(get(r, "k", ""), ERR_UNAVAILABLE);
    assert_true(now_ms() - began < 50);
}

static void a_stopped_redis_fails_at_once_and_is_found_again(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    assert_true(is_ready(&r));
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    redis_server_stop(&r.server);
    assert_int_equal(get(&r, "k", "v"), ERR_UNAVAILABLE);
    assert_fails_at_once(&r);
    assert_false(is_ready(&r));
    sleep_ms(3 * PROBE_MS);
    assert_fails_at_once(&r);
    redis_server_start(&r.server);
    wait_ready(&r, true);
    assert_int_equal(get(&r, "k", "v"), ERR_NOT_FOUND);
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

static void a_redis_that_is_away_at_start_is_found_later(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    redis_close(r.redis);
    redis_server_stop(&r.server);
    rig_open(&r);
    assert_false(is_ready(&r));
    assert_fails_at_once(&r);
    redis_server_start(&r.server);
    wait_ready(&r, true);
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

static void a_paused_redis_costs_its_time_limit_once(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    redis_server_pause(&r.server, true);
    int64_t began = now_ms();
    assert_int_equal(get(&r, "k", "v"), ERR_UNAVAILABLE);
    assert_true(now_ms() - began < 3 * COMMAND_MS);
    wait_ready(&r, false);
    assert_fails_at_once(&r);
    redis_server_pause(&r.server, false);
    wait_ready(&r, true);
    assert_int_equal(get(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

static void a_restart_between_two_calls_is_not_noticed(void **state)
{
    struct rig r;
    (void)state;
    memset(&r, 0, sizeof r);
    redis_server_init(&r.server);
    rig_open(&r);
    redis_close(r.redis);
    r.config.probe_ms = 60000; /* nobody looks */
    char reason[160];
    assert_int_equal(redis_open(&r.config, &r.redis, reason, sizeof reason), ERR_OK);
    r.cache = redis_cache(r.redis);
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    redis_server_stop(&r.server);
    redis_server_start(&r.server);
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    assert_int_equal(get(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

static void a_flushed_redis_knows_its_scripts_again(void **state)
{
    struct rig r;
    char answer[64];
    uint32_t wait_ms;
    (void)state;
    rig_init(&r);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(r.cache->ops->take(r.cache, STR("t"), 60, 1, &wait_ms), ERR_OK);
        assert_int_equal(r.cache->ops->take(r.cache, STR("t"), 60, 1, &wait_ms), ERR_RATE_LIMITED);
        assert_int_equal(r.cache->ops->put_version(r.cache, STR("v"), 3, STR("three"), 60000),
                         ERR_OK);
        redis_server_say(&r.server, "FLUSHALL", answer, sizeof answer);
        redis_server_say(&r.server, "SCRIPT FLUSH", answer, sizeof answer);
        assert_int_equal(get(&r, "v", ""), ERR_NOT_FOUND);
    }
    rig_fini(&r);
}

static void plant(struct rig *r, const char *command)
{
    char answer[128];
    redis_server_say(&r->server, "DEL k", answer, sizeof answer);
    redis_server_say(&r->server, command, answer, sizeof answer);
}

/* Whatever lies under our keys: reads miss it, writes replace it, nothing breaks. */
static void what_is_not_ours_counts_as_nothing(void **state)
{
    static const char *const planted[] = {"SET k short",
                                          "SET k 0123456789012345678xvalue",
                                          "SET k \"\\x00\\xff\"",
                                          "RPUSH k a b c",
                                          "HSET k a b",
                                          "ZADD k 5 floor 7 seven",
                                          "ZADD k nan-is-refused floor",
                                          "ZADD k 5 floor 9 00000000000000000004x",
                                          "ZADD k 1.5 floor",
                                          "ZADD k -3 floor",
                                          "XADD k * a b"};
    const struct cache_entry entry = {8, STR("eight")};
    struct cache_entry *entries;
    struct rig r;
    struct str *members;
    size_t n;
    uint64_t floor;
    uint32_t wait_ms;
    (void)state;
    rig_init(&r);
    for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++) {
        const struct cache_ops *ops = r.cache->ops;
        struct arena arena;
        arena_init(&arena);
        plant(&r, planted[i]);
        assert_int_equal(get(&r, "k", ""), ERR_NOT_FOUND);
        enum err e = ops->window_read(r.cache, STR("k"), 0, 10, &arena, &entries, &n, &floor);
        assert_true(e == ERR_NOT_FOUND || (e == ERR_OK && n == 0));
        plant(&r, planted[i]);
        assert_int_equal(ops->lease_list(r.cache, STR("k"), &arena, &members, &n), ERR_OK);
        plant(&r, planted[i]);
        assert_int_equal(ops->put_version(r.cache, STR("k"), 1, STR("one"), 60000), ERR_OK);
        assert_int_equal(get(&r, "k", "one"), ERR_OK);
        plant(&r, planted[i]);
        assert_int_equal(ops->take(r.cache, STR("k"), 600, 1, &wait_ms), ERR_OK);
        plant(&r, planted[i]);
        assert_int_equal(ops->lease_put(r.cache, STR("k"), STR("m"), 60000), ERR_OK);
        plant(&r, planted[i]);
        assert_int_equal(ops->window_push(r.cache, STR("k"), 7, &entry, 1, 10, 60000), ERR_OK);
        assert_true(is_ready(&r));
        arena_fini(&arena);
    }
    rig_fini(&r);
}

static void an_answer_larger_than_ours_is_no_outage(void **state)
{
    struct rig r;
    char answer[64];
    (void)state;
    rig_init(&r);
    redis_server_say(&r.server, "SETRANGE k 6000000 x", answer, sizeof answer);
    assert_int_equal(get(&r, "k", ""), ERR_NOT_FOUND);
    assert_true(is_ready(&r));
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    assert_int_equal(get(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

static void the_password_is_needed_and_given(void **state)
{
    struct rig r;
    char detail[160] = "";
    (void)state;
    memset(&r, 0, sizeof r);
    snprintf(r.server.password, sizeof r.server.password, "sesame and more");
    redis_server_init(&r.server);
    rig_open(&r);
    assert_false(r.cache->ops->is_ready(r.cache, detail, sizeof detail));
    assert_non_null(strstr(detail, "NOAUTH"));
    redis_close(r.redis);
    r.config.password = "wrong";
    rig_open(&r);
    assert_false(r.cache->ops->is_ready(r.cache, detail, sizeof detail));
    assert_non_null(strstr(detail, "WRONGPASS"));
    assert_null(strstr(detail, "wrong\""));
    redis_close(r.redis);
    r.config.password = "sesame and more";
    rig_open(&r);
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    redis_close(r.redis);
    r.config.username = "default";
    r.config.db = 3;
    rig_open(&r);
    assert_int_equal(get(&r, "k", ""), ERR_NOT_FOUND); /* another database */
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    rig_fini(&r);
}

/* ---- TLS ---- */

static void make_certificates(const char *dir)
{
    char command[1200];
    snprintf(command, sizeof command,
             "cd '%s' && for n in ca other; do openssl req -x509 -newkey ec -pkeyopt "
             "ec_paramgen_curve:P-256 -nodes -subj /CN=$n -keyout $n.key -out $n.crt -days 2; done "
             "&& openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=redis "
             "-keyout server.key -out server.csr && printf 'subjectAltName=IP:127.0.0.1' > ext && "
             "openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 "
             "-extfile ext -out server.crt",
             dir);
    char quiet[1300];
    snprintf(quiet, sizeof quiet, "(%s) >/dev/null 2>&1", command);
    assert_int_equal(system(quiet), 0);
}

static void tls_is_spoken_with_whom_we_trust_only(void **state)
{
    struct rig r;
    char dir[SCRATCH_SIZE], ca[300], detail[160] = "";
    (void)state;
    memset(&r, 0, sizeof r);
    scratch_make(dir);
    make_certificates(dir);
    snprintf(r.server.tls_dir, sizeof r.server.tls_dir, "%s", dir);
    redis_server_init(&r.server);
    snprintf(ca, sizeof ca, "%s/ca.crt", dir);
    r.config.tls = true;
    r.config.tls_ca = ca;
    rig_open(&r);
    assert_int_equal(put(&r, "k", "v"), ERR_OK);
    for (int i = 0; i < 50; i++)
        assert_int_equal(get(&r, "k", "v"), ERR_OK);
    static char large[300000];
    memset(large, 'x', sizeof large - 1);
    assert_int_equal(put(&r, "large", large), ERR_OK);
    assert_int_equal(get(&r, "large", large), ERR_OK);
    redis_close(r.redis);

    snprintf(ca, sizeof ca, "%s/other.crt", dir);
    rig_open(&r);
    assert_false(r.cache->ops->is_ready(r.cache, detail, sizeof detail));
    assert_non_null(strstr(detail, "TLS"));
    redis_close(r.redis);

    snprintf(ca, sizeof ca, "%s/ca.crt", dir);
    char named[64];
    snprintf(named, sizeof named, "localhost:%u", r.server.port); /* the certificate does not */
    r.config.address = named;
    char reason[160];
    assert_int_equal(redis_open(&r.config, &r.redis, reason, sizeof reason), ERR_OK);
    r.cache = redis_cache(r.redis);
    assert_false(r.cache->ops->is_ready(r.cache, detail, sizeof detail));
    assert_non_null(strstr(detail, "hostname mismatch"));
    redis_close(r.redis);

    r.config.tls = false; /* plain words to a TLS port */
    rig_open(&r);
    assert_false(is_ready(&r));
    rig_fini(&r);
    scratch_remove(dir);
}

/* ---- The bus ---- */

struct ear {
    struct bus_listener super;
    atomic_int notes, gaps;
};

static void ear_note(struct bus_listener *self, struct str note)
{
    (void)note;
    atomic_fetch_add(&((struct ear *)self)->notes, 1);
}

static void ear_gap(struct bus_listener *self)
{
    atomic_fetch_add(&((struct ear *)self)->gaps, 1);
}

static void tell_until_heard(struct bus *b, struct ear *e)
{
    int before = atomic_load(&e->notes);
    for (int i = 0; i < 500 && atomic_load(&e->notes) == before; i++) {
        b->ops->tell(b, STR("x"));
        sleep_ms(10);
    }
    assert_true(atomic_load(&e->notes) > before);
}

static void the_bus_tells_its_gaps(void **state)
{
    struct rig r;
    struct redis *second;
    char reason[160];
    struct ear ear = {.super = {ear_note, ear_gap}};
    (void)state;
    rig_init(&r);
    assert_int_equal(redis_open(&r.config, &second, reason, sizeof reason), ERR_OK);
    struct bus *a = redis_bus(r.redis), *b = redis_bus(second);
    b->ops->listen(b, &ear.super);
    tell_until_heard(a, &ear);
    assert_int_equal(atomic_load(&ear.gaps), 0);

    redis_server_stop(&r.server);
    for (int i = 0; i < 500 && a->ops->tell(a, STR("lost")) == ERR_OK; i++)
        sleep_ms(10);
    assert_int_equal(a->ops->tell(a, STR("lost")), ERR_UNAVAILABLE);
    redis_server_start(&r.server);
    tell_until_heard(a, &ear);
    assert_int_equal(atomic_load(&ear.gaps), 1);

    redis_server_pause(&r.server, true);
    sleep_ms(2 * PROBE_MS + 3 * COMMAND_MS + 200); /* long enough to be given up */
    assert_int_equal(a->ops->tell(a, STR("lost")), ERR_UNAVAILABLE);
    redis_server_pause(&r.server, false);
    tell_until_heard(a, &ear);
    assert_int_equal(atomic_load(&ear.gaps), 2);
    redis_close(second);
    rig_fini(&r);
}

static void what_it_cannot_be_is_refused(void **state)
{
    static const char *const addresses[] = {
        NULL, "", "redis", ":6379", "redis:0", "redis:65536", "redis:1x", "::1:6379"};
    struct redis *redis;
    char reason[160], prefix[REDIS_PREFIX_MAX + 2];
    (void)state;
    memset(prefix, 'p', sizeof prefix);
    prefix[sizeof prefix - 1] = '\0';
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct redis_config config = {.address = addresses[i]};
        assert_int_equal(redis_open(&config, &redis, reason, sizeof reason), ERR_BAD_REQUEST);
    }
    struct redis_config config = {.address = "127.0.0.1:1", .prefix = prefix};
    assert_int_equal(redis_open(&config, &redis, reason, sizeof reason), ERR_BAD_REQUEST);
    config = (struct redis_config){.address = "127.0.0.1:1", .tls = true, .tls_ca = "/nowhere"};
    assert_int_equal(redis_open(&config, &redis, reason, sizeof reason), ERR_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stopped_redis_fails_at_once_and_is_found_again),
        cmocka_unit_test(a_redis_that_is_away_at_start_is_found_later),
        cmocka_unit_test(a_paused_redis_costs_its_time_limit_once),
        cmocka_unit_test(a_restart_between_two_calls_is_not_noticed),
        cmocka_unit_test(a_flushed_redis_knows_its_scripts_again),
        cmocka_unit_test(what_is_not_ours_counts_as_nothing),
        cmocka_unit_test(an_answer_larger_than_ours_is_no_outage),
        cmocka_unit_test(the_password_is_needed_and_given),
        cmocka_unit_test(tls_is_spoken_with_whom_we_trust_only),
        cmocka_unit_test(the_bus_tells_its_gaps),
        cmocka_unit_test(what_it_cannot_be_is_refused),
    };
    if (!redis_server_exists()) {
        printf("1..0 # SKIP there is no redis-server\n");
        return 0;
    }
    return cmocka_run_group_tests_name("redis_outage", tests, NULL, NULL);
}

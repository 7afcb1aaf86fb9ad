/* Redis behind a password and over TLS; and configurations that cannot be meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis_rig.h"
#include "scratch.h"

/* It says what to do, and nothing that is secret. */
static void assert_refused(struct rig *r, const char *words)
{
    char reason[512] = "";
    struct redis *redis = NULL;
    if (r->config.address == NULL)
        r->config.address = r->server.address;
    assert_int_equal(redis_open(&r->config, &redis, reason, sizeof reason), ERR_BAD_REQUEST);
    if (strstr(reason, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", reason, words);
    assert_null(strstr(reason, "not the one"));
}

static void the_password_is_needed_and_given(void **state)
{
    struct rig r;
    (void)state;
    memset(&r, 0, sizeof r);
    snprintf(r.server.password, sizeof r.server.password, "sesame and more");
    redis_server_init(&r.server);
    assert_refused(&r, "look at redis.username and redis.password (NOAUTH");
    r.config.password = "not the one";
    assert_refused(&r, "look at redis.username and redis.password (WRONGPASS");
    r.config.password = "sesame and more";
    rig_open(&r);
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    redis_close(r.redis);
    r.config.username = "default";
    r.config.db = 3;
    rig_open(&r);
    assert_int_equal(rig_get(&r, "k", ""), ERR_NOT_FOUND); /* another database */
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
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
    char dir[SCRATCH_SIZE], ca[300];
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
    assert_int_equal(rig_put(&r, "k", "v"), ERR_OK);
    for (int i = 0; i < 50; i++)
        assert_int_equal(rig_get(&r, "k", "v"), ERR_OK);
    static char large[300000];
    memset(large, 'x', sizeof large - 1);
    assert_int_equal(rig_put(&r, "large", large), ERR_OK);
    assert_int_equal(rig_get(&r, "large", large), ERR_OK);
    redis_close(r.redis);

    snprintf(ca, sizeof ca, "%s/other.crt", dir);
    assert_refused(&r, "did those of redis.tlsCa sign its certificate");

    snprintf(ca, sizeof ca, "%s/ca.crt", dir);
    char named[64];
    snprintf(named, sizeof named, "localhost:%u", r.server.port); /* the certificate does not */
    r.config.address = named;
    assert_refused(&r, "(TLS, certificate: hostname mismatch)");

    r.config.tls = false; /* plain words to a TLS port */
    rig_open(&r);
    assert_false(rig_is_ready(&r));
    rig_fini(&r);
    scratch_remove(dir);
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
        cmocka_unit_test(the_password_is_needed_and_given),
        cmocka_unit_test(tls_is_spoken_with_whom_we_trust_only),
        cmocka_unit_test(what_it_cannot_be_is_refused),
    };
    if (!redis_server_exists()) {
        printf("1..0 # SKIP there is no redis-server\n");
        return 0;
    }
    return cmocka_run_group_tests_name("redis_secure", tests, NULL, NULL);
}

/* Loading as a whole: the sources and their order, names, defaults, what is reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config_rig.h"
#include "node/config_key.h"
#include "node/config_value.h"

static void test_defaults(void **state)
{
    struct rig r;
    (void)state;
    rig_load(&r, NULL, NULL, NULL, 0);
    const struct config *c = &r.config;
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.report.n, 0);
    assert_int_equal(c->server.engine, ENGINE_EMBEDDED);
    assert_int_equal(c->server.roles, ROLE_GATEWAY | ROLE_PERSIST | ROLE_NOTIFY | ROLE_RETRY);
    assert_string_equal(c->server.listen_host, "127.0.0.1");
    assert_int_equal(c->server.listen_port, 9000);
    assert_int_equal(c->server.origins.n, 1);
    assert_string_equal(c->server.origins.items[0], "*");
    assert_int_equal(c->server.trusted_proxies.n, 0);
    assert_string_equal(c->server.access_jwt_secret, "");
    assert_string_equal(c->data.dir, "./data");
    assert_int_equal(c->data.wal_bytes, 67108864);
    struct limits limits = LIMITS_DEFAULT;
    assert_memory_equal(&c->limits, &limits, sizeof limits);
    assert_true(c->trace.ratio == 0);
    rig_fini(&r);
}

static void test_each_source_wins_over_the_one_below(void **state)
{
    struct rig r;
    char *env[] = {(char[]){"PARLEY_SERVER_WORKERS=3"}, (char[]){"PARLEY_SERVER_LOOPS=2"}, NULL};
    struct config_override flags[] = {{"--workers", "server.workers", "4"}};
    const char *text = "server:\n  workers: 2\n  loops: 1\n  drainTimeout: 7\n";
    (void)state;
    rig_load(&r, text, env, flags, 1);
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.config.server.workers, 4);
    assert_int_equal(r.config.server.loops, 2);
    assert_int_equal(r.config.server.drain_timeout, 7);
    rig_fini(&r);
}

static void test_an_error_below_counts_even_where_it_is_overridden(void **state)
{
    struct rig r;
    struct config_override flags[] = {{"--workers", "server.workers", "4"}};
    (void)state;
    rig_load(&r, "server:\n  workers: many\n", NULL, flags, 1);
    assert_int_equal(r.err, ERR_BAD_REQUEST);
    assert_true(rig_has(&r, "parley.yaml:2: server.workers: \"many\" is not a whole number"));
    rig_fini(&r);
}

static void test_errors_name_the_variable_and_the_flag(void **state)
{
    struct rig r;
    char *env[] = {(char[]){"PARLEY_SERVER_GRPC_PORT=http"}, NULL};
    struct config_override flags[] = {{"--listen", "server.listen", "nowhere"}};
    (void)state;
    rig_load(&r, NULL, env, flags, 1);
    assert_int_equal(r.report.errors, 2);
    assert_true(rig_has(&r, "PARLEY_SERVER_GRPC_PORT: \"http\" is not a whole number"));
    assert_true(rig_has(&r, "--listen: HOST:PORT is expected"));
    rig_fini(&r);
}

static void test_unknown_variable_is_a_warning_and_empty_is_unset(void **state)
{
    struct rig r;
    char *env[] = {(char[]){"PARLEY_SEVER_PORT=1"}, (char[]){"PARLEY_SERVER_PORT="},
                   (char[]){"PARLEY"}, (char[]){"HOME=/"}, NULL};
    (void)state;
    rig_load(&r, NULL, env, NULL, 0);
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.report.n, 1);
    assert_true(rig_has(&r, "PARLEY_SEVER_PORT: names no setting"));
    assert_int_equal(r.config.server.listen_port, 9000);
    rig_fini(&r);
}

static void test_names_of_variables(void **state)
{
    static const char *const names[][2] = {
        {"server.grpcPort", "PARLEY_SERVER_GRPC_PORT"},
        {"server.instanceIP", "PARLEY_SERVER_INSTANCE_IP"},
        {"server.accessJwtExpireTime", "PARLEY_SERVER_ACCESS_JWT_EXPIRE_TIME"},
        {"limits.messages_per_s", "PARLEY_LIMITS_MESSAGES_PER_S"},
        {"kafka.producer.broker", "PARLEY_KAFKA_PRODUCER_BROKER"},
        {"kafka.consumer.groupID", "PARLEY_KAFKA_CONSUMER_GROUP_ID"},
        {"kafka.sasl.mechanism", "PARLEY_KAFKA_SASL_MECHANISM"},
    };
    char env[CONFIG_ENV_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        config_key_env(config_key_find(names[i][0]), env);
        assert_string_equal(env, names[i][1]);
    }
}

static void test_no_two_keys_share_a_path_or_a_variable(void **state)
{
    char a[CONFIG_ENV_SIZE], b[CONFIG_ENV_SIZE];
    (void)state;
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        for (size_t k = i + 1; k < CONFIG_KEYS; k++) {
            config_key_env(&config_keys[i], a);
            config_key_env(&config_keys[k], b);
            assert_string_not_equal(a, b);
            assert_string_not_equal(config_keys[i].path, config_keys[k].path);
        }
}

static void test_unknown_keys_come_with_a_hint(void **state)
{
    (void)state;
    expect_error(
        "server:\n  worker: 3\n",
        "parley.yaml:2: server.worker: there is no such key; did you mean server.workers?");
    expect_error("server:\n  accessJWTSecret: x\n",
                 "parley.yaml:2: server.accessJWTSecret: there is no such key; did you mean "
                 "server.accessJwtSecret?");
    expect_error(
        "limits:\n  walBytes: 1\n",
        "parley.yaml:2: limits.walBytes: there is no such key; did you mean data.walBytes?");
    expect_error("servre:\n  workers: 4\n  loops: 1\n",
                 "parley.yaml:1: servre: there is no such section; did you mean server?");
    expect_error("kafka:\n\n  producter:\n    broker: a\n",
                 "parley.yaml:3: kafka.producter: there is no such section; did you mean "
                 "kafka.producer?");
    expect_error("weather: {sunny: true}\n", "parley.yaml:1: weather: there is no such section");
    expect_error("weather: fine\n", "parley.yaml:1: weather: there is no such key");
    expect_error("server: here\n", "parley.yaml:1: server: is a section: keys are expected");
    expect_error("kafka:\n  producer: here\n",
                 "parley.yaml:2: kafka.producer: is a section: keys are expected");
}

static void test_everything_wrong_is_reported_at_once(void **state)
{
    struct rig r;
    (void)state;
    rig_load(&r,
             "server:\n  workers: 0\n  colour: red\nlimits:\n  ping_interval_s: 60\n"
             "tls:\n  cert: a.pem\n",
             NULL, NULL, 0);
    assert_int_equal(r.report.errors, 4);
    assert_true(rig_has(&r, "parley.yaml:2: server.workers: 0 is out of range (1..256 threads)"));
    assert_true(rig_has(&r, "parley.yaml:3: server.colour: there is no such key"));
    assert_true(rig_has(&r, "parley.yaml:7: tls.cert: needs tls.key as well"));
    assert_true(rig_has(&r, "limits.dead_after_s: must be more than limits.ping_interval_s, or "
                            "every silent client is dead"));
    rig_fini(&r);
}

static void test_a_report_has_an_end(void **state)
{
    struct rig r;
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 20);
    buf_puts(&text, "server:\n");
    for (int i = 0; i < 150; i++)
        buf_printf(&text, "  x%d: 1\n", i);
    buf_putc(&text, '\0');
    rig_load(&r, text.p, NULL, NULL, 0);
    assert_int_equal(r.report.errors, 150);
    assert_int_equal(r.report.n, CONFIG_PROBLEMS_MAX + 1);
    assert_string_equal(r.report.problems[CONFIG_PROBLEMS_MAX].text, "and more");
    rig_fini(&r);
    buf_fini(&text);
}

static void test_a_report_is_safe_to_print(void **state)
{
    (void)state;
    expect_error("server:\n  workers: \"\\e[31m\\n\"\n",
                 "parley.yaml:2: server.workers: \"?[31m?\" is not a whole number");
}

static void test_a_missing_file(void **state)
{
    struct rig r;
    (void)state;
    config_report_init(&r.report);
    r.err = config_load(&r.config, "/nowhere/parley.yaml", NULL, NULL, 0, &r.report);
    assert_int_equal(r.err, ERR_BAD_REQUEST);
    assert_true(rig_has(&r, "/nowhere/parley.yaml: No such file or directory"));
    rig_fini(&r);
    config_report_init(&r.report);
    r.err = config_load(&r.config, "/tmp", NULL, NULL, 0, &r.report);
    assert_true(rig_has(&r, "/tmp: Is a directory"));
    rig_fini(&r);
}

/* chat-app's own config.yaml, as it stands in its repository. */
static const char chat_app[] =
    "server:\n  host: ${RESTFUL_HOST}\n  port: ${RESTFUL_PORT}\n  grpcHost: ${GRPC_HOST}\n"
    "  grpcPort: ${GRPC_PORT}\n  debug: ${DEBUG}\n  hostname: ${HOSTNAME}\n"
    "  instanceIP: ${INSTANCE_IP}\n  readTimeout: 5\n  writeTimeout: 5\n  contextTimeout: 5\n"
    "  rateLimitPerSec: 10\n  timezone: UTC\n  accessJwtSecret: ${ACCESS_JWT_SECRET}\n"
    "  accessJwtExpireTime: ${ACCESS_JWT_EXPIRE_TIME}\n\n"
    "database:\n  adapter: \"postgres\"\n  host: ${POSTGRES_HOST}\n  username: ${POSTGRES_USER}\n"
    "  password: ${POSTGRES_PASSWORD}\n  db: ${POSTGRES_DATABASE}\n  port: 5432\n  maxConns: 20\n"
    "  maxLiftimeConns: 7200\n\n"
    "cassandra:\n  host: ${CASSANDRA_HOST}\n  keyspace: ${CASSANDRA_KEYSPACE}\n"
    "  consistency: \"quorum\"\n  protoVersion: 4\n  username: \"user\"\n  password: "
    "\"password\"\n\n"
    "redis:\n  host: ${REDIS_HOST}\n  password: ${REDIS_PASSWORD}\n  db: ${REDIS_DB}\n"
    "  timeout: 7200\n\n"
    "logger:\n  development: false\n  disableCaller: false\n  disableStacktrace: false\n"
    "  encoding: json\n  level: info\n  filename: assets/access.log\n  fileMaxSize: 10\n"
    "  fileMaxAge: 30\n  fileMaxBackups: 5\n  fileIsCompress: false\n\n"
    "jaeger:\n  host: ${JAEGER_HOST}\n  port: 14268\n  serviceName: chat-app\n  logSpans: true\n\n"
    "metric:\n  url: \"localhost:7070\"\n  serviceName: chat-app\n\n\n"
    "kafka:\n  producer: \n    broker: ${KAFKA_BROKER} \n    acks: \"all\"\n    idepotence: true\n"
    "  consumer:\n    broker: ${KAFKA_BROKER} \n    groupID: ${KAFKA_CONSUMER_GROUP_ID}\n"
    "    timeout: 5000\n    offsetReset: \"latest\"\n    autoOffset: false\n";

static void test_chat_apps_file_works(void **state)
{
    struct rig r;
    char *env[] = {(char[]){"RESTFUL_HOST=0.0.0.0"},
                   (char[]){"RESTFUL_PORT=9100"},
                   (char[]){"GRPC_HOST=127.0.0.1"},
                   (char[]){"GRPC_PORT=9001"},
                   (char[]){"ACCESS_JWT_SECRET=0123456789abcdef0123456789abcdef"},
                   (char[]){"ACCESS_JWT_EXPIRE_TIME=3600"},
                   (char[]){"POSTGRES_HOST=127.0.0.1"},
                   (char[]){"POSTGRES_USER=chat"},
                   (char[]){"POSTGRES_PASSWORD=p: #\"{}"},
                   (char[]){"POSTGRES_DATABASE=chat"},
                   (char[]){"CASSANDRA_HOST=127.0.0.1,127.0.0.2"},
                   (char[]){"CASSANDRA_KEYSPACE=chat"},
                   (char[]){"REDIS_HOST=127.0.0.1:6379"},
                   (char[]){"REDIS_PASSWORD="},
                   (char[]){"REDIS_DB=2"},
                   (char[]){"KAFKA_BROKER=127.0.0.1:9092,127.0.0.1:9093"},
                   (char[]){"KAFKA_CONSUMER_GROUP_ID=g"},
                   (char[]){"JAEGER_HOST=http://jaeger:14268/api/traces"},
                   (char[]){"PARLEY_SERVER_ENGINE=cluster"},
                   (char[]){"PARLEY_CLUSTER_SECRET=0123456789abcdef0123456789abcdef"},
                   NULL};
    (void)state;
    rig_load(&r, chat_app, env, NULL, 0);
    const struct config *c = &r.config;
    for (size_t i = 0; i < r.report.n; i++)
        if (r.report.problems[i].is_error)
            print_error("%s\n", r.report.problems[i].text);
    assert_int_equal(r.err, ERR_OK);
    assert_string_equal(c->server.listen_host, "0.0.0.0");
    assert_int_equal(c->server.listen_port, 9100);
    assert_int_equal(c->server.grpc_port, 9001);
    assert_int_equal(c->server.access_jwt_expire_time, 3600);
    assert_string_equal(c->database.password, "p: #\"{}");
    assert_int_equal(c->cassandra.hosts.n, 2);
    assert_string_equal(c->cassandra.hosts.items[1], "127.0.0.2");
    assert_string_equal(c->redis.password, "");
    assert_int_equal(c->redis.db, 2);
    assert_string_equal(c->kafka.producer.broker, "127.0.0.1:9092,127.0.0.1:9093");
    assert_true(c->kafka.producer.idempotence);
    assert_string_equal(c->kafka.consumer.group_id, "g");
    assert_string_equal(c->trace.endpoint, "http://jaeger:4318");
    assert_string_equal(c->trace.service_name, "chat-app");
    assert_true(rig_has(&r, "parley.yaml:11: server.contextTimeout: has no effect here. Never had "
                            "an effect."));
    assert_int_equal(r.report.n, 8 + 1 + 1 + 1 + 8 + 3 + 2 + 3); /* each ignored key is named */
    rig_fini(&r);
}

static void test_compare_names_what_needs_a_restart(void **state)
{
    struct rig a, b;
    (void)state;
    rig_load(&a, "server:\n  workers: 4\n  accessJwtSecret: 0123456789abcdef0123456789abcdef\n",
             NULL, NULL, 0);
    rig_load(&b,
             "server:\n  workers: 5\n  accessJwtSecret: 0123456789abcdef0123456789abcdeF\n"
             "limits:\n  messages_per_s: 7\nlogger:\n  level: debug\n",
             NULL, NULL, 0);
    assert_int_equal(config_compare(&a.config, &b.config, &b.report), 2);
    assert_int_equal(b.report.n, 2);
    assert_int_equal(b.report.errors, 0);
    assert_true(rig_has(&b, "parley.yaml:2: server.workers: takes effect after a restart"));
    assert_true(rig_has(&b, "parley.yaml:3: server.accessJwtSecret: takes effect after a restart"));
    assert_int_equal(config_compare(&a.config, &a.config, &a.report), 0);
    assert_int_equal(a.report.n, 0);
    rig_fini(&a);
    rig_fini(&b);
}

/* What the table marks as reloadable and what limits_reload takes over must be the same. */
static void test_reloadable_limits_are_reloaded(void **state)
{
    struct rig a, b;
    struct buf before, after;
    (void)state;
    rig_load(&a, NULL, NULL, NULL, 0);
    rig_load(&b, NULL, NULL, NULL, 0);
    for (uint32_t *p = (uint32_t *)&b.config.limits; p < (uint32_t *)(&b.config.limits + 1); p++)
        *p += 1;
    limits_reload(&a.config.limits, &b.config.limits);
    buf_init(&before, 64);
    buf_init(&after, 64);
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        if (strncmp(config_keys[i].path, "limits.", 7) != 0)
            continue;
        buf_clear(&before);
        buf_clear(&after);
        config_value_format(&a.config, &config_keys[i], &before);
        config_value_format(&b.config, &config_keys[i], &after);
        bool taken = str_eq(buf_str(&before), buf_str(&after));
        assert_int_equal(taken, (config_keys[i].flags & CONFIG_RELOAD) != 0);
    }
    buf_fini(&before);
    buf_fini(&after);
    rig_fini(&a);
    rig_fini(&b);
}

static void test_print_hides_the_shortest_secret(void **state)
{
    struct rig r;
    struct buf out;
    (void)state;
    rig_load(&r, "database:\n  password: pw\nredis:\n  password: x\n", NULL, NULL, 0);
    assert_int_equal(r.err, ERR_OK);
    buf_init(&out, 1 << 16);
    config_print(&r.config, &out);
    buf_putc(&out, '\0');
    assert_null(strstr(out.p, "  password: pw"));
    assert_null(strstr(out.p, "  password: x"));
    assert_non_null(strstr(out.p, "  password: \"***\" # parley.yaml:2\n"));
    assert_non_null(strstr(out.p, "  password: \"***\" # parley.yaml:4\n"));
    buf_fini(&out);
    rig_fini(&r);
}

static void test_print_loads_again_and_hides_secrets(void **state)
{
    struct rig a, b;
    struct buf out;
    char *env[] = {(char[]){"PARLEY_SERVER_LOOPS=2"}, NULL};
    struct config_override flags[] = {{"--data", "data.dir", "/srv/a \"b\"\\\t"}};
    (void)state;
    rig_load(&a, "server:\n  accessJwtSecret: hunter2hunter2hunter2hunter2hunter2\n  host: ::1\n",
             env, flags, 1);
    assert_int_equal(a.err, ERR_OK);
    buf_init(&out, 1 << 16);
    config_print(&a.config, &out);
    buf_putc(&out, '\0');
    assert_false(out.failed);
    assert_null(strstr(out.p, "hunter2"));
    assert_non_null(strstr(out.p, "  accessJwtSecret: \"***\" # parley.yaml:2\n"));
    assert_non_null(strstr(out.p, "  loops: 2 # PARLEY_SERVER_LOOPS\n"));
    assert_non_null(strstr(out.p, "  dir: \"/srv/a \\\"b\\\"\\\\\\x09\" # --data\n"));
    assert_non_null(strstr(out.p, "  workers: 8 # default\n"));
    assert_non_null(strstr(out.p, "kafka:\n  topic: parley.events # default\n"));
    assert_non_null(strstr(out.p, "  producer:\n    acks: all # default\n"));
    assert_non_null(strstr(out.p, "  listen: \"[::1]:9000\" # parley.yaml:3\n"));
    assert_null(strstr(out.p, "  host:"));
    rig_load(&b, out.p, NULL, NULL, 0);
    for (size_t i = 0; i < b.report.n; i++)
        if (b.report.problems[i].is_error)
            print_error("%s\n", b.report.problems[i].text);
    assert_string_equal(b.config.data.dir, a.config.data.dir);
    assert_int_equal(b.config.server.loops, 2);
    assert_int_equal(b.report.errors, 0);
    assert_int_equal(config_compare(&a.config, &b.config, &b.report), 0);
    assert_true(rig_has(&b, "parley.yaml:8: server.accessJwtSecret: takes effect after a restart"));
    rig_fini(&a);
    rig_fini(&b);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_each_source_wins_over_the_one_below),
        cmocka_unit_test(test_an_error_below_counts_even_where_it_is_overridden),
        cmocka_unit_test(test_errors_name_the_variable_and_the_flag),
        cmocka_unit_test(test_unknown_variable_is_a_warning_and_empty_is_unset),
        cmocka_unit_test(test_names_of_variables),
        cmocka_unit_test(test_no_two_keys_share_a_path_or_a_variable),
        cmocka_unit_test(test_unknown_keys_come_with_a_hint),
        cmocka_unit_test(test_everything_wrong_is_reported_at_once),
        cmocka_unit_test(test_a_report_has_an_end),
        cmocka_unit_test(test_a_report_is_safe_to_print),
        cmocka_unit_test(test_a_missing_file),
        cmocka_unit_test(test_chat_apps_file_works),
        cmocka_unit_test(test_compare_names_what_needs_a_restart),
        cmocka_unit_test(test_reloadable_limits_are_reloaded),
        cmocka_unit_test(test_print_hides_the_shortest_secret),
        cmocka_unit_test(test_print_loads_again_and_hides_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What must fit together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config_rig.h"
#include "node/config_check.h"

#define LONG_SIZE 320

static void test_addresses(void **state)
{
    static const struct {
        const char *text, *host;
        int port; /* -1: refused */
    } cases[] = {
        {"127.0.0.1:9000", "127.0.0.1", 9000},
        {"localhost:0", "localhost", 0},
        {"[::1]:65535", "::1", 65535},
        {"127.0.0.1", NULL, -1},
        {":9000", NULL, -1},
        {"127.0.0.1:", NULL, -1},
        {"127.0.0.1:65536", NULL, -1},
        {"127.0.0.1:http", NULL, -1},
        {"::1:9000", NULL, -1},
        {"[]:9000", NULL, -1},
        {"", NULL, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *host = NULL;
        uint16_t port = 7;
        bool good = config_parse_address(cases[i].text, &host, &port);
        assert_int_equal(good, cases[i].port >= 0);
        if (good) {
            assert_string_equal(host, cases[i].host);
            assert_int_equal(port, cases[i].port);
        } else {
            assert_null(host);
            assert_int_equal(port, 7);
        }
        mem_free(host);
    }
}

static void expect_listen(const char *text, char **env, const char *flag, const char *host,
                          int port)
{
    struct rig r;
    struct config_override flags[] = {{"--listen", "server.listen", flag}};
    rig_load(&r, text, env, flags, flag != NULL);
    assert_int_equal(r.err, ERR_OK);
    assert_string_equal(r.config.server.listen_host, host);
    assert_int_equal(r.config.server.listen_port, port);
    rig_fini(&r);
}

static void test_listen_host_port(void **state)
{
    char *port[] = {(char[]){"PARLEY_SERVER_PORT=8000"}, NULL};
    (void)state;
    expect_listen("server:\n  port: 8001\n", NULL, NULL, "127.0.0.1", 8001);
    expect_listen("server:\n  host: 0.0.0.0\n", NULL, NULL, "0.0.0.0", 9000);
    expect_listen("server:\n  host: '::'\n  port: 0\n", NULL, NULL, "::", 0);
    expect_listen("server:\n  listen: a:1\n", port, NULL, "a", 8000);
    expect_listen("server:\n  host: h\n", port, "b:2", "b", 2);
    expect_error("server:\n  listen: a:1\n  port: 2\n",
                 "parley.yaml:2: server.listen: give either listen or host and port");
}

static void test_tls_needs_both(void **state)
{
    (void)state;
    expect_error("tls:\n  cert: a\n", "parley.yaml:2: tls.cert: needs tls.key as well");
    expect_error("tls:\n  key: a\n", "parley.yaml:2: tls.key: needs tls.cert as well");
}

static void test_origins_proxies_urls(void **state)
{
    (void)state;
    expect_error("server:\n  origins: [chat.example.org]\n",
                 "parley.yaml:2: server.origins: \"chat.example.org\" is no origin like "
                 "https://chat.example.org (or \"*\" alone)");
    expect_error("server:\n  origins: [https://a.example/]\n",
                 "parley.yaml:2: server.origins: \"https://a.example/\" is no origin like "
                 "https://chat.example.org (or \"*\" alone)");
    expect_error("server:\n  origins: ['*', https://a.example]\n",
                 "parley.yaml:2: server.origins: \"*\" is no origin like "
                 "https://chat.example.org (or \"*\" alone)");
    expect_error("server:\n  trustedProxies: [10.0.0.1, '::1', proxy]\n",
                 "parley.yaml:2: server.trustedProxies: \"proxy\" is not an IP address");
    expect_error("server:\n  publicUrl: chat.example.org\n",
                 "parley.yaml:2: server.publicUrl: a URL is expected, http:// or https://");
    expect_error("trace:\n  endpoint: 'http:// x'\n",
                 "parley.yaml:2: trace.endpoint: a URL is expected, http:// or https://");
    expect_error("notify:\n  webhookUrl: ftp://x\n",
                 "parley.yaml:2: notify.webhookUrl: a URL is expected, http:// or https://");
    expect_warning("jaeger:\n  host: http://tracer:14268/api/traces\n",
                   "parley.yaml:2: jaeger.host: is Jaeger's address for Thrift; traces go to its "
                   "port for OTLP, 4318");
    expect_warning("jaeger:\n  host: tracer\n", "parley.yaml:2: jaeger.host: is not a URL, so no "
                                                "traces are sent; see trace.endpoint");
    expect_warning("trace:\n  ratio: 0.5\n",
                   "parley.yaml:2: trace.ratio: has no effect without trace.endpoint");
    expect_error("data:\n  dir: ''\n", "parley.yaml:2: data.dir: a folder is expected");
}

static void test_limits(void **state)
{
    (void)state;
    expect_error("limits:\n  write_queue_bytes: 53247\n",
                 "parley.yaml:2: limits.write_queue_bytes: must hold the largest message: at least "
                 "53248 with limits.message_bytes 8192");
    expect_error("limits:\n  dead_after_s: 25\n",
                 "parley.yaml:2: limits.dead_after_s: must be more than limits.ping_interval_s, or "
                 "every silent client is dead");
    struct rig r;
    rig_load(&r, "limits:\n  write_queue_bytes: 53248\n", NULL, NULL, 0);
    assert_int_equal(r.err, ERR_OK);
    rig_fini(&r);
}

static void test_secret_of_the_embedded_engine(void **state)
{
    (void)state;
    expect_warning(
        "server:\n  accessJwtSecret: 0123456789abcdef0123456789abcde\n",
        "parley.yaml:2: server.accessJwtSecret: is short enough to be guessed; 32 random "
        "bytes or more are safe");
    expect_error("server:\n  grpcPort: 9001\n",
                 "cluster.secret: gRPC needs one of 32 bytes or more");
}

#define SECRET32 "0123456789abcdef0123456789abcdef"
static const char cluster[] = "server:\n  engine: cluster\n  accessJwtSecret: " SECRET32 "\n"
                              "kafka:\n  producer: {broker: 'k:9092'}\n"
                              "cassandra: {hosts: [c], keyspace: chat}\n"
                              "database: {host: p, username: u, db: d}\n";

/* PostgreSQL and Redis alone. */
static void test_direct_needs_no_kafka(void **state)
{
    static const char direct[] = "server:\n  engine: cluster\n  accessJwtSecret: " SECRET32 "\n"
                                 "cluster: {delivery: direct, secret: " SECRET32 "}\n"
                                 "database: {host: p, username: u, db: d}\n";
    char redis[] = "PARLEY_REDIS_HOST=r:6379", cassandra[] = "PARLEY_CASSANDRA_HOSTS=c";
    struct rig r;
    (void)state;
    rig_load(&r, direct, (char *[]){redis, NULL}, NULL, 0);
    assert_int_equal(r.report.errors, 0);
    rig_fini(&r);
    rig_load(&r, direct, (char *[]){NULL}, NULL, 0);
    assert_int_equal(r.report.errors, 1);
    assert_true(rig_has(&r, "redis.host: is needed by the cluster engine"));
    rig_fini(&r);
    rig_load(&r, direct, (char *[]){redis, cassandra, NULL}, NULL, 0);
    assert_int_equal(r.report.errors, 1);
    assert_true(rig_has(&r, "cassandra.keyspace: is needed by the cluster engine"));
    rig_fini(&r);
}

static void expect_cluster_error(const char *variable, const char *line)
{
    struct rig r;
    char copy[LONG_SIZE];
    strncpy(copy, variable, sizeof copy - 1);
    copy[sizeof copy - 1] = '\0';
    rig_load(&r, cluster, (char *[]){copy, NULL}, NULL, 0);
    for (size_t i = 0; i < r.report.n; i++)
        if (strcmp(r.report.problems[i].text, line) != 0)
            print_error("reported: %s\n", r.report.problems[i].text);
    assert_int_equal(r.report.errors, 1);
    assert_true(rig_has(&r, line));
    rig_fini(&r);
}

static void test_cluster_needs(void **state)
{
    struct rig r;
    (void)state;
    rig_load(&r, cluster, NULL, NULL, 0);
    assert_int_equal(r.err, ERR_OK);
    rig_fini(&r);
    rig_load(&r, "server:\n  engine: cluster\n", NULL, NULL, 0);
    static const char *const lines[] = {
        "server.accessJwtSecret: a cluster needs one of 32 bytes or more",
        "kafka.producer.broker: is needed by the cluster engine",
        "cassandra.hosts: is needed by the cluster engine",
        "cassandra.keyspace: is needed by the cluster engine",
        "database.host: is needed by the cluster engine",
        "database.username: is needed by the cluster engine",
        "database.db: is needed by the cluster engine",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_true(rig_has(&r, lines[i]));
    assert_int_equal(r.report.errors, sizeof lines / sizeof lines[0]);
    rig_fini(&r);
}

/* NAME=xxx..., of `n` bytes. */
static void name_set(char out[LONG_SIZE], const char *variable, size_t n)
{
    size_t at = (size_t)snprintf(out, LONG_SIZE, "%s=", variable);
    assert_true(at + n < LONG_SIZE);
    memset(out + at, 'x', n);
    out[at + n] = '\0';
}

static void test_cluster_combinations(void **state)
{
    (void)state;
    expect_cluster_error(
        "PARLEY_SERVER_ACCESS_JWT_SECRET=0123456789abcdef0123456789abcde",
        "PARLEY_SERVER_ACCESS_JWT_SECRET: a cluster needs one of 32 bytes or more");
    expect_cluster_error(
        "PARLEY_SERVER_GRPC_PORT=9001",
        "cluster.secret: gRPC and deliveries between nodes needs one of 32 bytes or "
        "more");
    expect_cluster_error("PARLEY_SERVER_ROLES=,",
                         "PARLEY_SERVER_ROLES: is needed by the cluster engine");
    expect_cluster_error("PARLEY_KAFKA_PRODUCER_IDEMPOTENCE=false",
                         "PARLEY_KAFKA_PRODUCER_IDEMPOTENCE: must be true, or a retry would be two "
                         "messages");
    expect_cluster_error("PARLEY_KAFKA_REPLICATION=1",
                         "kafka.minInsync: is more than there are copies (kafka.replication)");
    expect_cluster_error("PARLEY_KAFKA_SASL_MECHANISM=PLAIN",
                         "kafka.sasl.username: is needed by kafka.sasl.mechanism");
    char longer[LONG_SIZE];
    name_set(longer, "PARLEY_KAFKA_TOPIC", 250);
    expect_cluster_error(longer, "PARLEY_KAFKA_TOPIC: is longer than 249 bytes");
    name_set(longer, "PARLEY_KAFKA_CONSUMER_GROUP_ID", 129);
    expect_cluster_error(longer, "PARLEY_KAFKA_CONSUMER_GROUP_ID: is longer than 128 bytes");
}

/* The cluster's file with one variable more is accepted with just this one warning. */
static void expect_cluster_warning(const char *variable, const char *line)
{
    struct rig r;
    char copy[LONG_SIZE];
    snprintf(copy, sizeof copy, "%s", variable);
    rig_load(&r, cluster, (char *[]){copy, NULL}, NULL, 0);
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.report.n, 1);
    assert_string_equal(r.report.problems[0].text, line);
    rig_fini(&r);
}

static void test_encryption_that_is_not_switched_on(void **state)
{
    (void)state;
    expect_cluster_error("PARLEY_KAFKA_TLS_CA=a",
                         "PARLEY_KAFKA_TLS_CA: has no effect without kafka.tls true");
    expect_cluster_error("PARLEY_CASSANDRA_TLS_CA=a",
                         "PARLEY_CASSANDRA_TLS_CA: has no effect without cassandra.tls true");
    expect_cluster_error("PARLEY_REDIS_TLS_CA=a",
                         "PARLEY_REDIS_TLS_CA: has no effect without redis.tls true");
    expect_cluster_error("PARLEY_KAFKA_TLS_CERT=a",
                         "PARLEY_KAFKA_TLS_CERT: needs kafka.tlsKey as well");
    expect_cluster_error("PARLEY_DATABASE_TLS_KEY=a",
                         "PARLEY_DATABASE_TLS_KEY: needs database.tlsCert as well");
    expect_cluster_error("PARLEY_KAFKA_SASL_PASSWORD=a",
                         "PARLEY_KAFKA_SASL_PASSWORD: has no effect without kafka.sasl.mechanism");
    expect_cluster_error("PARLEY_CASSANDRA_PASSWORD=a",
                         "PARLEY_CASSANDRA_PASSWORD: has no effect without cassandra.username");
    struct rig r;
    rig_load(&r, cluster,
             (char *[]){(char[]){"PARLEY_DATABASE_SSLMODE=disable"},
                        (char[]){"PARLEY_DATABASE_TLS_CA=a"}, NULL},
             NULL, 0);
    assert_int_equal(r.report.errors, 1);
    assert_true(
        rig_has(&r, "PARLEY_DATABASE_TLS_CA: has no effect without another database.sslmode"));
    rig_fini(&r);
}

static void test_nothing_is_accepted_in_silence(void **state)
{
    (void)state;
    expect_warning("kafka:\n  producer: {broker: 'k:9092'}\n  topic: chat\n",
                   "parley.yaml:3: kafka.topic: has no effect without server.engine cluster, like "
                   "all of kafka");
    expect_warning("redis: {host: 'r:6379'}\n", "parley.yaml:1: redis.host: has no effect without "
                                                "server.engine cluster, like all of redis");
    expect_warning("server: {roles: [gateway]}\n",
                   "parley.yaml:1: server.roles: has no effect without server.engine cluster");
    expect_cluster_warning(
        "PARLEY_DATA_WAL_BYTES=2000000",
        "PARLEY_DATA_WAL_BYTES: has no effect on a node of a cluster, like all of data");
    expect_cluster_warning("PARLEY_REDIS_PASSWORD=x",
                           "PARLEY_REDIS_PASSWORD: has no effect without redis.host");
    expect_cluster_warning("PARLEY_NOTIFY_WEBHOOK_SECRET=x",
                           "PARLEY_NOTIFY_WEBHOOK_SECRET: has no effect without notify.webhookUrl");
    expect_cluster_warning("PARLEY_CASSANDRA_CONSISTENCY=one",
                           "PARLEY_CASSANDRA_CONSISTENCY: is less than a quorum: what was "
                           "acknowledged may be missing from a page of the history");
    expect_cluster_warning("PARLEY_KAFKA_MIN_INSYNC=1",
                           "PARLEY_KAFKA_MIN_INSYNC: lets a message be lost with one broker after "
                           "it was acknowledged");
}

static void expect_sslmode(const char *host, const char *mode, const char *wanted)
{
    struct rig r;
    char host_variable[LONG_SIZE], mode_variable[LONG_SIZE];
    snprintf(host_variable, sizeof host_variable, "PARLEY_DATABASE_HOST=%s", host);
    snprintf(mode_variable, sizeof mode_variable, "PARLEY_DATABASE_SSLMODE=%s", mode);
    rig_load(&r, cluster, (char *[]){host_variable, mode_variable, NULL}, NULL, 0);
    assert_int_equal(r.err, ERR_OK);
    assert_string_equal(config_sslmode(&r.config), wanted);
    rig_fini(&r);
}

/* Across a network nothing less than the whole check is meant by saying nothing. */
static void test_sslmode(void **state)
{
    static const char *const local[] = {"localhost", "127.0.0.1",       "127.8.9.1",
                                        "::1",       "/run/postgresql", "localhost,127.0.0.1"};
    static const char *const remote[] = {"db",           "10.0.0.1",     "127.0.0.1.example.org",
                                         "localhost,db", "db,localhost", "128.0.0.1",
                                         "::2"};
    (void)state;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        expect_sslmode(local[i], "auto", "prefer");
    for (size_t i = 0; i < sizeof remote / sizeof remote[0]; i++)
        expect_sslmode(remote[i], "auto", "verify-full");
    expect_sslmode("db", "disable", "disable");
    expect_sslmode("localhost", "verify-full", "verify-full");
}

static void test_grpc_port(void **state)
{
    struct rig r;
    (void)state;
    rig_load(&r, cluster,
             (char *[]){(char[]){"PARLEY_CLUSTER_SECRET=" SECRET32},
                        (char[]){"PARLEY_SERVER_GRPC_PORT=9000"}, NULL},
             NULL, 0);
    assert_int_equal(r.report.errors, 1);
    assert_true(rig_has(&r, "PARLEY_SERVER_GRPC_PORT: is the port of server.listen"));
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_listen_host_port),
        cmocka_unit_test(test_tls_needs_both),
        cmocka_unit_test(test_origins_proxies_urls),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_secret_of_the_embedded_engine),
        cmocka_unit_test(test_cluster_needs),
        cmocka_unit_test(test_cluster_combinations),
        cmocka_unit_test(test_direct_needs_no_kafka),
        cmocka_unit_test(test_encryption_that_is_not_switched_on),
        cmocka_unit_test(test_nothing_is_accepted_in_silence),
        cmocka_unit_test(test_sslmode),
        cmocka_unit_test(test_grpc_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Single values: every type, every way to be wrong, and ${...}. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config_rig.h"
#include "node/config_expand.h"
#include "node/config_value.h"

static void test_numbers(void **state)
{
    struct rig r;
    (void)state;
    expect_error("server:\n  workers: 0\n",
                 "parley.yaml:2: server.workers: 0 is out of range (1..256 threads)");
    expect_error("server:\n  workers: 257\n",
                 "parley.yaml:2: server.workers: 257 is out of range (1..256 threads)");
    expect_error("server:\n  grpcPort: 65536\n",
                 "parley.yaml:2: server.grpcPort: 65536 is out of range (0..65535)");
    expect_error("server:\n  workers: -1\n",
                 "parley.yaml:2: server.workers: -1 is out of range (1..256 threads)");
    expect_error("server:\n  workers: 8.5\n",
                 "parley.yaml:2: server.workers: \"8.5\" is not a whole number");
    expect_error("server:\n  workers: 0x10\n",
                 "parley.yaml:2: server.workers: \"0x10\" is not a whole number");
    expect_error("server:\n  workers: \"\"\n",
                 "parley.yaml:2: server.workers: \"\" is not a whole number");
    expect_error("server:\n  workers: 99999999999999999999\n",
                 "parley.yaml:2: server.workers: \"99999999999999999999\" is not a whole number");
    expect_error("data:\n  walBytes: 4294967297\n",
                 "parley.yaml:2: data.walBytes: 4294967297 is out "
                 "of range (1048576..4294967296 bytes)");
    rig_load(&r, "data:\n  walBytes: 4294967296\nserver:\n  workers: 256\n", NULL, NULL, 0);
    assert_int_equal(r.err, ERR_OK);
    assert_true(r.config.data.wal_bytes == 4294967296);
    assert_int_equal(r.config.server.workers, 256);
    rig_fini(&r);
}

static void test_booleans_and_ratios(void **state)
{
    static const char *const words[] = {"true", "yes", "on", "True"};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct rig r;
        char variable[64] = "PARLEY_KAFKA_TLS=";
        strncat(variable, words[i], 8);
        rig_load(&r, "trace:\n  ratio: 0.25\n  endpoint: http://127.0.0.1:4318\n",
                 (char *[]){variable, NULL}, NULL, 0);
        assert_int_equal(r.err, ERR_OK);
        assert_true(r.config.kafka.tls);
        assert_true(r.config.trace.ratio == 0.25);
        rig_fini(&r);
    }
    expect_error("kafka:\n  tls: 1\n", "parley.yaml:2: kafka.tls: \"1\" is neither true nor false");
    expect_error("trace:\n  ratio: 1.1\n",
                 "parley.yaml:2: trace.ratio: \"1.1\" is not a number from 0 to 1");
    expect_error("trace:\n  ratio: nan\n",
                 "parley.yaml:2: trace.ratio: \"nan\" is not a number from 0 to 1");
    expect_error("trace:\n  ratio: 0.5x\n",
                 "parley.yaml:2: trace.ratio: \"0.5x\" is not a number from 0 to 1");
    expect_error("trace:\n  ratio: \"\"\n",
                 "parley.yaml:2: trace.ratio: \"\" is not a number from 0 to 1");
}

static void test_choices(void **state)
{
    (void)state;
    expect_error("server:\n  engine: clust\n",
                 "parley.yaml:2: server.engine: \"clust\" is not one of embedded|cluster");
    expect_error("server:\n  engine: \"\"\n",
                 "parley.yaml:2: server.engine: \"\" is not one of embedded|cluster");
    expect_error("server:\n  engine: embedded|cluster\n", "parley.yaml:2: server.engine: "
                                                          "\"embedded|cluster\" is not one of "
                                                          "embedded|cluster");
    expect_error(
        "server:\n  roles: [gateway, cook]\n",
        "parley.yaml:2: server.roles: \"cook\" is not one of gateway|persist|notify|retry");
    expect_error("kafka:\n  producer:\n    acks: 1\n",
                 "parley.yaml:3: kafka.producer.acks: \"1\" is not one of all");
}

static void test_long_values(void **state)
{
    struct rig r;
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 16);
    buf_puts(&text, "server:\n  accessJwtSecret: ");
    for (int i = 0; i <= CONFIG_VALUE_BYTES_MAX; i++)
        buf_putc(&text, 'x');
    rig_load_bytes(&r, text.p, text.n);
    assert_true(
        rig_has(&r, "parley.yaml:2: server.accessJwtSecret: a value may have at most 4096 bytes"));
    assert_int_equal(r.report.errors, 1);
    rig_fini(&r);
    rig_load_bytes(&r, text.p, text.n - 1);
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(strlen(r.config.server.access_jwt_secret), CONFIG_VALUE_BYTES_MAX);
    rig_fini(&r);
    buf_clear(&text);
    buf_puts(&text, "PARLEY_SERVER_ORIGINS=http://a");
    for (int i = 0; i < CONFIG_LIST_MAX; i++)
        buf_puts(&text, ",http://a");
    buf_putc(&text, '\0');
    rig_load(&r, NULL, (char *[]){text.p, NULL}, NULL, 0);
    assert_true(rig_has(&r, "PARLEY_SERVER_ORIGINS: a list may have at most 64 values"));
    rig_fini(&r);
    buf_fini(&text);
}

static char *expanded(const char *value, bool *good)
{
    char *env[] = {(char[]){"A=1"},  (char[]){"EMPTY="},          (char[]){"NESTED=${A}"},
                   (char[]){"AB=2"}, (char[]){"EVIL=}\": *&!\n"}, NULL};
    struct buf out, why;
    buf_init(&out, 1 << 12);
    buf_init(&why, 1 << 12);
    *good = config_expand(str_of(value), env, &out, &why);
    struct str s = buf_str(*good ? &out : &why);
    char *text = mem_strndup(s.p, s.n);
    buf_fini(&out);
    buf_fini(&why);
    return text;
}

static void test_references(void **state)
{
    static const struct {
        const char *value, *want;
        bool good;
    } cases[] = {
        {"plain $A $$ {A}", "plain $A $$ {A}", true},
        {"${A}", "1", true},
        {"<${A}|${AB}>", "<1|2>", true},
        {"${EMPTY}", "", true},
        {"${EMPTY:-d}", "d", true},
        {"${NONE:-d:-e}", "d:-e", true},
        {"${NONE:-}", "", true},
        {"${A:-d}", "1", true},
        {"${NESTED}", "${A}", true},
        {"${EVIL}", "}\": *&!\n", true},
        {"$${A}", "${A}", true},
        {"$$${A}", "$${A}", true},
        {"${NONE}", "the environment variable NONE is not set", false},
        {"${A", "${ without }", false},
        {"${}", "what stands in ${...} is not the name of an environment variable", false},
        {"${1A}", "what stands in ${...} is not the name of an environment variable", false},
        {"${A-d}", "what stands in ${...} is not the name of an environment variable", false},
        {"${A }", "what stands in ${...} is not the name of an environment variable", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool good;
        char *got = expanded(cases[i].value, &good);
        assert_string_equal(got, cases[i].want);
        assert_int_equal(good, cases[i].good);
        mem_free(got);
    }
}

static void test_references_in_the_file(void **state)
{
    struct rig r;
    char *env[] = {(char[]){"ORIGINS=https://a.example,https://b.example"},
                   (char[]){"DIR=# &x: {}"}, NULL};
    (void)state;
    rig_load(&r,
             "server:\n  workers: ${WORKERS:-12}\n  origins: ${ORIGINS}\ndata:\n  dir: ${DIR}\n"
             "tls:\n  cert: ${CERT}\n",
             env, NULL, 0);
    assert_int_equal(r.report.errors, 1);
    assert_true(rig_has(&r, "parley.yaml:7: tls.cert: the environment variable CERT is not set"));
    assert_int_equal(r.config.server.workers, 12);
    assert_int_equal(r.config.server.origins.n, 2);
    assert_string_equal(r.config.data.dir, "# &x: {}");
    rig_fini(&r);
}

static void test_no_references_outside_the_file(void **state)
{
    struct rig r;
    char *env[] = {(char[]){"PARLEY_DATA_DIR=${HOME}"}, (char[]){"HOME=/root"}, NULL};
    (void)state;
    rig_load(&r, NULL, env, NULL, 0);
    assert_int_equal(r.err, ERR_OK);
    assert_string_equal(r.config.data.dir, "${HOME}");
    rig_fini(&r);
}

static void test_errors_never_show_a_secret(void **state)
{
    struct rig r;
    (void)state;
    rig_load(&r, "server:\n  accessJwtSecret: hunter2-${hunter2 }\n", NULL, NULL, 0);
    assert_int_equal(r.report.errors, 1);
    assert_null(strstr(r.report.problems[0].text, "hunter2"));
    rig_fini(&r);
    rig_load(&r, "server:\n  accessJwtSecret: [hunter2]\nnotify:\n  webhookUrl: hunter2\n", NULL,
             NULL, 0);
    assert_int_equal(r.report.errors, 2);
    for (size_t i = 0; i < r.report.n; i++)
        assert_null(strstr(r.report.problems[i].text, "hunter2"));
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_booleans_and_ratios),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_references_in_the_file),
        cmocka_unit_test(test_no_references_outside_the_file),
        cmocka_unit_test(test_errors_never_show_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

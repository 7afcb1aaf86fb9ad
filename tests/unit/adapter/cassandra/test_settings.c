/* What a configuration may be, and what becomes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapter/cassandra/settings.h"

static const char *const hosts[] = {"127.0.0.1:9042", "127.0.0.2"};

static struct cassandra_config config_of(const char *keyspace)
{
    return (struct cassandra_config){.hosts = hosts, .n_hosts = 2, .keyspace = keyspace};
}

static enum err init(struct settings *s, const struct cassandra_config *c)
{
    char reason[256] = "";
    enum err e = settings_init(s, c, reason, sizeof reason);
    assert_int_equal(e != ERR_OK, reason[0] != '\0');
    return e;
}

static void assert_refused(const struct cassandra_config *c)
{
    struct settings s;
    assert_int_equal(init(&s, c), ERR_BAD_REQUEST);
}

static void defaults_are_filled_in(void **state)
{
    (void)state;
    struct settings s;
    const struct cassandra_config c = config_of("parley");
    assert_int_equal(init(&s, &c), ERR_OK);
    assert_string_equal(s.replication, "{'class':'SimpleStrategy','replication_factor':3}");
    assert_int_equal(s.options.consistency, 4); /* QUORUM in the protocol */
    assert_int_equal(s.options.n_hosts, 2);
    assert_string_equal(s.options.hosts[1], "127.0.0.2");
    assert_null(s.options.username);
    assert_int_equal(s.in_flight, 1024);
    settings_fini(&s);
}

static void keyspace_cannot_leave_its_place(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        "Parley",  "1parley",
        "_parley", "par ley", "parley;",
        "p\"",     "p.q",     "a23456789_123456789_123456789_123456789_123456789"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct cassandra_config c = config_of(bad[i]);
        assert_refused(&c);
    }
    const struct cassandra_config none = config_of(NULL);
    assert_refused(&none);
}

static void replication_is_a_number_or_datacenters(void **state)
{
    (void)state;
    static const char *const bad[] = {"0",     "16",     "-1",        "x",         "dc1",
                                      ":3",    "dc1:",   "dc1:0",     "dc1:3,",    "dc1:3,,dc2:2",
                                      "d'c:3", "dc1:3;", "dc1:3,dc2", "d\\u0027:1"};
    struct cassandra_config c = config_of("parley");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        c.replication = bad[i];
        assert_refused(&c);
    }
    struct settings s;
    c.replication = "dc1:3,dc-2:2";
    assert_int_equal(init(&s, &c), ERR_OK);
    assert_string_equal(s.replication, "{'class':'NetworkTopologyStrategy','dc1':3,'dc-2':2}");
    settings_fini(&s);
}

static void consistency_is_spelled_in_either_case(void **state)
{
    (void)state;
    struct settings s;
    struct cassandra_config c = config_of("parley");
    c.consistency = "LOCAL_QUORUM";
    assert_int_equal(init(&s, &c), ERR_OK);
    assert_int_equal(s.options.consistency, 6);
    settings_fini(&s);
    c.consistency = "most";
    assert_refused(&c);
}

static void hosts_are_one_to_sixteen(void **state)
{
    (void)state;
    const char *many[CASSANDRA_HOSTS_MAX + 1], *empty[] = {""};
    struct cassandra_config c = config_of("parley");
    for (size_t i = 0; i < CASSANDRA_HOSTS_MAX + 1; i++)
        many[i] = "h";
    c.n_hosts = 0;
    assert_refused(&c);
    c.hosts = many;
    c.n_hosts = CASSANDRA_HOSTS_MAX + 1;
    assert_refused(&c);
    c.hosts = empty;
    c.n_hosts = 1;
    assert_refused(&c);
}

static void statements_get_the_keyspace(void **state)
{
    (void)state;
    struct settings s;
    char cql[64], small[12];
    const struct cassandra_config c = config_of("parley");
    assert_int_equal(init(&s, &c), ERR_OK);
    assert_true(settings_cql(&s, "SELECT a FROM $.b, $.c", cql, sizeof cql));
    assert_string_equal(cql, "SELECT a FROM parley.b, parley.c");
    assert_true(settings_cql(&s, "$.12345", cql, sizeof small + 1));
    assert_false(settings_cql(&s, "$.123456", small, sizeof small));
    settings_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(keyspace_cannot_leave_its_place),
        cmocka_unit_test(replication_is_a_number_or_datacenters),
        cmocka_unit_test(consistency_is_spelled_in_either_case),
        cmocka_unit_test(hosts_are_one_to_sixteen),
        cmocka_unit_test(statements_get_the_keyspace),
    };
    return cmocka_run_group_tests_name("cassandra settings", tests, NULL, NULL);
}

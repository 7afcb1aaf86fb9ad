/* Whose word is taken for the client's address and scheme. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/http/edge.h"
#include "delivery/http/proxy.h"

static const char *const trusted[] = {"127.0.0.1", "10.0.0.0/8", "2001:db8::/33",
                                      "::ffff:192.0.2.1", "172.16.0.0/31"};

/* A request with up to two X-Forwarded-For fields. */
struct asked {
    struct http_field fields[4];
    struct http_request request;
};

static const struct http_request *ask(struct asked *a, const char *first, const char *second)
{
    *a = (struct asked){.request = {.fields = a->fields}};
    const char *const values[] = {first, second};
    for (size_t i = 0; i < 2; i++)
        if (values[i] != NULL)
            a->fields[a->request.n_fields++] =
                (struct http_field){STR("x-forwarded-for"), str_of(values[i])};
    return &a->request;
}

static const struct client_case {
    const char *peer, *first, *second, *client;
} cases[] = {
    {"203.0.113.9", NULL, NULL, "203.0.113.9"},
    {"203.0.113.9", "198.51.100.1", NULL, "203.0.113.9"}, /* not a proxy of ours */
    {"127.0.0.1", NULL, NULL, "127.0.0.1"},
    {"127.0.0.1", "198.51.100.1", NULL, "198.51.100.1"},
    {"127.0.0.1", "6.6.6.6, 198.51.100.1", NULL, "198.51.100.1"},
    {"127.0.0.1", "6.6.6.6, 198.51.100.1 , 10.1.2.3", NULL, "198.51.100.1"},
    {"127.0.0.1", "6.6.6.6", "198.51.100.1", "198.51.100.1"},
    {"127.0.0.1", "6.6.6.6, 198.51.100.1", "10.1.2.3,\t10.9.9.9", "198.51.100.1"},
    {"127.0.0.1", "10.0.0.1, 10.0.0.2", NULL, "10.0.0.1"}, /* all of them ours */
    {"127.0.0.1", "198.51.100.1:4711", NULL, "198.51.100.1"},
    {"127.0.0.1", "[2001:db8:ffff::1]:4711", NULL, "2001:db8:ffff::1"},
    {"127.0.0.1", "2001:db8:ffff::1", NULL, "2001:db8:ffff::1"},
    {"2001:db8:7fff::1", "198.51.100.1", NULL, "198.51.100.1"},
    {"2001:db8:8000::1", "198.51.100.1", NULL, "2001:db8:8000::1"}, /* the 33rd bit differs */
    {"::ffff:127.0.0.1", "198.51.100.1", NULL, "198.51.100.1"},
    {"192.0.2.1", "::ffff:198.51.100.1", NULL, "198.51.100.1"},
    {"172.16.0.1", "198.51.100.1", NULL, "198.51.100.1"},
    {"172.16.0.2", "198.51.100.1", NULL, "172.16.0.2"},
    /* what cannot be read ends the walk: the last that could be read counts */
    {"127.0.0.1", "unknown", NULL, "127.0.0.1"},
    {"127.0.0.1", "198.51.100.1, unknown, 10.0.0.1", NULL, "10.0.0.1"},
    {"127.0.0.1", "", NULL, "127.0.0.1"},
    {"127.0.0.1", "198.51.100.1,", NULL, "127.0.0.1"},
    {"127.0.0.1", "[::1", NULL, "127.0.0.1"},
    {"127.0.0.1", "1.2.3.4.5", NULL, "127.0.0.1"},
    {"127.0.0.1", "0000000000000000000000000000000000000000000000000000000000000001", NULL,
     "127.0.0.1"},
    {"", "198.51.100.1", NULL, ""},
};

static void test_clients(void **state)
{
    (void)state;
    struct proxies p;
    size_t bad;
    assert_true(proxies_init(&p, trusted, sizeof trusted / sizeof trusted[0], &bad));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asked a;
        char client[HTTP_ADDRESS_SIZE];
        proxies_client(&p, cases[i].peer, ask(&a, cases[i].first, cases[i].second), client);
        assert_string_equal(client, cases[i].client);
    }
    proxies_fini(&p);
}

static void test_https(void **state)
{
    (void)state;
    struct proxies p;
    size_t bad;
    assert_true(proxies_init(&p, trusted, 1, &bad));
    static const struct {
        const char *peer, *first, *second;
        bool https;
    } words[] = {
        {"127.0.0.1", "https", NULL, true},       {"127.0.0.1", "HTTPS", NULL, true},
        {"127.0.0.1", "http", NULL, false},       {"127.0.0.1", "https, http", NULL, false},
        {"127.0.0.1", "http, https", NULL, true}, {"127.0.0.1", "https", "http", false},
        {"203.0.113.9", "https", NULL, false},    {"127.0.0.1", "httpsx", NULL, false},
        {"127.0.0.1", NULL, NULL, false},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct asked a;
        ask(&a, words[i].first, words[i].second);
        for (size_t k = 0; k < a.request.n_fields; k++)
            a.fields[k].name = STR("X-Forwarded-Proto");
        assert_int_equal(proxies_say_https(&p, words[i].peer, &a.request), words[i].https);
    }
    proxies_fini(&p);
}

static void test_none_is_trusted(void **state)
{
    (void)state;
    struct proxies p;
    struct asked a;
    size_t bad;
    char client[HTTP_ADDRESS_SIZE];
    assert_true(proxies_init(&p, NULL, 0, &bad));
    assert_false(proxies_trust(&p, "127.0.0.1"));
    proxies_client(&p, "127.0.0.1", ask(&a, "198.51.100.1", NULL), client);
    assert_string_equal(client, "127.0.0.1");
    proxies_fini(&p);
}

static void test_bad_networks(void **state)
{
    (void)state;
    static const char *const bad_ones[] = {"",           "localhost", "10.0.0.0/33",
                                           "::/129",     "10.0.0.0/", "10.0",
                                           "10.0.0.0/x", "1.2.3.4:5", "/8"};
    for (size_t i = 0; i < sizeof bad_ones / sizeof bad_ones[0]; i++) {
        struct proxies p;
        size_t bad = 9;
        assert_false(proxies_init(&p, &bad_ones[i], 1, &bad));
        assert_int_equal(bad, 0);
        proxies_fini(&p);
    }
    static const char *const all[] = {"0.0.0.0/0", "::/0"};
    struct proxies p;
    size_t bad;
    assert_true(proxies_init(&p, all, 2, &bad));
    assert_true(proxies_trust(&p, "203.0.113.9"));
    assert_true(proxies_trust(&p, "2001:db8::1"));
    proxies_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_https),
        cmocka_unit_test(test_none_is_trusted),
        cmocka_unit_test(test_bad_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

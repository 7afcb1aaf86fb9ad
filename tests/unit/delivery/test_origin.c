/* Origins: which are ours, which are listed, which are foreign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/http/origin.h"

/* A request with a Host, and the two fields if they are not NULL. */
struct asked {
    struct http_field fields[3];
    struct http_request request;
};

static const struct http_request *ask(struct asked *a, const char *host, const char *origin,
                                      const char *site)
{
    *a = (struct asked){.request = {.fields = a->fields}};
    const struct http_field all[] = {{STR("Host"), str_of(host)},
                                     {STR("Origin"), str_of(origin)},
                                     {STR("Sec-Fetch-Site"), str_of(site)}};
    for (size_t i = 0; i < 3; i++)
        if (all[i].value.p != NULL)
            a->fields[a->request.n_fields++] = all[i];
    return &a->request;
}

static const struct own_case {
    const char *host, *origin, *site;
    bool https, own, foreign;
} own_cases[] = {
    {"chat.org", "http://chat.org", NULL, false, true, false},
    {"chat.org:80", "http://chat.org", NULL, false, true, false},
    {"chat.org", "HTTP://Chat.ORG:80", NULL, false, true, false},
    {"chat.org", "https://chat.org", NULL, true, true, false},
    {"chat.org:443", "https://chat.org", NULL, true, true, false},
    {"chat.org:9000", "http://chat.org:9000", NULL, false, true, false},
    {"[::1]:9000", "http://[::1]:9000", NULL, false, true, false},
    {"chat.org", "https://chat.org", "same-origin", false, true, false},
    {"chat.org", NULL, "same-origin", false, true, false},
    /* not ours */
    {"chat.org", "https://chat.org", NULL, false, false, true},
    {"chat.org", "http://chat.org", NULL, true, false, true},
    {"chat.org", "http://chat.org:443", NULL, false, false, true},
    {"chat.org", "http://chat.org.evil.org", NULL, false, false, true},
    {"chat.org", "http://evil.org/chat.org", NULL, false, false, true},
    {"chat.org", "http://chat.org/", NULL, false, false, true},
    {"chat.org", "http://a@chat.org", NULL, false, false, true},
    {"chat.org", "null", NULL, false, false, true},
    {"chat.org", "", NULL, false, false, true},
    {"chat.org", "http://", NULL, false, false, true},
    {"chat.org", "http:", NULL, false, false, true},
    {"chat.org", "chat.org", NULL, false, false, true},
    {"chat.org", "ftp://chat.org", NULL, false, false, true},
    {"", "http://", NULL, false, false, true},
    {"chat.org", "http://evil.org", "cross-site", false, false, true},
    {"chat.org", NULL, "cross-site", false, false, true},
    {"chat.org", NULL, "same-site", false, false, true},
    {"chat.org", NULL, "Same-Origin", false, false, true},
    /* nothing is known: no browser, or a person typed the address */
    {"chat.org", NULL, NULL, false, false, false},
    {"chat.org", NULL, "none", false, false, false},
};

static void test_own_and_foreign(void **state)
{
    (void)state;
    struct origins o;
    size_t bad;
    assert_true(origins_init(&o, NULL, 0, &bad));
    for (size_t i = 0; i < sizeof own_cases / sizeof own_cases[0]; i++) {
        const struct own_case *c = &own_cases[i];
        struct asked a;
        const struct http_request *r = ask(&a, c->host, c->origin, c->site);
        if (origins_is_own(&o, r, c->https) != c->own ||
            origins_is_foreign(&o, r, c->https) != c->foreign)
            fail_msg("case %zu: %s %s", i, c->host, c->origin == NULL ? "-" : c->origin);
    }
    origins_fini(&o);
}

static void test_public_url(void **state)
{
    (void)state;
    struct origins o;
    struct asked a;
    size_t bad;
    assert_true(origins_init(&o, NULL, 0, &bad));
    assert_true(origins_set_public(&o, "https://Chat.org:443/app"));
    assert_true(origins_public_is_https(&o));
    assert_true(origins_is_own(&o, ask(&a, "10.0.0.1", "https://chat.org", NULL), false));
    assert_false(origins_is_own(&o, ask(&a, "10.0.0.1", "http://chat.org", NULL), false));
    assert_true(origins_is_own(&o, ask(&a, "10.0.0.1", "http://10.0.0.1", NULL), false));
    assert_false(origins_set_public(&o, "chat.org"));
    assert_false(origins_set_public(&o, "ftp://chat.org"));
    assert_false(origins_set_public(&o, "https://"));
    assert_false(origins_set_public(&o, "https://a@b"));
    origins_fini(&o);
}

static void test_listed(void **state)
{
    (void)state;
    static const char *const listed[] = {"https://one.org", "http://two.org:8080"};
    struct origins o;
    size_t bad;
    assert_true(origins_init(&o, listed, 2, &bad));
    assert_false(o.any);
    assert_true(str_eq(origins_allow(&o, STR("https://one.org")), STR("https://one.org")));
    assert_true(str_eq(origins_allow(&o, STR("https://ONE.org:443")), STR("https://ONE.org:443")));
    assert_true(origins_is_listed(&o, STR("http://two.org:8080")));
    assert_false(origins_is_listed(&o, STR("http://two.org")));
    assert_false(origins_is_listed(&o, STR("null")));
    assert_int_equal(origins_allow(&o, STR("https://three.org")).n, 0);
    assert_int_equal(origins_allow(&o, STR_NONE).n, 0);
    origins_fini(&o);
}

/* "*" lets everyone read, but is no list: a cookie is not believed because of it. */
static void test_any(void **state)
{
    (void)state;
    static const char *const any[] = {"https://one.org", "*"};
    struct origins o;
    size_t bad;
    assert_true(origins_init(&o, any, 2, &bad));
    assert_true(str_eq(origins_allow(&o, STR("https://three.org")), STR("*")));
    assert_true(str_eq(origins_allow(&o, STR_NONE), STR("*")));
    assert_true(origins_is_listed(&o, STR("https://one.org")));
    assert_false(origins_is_listed(&o, STR("https://three.org")));
    origins_fini(&o);
}

static void test_bad_lists(void **state)
{
    (void)state;
    static const char *const bad_ones[] = {
        "", "chat.org", "https://chat.org/", "null", "https://a b", "ws://a", "https://"};
    for (size_t i = 0; i < sizeof bad_ones / sizeof bad_ones[0]; i++) {
        const char *const list[] = {"https://one.org", bad_ones[i]};
        struct origins o;
        size_t bad = 0;
        assert_false(origins_init(&o, list, 2, &bad));
        assert_int_equal(bad, 1);
        origins_fini(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_and_foreign), cmocka_unit_test(test_public_url),
        cmocka_unit_test(test_listed),          cmocka_unit_test(test_any),
        cmocka_unit_test(test_bad_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Who is asking: tokens in headers and cookies, and which pages a cookie serves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "kit.h"

#define PAST_THE_HOUR_S 3601

static struct claims ada_claims(int64_t issued_s, int64_t expires_s)
{
    struct claims c = {.user = fixture_ada,
                       .name = "ada",
                       .email = "ada@example.org",
                       .jti = {{1}},
                       .issued_s = issued_s,
                       .expires_s = expires_s};
    return c;
}

/* Asks for the channels with that Authorization field. */
static void ask_with_authorization(struct kit *k, const char *value)
{
    char field[TOKEN_TEXT_MAX + 128];
    snprintf(field, sizeof field, "Authorization: %s\r\n", value);
    kit_ask_with(k, field, "GET", "/api/channel", NULL);
}

static void test_headers(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    const char *token = kit_token(k, "ada");
    char value[TOKEN_TEXT_MAX + 64];
    static const char *const schemes[] = {"Basic ", "", "Bearer", "BearerX ", "Token "};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        snprintf(value, sizeof value, "%s%s", schemes[i], i == 2 ? "" : token);
        ask_with_authorization(k, value);
        kit_assert_fail(k, 401, "unauthorized", "Not Get JWT claims");
    }
    ask_with_authorization(k, "");
    kit_assert_fail(k, 401, "unauthorized", "Not Get JWT claims");
    static const char *const good[] = {"Bearer ", "bearer ", "BEARER "};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(value, sizeof value, "%s%s", good[i], token);
        ask_with_authorization(k, value);
        assert_int_equal(answer_status(k->answer), 200);
    }
    snprintf(value, sizeof value, "Bearer %sx", token);
    ask_with_authorization(k, value);
    kit_assert_fail(k, 401, "unauthorized", "Invalid JWT claims");
    ask_with_authorization(k, "Bearer x.y.z");
    kit_assert_fail(k, 401, "unauthorized", "Invalid JWT claims");
}

static void test_another_key(void **state)
{
    struct kit *k = *state;
    struct token_key *key = token_key_new(STR("another secret of thirty-two bytes!!"));
    struct claims c = ada_claims(FIXTURE_NOW_US / 1000000, FIXTURE_NOW_US / 1000000 + 3600);
    char token[TOKEN_TEXT_MAX], value[TOKEN_TEXT_MAX + 64];
    assert_int_equal(token_sign(key, &c, token, sizeof token), ERR_OK);
    snprintf(value, sizeof value, "Bearer %s", token);
    ask_with_authorization(k, value);
    kit_assert_fail(k, 401, "unauthorized", "Invalid JWT claims");
    token_key_free(key);
}

static void test_expired(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    k->f.clock.wall_us += INT64_C(1000000) * PAST_THE_HOUR_S;
    kit_refused(k, "ada", "GET", "/api/channel", NULL, 401, "expired", "JWT claims is expired");
}

/* ---- Cookies ---- */

static int ask_with_cookie(struct kit *k, const char *token, const char *more, const char *method,
                           const char *path, const char *body)
{
    char fields[TOKEN_TEXT_MAX + 512];
    snprintf(fields, sizeof fields, "Cookie: a=b; parley_session=%s; c=d\r\n%s", token, more);
    return kit_ask_with(k, fields, method, path, body);
}

static void test_cookie_in_place_of_the_header(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    const char *token = kit_token(k, "ada");
    assert_int_equal(ask_with_cookie(k, token, "", "GET", "/api/channel", NULL), 200);
    ask_with_cookie(k, "x.y.z", "", "GET", "/api/channel", NULL);
    kit_assert_fail(k, 401, "unauthorized", "Invalid JWT claims");
    ask_with_cookie(k, "", "", "GET", "/api/channel", NULL);
    kit_assert_fail(k, 401, "unauthorized", "Not Get JWT claims");
    /* the header is there: the cookie does not count */
    ask_with_cookie(k, token, "Authorization: Bearer x.y.z\r\n", "GET", "/api/channel", NULL);
    kit_assert_fail(k, 401, "unauthorized", "Invalid JWT claims");
    ask_with_cookie(k, token, "Authorization: Basic eDp5\r\n", "GET", "/api/channel", NULL);
    kit_assert_fail(k, 401, "unauthorized", "Not Get JWT claims");
}

static void test_cookies_change_things_for_our_pages_only(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    const char *token = kit_token(k, "ada"), *body = "{\"name\":\"x\"}";
    static const char *const ours[] = {"Origin: http://chat.org\r\n",
                                       "Sec-Fetch-Site: same-origin\r\n",
                                       "Origin: http://chat.org:80\r\nSec-Fetch-Site: none\r\n"};
    static const char *const foreign[] = {
        "",
        "Origin: null\r\n",
        "Origin: https://chat.org\r\n",
        "Origin: http://chat.org.evil.org\r\n",
        "Origin: http://listed.org\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: none\r\n",
        "Referer: http://chat.org/\r\n",
        "X-Forwarded-Proto: https\r\nOrigin: https://chat.org\r\n",
    };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        assert_int_equal(ask_with_cookie(k, token, ours[i], "POST", "/api/channel", body), 200);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        ask_with_cookie(k, token, foreign[i], "POST", "/api/channel", body);
        kit_assert_fail(k, 403, "forbidden", "This request may not come from another site");
        assert_int_equal(ask_with_cookie(k, token, foreign[i], "GET", "/api/channel", NULL), 200);
    }
}

/* With a token in the header the page does not matter: no browser sends that by itself. */
static void test_headers_change_things_for_any_page(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    char fields[TOKEN_TEXT_MAX + 128];
    snprintf(fields, sizeof fields, "Authorization: Bearer %s\r\nOrigin: http://evil.org\r\n",
             kit_token(k, "ada"));
    assert_int_equal(kit_ask_with(k, fields, "POST", "/api/channel", "{\"name\":\"x\"}"), 200);
}

/* ---- Setting the cookie ---- */

#define LOGIN "{\"email\":\"ada@example.org\",\"password\":\"difference engine\"}"

static const char *cookie_attributes(struct kit *k)
{
    const char *cookie = answer_field(k->answer, "Set-Cookie");
    const char *end = strchr(cookie, ';');
    return end == NULL ? "" : end;
}

static void test_login_sets_it(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    assert_int_equal(kit_ask(k, NULL, "POST", "/api/login", LOGIN), 200);
    assert_string_equal(cookie_attributes(k), "; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600");
    char token[TOKEN_TEXT_MAX];
    const char *cookie = answer_field(k->answer, "Set-Cookie");
    snprintf(token, sizeof token, "%.*s", (int)strcspn(cookie, ";") - 15, cookie + 15);
    assert_int_equal(ask_with_cookie(k, token, "", "GET", "/api/me", NULL), 200);
}

/* A page of somebody else cannot log a person in as somebody else. The token is answered all the
 * same, for pages that hold it themselves. */
static void test_foreign_pages_set_no_cookie(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    static const char *const foreign[] = {"Origin: http://evil.org\r\n", "Origin: null\r\n",
                                          "Sec-Fetch-Site: cross-site\r\n"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        assert_int_equal(kit_ask_with(k, foreign[i], "POST", "/api/login", LOGIN), 200);
        assert_string_equal(answer_field(k->answer, "Set-Cookie"), "");
    }
    assert_int_equal(kit_ask_with(k, "Origin: http://chat.org\r\n", "POST", "/api/login", LOGIN),
                     200);
    assert_string_not_equal(answer_field(k->answer, "Set-Cookie"), "");
}

/* ---- Behind a proxy ---- */

static void test_secure_behind_a_trusted_proxy(void **state)
{
    struct kit *k = *state;
    static const char *const proxies[] = {"127.0.0.0/8"};
    k->f.deps.trusted_proxies = proxies;
    k->f.deps.n_trusted_proxies = 1;
    kit_start(k);
    kit_user(k, "ada");
    const char *token = kit_token(k, "ada");
    kit_ask_with(k, "X-Forwarded-Proto: https\r\n", "POST", "/api/login", LOGIN);
    assert_string_equal(cookie_attributes(k),
                        "; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure");
    kit_ask_with(k, "X-Forwarded-Proto: http\r\n", "POST", "/api/login", LOGIN);
    assert_null(strstr(cookie_attributes(k), "Secure"));
    assert_int_equal(ask_with_cookie(k, token,
                                     "X-Forwarded-Proto: https\r\nOrigin: https://chat.org\r\n",
                                     "POST", "/api/channel", "{\"name\":\"x\"}"),
                     200);
}

static void test_public_url(void **state)
{
    struct kit *k = *state;
    k->f.deps.public_url = "https://public.org";
    kit_start(k);
    kit_user(k, "ada");
    kit_ask(k, NULL, "POST", "/api/login", LOGIN);
    assert_non_null(strstr(cookie_attributes(k), "; Secure"));
    const char *token = kit_token(k, "ada"), *body = "{\"name\":\"x\"}";
    assert_int_equal(
        ask_with_cookie(k, token, "Origin: https://public.org\r\n", "POST", "/api/channel", body),
        200);
    assert_int_equal(
        ask_with_cookie(k, token, "Origin: http://public.org\r\n", "POST", "/api/channel", body),
        403);
}

/* The throttle of an address counts the client, not the proxy; and only a proxy is believed. */
static void test_addresses(void **state)
{
    struct kit *k = *state;
    static const char *const proxies[] = {"127.0.0.1"};
    k->f.limits.registrations_per_min_address = 1;
    k->f.deps.trusted_proxies = proxies;
    k->f.deps.n_trusted_proxies = 1;
    kit_start(k);
    static const struct {
        const char *forwarded;
        int status;
    } tries[] = {{"198.51.100.1", 200},
                 {"6.6.6.6, 198.51.100.1", 429},
                 {"198.51.100.1, 198.51.100.2", 200},
                 {"198.51.100.2", 429}};
    for (size_t i = 0; i < 4; i++) {
        char field[128], body[128];
        snprintf(field, sizeof field, "X-Forwarded-For: %s\r\n", tries[i].forwarded);
        snprintf(body, sizeof body,
                 "{\"username\":\"a\",\"email\":\"a%zu@b\",\"password\":\"abcd12\"}", i);
        assert_int_equal(kit_ask_with(k, field, "POST", "/api/register", body), tries[i].status);
    }
}

static void test_bad_configuration(void **state)
{
    struct kit *k = *state;
    struct http_edge *edge;
    char reason[160];
    static const char *const bad[] = {"chat.org"};
    struct http_deps deps = k->f.deps;
    deps.origins = bad;
    assert_int_equal(http_edge_new(&deps, &edge, reason, sizeof reason), ERR_BAD_REQUEST);
    assert_string_equal(reason, "\"chat.org\" is no origin like https://chat.example.org");
    deps = k->f.deps;
    deps.public_url = "chat.org";
    assert_int_equal(http_edge_new(&deps, &edge, reason, sizeof reason), ERR_BAD_REQUEST);
    assert_string_equal(reason, "\"chat.org\" is no http or https URL");
    deps = k->f.deps;
    deps.trusted_proxies = bad;
    deps.n_trusted_proxies = 1;
    assert_int_equal(http_edge_new(&deps, &edge, reason, sizeof reason), ERR_BAD_REQUEST);
    assert_string_equal(reason, "\"chat.org\" is no address or network like 10.0.0.0/8");
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, kit_setup_unstarted, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_RUN(test_headers),
        KIT_RUN(test_another_key),
        KIT_RUN(test_expired),
        KIT_RUN(test_cookie_in_place_of_the_header),
        KIT_RUN(test_cookies_change_things_for_our_pages_only),
        KIT_RUN(test_headers_change_things_for_any_page),
        KIT_RUN(test_login_sets_it),
        KIT_RUN(test_foreign_pages_set_no_cookie),
        UNSTARTED(test_secure_behind_a_trusted_proxy),
        UNSTARTED(test_public_url),
        UNSTARTED(test_addresses),
        KIT_RUN(test_bad_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Register, log in, log out, who am I. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kit.h"

#define LOVELACE \
    "{\"username\":\"Ada L\\u00f6velace\",\"email\":\"ada@example.org\",\"password\":\"abcd12\"}"

static void test_register_and_login(void **state)
{
    struct kit *k = *state;
    kit_done(k, NULL, "POST", "/api/register", LOVELACE, "register successfully");
    kit_data(k, "{\"id\":\"<uuid>\",\"name\":\"Ada L\\u00f6velace\",\"email\":\"ada@example.org\","
                "\"created_at\":\"2026-11-24T10:15:46.123456Z\"}");
    kit_save(k, "id", "id");
    assert_string_equal(answer_field(k->answer, "Set-Cookie"), "");
    kit_done(k, NULL, "POST", "/api/login", LOVELACE, "login successfully");
    kit_data(k, "{\"id\":\"$id\",\"name\":\"Ada L\\u00f6velace\",\"email\":\"ada@example.org\","
                "\"token\":\"<token>\",\"created_at\":\"2026-11-24T10:15:46.123456Z\"}");
    assert_string_equal(answer_field(k->answer, "Cache-Control"), "no-store");
}

/* The body is JSON whatever its type says; chat-app's own client sends text/plain. */
static void test_content_type_does_not_matter(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_ask_with(k, "Content-Type: text/plain;charset=UTF-8\r\n", "POST",
                                  "/api/register", LOVELACE),
                     200);
    assert_int_equal(kit_ask_with(k, "Content-Type: application/x-www-form-urlencoded\r\n", "POST",
                                  "/api/login", LOVELACE),
                     200);
}

static void test_me(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    kit_done(k, "ada", "GET", "/api/me", NULL, "get user successfully");
    kit_data(k, "{\"id\":\"$ada\",\"name\":\"ada\",\"email\":\"ada@example.org\","
                "\"created_at\":\"<time6>\"}");
}

static const struct refusal {
    const char *path, *body;
    int status;
    const char *code, *message;
} refusals[] = {
    {"/api/register", "{}", 400, "bad_request", "The Field: email, username, password is required"},
    {"/api/register", "{\"password\":\"abcd12\",\"username\":\"\"}", 400, "bad_request",
     "The Field: email, username is required"},
    {"/api/register", "{\"email\":null,\"username\":\"a\",\"password\":\"abcd12\"}", 400,
     "bad_request", "The Field: email is required"},
    {"/api/register", "{\"email\":5,\"username\":\"a\"}", 400, "bad_request",
     "The Field: email should be string"},
    {"/api/register", "{\"email\":\"a@b\",\"username\":[],\"password\":\"abcd12\"}", 400,
     "bad_request", "The Field: username should be string"},
    {"/api/register", "{\"email\":\"a@b\",\"username\":\"a\",\"password\":true}", 400,
     "bad_request", "The Field: password should be string"},
    {"/api/register", "{\"email\":\"ab\",\"username\":\"a\",\"password\":\"abcd12\"}", 400,
     "bad_request", "The Field: email should be an email address"},
    {"/api/register", "{\"email\":\"a@b\",\"username\":\"a\",\"password\":\"abcd1\"}", 400,
     "bad_request", "The Field: password should be 6 to 128 bytes long"},
    {"/api/register",
     "{\"email\":\"taken@example.org\",\"username\":\"a\",\"password\":\"abcd12\"}", 409,
     "conflict", "This Field users_email_key is used"},
    {"/api/login", "{}", 400, "bad_request", "The Field: email, password is required"},
    {"/api/login", "{\"email\":\"\",\"password\":\"x\"}", 400, "bad_request",
     "The Field: email is required"},
    {"/api/login", "{\"email\":{},\"password\":\"x\"}", 400, "bad_request",
     "The Field: email should be string"},
    {"/api/login", "{\"email\":\"taken@example.org\",\"password\":\"not it\"}", 401, "unauthorized",
     "Password is wrong"},
    {"/api/login", "{\"email\":\"nobody@example.org\",\"password\":\"not it\"}", 401,
     "unauthorized", "Password is wrong"},
};

static void test_refusals(void **state)
{
    struct kit *k = *state;
    kit_user(k, "taken");
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        kit_refused(k, NULL, "POST", refusals[i].path, refusals[i].body, refusals[i].status,
                    refusals[i].code, refusals[i].message);
}

/* In force here at once, the sockets are told, the cookie is taken away, other sessions go on. */
static void test_logout(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    kit_done(k, NULL, "POST", "/api/login",
             "{\"email\":\"ada@example.org\",\"password\":\"difference engine\"}",
             "login successfully");
    char other[TOKEN_TEXT_MAX + 64];
    snprintf(other, sizeof other, "Authorization: Bearer %s\r\n",
             json_string_value(json_object_get(json_object_get(k->json, "data"), "token")));
    kit_done(k, "ada", "POST", "/api/logout", NULL, "logout successfully");
    assert_string_equal(answer_body(k->answer),
                        "{\"status\":\"success\",\"message\":\"logout successfully\"}");
    assert_string_equal(answer_field(k->answer, "Set-Cookie"),
                        "parley_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    assert_int_equal(k->f.notifier.revocations, 1);
    kit_refused(k, "ada", "GET", "/api/me", NULL, 401, "unauthorized", "Invalid JWT claims");
    assert_int_equal(kit_ask_with(k, other, "GET", "/api/me", NULL), 200);
}

static void test_logout_needs_a_session(void **state)
{
    struct kit *k = *state;
    struct claims claims = {.user = fixture_ada, .expires_s = INT64_C(4000000000)};
    char token[TOKEN_TEXT_MAX], field[TOKEN_TEXT_MAX + 64];
    assert_int_equal(token_sign(k->f.key, &claims, token, sizeof token), ERR_OK);
    snprintf(field, sizeof field, "Authorization: Bearer %s\r\n", token);
    kit_ask_with(k, field, "POST", "/api/logout", NULL);
    kit_assert_fail(k, 400, "bad_request", "This token names no session; it ends when it expires");
}

static void test_login_throttle(void **state)
{
    struct kit *k = *state;
    kit_user(k, "ada");
    static const char wrong[] = "{\"email\":\"ada@example.org\",\"password\":\"not it\"}";
    int status = 401;
    for (int i = 0; i < 12 && status == 401; i++)
        status = kit_ask(k, NULL, "POST", "/api/login", wrong);
    kit_assert_fail(k, 429, "rate_limited", "Too many requests; wait a moment");
    long long ms = json_integer_value(json_object_get(k->json, "retry_after_ms"));
    long long s = strtoll(answer_field(k->answer, "Retry-After"), NULL, 10);
    assert_in_range(ms, 1, 60000);
    assert_int_equal(s, (ms + 999) / 1000);
}

/* An account that is gone is no identity any more. */
static void test_me_of_nobody(void **state)
{
    struct kit *k = *state;
    char field[TOKEN_TEXT_MAX + 64];
    snprintf(field, sizeof field, "Authorization: Bearer %s\r\n",
             fixture_token(&k->f, &fixture_ada, "ada"));
    kit_ask_with(k, field, "GET", "/api/me", NULL);
    kit_assert_fail(k, 401, "unauthorized", "Invalid JWT claims");
}

/* A store that cannot be written to. */
static void test_store_is_away(void **state)
{
    struct kit *k = *state;
    memory_store_refuse(k->store, true);
    kit_ask(k, NULL, "POST", "/api/register", LOVELACE);
    kit_assert_fail(k, 503, "unavailable", "The service cannot do this right now; try again");
    assert_string_equal(answer_field(k->answer, "Retry-After"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_RUN(test_register_and_login),
        KIT_RUN(test_content_type_does_not_matter),
        KIT_RUN(test_me),
        KIT_RUN(test_refusals),
        KIT_RUN(test_logout),
        KIT_RUN(test_logout_needs_a_session),
        KIT_RUN(test_login_throttle),
        KIT_RUN(test_me_of_nobody),
        KIT_RUN(test_store_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jwt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wire/token.h"

#define NOW    INT64_C(1795515346)
#define SECRET "a secret of thirty-two bytes, or more"
#define USER   "0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e"
#define GOOD                                                                                  \
    "{\"UserID\":\"" USER "\",\"Username\":\"bob\",\"Email\":\"b@x.org\",\"exp\":1795515347," \
    "\"iat\":1795515300}"

static struct token_key *key;
static struct claims got;

static enum err verify(const char *token)
{
    char *copy = mem_strndup(token, strlen(token));
    copy = mem_realloc(copy, strlen(token)); /* no NUL behind it, as from the wire */
    enum err e = token_verify(key, (struct str){copy, strlen(token)}, NOW, &got);
    mem_free(copy);
    return e;
}

/* A token with those grants, as anyone with the secret could make it. */
static char *token_with(const char *grants, jwt_alg_t alg, const char *secret)
{
    jwt_t *jwt;
    assert_int_equal(jwt_new(&jwt), 0);
    assert_int_equal(jwt_add_grants_json(jwt, grants), 0);
    if (alg != JWT_ALG_NONE)
        assert_int_equal(jwt_set_alg(jwt, alg, (const unsigned char *)secret, (int)strlen(secret)),
                         0);
    char *token = jwt_encode_str(jwt);
    assert_non_null(token);
    jwt_free(jwt);
    return token;
}

static enum err verdict(const char *grants)
{
    char *token = token_with(grants, JWT_ALG_HS256, SECRET);
    enum err e = verify(token);
    free(token);
    return e;
}

static struct claims claims_of(const char *name)
{
    struct claims c = {.issued_s = NOW, .expires_s = NOW + 60, .email = "b@x.org"};
    assert_true(str_copy(str_of(name), c.name, sizeof c.name));
    c.user = uuid_random();
    c.jti = uuid_random();
    return c;
}

static void what_is_signed_is_verified(void **state)
{
    (void)state;
    char token[TOKEN_TEXT_MAX + 1];
    struct claims c = claims_of("b\xC3\xB6\"b");
    assert_int_equal(token_sign(key, &c, token, sizeof token), ERR_OK);
    assert_int_equal(verify(token), ERR_OK);
    assert_string_equal(got.name, c.name);
    assert_string_equal(got.email, c.email);
    assert_true(uuid_eq(&got.user, &c.user) && uuid_eq(&got.jti, &c.jti));
    assert_true(got.issued_s == NOW && got.expires_s == NOW + 60);
    c.jti = UUID_NIL;
    assert_int_equal(token_sign(key, &c, token, sizeof token), ERR_OK);
    assert_int_equal(verify(token), ERR_OK);
    assert_true(uuid_eq(&got.jti, &UUID_NIL));
}

/* The claims chat-app's clients and tools look for. */
static void the_claims_have_their_names(void **state)
{
    (void)state;
    char token[TOKEN_TEXT_MAX + 1];
    struct claims c = claims_of("bob");
    jwt_t *jwt;
    assert_int_equal(token_sign(key, &c, token, sizeof token), ERR_OK);
    assert_int_equal(jwt_decode(&jwt, token, (const unsigned char *)SECRET, sizeof SECRET - 1), 0);
    assert_int_equal(jwt_get_alg(jwt), JWT_ALG_HS256);
    assert_string_equal(jwt_get_grant(jwt, "Username"), "bob");
    assert_string_equal(jwt_get_grant(jwt, "Email"), "b@x.org");
    assert_string_equal(jwt_get_grant(jwt, "UserID"), uuid_text(&c.user).s);
    assert_string_equal(jwt_get_grant(jwt, "jti"), uuid_text(&c.jti).s);
    assert_string_equal(jwt_get_grant(jwt, "iss"), "parley");
    assert_int_equal(jwt_get_grant_int(jwt, "iat"), NOW);
    assert_int_equal(jwt_get_grant_int(jwt, "exp"), NOW + 60);
    jwt_free(jwt);
}

/* Made by another program with the same secret, without our jti and iss. */
static void a_token_from_elsewhere(void **state)
{
    (void)state;
    assert_int_equal(verdict(GOOD), ERR_OK);
    assert_string_equal(got.name, "bob");
    assert_string_equal(uuid_text(&got.user).s, USER);
    assert_true(uuid_eq(&got.jti, &UUID_NIL));
    assert_true(got.issued_s == 1795515300 && got.expires_s == 1795515347);
}

static void it_ends_on_the_second(void **state)
{
    (void)state;
    char token[TOKEN_TEXT_MAX + 1];
    struct claims c = claims_of("bob");
    assert_int_equal(token_sign(key, &c, token, sizeof token), ERR_OK);
    assert_int_equal(token_verify(key, str_of(token), NOW + 59, &got), ERR_OK);
    assert_int_equal(token_verify(key, str_of(token), NOW + 60, &got), ERR_TOKEN_EXPIRED);
    assert_int_equal(token_verify(key, str_of(token), NOW - 1000000, &got), ERR_OK);
}

#define REST "\"UserID\":\"" USER "\",\"Username\":\"bob\",\"Email\":\"b@x.org\""

static void times(void **state)
{
    (void)state;
    assert_int_equal(verdict("{" REST ",\"exp\":1795515346}"), ERR_TOKEN_EXPIRED);
    assert_int_equal(verdict("{" REST ",\"exp\":0}"), ERR_TOKEN_EXPIRED);
    assert_int_equal(verdict("{" REST ",\"exp\":-1}"), ERR_TOKEN_EXPIRED);
    assert_int_equal(verdict("{" REST "}"), ERR_BAD_TOKEN);
    assert_int_equal(verdict("{" REST ",\"exp\":null}"), ERR_BAD_TOKEN);
    assert_int_equal(verdict("{" REST ",\"exp\":\"1795515347\"}"), ERR_BAD_TOKEN);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347.5}"), ERR_BAD_TOKEN);
    assert_int_equal(verdict("{" REST ",\"exp\":true}"), ERR_BAD_TOKEN);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347,\"nbf\":1795515346}"), ERR_OK);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347,\"nbf\":1795515347}"), ERR_BAD_TOKEN);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347,\"nbf\":\"0\"}"), ERR_BAD_TOKEN);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347,\"nbf\":-1}"), ERR_OK);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347,\"nbf\":[]}"), ERR_BAD_TOKEN);
    assert_int_equal(verdict("{" REST ",\"exp\":9223372036854775807}"), ERR_OK);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347,\"iat\":1895515347}"), ERR_OK);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347,\"iat\":\"x\"}"), ERR_BAD_TOKEN);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347}"), ERR_OK);
    assert_int_equal(got.issued_s, 0);
}

static void the_claims_must_be_there_and_be_texts(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"exp\":1795515347}",
        "{\"Username\":\"bob\",\"Email\":\"b@x.org\",\"exp\":1795515347}",
        "{\"UserID\":\"" USER "\",\"Email\":\"b@x.org\",\"exp\":1795515347}",
        "{\"UserID\":\"" USER "\",\"Username\":\"bob\",\"exp\":1795515347}",
        "{\"UserID\":\"x\",\"Username\":\"bob\",\"Email\":\"b@x.org\",\"exp\":1795515347}",
        "{\"UserID\":\"" USER "0\",\"Username\":\"bob\",\"Email\":\"b\",\"exp\":1795515347}",
        "{\"UserID\":7,\"Username\":\"bob\",\"Email\":\"b@x.org\",\"exp\":1795515347}",
        "{\"UserID\":\"" USER "\",\"Username\":[],\"Email\":\"b@x.org\",\"exp\":1795515347}",
        "{\"UserID\":\"" USER "\",\"Username\":\"bob\",\"Email\":null,\"exp\":1795515347}",
    };
    memset(&got, 0x55, sizeof got);
    struct claims before = got;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(verdict(bad[i]), ERR_BAD_TOKEN);
    assert_memory_equal(&got, &before, sizeof got);
    assert_int_equal(verdict("{" REST ",\"exp\":1795515347,\"jti\":\"x\"}"), ERR_OK);
    assert_true(uuid_eq(&got.jti, &UUID_NIL));
}

static void names_are_bounded(void **state)
{
    (void)state;
    for (int n = TOKEN_NAME_BYTES_MAX; n <= TOKEN_NAME_BYTES_MAX + 1; n++) {
        char name[TOKEN_NAME_BYTES_MAX + 2], grants[600];
        memset(name, 'n', (size_t)n);
        name[n] = '\0';
        snprintf(grants, sizeof grants,
                 "{\"UserID\":\"" USER "\",\"Username\":\"%s\",\"Email\":\"e\",\"exp\":1795515347}",
                 name);
        assert_int_equal(verdict(grants), n <= TOKEN_NAME_BYTES_MAX ? ERR_OK : ERR_BAD_TOKEN);
    }
}

static void other_algorithms_and_keys_are_refused(void **state)
{
    (void)state;
    static const jwt_alg_t others[] = {JWT_ALG_NONE, JWT_ALG_HS384, JWT_ALG_HS512};
    for (size_t i = 0; i < 3; i++) {
        char *token = token_with(GOOD, others[i], SECRET);
        assert_int_equal(verify(token), ERR_BAD_TOKEN);
        free(token);
    }
    char *token = token_with(GOOD, JWT_ALG_HS256, SECRET "!");
    assert_int_equal(verify(token), ERR_BAD_TOKEN);
    free(token);
}

/* Every single change of a good token, and every cut of it. */
static void a_changed_token_is_refused(void **state)
{
    (void)state;
    char *token = token_with(GOOD, JWT_ALG_HS256, SECRET);
    size_t n = strlen(token);
    for (size_t at = 0; at < n; at++) {
        char was = token[at];
        token[at] = was == 'A' ? 'B' : 'A';
        assert_int_equal(verify(token), ERR_BAD_TOKEN);
        token[at] = was;
        assert_int_equal(token_verify(key, (struct str){token, at}, NOW, &got), ERR_BAD_TOKEN);
    }
    assert_int_equal(verify(token), ERR_OK);
    free(token);
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      "...",
                                      "a.b.c",
                                      "eyJhbGciOiJub25lIn0.e30.",
                                      "e30.e30.",
                                      "eyJhbGciOiJIUzI1NiJ9..",
                                      "\xFF.\xFF.\xFF",
                                      "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
                                      "Bearer x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(verify(bad[i]), ERR_BAD_TOKEN);
    char *token = token_with(GOOD, JWT_ALG_HS256, SECRET);
    char with_nul[1000];
    size_t n = strlen(token);
    memcpy(with_nul, token, n);
    memcpy(with_nul + n, "\0x", 2);
    assert_int_equal(token_verify(key, (struct str){with_nul, n + 1}, NOW, &got), ERR_BAD_TOKEN);
    assert_int_equal(token_verify(key, (struct str){with_nul, n + 2}, NOW, &got), ERR_BAD_TOKEN);
    assert_int_equal(token_verify(key, STR_NONE, NOW, &got), ERR_BAD_TOKEN);
    free(token);
}

/* A token of just the limit is read, one byte more is not even looked at. */
static void tokens_are_bounded(void **state)
{
    (void)state;
    bool saw_limit = false;
    for (size_t extra = 2700; extra < 3000; extra++) {
        char grants[4000] = GOOD;
        size_t n = strlen(grants) - 1;
        n += (size_t)snprintf(grants + n, sizeof grants - n, ",\"x\":\"");
        memset(grants + n, 'x', extra);
        memcpy(grants + n + extra, "\"}", 3);
        char *token = token_with(grants, JWT_ALG_HS256, SECRET);
        bool fits = strlen(token) <= TOKEN_TEXT_MAX;
        saw_limit = saw_limit || !fits;
        assert_int_equal(verify(token), fits ? ERR_OK : ERR_BAD_TOKEN);
        free(token);
        if (!fits)
            break;
    }
    assert_true(saw_limit);
}

static void signing_into_too_little_room(void **state)
{
    (void)state;
    char token[TOKEN_TEXT_MAX + 1];
    struct claims c = claims_of("bob");
    assert_int_equal(token_sign(key, &c, token, sizeof token), ERR_OK);
    size_t n = strlen(token);
    assert_int_equal(token_sign(key, &c, token, n), ERR_INTERNAL);
    assert_int_equal(token_sign(key, &c, token, n + 1), ERR_OK);
    memcpy(c.name, "\xFF", 2);
    assert_int_equal(token_sign(key, &c, token, sizeof token), ERR_INTERNAL);
}

static void bearer(void **state)
{
    (void)state;
    struct str token;
    static const char *const good[] = {"Bearer abc", "bearer abc", "BEARER   abc"};
    static const char *const bad[] = {"",    "Bearer",    "Bearer ",     "Bearer   ",  "Basic abc",
                                      "abc", "Bearerabc", "Bearer\tabc", " Bearer abc"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(token_from_bearer(str_of(good[i]), &token));
        assert_true(str_eq(token, STR("abc")));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(token_from_bearer(str_of(bad[i]), &token));
    assert_false(token_from_bearer(STR_NONE, &token));
}

static atomic_int failures;

static void *sign_and_verify(void *arg)
{
    (void)arg;
    for (int i = 0; i < 500; i++) {
        char token[TOKEN_TEXT_MAX + 1];
        struct claims c = {.name = "bob", .email = "e", .expires_s = NOW + 1}, back;
        c.user = uuid_random();
        if (token_sign(key, &c, token, sizeof token) != ERR_OK ||
            token_verify(key, str_of(token), NOW, &back) != ERR_OK || !uuid_eq(&back.user, &c.user))
            atomic_fetch_add(&failures, 1);
    }
    return NULL;
}

static void any_thread(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, sign_and_verify, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&failures), 0);
}

static int key_make(void **state)
{
    (void)state;
    key = token_key_new(STR(SECRET));
    return 0;
}

static int key_drop(void **state)
{
    (void)state;
    token_key_free(key);
    token_key_free(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_is_verified),
        cmocka_unit_test(the_claims_have_their_names),
        cmocka_unit_test(a_token_from_elsewhere),
        cmocka_unit_test(it_ends_on_the_second),
        cmocka_unit_test(times),
        cmocka_unit_test(the_claims_must_be_there_and_be_texts),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(other_algorithms_and_keys_are_refused),
        cmocka_unit_test(a_changed_token_is_refused),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(tokens_are_bounded),
        cmocka_unit_test(signing_into_too_little_room),
        cmocka_unit_test(bearer),
        cmocka_unit_test(any_thread),
    };
    return cmocka_run_group_tests_name("wire/token", tests, key_make, key_drop);
}

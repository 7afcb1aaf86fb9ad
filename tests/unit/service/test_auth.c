#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "doubles.h"
#include "service/auth.h"
#include "telemetry/metrics.h"

#define SECOND INT64_C(1000000)
#define START  (INT64_C(1760000000) * SECOND)
#define LIFE_S 3600

struct rig {
    struct account_double store;
    struct notifier_double notifier;
    struct clock_manual clock;
    struct limits limits;
    struct arena arena;
    struct fault fault;
    struct identity id;
    struct user user;
    struct auth *auth;
};

static void rig_open(struct rig *r, const struct hasher *hasher, struct notifier *notifier)
{
    account_double_init(&r->store, LIFE_S * SECOND);
    notifier_double_init(&r->notifier);
    clock_manual_init(&r->clock, START);
    r->limits = LIMITS_DEFAULT;
    arena_init(&r->arena);
    r->fault = (struct fault){0};
    hash_count = (struct hash_count){0}; /* a test before may have made it fail */
    r->auth = auth_new(&(struct auth_config){.accounts = &r->store.super,
                                             .notifier = notifier,
                                             .clock = &r->clock.super,
                                             .limits = &r->limits,
                                             .session_s = LIFE_S,
                                             .hasher = hasher});
    hash_count = (struct hash_count){0};
}

static int setup(void **state)
{
    static struct rig r;
    rig_open(&r, &counting_hasher, &r.notifier.super);
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    auth_free(r->auth);
    arena_fini(&r->arena);
    return 0;
}

static enum err register_as(struct rig *r, const char *name, const char *email,
                            const char *password)
{
    return auth_register(r->auth, str_of(name), str_of(email), str_of(password), STR("192.0.2.1"),
                         &r->arena, &r->user, &r->fault);
}

static enum err login_from(struct rig *r, const char *email, const char *password,
                           const char *address)
{
    return auth_login(r->auth, str_of(email), str_of(password), str_of(address), &r->arena, &r->id,
                      &r->fault);
}

static enum err login(struct rig *r, const char *email, const char *password)
{
    return login_from(r, email, password, "192.0.2.1");
}

static void add_ada(struct rig *r)
{
    assert_int_equal(register_as(r, "Ada", "ada@example.org", "secret1"), ERR_OK);
    hash_count = (struct hash_count){0};
}

/* ---- Registering ---- */

static void test_register(void **state)
{
    struct rig *r = *state;
    int64_t before = metric_value(M_REGISTERED);
    assert_int_equal(register_as(r, "Ada", "ada@example.org", "secret1"), ERR_OK);
    assert_true(str_eq(r->user.name, STR("Ada")));
    assert_true(str_eq(r->user.email, STR("ada@example.org")));
    assert_true(r->user.created_us == START);
    assert_false(uuid_eq(&r->user.id, &UUID_NIL));
    assert_int_equal(r->store.n, 1);
    assert_string_equal(r->store.accounts[0].hash, "V1:secret1");
    assert_int_equal(metric_value(M_REGISTERED), before + 1);
}

static void test_register_says_what_is_wrong(void **state)
{
    static const struct {
        const char *name, *email, *password, *text;
    } cases[] = {
        {"", "", "", "The Field: email, username, password is required"},
        {"Ada", "", "", "The Field: email, password is required"},
        {"", "ada@example.org", "secret1", "The Field: username is required"},
        {"Ada", "ada", "secret1", "The Field: email should be an email address"},
        {" ", "a@b", "secret1",
         "The Field: username should be 1 to 50 characters that can be seen"},
        {"a\nb", "a@b", "secret1",
         "The Field: username should be 1 to 50 characters that can be seen"},
        {"Ada", "a@b", "12345", "The Field: password should be 6 to 128 bytes long"},
    };
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(register_as(r, cases[i].name, cases[i].email, cases[i].password),
                         ERR_BAD_REQUEST);
        assert_string_equal(fault_text(&r->fault), cases[i].text);
    }
    char password[USER_PASSWORD_BYTES_MAX + 2];
    memset(password, 'x', sizeof password);
    password[sizeof password - 1] = '\0';
    assert_int_equal(register_as(r, "Ada", "a@b", password), ERR_BAD_REQUEST);
    assert_int_equal(hash_count.hashed, 0);
    assert_int_equal(r->store.n, 0);
}

static void test_register_twice(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    assert_int_equal(register_as(r, "Eve", "ada@example.org", "other1"), ERR_EMAIL_TAKEN);
    assert_string_equal(fault_text(&r->fault), "This Field users_email_key is used");
    assert_int_equal(register_as(r, "Ada", "Ada@example.org", "other1"),
                     ERR_OK); /* byte for byte */
}

static void test_register_is_throttled_before_the_work(void **state)
{
    struct rig *r = *state;
    char email[32];
    for (unsigned i = 0; i < r->limits.registrations_per_min_address; i++) {
        snprintf(email, sizeof email, "u%u@example.org", i % 10);
        register_as(r, "U", email, "secret1");
    }
    unsigned hashed = hash_count.hashed;
    assert_int_equal(register_as(r, "U", "one-more@example.org", "secret1"), ERR_RATE_LIMITED);
    assert_int_equal(r->fault.retry_after_ms, 2000);
    assert_int_equal(hash_count.hashed, hashed);
    clock_manual_advance(&r->clock, 2 * SECOND);
    assert_int_equal(register_as(r, "U", "one-more@example.org", "secret1"), ERR_OK);
}

/* ---- Logging in ---- */

static void test_login(void **state)
{
    struct rig *r = *state;
    int64_t before = metric_value(M_LOGIN_OK);
    add_ada(r);
    struct uuid user = r->user.id;
    clock_manual_advance(&r->clock, 10 * SECOND);
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_OK);
    assert_true(uuid_eq(&r->id.user, &user));
    assert_true(str_eq(r->id.name, STR("Ada")));
    assert_true(str_eq(r->id.email, STR("ada@example.org")));
    assert_false(uuid_eq(&r->id.jti, &UUID_NIL));
    assert_true(r->id.issued_s == START / SECOND + 10);
    assert_true(r->id.expires_s == r->id.issued_s + LIFE_S);
    assert_true(r->id.created_us == START);
    assert_int_equal(auth_admit(r->auth, &r->id), ERR_OK);
    assert_int_equal(metric_value(M_LOGIN_OK), before + 1);
    struct uuid first = r->id.jti;
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_OK);
    assert_false(uuid_eq(&r->id.jti, &first));
}

static void test_login_refuses_alike_with_and_without_an_account(void **state)
{
    struct rig *r = *state;
    struct fault with, without;
    int64_t before = metric_value(M_LOGIN_WRONG);
    add_ada(r);
    assert_int_equal(login(r, "ada@example.org", "wrong1"), ERR_BAD_PASSWORD);
    with = r->fault;
    assert_int_equal(hash_count.verified, 1);
    assert_int_equal(login(r, "bob@example.org", "wrong1"), ERR_BAD_PASSWORD);
    without = r->fault;
    assert_int_equal(hash_count.verified, 2); /* the same work */
    assert_int_equal(hash_count.hashed, 0);
    assert_string_equal(fault_text(&with), "Password is wrong");
    assert_string_equal(fault_text(&without), "Password is wrong");
    assert_int_equal(with.retry_after_ms, without.retry_after_ms);
    assert_int_equal(metric_value(M_LOGIN_WRONG), before + 2);
    /* Not even the e-mail's form is judged. */
    assert_int_equal(login(r, "no address at all", "wrong1"), ERR_BAD_PASSWORD);
    assert_int_equal(hash_count.verified, 3);
}

static void test_login_is_throttled_alike_with_and_without_an_account(void **state)
{
    struct rig *r = *state;
    static const char *const emails[] = {"ada@example.org", "bob@example.org"};
    add_ada(r);
    for (int e = 0; e < 2; e++) {
        for (int i = 0; i < 10; i++)
            assert_int_equal(login(r, emails[e], "wrong1"), ERR_BAD_PASSWORD);
        unsigned verified = hash_count.verified;
        assert_int_equal(login(r, emails[e], "wrong1"), ERR_RATE_LIMITED);
        assert_int_equal(r->fault.retry_after_ms, 6000);
        assert_int_equal(hash_count.verified, verified);
    }
    /* From another address too, and with the right password. */
    int64_t before = metric_value(M_LOGIN_THROTTLED);
    assert_int_equal(login_from(r, "ada@example.org", "secret1", "192.0.2.9"), ERR_RATE_LIMITED);
    assert_int_equal(metric_value(M_LOGIN_THROTTLED), before + 1);
    clock_manual_advance(&r->clock, 6 * SECOND);
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_OK);
}

static void test_login_is_throttled_by_address(void **state)
{
    struct rig *r = *state;
    char email[32], address[32];
    for (int i = 0; i < 60; i++) {
        snprintf(email, sizeof email, "u%d@example.org", i);
        snprintf(address, sizeof address, "2001:db8::%x", i); /* one /64 */
        assert_int_equal(login_from(r, email, "wrong1", address), ERR_BAD_PASSWORD);
    }
    assert_int_equal(login_from(r, "u99@example.org", "wrong1", "2001:db8::99"), ERR_RATE_LIMITED);
    assert_int_equal(r->fault.retry_after_ms, 1000);
    assert_int_equal(login_from(r, "u99@example.org", "wrong1", "2001:db8:0:1::99"),
                     ERR_BAD_PASSWORD);
    /* A try the address had no right to does not count against the account. */
    for (int i = 0; i < 50; i++)
        login_from(r, "ada@example.org", "wrong1", "2001:db8::99");
    assert_int_equal(login_from(r, "ada@example.org", "wrong1", "198.51.100.1"), ERR_BAD_PASSWORD);
}

static void test_login_without_an_address_or_with_rates_off(void **state)
{
    struct rig *r = *state;
    r->limits.logins_per_min_account = 0;
    for (int i = 0; i < 100; i++)
        assert_int_equal(login_from(r, "ada@example.org", "wrong1", ""), ERR_BAD_PASSWORD);
    r->limits.logins_per_min_address = 0;
    for (int i = 0; i < 100; i++)
        assert_int_equal(login(r, "ada@example.org", "wrong1"), ERR_BAD_PASSWORD);
}

static void test_login_needs_both_fields(void **state)
{
    struct rig *r = *state;
    assert_int_equal(login(r, "", ""), ERR_BAD_REQUEST);
    assert_string_equal(fault_text(&r->fault), "The Field: email, password is required");
    assert_int_equal(login(r, "ada@example.org", ""), ERR_BAD_REQUEST);
    assert_string_equal(fault_text(&r->fault), "The Field: password is required");
    assert_int_equal(hash_count.verified, 0);
}

static void test_store_down(void **state)
{
    struct rig *r = *state;
    struct uuid jti = uuid_random();
    struct identity id = {.jti = jti, .expires_s = START / SECOND + 10};
    add_ada(r);
    r->store.is_down = true;
    assert_int_equal(register_as(r, "Bob", "bob@example.org", "secret1"), ERR_UNAVAILABLE);
    assert_int_equal(r->fault.retry_after_ms, 1000);
    r->fault = (struct fault){0};
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_UNAVAILABLE);
    assert_int_equal(r->fault.retry_after_ms, 1000);
    r->fault = (struct fault){0};
    assert_int_equal(auth_logout(r->auth, &id, &r->fault), ERR_UNAVAILABLE);
    assert_int_equal(r->fault.retry_after_ms, 1000);
    assert_int_equal(auth_admit(r->auth, &id), ERR_OK); /* not half done */
    assert_int_equal(r->notifier.revoked, 0);
    assert_int_equal(auth_me(r->auth, &id, &r->arena, &r->user), ERR_UNAVAILABLE);
    assert_int_equal(auth_set_password(r->auth, STR("ada@example.org"), STR("secret2"), &r->fault),
                     ERR_UNAVAILABLE);
    assert_int_equal(auth_refresh(r->auth), ERR_UNAVAILABLE);
}

static void test_no_memory_for_hashing_is_not_a_wrong_password(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    hash_count.has_no_memory = true;
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_UNAVAILABLE);
    assert_int_equal(login(r, "bob@example.org", "secret1"), ERR_UNAVAILABLE);
    assert_int_equal(register_as(r, "Bob", "bob@example.org", "secret1"), ERR_UNAVAILABLE);
    assert_int_equal(r->store.n, 1);
}

static void test_malformed_hash_never_matches_and_takes_the_same_work(void **state)
{
    static const char *const hashes[] = {"", "secret1", "$2a$10$N9qo8uLOickgx2ZMRZoMye"};
    struct rig *r = *state;
    add_ada(r);
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        snprintf(r->store.accounts[0].hash, PASSWORD_HASH_SIZE, "%s", hashes[i]);
        assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_BAD_PASSWORD);
        assert_int_equal(hash_count.verified, i + 1);
    }
}

static void test_stale_hash_is_renewed_at_login(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    snprintf(r->store.accounts[0].hash, PASSWORD_HASH_SIZE, "V0:secret1");
    r->store.accounts[0].valid_after_us = START - 5 * SECOND;
    assert_int_equal(login(r, "ada@example.org", "wrong1"), ERR_BAD_PASSWORD);
    assert_string_equal(r->store.accounts[0].hash, "V0:secret1");
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_OK);
    assert_string_equal(r->store.accounts[0].hash, "V1:secret1");
    assert_true(r->store.accounts[0].valid_after_us == START - 5 * SECOND); /* voids nothing */
    assert_int_equal(r->store.writes, 1);
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_OK);
    assert_int_equal(r->store.writes, 1);
    assert_int_equal(r->notifier.revoked, 0);
}

static void test_renewing_does_not_undo_a_change(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    snprintf(r->store.accounts[0].hash, PASSWORD_HASH_SIZE, "V0:secret1");
    r->store.is_changed_meanwhile = true;
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_OK);
    assert_string_equal(r->store.accounts[0].hash, "V1:changed");
    assert_int_equal(r->store.writes, 0);
}

/* ---- Sessions ---- */

static void test_logout(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    login(r, "ada@example.org", "secret1");
    struct identity first = r->id;
    login(r, "ada@example.org", "secret1");
    assert_int_equal(auth_logout(r->auth, &first, &r->fault), ERR_OK);
    assert_int_equal(auth_admit(r->auth, &first), ERR_BAD_TOKEN);
    assert_int_equal(auth_admit(r->auth, &r->id), ERR_OK);
    assert_int_equal(r->store.n_revocations, 1);
    assert_true(r->store.revocations[0].expires_us == first.expires_s * SECOND);
    assert_int_equal(r->notifier.revoked, 1);
    assert_true(uuid_eq(&r->notifier.jti, &first.jti));
    assert_true(uuid_eq(&r->notifier.user, &first.user));
    assert_int_equal(auth_refresh(r->auth), ERR_OK); /* no news: told once */
    assert_int_equal(r->notifier.revoked, 1);
}

static void test_logout_of_a_token_without_session(void **state)
{
    struct rig *r = *state;
    struct identity old = {.user = uuid_random(), .jti = UUID_NIL};
    assert_int_equal(auth_logout(r->auth, &old, &r->fault), ERR_BAD_REQUEST);
    assert_int_equal(r->store.n_revocations, 0);
    assert_int_equal(auth_admit(r->auth, &old), ERR_OK);
}

static void test_refresh_brings_what_another_process_revoked(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    login(r, "ada@example.org", "secret1");
    r->store.revocations[r->store.n_revocations++] = (struct revocation){
        .jti = r->id.jti, .user = r->id.user, .expires_us = r->id.expires_s * SECOND};
    assert_true(auth_admit(r->auth, &r->id) == ERR_OK && auth_refresh(r->auth) == ERR_OK);
    assert_int_equal(auth_admit(r->auth, &r->id), ERR_BAD_TOKEN);
    clock_manual_advance(&r->clock, (LIFE_S + 1) * SECOND);
    assert_int_equal(auth_refresh(r->auth), ERR_OK);
    assert_int_equal(auth_admit(r->auth, &r->id), ERR_TOKEN_EXPIRED);
    r->id.issued_s += 2; /* no token is like this: sessions live LIFE_S; the entry is forgotten */
    assert_int_equal(auth_admit(r->auth, &r->id), ERR_OK);
    assert_int_equal(r->notifier.revoked, 1);
}

static void test_set_password_voids_what_is_older(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    login(r, "ada@example.org", "secret1");
    struct identity old = r->id;
    clock_manual_advance(&r->clock, 5 * SECOND + 300000);
    assert_int_equal(auth_set_password(r->auth, STR("ada@example.org"), STR("secret2"), &r->fault),
                     ERR_OK);
    assert_int_equal(auth_admit(r->auth, &old), ERR_BAD_TOKEN);
    assert_int_equal(r->notifier.revoked, 1);
    assert_true(uuid_eq(&r->notifier.jti, &UUID_NIL));
    assert_true(r->notifier.issued_before_us == START + 5 * SECOND + 300000);
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_BAD_PASSWORD);
    /* A log-in in the very second of the change is good. */
    assert_int_equal(login(r, "ada@example.org", "secret2"), ERR_OK);
    assert_int_equal(auth_admit(r->auth, &r->id), ERR_OK);
    assert_int_equal(auth_refresh(r->auth), ERR_OK);
    assert_int_equal(auth_admit(r->auth, &r->id), ERR_OK);
    assert_int_equal(auth_admit(r->auth, &old), ERR_BAD_TOKEN);
}

static struct rig *racing;

static void change_password(void)
{
    during_verify = NULL;
    clock_manual_advance(&racing->clock, 300000);
    auth_set_password(racing->auth, STR("ada@example.org"), STR("secret2"), NULL);
    clock_manual_advance(&racing->clock, SECOND);
}

/* A log-in with the old password that was under way when it was changed. */
static void test_a_login_that_a_new_password_overtakes_is_void(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    racing = r;
    during_verify = change_password;
    assert_int_equal(login(r, "ada@example.org", "secret1"), ERR_OK);
    assert_int_equal(auth_admit(r->auth, &r->id), ERR_BAD_TOKEN);
    assert_int_equal(login(r, "ada@example.org", "secret2"), ERR_OK);
    assert_int_equal(auth_admit(r->auth, &r->id), ERR_OK);
}

static void test_set_password_refusals(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    assert_int_equal(auth_set_password(r->auth, STR("bob@example.org"), STR("secret2"), &r->fault),
                     ERR_USER_NOT_FOUND);
    assert_int_equal(auth_set_password(r->auth, STR("ada@example.org"), STR("12345"), &r->fault),
                     ERR_BAD_REQUEST);
    assert_string_equal(fault_text(&r->fault), "The Field: password should be 6 to 128 bytes long");
    assert_int_equal(r->store.writes, 0);
}

static void test_me(void **state)
{
    struct rig *r = *state;
    add_ada(r);
    login(r, "ada@example.org", "secret1");
    assert_int_equal(auth_me(r->auth, &r->id, &r->arena, &r->user), ERR_OK);
    assert_true(str_eq(r->user.name, STR("Ada")));
    struct identity nobody = {.user = uuid_random()};
    assert_int_equal(auth_me(r->auth, &nobody, &r->arena, &r->user), ERR_BAD_TOKEN);
}

/* The whole way once with the real hasher, and no notifier, as on the command line. */
static void test_with_argon2id(void **state)
{
    struct rig r;
    (void)state;
    rig_open(&r, NULL, NULL);
    assert_int_equal(register_as(&r, "Ada", "ada@example.org", "secret1"), ERR_OK);
    assert_int_equal(strncmp(r.store.accounts[0].hash, "$argon2id$", 10), 0);
    assert_int_equal(login(&r, "ada@example.org", "secret1"), ERR_OK);
    assert_int_equal(login(&r, "ada@example.org", "secret2"), ERR_BAD_PASSWORD);
    assert_int_equal(login(&r, "bob@example.org", "secret1"), ERR_BAD_PASSWORD);
    assert_int_equal(auth_logout(r.auth, &r.id, NULL), ERR_OK);
    assert_int_equal(auth_admit(r.auth, &r.id), ERR_BAD_TOKEN);
    auth_free(r.auth);
    arena_fini(&r.arena);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_register),
        TEST(test_register_says_what_is_wrong),
        TEST(test_register_twice),
        TEST(test_register_is_throttled_before_the_work),
        TEST(test_login),
        TEST(test_login_refuses_alike_with_and_without_an_account),
        TEST(test_login_is_throttled_alike_with_and_without_an_account),
        TEST(test_login_is_throttled_by_address),
        TEST(test_login_without_an_address_or_with_rates_off),
        TEST(test_login_needs_both_fields),
        TEST(test_store_down),
        TEST(test_no_memory_for_hashing_is_not_a_wrong_password),
        TEST(test_malformed_hash_never_matches_and_takes_the_same_work),
        TEST(test_stale_hash_is_renewed_at_login),
        TEST(test_renewing_does_not_undo_a_change),
        TEST(test_logout),
        TEST(test_logout_of_a_token_without_session),
        TEST(test_refresh_brings_what_another_process_revoked),
        TEST(test_set_password_voids_what_is_older),
        TEST(test_a_login_that_a_new_password_overtakes_is_void),
        TEST(test_set_password_refusals),
        TEST(test_me),
        cmocka_unit_test(test_with_argon2id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What port/account_store.h promises. */
#include <stdio.h>
#include <string.h>

#include "kit.h"
#include "suites.h"

static struct account_store *accounts_of(struct kit *k)
{
    return k->driver->accounts;
}

static struct user user_made(unsigned n, const char *name, const char *email)
{
    return (struct user){kit_user_id(n), str_of(name), str_of(email), KIT_START_US + n};
}

static void assert_text(struct str got, const char *wanted)
{
    assert_int_equal(got.n, strlen(wanted));
    assert_memory_equal(got.p, wanted, got.n);
}

static void assert_account(const struct account *a, const struct user *u, const char *hash)
{
    assert_true(uuid_eq(&a->user.id, &u->id));
    assert_true(str_eq(a->user.name, u->name));
    assert_true(str_eq(a->user.email, u->email));
    assert_int_equal(a->user.created_us, u->created_us);
    assert_text(a->password_hash, hash);
}

static void account_is_found_by_email_and_id(void **state)
{
    struct account_store *s = accounts_of(*state);
    struct user u = user_made(1, "Ada \xE2\x98\x83", "ada@example.org");
    struct arena arena;
    struct account a;
    arena_init(&arena);
    assert_int_equal(s->ops->add(s, &u, STR("$argon2id$x")), ERR_OK);
    assert_int_equal(s->ops->by_email(s, u.email, &arena, &a), ERR_OK);
    assert_account(&a, &u, "$argon2id$x");
    assert_int_equal(a.valid_after_us, 0);
    assert_int_equal(s->ops->by_id(s, &u.id, &arena, &a), ERR_OK);
    assert_account(&a, &u, "$argon2id$x");
    struct uuid other = kit_user_id(2);
    assert_int_equal(s->ops->by_id(s, &other, &arena, &a), ERR_USER_NOT_FOUND);
    assert_int_equal(s->ops->by_email(s, STR("bob@example.org"), &arena, &a), ERR_USER_NOT_FOUND);
    arena_fini(&arena);
}

/* Byte for byte: mail systems may tell cases apart. */
static void email_is_unique(void **state)
{
    struct account_store *s = accounts_of(*state);
    struct user a = user_made(1, "a", "x@example.org"), b = user_made(2, "b", "x@example.org"),
                c = user_made(3, "a", "X@example.org");
    struct arena arena;
    struct account found;
    arena_init(&arena);
    assert_int_equal(s->ops->add(s, &a, STR("1")), ERR_OK);
    assert_int_equal(s->ops->add(s, &b, STR("2")), ERR_EMAIL_TAKEN);
    assert_int_equal(s->ops->add(s, &c, STR("3")), ERR_OK);
    assert_int_equal(s->ops->by_email(s, a.email, &arena, &found), ERR_OK);
    assert_account(&found, &a, "1");
    assert_int_equal(s->ops->by_id(s, &b.id, &arena, &found), ERR_USER_NOT_FOUND);
    arena_fini(&arena);
}

struct listing {
    unsigned n, stop_after;
    bool in_order;
};

static bool list_one(const struct account *a, void *arg)
{
    struct listing *l = arg;
    struct uuid wanted = kit_user_id(++l->n);
    l->in_order = l->in_order && uuid_eq(&a->user.id, &wanted);
    return l->n != l->stop_after;
}

static void list_is_in_order_of_creation(void **state)
{
    struct kit *k = *state;
    struct account_store *s = accounts_of(k);
    struct listing none = {.in_order = true}, all = none,
                   some = {.in_order = true, .stop_after = 3};
    assert_int_equal(s->ops->list(s, list_one, &none), ERR_OK);
    assert_int_equal(none.n, 0);
    kit_add_users(k, 600);
    assert_int_equal(s->ops->list(s, list_one, &all), ERR_OK);
    assert_int_equal(all.n, 600);
    assert_true(all.in_order);
    assert_int_equal(s->ops->list(s, list_one, &some), ERR_OK);
    assert_int_equal(some.n, 3);
}

struct heard {
    size_t n;
    struct revocation rows[8];
};

static void hear(const struct revocation *r, void *arg)
{
    struct heard *h = arg;
    assert_true(h->n < 8);
    h->rows[h->n++] = *r;
}

static struct heard revocations(struct account_store *s, int64_t now_us)
{
    struct heard h = {.n = 0};
    assert_int_equal(s->ops->revocations(s, now_us, hear, &h), ERR_OK);
    return h;
}

static void new_password_voids_older_tokens(void **state)
{
    struct kit *k = *state;
    struct account_store *s = accounts_of(k);
    struct arena arena;
    struct account a;
    struct uuid u1 = kit_user_id(1), u2 = kit_user_id(2), u9 = kit_user_id(9);
    kit_add_users(k, 2);
    assert_int_equal(s->ops->set_password(s, &u9, STR("new"), KIT_START_US), ERR_USER_NOT_FOUND);
    assert_int_equal(s->ops->set_password(s, &u1, STR("new"), KIT_START_US + 5), ERR_OK);
    arena_init(&arena);
    assert_int_equal(s->ops->by_id(s, &u1, &arena, &a), ERR_OK);
    assert_text(a.password_hash, "new");
    assert_int_equal(a.valid_after_us, KIT_START_US + 5);
    assert_int_equal(s->ops->by_id(s, &u2, &arena, &a), ERR_OK);
    assert_text(a.password_hash, "hash");
    assert_int_equal(a.valid_after_us, 0);
    arena_fini(&arena);
    struct heard h = revocations(s, KIT_START_US + INT64_C(1000000000000));
    assert_int_equal(h.n, 1);
    assert_true(uuid_eq(&h.rows[0].user, &u1));
    assert_true(uuid_eq(&h.rows[0].jti, &UUID_NIL));
    assert_int_equal(h.rows[0].issued_before_us, KIT_START_US + 5);
}

static void revocations_last_until_they_expire(void **state)
{
    struct kit *k = *state;
    struct account_store *s = accounts_of(k);
    const struct revocation session = {
        .jti = kit_channel_id(7), .user = kit_user_id(1), .expires_us = KIT_START_US + 100};
    const struct revocation everything = {
        .user = kit_user_id(1), .issued_before_us = KIT_START_US, .expires_us = KIT_START_US + 200};
    kit_add_users(k, 1);
    assert_int_equal(revocations(s, KIT_START_US).n, 0);
    assert_int_equal(s->ops->revoke(s, &session), ERR_OK);
    assert_int_equal(s->ops->revoke(s, &everything), ERR_OK);
    assert_int_equal(revocations(s, KIT_START_US + 99).n, 2);
    struct heard h = revocations(s, KIT_START_US + 100);
    assert_int_equal(h.n, 1);
    assert_true(uuid_eq(&h.rows[0].jti, &UUID_NIL));
    assert_true(uuid_eq(&h.rows[0].user, &everything.user));
    assert_int_equal(h.rows[0].issued_before_us, KIT_START_US);
    assert_int_equal(h.rows[0].expires_us, KIT_START_US + 200);
    assert_int_equal(revocations(s, KIT_START_US + 200).n, 0);
}

static void writes_are_refused_when_nothing_can_be_durable(void **state)
{
    struct kit *k = *state;
    struct account_store *s = accounts_of(k);
    struct user u = user_made(7, "u", "u@example.org");
    struct uuid u1 = kit_user_id(1);
    struct arena arena;
    struct account a;
    arena_init(&arena);
    kit_add_users(k, 1);
    kit_driver->refuse(k->driver, true);
    assert_int_equal(s->ops->add(s, &u, STR("h")), ERR_UNAVAILABLE);
    assert_int_equal(s->ops->set_password(s, &u1, STR("h"), 1), ERR_UNAVAILABLE);
    assert_int_equal(s->ops->revoke(s, &(struct revocation){.expires_us = INT64_MAX}),
                     ERR_UNAVAILABLE);
    assert_int_equal(s->ops->by_id(s, &u.id, &arena, &a), ERR_USER_NOT_FOUND);
    assert_int_equal(s->ops->by_id(s, &u1, &arena, &a), ERR_OK);
    assert_text(a.password_hash, "hash");
    kit_driver->refuse(k->driver, false);
    assert_int_equal(revocations(s, KIT_START_US).n, 0);
    assert_int_equal(s->ops->add(s, &u, STR("h")), ERR_OK);
    arena_fini(&arena);
}

static void accounts_survive_a_restart(void **state)
{
    struct kit *k = *state;
    struct user u = user_made(1, "Ada", "ada@example.org");
    struct arena arena;
    struct account a;
    arena_init(&arena);
    struct account_store *s = accounts_of(k);
    assert_int_equal(s->ops->add(s, &u, STR("h")), ERR_OK);
    assert_int_equal(s->ops->set_password(s, &u.id, STR("h2"), KIT_START_US), ERR_OK);
    assert_int_equal(s->ops->revoke(s, &(struct revocation){.expires_us = INT64_MAX}), ERR_OK);
    kit_reopen(k);
    s = accounts_of(k);
    assert_int_equal(s->ops->by_email(s, u.email, &arena, &a), ERR_OK);
    assert_account(&a, &u, "h2");
    assert_int_equal(revocations(s, KIT_START_US).n, 2);
    arena_fini(&arena);
}

int contract_account_store(void)
{
#define ACCOUNT_TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        ACCOUNT_TEST(account_is_found_by_email_and_id),
        ACCOUNT_TEST(email_is_unique),
        ACCOUNT_TEST(list_is_in_order_of_creation),
        ACCOUNT_TEST(new_password_voids_older_tokens),
        ACCOUNT_TEST(revocations_last_until_they_expire),
        ACCOUNT_TEST(writes_are_refused_when_nothing_can_be_durable),
        ACCOUNT_TEST(accounts_survive_a_restart),
    };
    return KIT_RUN("account_store", tests, 1, 0);
}

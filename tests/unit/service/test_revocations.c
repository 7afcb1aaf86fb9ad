#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "service/revocations.h"

#define SECOND INT64_C(1000000)
#define LIFE   (100 * SECOND)

static struct uuid id(unsigned n)
{
    struct uuid u = {{1}};
    memcpy(u.b + 4, &n, sizeof n);
    return u;
}

static bool add_session(struct revocations *r, unsigned user, unsigned jti, int64_t issued_us)
{
    struct revocation e = {.jti = id(jti), .user = id(user), .expires_us = issued_us + LIFE};
    return revocations_add(r, &e, issued_us);
}

static bool has(struct revocations *r, unsigned user, unsigned jti, int64_t issued_us)
{
    struct uuid u = id(user), j = jti == 0 ? UUID_NIL : id(jti);
    return revocations_has(r, &u, &j, issued_us);
}

static void test_one_session(void **state)
{
    struct revocations *r = revocations_new(100, LIFE);
    (void)state;
    assert_false(has(r, 1, 10, 0));
    assert_true(add_session(r, 1, 10, 0));
    assert_false(add_session(r, 1, 10, 0)); /* no news */
    assert_true(has(r, 1, 10, 0));
    assert_false(has(r, 1, 11, 0));
    assert_false(has(r, 1, 0, 0)); /* a token that names no session */
    revocations_free(r);
}

static void test_all_of_a_user(void **state)
{
    struct revocations *r = revocations_new(100, LIFE);
    struct revocation e = {UUID_NIL, id(1), 50 * SECOND, 150 * SECOND};
    (void)state;
    assert_true(revocations_add(r, &e, 50 * SECOND));
    assert_false(revocations_add(r, &e, 50 * SECOND));
    assert_true(has(r, 1, 10, 49 * SECOND));
    assert_true(has(r, 1, 0, 49 * SECOND));
    assert_false(has(r, 1, 10, 50 * SECOND));
    assert_false(has(r, 2, 10, 49 * SECOND));
    e.issued_before_us = 60 * SECOND; /* later: news */
    assert_true(revocations_add(r, &e, 60 * SECOND));
    assert_true(has(r, 1, 10, 59 * SECOND));
    e.issued_before_us = 55 * SECOND; /* earlier: takes nothing back */
    assert_false(revocations_add(r, &e, 60 * SECOND));
    assert_true(has(r, 1, 10, 59 * SECOND));
    revocations_free(r);
}

static void test_expired_is_no_news_and_is_swept(void **state)
{
    struct revocations *r = revocations_new(100000, LIFE);
    (void)state;
    struct revocation old = {id(10), id(1), 0, 5 * SECOND};
    assert_false(revocations_add(r, &old, 5 * SECOND));
    assert_int_equal(revocations_count(r), 0);
    for (unsigned i = 1; i <= 10; i++)
        add_session(r, 1, i, i * SECOND);
    revocations_sweep(r, LIFE + 4 * SECOND);
    assert_int_equal(revocations_count(r), 6);
    assert_false(has(r, 1, 4, 0));
    assert_true(has(r, 1, 5, 0));
    revocations_sweep(r, LIFE + 11 * SECOND);
    assert_int_equal(revocations_count(r), 0);
    revocations_free(r);
}

static void test_a_sweep_is_bounded(void **state)
{
    struct revocations *r = revocations_new(100000, LIFE);
    (void)state;
    for (unsigned i = 1; i <= REVOCATIONS_SWEEP_MAX + 10; i++)
        add_session(r, 1, i, 0);
    assert_false(revocations_sweep(r, LIFE - 1)); /* nothing has expired */
    assert_true(revocations_sweep(r, 2 * LIFE));
    assert_int_equal(revocations_count(r), 10);
    assert_false(revocations_sweep(r, 2 * LIFE));
    assert_int_equal(revocations_count(r), 0);
    revocations_free(r);
}

static void test_at_the_limit_the_users_older_sessions_go_too(void **state)
{
    struct revocations *r = revocations_new(2, LIFE);
    (void)state;
    add_session(r, 1, 10, 0);
    add_session(r, 1, 11, 0);
    assert_true(add_session(r, 2, 20, 7 * SECOND));
    assert_int_equal(revocations_count(r), 3);
    assert_true(has(r, 2, 20, 7 * SECOND));
    assert_true(has(r, 2, 21, 6 * SECOND));  /* an older session of hers */
    assert_false(has(r, 2, 22, 8 * SECOND)); /* a later log-in */
    assert_false(has(r, 3, 30, 0));
    /* Hearing of it again, as at every refresh, must not void what came later. */
    assert_false(add_session(r, 2, 20, 7 * SECOND));
    assert_false(has(r, 2, 22, 8 * SECOND));
    /* One that is in already is no further one. */
    assert_false(add_session(r, 1, 10, 0));
    assert_int_equal(revocations_count(r), 3);
    revocations_free(r);
}

static void *look(void *arg)
{
    struct revocations *r = arg;
    size_t found = 0;
    for (unsigned i = 0; i < 20000; i++)
        found += has(r, 1, 1 + i % 1000, 0);
    return (void *)found;
}

static void test_reading_while_writing(void **state)
{
    struct revocations *r = revocations_new(100000, LIFE);
    pthread_t readers[2];
    void *found;
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, look, r), 0);
    for (unsigned i = 1; i <= 1000; i++) {
        add_session(r, 1, i, 0);
        revocations_sweep(r, 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], &found);
    assert_int_equal(revocations_count(r), 1000);
    assert_int_equal((size_t)look(r), 20000);
    revocations_free(r);
}

/* The store keeps when a password was changed for ever; no token is older than a session lives. */
static void test_changed_passwords_are_forgotten_in_time(void **state)
{
    struct revocations *r = revocations_new(100, LIFE);
    struct revocation e = {UUID_NIL, id(1), 50 * SECOND, INT64_MAX};
    (void)state;
    assert_true(revocations_add(r, &e, 60 * SECOND));
    assert_false(revocations_add(r, &e, 149 * SECOND)); /* as every few seconds: no news */
    assert_true(has(r, 1, 10, 49 * SECOND));
    revocations_sweep(r, 149 * SECOND);
    assert_int_equal(revocations_count(r), 1);
    revocations_sweep(r, 150 * SECOND);
    assert_int_equal(revocations_count(r), 0);
    assert_false(revocations_add(r, &e, 150 * SECOND)); /* and does not come back */
    assert_int_equal(revocations_count(r), 0);
    revocations_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_session),
        cmocka_unit_test(test_all_of_a_user),
        cmocka_unit_test(test_expired_is_no_news_and_is_swept),
        cmocka_unit_test(test_a_sweep_is_bounded),
        cmocka_unit_test(test_at_the_limit_the_users_older_sessions_go_too),
        cmocka_unit_test(test_reading_while_writing),
        cmocka_unit_test(test_changed_passwords_are_forgotten_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

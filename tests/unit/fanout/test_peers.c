/* Who is online on other nodes: told, repeated, forgotten. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fanout/peers.h"

static struct peers *p;

static int setup(void **state)
{
    (void)state;
    p = peers_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    peers_free(p);
    return 0;
}

static struct uuid node_n(unsigned n)
{
    return (struct uuid){{'n', [14] = (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct uuid user_n(unsigned n)
{
    return (struct uuid){{'u', [14] = (uint8_t)(n >> 8), (uint8_t)n}};
}

static enum peer_news hear(unsigned node)
{
    const struct uuid n = node_n(node);
    return peers_hear(p, &n);
}

static bool set(unsigned node, unsigned user, bool online)
{
    const struct uuid n = node_n(node), u = user_n(user);
    return peers_set(p, &n, &u, online);
}

static bool is_online(unsigned user)
{
    const struct uuid u = user_n(user);
    bool online = false;
    peers_online(p, &u, 1, &online);
    return online;
}

/* The first `n` users who are in slice `slice`. */
static void users_of_slice(unsigned slice, unsigned *users, size_t n)
{
    size_t found = 0;
    for (unsigned i = 1; found < n; i++) {
        const struct uuid u = user_n(i);
        if (peers_slice_of(&u) == slice)
            users[found++] = i;
    }
}

static bool slice(unsigned node, unsigned number, unsigned part, bool is_last,
                  const unsigned *users, size_t n)
{
    struct uuid list[8];
    assert_true(n <= 8);
    for (size_t i = 0; i < n; i++)
        list[i] = user_n(users[i]);
    const struct word w = {.kind = WORD_SLICE,
                           .node = node_n(node),
                           .slice = number,
                           .part = part,
                           .is_last = is_last,
                           .list = list,
                           .n = n};
    return peers_take_slice(p, &w);
}

static void test_news_is_when_the_first_comes_and_the_last_goes(void **state)
{
    (void)state;
    assert_int_equal(hear(1), PEER_NEW);
    assert_int_equal(hear(1), PEER_KNOWN);
    assert_int_equal(hear(2), PEER_NEW);
    assert_false(is_online(1));
    assert_true(set(1, 1, true));
    assert_false(set(1, 1, true));
    assert_false(set(2, 1, true));
    assert_true(is_online(1));
    assert_false(is_online(2));
    assert_false(set(1, 1, false));
    assert_true(is_online(1));
    assert_true(set(2, 1, false));
    assert_false(is_online(1));
    assert_false(set(2, 1, false));
}

static void test_a_stranger_changes_nothing(void **state)
{
    (void)state;
    unsigned u;
    users_of_slice(0, &u, 1);
    assert_false(set(1, u, true));
    assert_false(slice(1, 0, 0, true, &u, 1));
    assert_false(is_online(u));
}

static void test_parts_make_a_slice(void **state)
{
    (void)state;
    unsigned u[4], other;
    users_of_slice(3, u, 4);
    users_of_slice(4, &other, 1);
    hear(1);
    set(1, u[0], true);
    set(1, u[1], true);
    set(1, other, true);
    assert_false(slice(1, 3, 0, false, &u[1], 1));
    assert_true(slice(1, 3, 1, false, &u[2], 1)); /* one of whom nothing was told */
    assert_true(is_online(u[0]));
    assert_true(slice(1, 3, 2, true, &u[3], 1));
    assert_false(is_online(u[0])); /* his going was not heard */
    assert_true(is_online(u[1]) && is_online(u[2]) && is_online(u[3]));
    assert_true(is_online(other)); /* another slice */
    assert_false(slice(1, 3, 0, true, &u[1], 3));
    assert_true(is_online(u[1]) && is_online(u[2]) && is_online(u[3]));
    assert_true(slice(1, 3, 0, true, NULL, 0));
    assert_false(is_online(u[1]) || is_online(u[2]) || is_online(u[3]));
}

static void test_a_broken_slice_ends_nobody_until_it_is_broken_for_long(void **state)
{
    (void)state;
    unsigned u[2];
    users_of_slice(5, u, 2);
    hear(1);
    set(1, u[0], true);
    set(1, u[1], true);
    for (unsigned i = 1; i < PEER_BROKEN_MAX; i++) {
        slice(1, 5, 0, false, &u[1], 1);
        assert_false(slice(1, 5, 2, true, NULL, 0)); /* part 1 was lost */
        assert_true(is_online(u[0]));
    }
    slice(1, 5, 0, false, &u[1], 1);
    assert_true(slice(1, 5, 2, true, NULL, 0));
    assert_false(is_online(u[0]));
    assert_true(is_online(u[1]));
}

static void test_a_part_of_another_slice_breaks_it(void **state)
{
    (void)state;
    unsigned u;
    users_of_slice(5, &u, 1);
    hear(1);
    set(1, u, true);
    slice(1, 6, 0, false, NULL, 0);
    assert_false(slice(1, 5, 1, true, NULL, 0)); /* its part 0 was lost */
    assert_true(is_online(u));
}

static void test_users_of_other_nodes_are_not_touched(void **state)
{
    (void)state;
    unsigned u;
    users_of_slice(2, &u, 1);
    hear(1);
    hear(2);
    set(1, u, true);
    set(2, u, true);
    assert_false(slice(1, 2, 0, true, NULL, 0));
    assert_true(is_online(u));
    assert_true(slice(2, 2, 0, true, NULL, 0));
    assert_false(is_online(u));
}

static void test_silence_ends_a_node(void **state)
{
    (void)state;
    hear(1);
    hear(2);
    set(1, 1, true);
    set(2, 2, true);
    for (unsigned i = 0; i < PEER_SILENCE_TICKS; i++) {
        hear(2);
        assert_false(peers_tick(p, false));
    }
    assert_true(is_online(1));
    assert_true(peers_tick(p, false));
    assert_false(is_online(1));
    assert_true(is_online(2));
    assert_int_equal(hear(1), PEER_NEW);
    assert_false(is_online(1)); /* its bit is clean */
}

static void test_silence_means_nothing_to_the_deaf(void **state)
{
    (void)state;
    hear(1);
    set(1, 1, true);
    for (unsigned i = 0; i < 10 * PEER_SILENCE_TICKS; i++)
        assert_false(peers_tick(p, true));
    assert_true(is_online(1));
}

static void test_who_says_goodbye_is_forgotten(void **state)
{
    (void)state;
    size_t n_peers, n_users;
    const struct uuid node = node_n(1);
    hear(1);
    for (unsigned i = 0; i < 1000; i++)
        set(1, i, true);
    peers_count(p, &n_peers, &n_users);
    assert_int_equal(n_peers, 1);
    assert_int_equal(n_users, 1000);
    assert_true(peers_forget(p, &node));
    assert_false(peers_forget(p, &node));
    peers_count(p, &n_peers, &n_users);
    assert_int_equal(n_peers, 0);
    assert_int_equal(n_users, 0);
}

static void test_nodes_are_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PEERS_MAX; i++)
        assert_int_equal(hear(i), PEER_NEW);
    assert_int_equal(hear(PEERS_MAX), PEER_REFUSED);
    assert_false(set(PEERS_MAX, 1, true));
    assert_true(set(PEERS_MAX - 1, 1, true));
    const struct uuid first = node_n(0);
    peers_forget(p, &first);
    assert_int_equal(hear(PEERS_MAX), PEER_NEW);
    assert_false(set(PEERS_MAX, 1, true)); /* no news: it is online on another */
    assert_true(is_online(1));
}

/* ---- Many threads: the bus tells, loops and workers ask ---- */

enum { THREADS = 4, ROUNDS = 2000 };

static void *tell_and_ask(void *arg)
{
    const unsigned node = *(const unsigned *)arg;
    const struct uuid id = node_n(node);
    unsigned users[4];
    users_of_slice(node, users, 4);
    for (unsigned i = 0; i < ROUNDS; i++) {
        hear(node);
        set(node, users[i % 4], i % 3 != 0);
        slice(node, node, 0, true, users, i % 5);
        is_online(users[i % 4]);
        if (i % 100 == 0)
            peers_forget(p, &id);
        if (i % 50 == 0)
            peers_tick(p, i % 500 == 0);
    }
    peers_forget(p, &id);
    return NULL;
}

static void test_threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned nodes[THREADS];
    size_t n_peers, n_users;
    for (unsigned i = 0; i < THREADS; i++) {
        nodes[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, tell_and_ask, &nodes[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    peers_count(p, &n_peers, &n_users);
    assert_int_equal(n_peers, 0);
    assert_int_equal(n_users, 0);
}

int main(void)
{
#define PEERS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        PEERS_TEST(test_news_is_when_the_first_comes_and_the_last_goes),
        PEERS_TEST(test_a_stranger_changes_nothing),
        PEERS_TEST(test_parts_make_a_slice),
        PEERS_TEST(test_a_broken_slice_ends_nobody_until_it_is_broken_for_long),
        PEERS_TEST(test_a_part_of_another_slice_breaks_it),
        PEERS_TEST(test_users_of_other_nodes_are_not_touched),
        PEERS_TEST(test_silence_ends_a_node),
        PEERS_TEST(test_silence_means_nothing_to_the_deaf),
        PEERS_TEST(test_who_says_goodbye_is_forgotten),
        PEERS_TEST(test_nodes_are_bounded),
        PEERS_TEST(test_threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

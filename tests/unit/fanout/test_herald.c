/* Two nodes, joined by a bus: what concerns the sessions of one is heard by those of the other. */
#include <stdio.h>

#include "adapter/memory/bus.h"
#include "fanout/peers.h"
#include "kit.h"
#include "telemetry/metrics.h"

static struct kit a, b;
static struct memory_wire *wire;
static struct memory_bus *bus_a, *bus_b;

static void node_open(struct kit *k, struct memory_bus **bus)
{
    *bus = memory_bus_new(wire);
    k->config.bus = memory_bus_port(*bus);
    kit_open_hub(k);
    hub_listen(k->hub);
}

/* Dies without a farewell unless `says_bye`. */
static void node_close(struct kit *k, struct memory_bus **bus, bool says_bye)
{
    memory_bus_cut(*bus, !says_bye);
    kit_close_hub(k);
    memory_bus_free(*bus);
    *bus = NULL;
}

static int setup(void **state)
{
    (void)state;
    wire = memory_wire_new(true, 0);
    kit_init(&a);
    kit_init(&b);
    kit_close_hub(&a);
    kit_close_hub(&b);
    node_open(&a, &bus_a);
    node_open(&b, &bus_b);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (bus_a != NULL)
        node_close(&a, &bus_a, false);
    if (bus_b != NULL)
        node_close(&b, &bus_b, false);
    memory_wire_free(wire);
    return 0;
}

static void run(void)
{
    bool any = true;
    while (any) {
        kit_run(&a);
        if (b.hub != NULL)
            kit_run(&b);
        any = memory_wire_step(wire);
    }
}

static void tick(void)
{
    kit_tick(&a);
    if (b.hub != NULL)
        kit_tick(&b);
    run();
}

/* The same log on both nodes: users 1..n are members of channel 1. */
static void members(unsigned n)
{
    kit_members(&a, 1, 1, n);
    kit_members(&b, 1, 1, n);
}

static void watch(struct fake *f, unsigned channel)
{
    const struct uuid c = kit_channel(channel);
    assert_int_equal(session_watch(&f->super, &c, 1), ERR_OK);
    run();
}

static bool is_online(struct kit *k, unsigned user)
{
    const struct uuid u = kit_user(user);
    bool online;
    struct notifier *n = hub_notifier(k->hub);
    n->ops->online(n, &u, 1, &online);
    return online;
}

static void test_who_comes_and_goes_is_told_on_the_other_node(void **state)
{
    (void)state;
    members(3);
    struct fake *watcher = kit_client(&a, 0, 1);
    watch(watcher, 1);
    assert_record(watcher, "frame(presence c1 +u1)");
    struct fake *two = kit_client(&b, 1, 2), *three = kit_old_client(&b, 0, 3);
    run();
    assert_true(is_online(&a, 2) && is_online(&a, 3) && is_online(&b, 1));
    assert_record(watcher, "");
    tick();
    assert_record(watcher, "frame(presence c1 +u2 +u3)");
    fake_detach(three);
    run();
    tick();
    assert_record(watcher, "frame(presence c1 -u3)");
    assert_false(is_online(&a, 3));
    fake_detach(two);
    fake_detach(watcher);
}

static void test_a_newcomer_is_told_who_is_online_elsewhere(void **state)
{
    (void)state;
    members(2);
    struct fake *two = kit_client(&b, 1, 2);
    run();
    struct fake *watcher = kit_client(&a, 0, 1);
    watch(watcher, 1);
    assert_record(watcher, "frame(presence c1 +u1 +u2)");
    fake_detach(two);
    fake_detach(watcher);
}

static void test_someone_on_both_nodes_goes_with_the_last(void **state)
{
    (void)state;
    members(2);
    struct fake *watcher = kit_client(&a, 0, 1), *here = kit_client(&a, 1, 2);
    watch(watcher, 1);
    struct fake *there = kit_client(&b, 0, 2);
    run();
    tick();
    fake_record(watcher);
    fake_detach(here);
    run();
    tick();
    assert_record(watcher, "frame(presence c1 +u2)"); /* as it is, not as it was told */
    fake_detach(there);
    run();
    tick();
    assert_record(watcher, "frame(presence c1 -u2)");
    fake_detach(watcher);
}

static void test_a_dead_node_takes_its_users_with_it(void **state)
{
    (void)state;
    members(2);
    struct fake *two = kit_client(&b, 1, 2), *watcher = kit_client(&a, 0, 1);
    watch(watcher, 1);
    tick();
    fake_record(watcher);
    memory_bus_cut(bus_b, true); /* whatever it says now is not heard */
    fake_detach(two);
    node_close(&b, &bus_b, false);
    for (unsigned i = 0; i < PEER_SILENCE_TICKS; i++) {
        tick();
        assert_true(is_online(&a, 2));
    }
    tick();
    assert_false(is_online(&a, 2));
    tick();
    assert_record(watcher, "frame(presence c1 +u1 -u2)");
    fake_detach(watcher);
}

static void test_a_node_that_stops_says_so(void **state)
{
    (void)state;
    members(2);
    struct fake *two = kit_client(&b, 1, 2);
    run();
    assert_true(is_online(&a, 2));
    memory_bus_cut(bus_b, true);
    fake_detach(two);
    memory_bus_cut(bus_b, false);
    node_close(&b, &bus_b, true);
    run();
    assert_false(is_online(&a, 2));
}

static void test_a_lost_word_is_made_good(void **state)
{
    (void)state;
    members(3);
    struct fake *watcher = kit_client(&a, 0, 1), *three = kit_client(&b, 0, 3);
    watch(watcher, 1);
    tick();
    fake_record(watcher);
    fake_detach(three);
    struct fake *two = kit_client(&b, 1, 2);
    kit_run(&b);
    memory_wire_lose(wire); /* 3 went */
    memory_wire_lose(wire); /* 2 came */
    run();
    assert_true(is_online(&a, 3));
    assert_false(is_online(&a, 2));
    for (unsigned i = 0; i <= WORD_SLICES; i++)
        tick();
    assert_false(is_online(&a, 3));
    assert_true(is_online(&a, 2));
    const char *record = fake_record(watcher);
    assert_non_null(strstr(record, "+u2"));
    assert_non_null(strstr(record, "-u3"));
    fake_detach(two);
    fake_detach(watcher);
}

/* A node that was away, or begins, knows everyone within two ticks: it asks. */
static void test_after_a_gap_everyone_is_asked(void **state)
{
    (void)state;
    members(2);
    memory_bus_cut(bus_a, true);
    struct fake *two = kit_client(&b, 1, 2);
    tick();
    tick();
    assert_false(is_online(&a, 2));
    memory_bus_cut(bus_a, false);
    for (unsigned i = 0; i < 6; i++) /* it may have asked a moment ago */
        tick();
    assert_true(is_online(&a, 2));
    fake_detach(two);
}

static void test_a_new_node_learns_who_is_there(void **state)
{
    (void)state;
    members(40);
    struct fake *all[40];
    for (unsigned i = 0; i < 40; i++)
        all[i] = kit_client(&a, 0, 1 + i);
    run();
    node_close(&b, &bus_b, false);
    node_open(&b, &bus_b);
    tick();
    tick();
    for (unsigned i = 0; i < 40; i++) {
        assert_true(is_online(&b, 1 + i));
        fake_detach(all[i]);
    }
    run();
    for (unsigned i = 0; i < 40; i++)
        assert_false(is_online(&b, 1 + i));
}

static void test_more_channels_than_a_word_holds(void **state)
{
    (void)state;
    const unsigned n = 2 * WORD_LIST_MAX + 10;
    for (unsigned i = 1; i <= n; i++) {
        kit_join(&a, i, 2);
        kit_join(&b, i, 2);
    }
    kit_join(&a, n, 1);
    kit_join(&b, n, 1);
    kit_flow(&a);
    kit_flow(&b);
    struct fake *watcher = kit_client(&a, 0, 1);
    watch(watcher, n);
    fake_record(watcher);
    struct fake *two = kit_client(&b, 0, 2);
    run();
    tick();
    char wanted[64];
    snprintf(wanted, sizeof wanted, "frame(presence c%u +u2)", n);
    assert_record(watcher, wanted);
    fake_detach(two);
    fake_detach(watcher);
}

/* The watcher's node has heard of the join, the other one has not: it does not name the channel. */
static void test_one_who_joined_a_moment_ago_is_looked_after(void **state)
{
    (void)state;
    members(1);
    struct fake *watcher = kit_client(&a, 0, 1), *two = kit_client(&b, 0, 2);
    watch(watcher, 1);
    kit_join(&a, 1, 2);
    kit_flow(&a);
    run();
    tick();
    assert_non_null(strstr(fake_record(watcher), "+u2"));
    fake_detach(two);
    run();
    tick();
    assert_record(watcher, "frame(presence c1 -u2)");
    tick();
    assert_record(watcher, "");
    fake_detach(watcher);
}

static void test_typing_is_told_on_the_other_node(void **state)
{
    (void)state;
    members(2);
    struct fake *watcher = kit_client(&a, 1, 1), *two = kit_client(&b, 0, 2);
    watch(watcher, 1);
    fake_record(watcher);
    const struct uuid channel = kit_channel(1);
    assert_int_equal(session_typing(&two->super, &channel), ERR_OK);
    run();
    assert_record(watcher, "frame(typing c1 u2 x)");
    fake_detach(two);
    fake_detach(watcher);
}

static void test_read_positions_are_told_on_the_other_node(void **state)
{
    (void)state;
    members(2);
    struct fake *here = kit_client(&a, 0, 1), *there = kit_client(&b, 0, 1);
    struct fake *other = kit_client(&b, 0, 2);
    run();
    const struct uuid user = kit_user(1), channel = kit_channel(1);
    struct notifier *n = hub_notifier(a.hub);
    n->ops->read_moved(n, &user, &channel, 7, 0, here->super.id); /* the same id on both nodes */
    run();
    assert_record(here, "");
    assert_record(there, "frame(read c1 7)");
    assert_record(other, "");
    fake_detach(here);
    fake_detach(there);
    fake_detach(other);
}

static void test_revoked_sessions_end_on_the_other_node(void **state)
{
    (void)state;
    members(2);
    struct fake *one = kit_client(&b, 1, 1), *other = kit_client(&b, 0, 1);
    struct fake *old = kit_client(&b, 1, 1);
    one->super.jti = kit_user(77);
    other->super.jti = kit_user(78);
    const struct uuid user = kit_user(1);
    struct notifier *n = hub_notifier(a.hub);
    n->ops->revoked(n, &user, &one->super.jti, 0);
    run();
    assert_record(one, "revoked");
    assert_record(other, "");
    old->super.issued_us = 4999;
    other->super.issued_us = 5000;
    n->ops->revoked(n, &user, &UUID_NIL, 5000);
    run();
    assert_record(old, "revoked");
    assert_record(other, "");
    fake_free(one);
    fake_free(old);
    fake_detach(other);
}

static void test_noise_on_the_bus_is_counted(void **state)
{
    (void)state;
    struct memory_bus *stranger = memory_bus_new(wire);
    struct bus *port = memory_bus_port(stranger);
    const int64_t before = metric_value(M_WORDS_BAD);
    assert_int_equal(port->ops->tell(port, STR("")), ERR_OK);
    assert_int_equal(port->ops->tell(port, STR("\x01\x04 nonsense")), ERR_OK);
    run();
    assert_int_equal(metric_value(M_WORDS_BAD), before + 4); /* on two nodes */
    memory_bus_free(stranger);
}

static void test_a_bus_that_is_away_costs_the_words_only(void **state)
{
    (void)state;
    members(2);
    memory_bus_cut(bus_a, true);
    struct fake *one = kit_client(&a, 0, 1), *two = kit_client(&b, 1, 2);
    watch(one, 1);
    for (unsigned i = 0; i < 3 * PEER_SILENCE_TICKS; i++)
        tick();
    assert_record(one, "frame(presence c1 +u1)");
    const int64_t before = metric_value(M_WORDS_UNTOLD);
    const struct uuid channel = kit_channel(1);
    assert_int_equal(session_typing(&one->super, &channel), ERR_OK);
    assert_int_equal(metric_value(M_WORDS_UNTOLD), before + 1);
    fake_detach(one);
    fake_detach(two);
}

int main(void)
{
#define HERALD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        HERALD_TEST(test_who_comes_and_goes_is_told_on_the_other_node),
        HERALD_TEST(test_a_newcomer_is_told_who_is_online_elsewhere),
        HERALD_TEST(test_someone_on_both_nodes_goes_with_the_last),
        HERALD_TEST(test_a_dead_node_takes_its_users_with_it),
        HERALD_TEST(test_a_node_that_stops_says_so),
        HERALD_TEST(test_a_lost_word_is_made_good),
        HERALD_TEST(test_after_a_gap_everyone_is_asked),
        HERALD_TEST(test_a_new_node_learns_who_is_there),
        HERALD_TEST(test_more_channels_than_a_word_holds),
        HERALD_TEST(test_one_who_joined_a_moment_ago_is_looked_after),
        HERALD_TEST(test_typing_is_told_on_the_other_node),
        HERALD_TEST(test_read_positions_are_told_on_the_other_node),
        HERALD_TEST(test_revoked_sessions_end_on_the_other_node),
        HERALD_TEST(test_noise_on_the_bus_is_counted),
        HERALD_TEST(test_a_bus_that_is_away_costs_the_words_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

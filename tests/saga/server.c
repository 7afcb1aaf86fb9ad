/* People join and leave by way of both nodes, and try again what was not done, while the server of
 * the tables is killed, started again and paused. Every change is heard once, in order. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "postgres_server.h"
#include "town.h"

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Somebody who joins channel 1, leaves it, joins it, ..., by way of one node. */
struct walker {
    pthread_t thread;
    struct town *town;
    unsigned node, user;
    unsigned joins, tries;
    bool is_in;
    _Atomic bool stop;
};

static bool walk(struct walker *w)
{
    enum err e = w->is_in ? town_leave(w->town, w->node, w->user, 1)
                          : town_join(w->town, w->node, w->user, 1);
    w->tries++;
    if (e != ERR_OK && e != (w->is_in ? ERR_NOT_JOINED : ERR_ALREADY_MEMBER)) {
        if (e != ERR_UNAVAILABLE && e != ERR_UNKNOWN)
            fail_msg("%s", err_name(e));
        return false;
    }
    w->is_in = !w->is_in;
    w->joins += w->is_in;
    return true;
}

static void *walk_often(void *arg)
{
    struct walker *w = arg;
    while (!w->stop || !w->is_in)
        pause_ms(walk(w) ? 2 : 20);
    return NULL;
}

/* She was let in and out by turns, as often as she was told. */
static void assert_heard(struct town *t, const struct walker *w)
{
    static struct heard_event heard[TOWN_HEARD_MAX];
    size_t n = town_heard(t, 1 - w->node, heard, TOWN_HEARD_MAX), joins = 0;
    bool is_in = false;
    for (size_t i = 0; i < n; i++) {
        if (heard[i].user != w->user)
            continue;
        assert_int_equal(heard[i].kind, is_in ? EVENT_LEFT : EVENT_JOINED);
        is_in = !is_in;
        joins += is_in;
    }
    assert_true(is_in);
    assert_int_equal(joins, w->joins);
}

static unsigned progress(const struct walker w[TABLE_NODES])
{
    return w[0].joins + w[1].joins;
}

static void expect_progress(const struct walker w[TABLE_NODES])
{
    unsigned before = progress(w);
    for (int i = 0; i < 400 && progress(w) < before + 4; i++)
        pause_ms(50);
    assert_true(progress(w) >= before + 4); /* nobody had to help */
}

static void changes_survive_the_server(void **state)
{
    struct town *t = *state;
    struct walker w[TABLE_NODES];
    town_add_users(t, 3);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    for (unsigned i = 0; i < TABLE_NODES; i++) {
        w[i] = (struct walker){.town = t, .node = i, .user = 2 + i};
        assert_int_equal(pthread_create(&w[i].thread, NULL, walk_often, &w[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        expect_progress(w);
        postgres_server_kill();
        pause_ms(300);
        postgres_server_again();
        expect_progress(w);
        postgres_server_pause(true);
        pause_ms(i == 0 ? 800 : 7000); /* within the time limits, and beyond */
        postgres_server_pause(false);
    }
    expect_progress(w);
    for (unsigned i = 0; i < TABLE_NODES; i++)
        w[i].stop = true;
    for (unsigned i = 0; i < TABLE_NODES; i++)
        pthread_join(w[i].thread, NULL);
    town_wait_told(t, 2);
    town_wait_told(t, 3);
    size_t versions = 2 + 2 * progress(w) - TABLE_NODES;
    for (unsigned i = 0; i < TABLE_NODES; i++)
        town_wait_heard(t, i, versions);
    assert_int_equal(town_check_versions(t, 1), versions);
    for (unsigned i = 0; i < TABLE_NODES; i++)
        assert_heard(t, &w[i]);
    print_message("# %u changes in %u tries\n", (unsigned)versions, w[0].tries + w[1].tries);
}

int saga_server(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changes_survive_the_server, town_setup, town_teardown),
    };
    int failed = cmocka_run_group_tests_name("server", tests, NULL, NULL);
    postgres_server_remove();
    return failed;
}

/* What port/peer.h promises. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"
#include "peer_driver.h"

#define HEARD_MAX 4096
#define WAIT_MS   10000
#define TELLS_MAX 20000 /* of the largest batch: no bounded queue takes that many */

/* A listener that writes down what it hears: the first bytes of each batch, and from whom. */
struct heard {
    struct peer_listener super;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t n, bytes, lost;
    bool is_held; /* calls wait */
    struct {
        char from[16], text[16];
    } batches[HEARD_MAX];
};

struct rig {
    struct fleet fleet;
    struct heard *heard[FLEET_NODES];
};

static void on_batch(struct peer_listener *self, struct str from, struct str bytes)
{
    struct heard *h = MEM_OWNER(self, struct heard, super);
    pthread_mutex_lock(&h->mutex);
    while (h->is_held)
        pthread_cond_wait(&h->changed, &h->mutex);
    if (h->n < HEARD_MAX) {
        snprintf(h->batches[h->n].from, sizeof h->batches[0].from, "%.*s", STR_FMT(from));
        snprintf(h->batches[h->n].text, sizeof h->batches[0].text, "%.*s", STR_FMT(bytes));
        h->n++;
    }
    h->bytes += bytes.n;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->mutex);
}

static void on_lost(struct peer_listener *self, struct str from)
{
    struct heard *h = MEM_OWNER(self, struct heard, super);
    (void)from;
    pthread_mutex_lock(&h->mutex);
    h->lost++;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->mutex);
}

/* Until `*count` is at least `n`; fails after WAIT_MS. */
static void heard_wait(struct heard *h, const size_t *count, size_t n)
{
    struct timespec until = cond_deadline(WAIT_MS);
    int waited = 0;
    pthread_mutex_lock(&h->mutex);
    while (*count < n && waited == 0)
        waited = pthread_cond_timedwait(&h->changed, &h->mutex, &until);
    size_t got = *count;
    pthread_mutex_unlock(&h->mutex);
    assert_true(got >= n);
}

static size_t heard_count(struct heard *h, const size_t *count)
{
    pthread_mutex_lock(&h->mutex);
    size_t n = *count;
    pthread_mutex_unlock(&h->mutex);
    return n;
}

static void heard_hold(struct heard *h, bool hold)
{
    pthread_mutex_lock(&h->mutex);
    h->is_held = hold;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->mutex);
}

static int rig_setup(void **state)
{
    struct rig *r = MEM_NEW(struct rig);
    peer_driver->open(&r->fleet);
    for (size_t i = 0; i < FLEET_NODES; i++) {
        struct heard *h = r->heard[i] = MEM_NEW(struct heard);
        pthread_mutex_init(&h->mutex, NULL);
        cond_init(&h->changed);
        h->super = (struct peer_listener){on_batch, on_lost};
        r->fleet.link[i]->ops->listen(r->fleet.link[i], &h->super);
    }
    *state = r;
    return 0;
}

static int rig_teardown(void **state)
{
    struct rig *r = *state;
    for (size_t i = 0; i < FLEET_NODES; i++)
        heard_hold(r->heard[i], false);
    peer_driver->close(&r->fleet);
    for (size_t i = 0; i < FLEET_NODES; i++) {
        pthread_cond_destroy(&r->heard[i]->changed);
        pthread_mutex_destroy(&r->heard[i]->mutex);
        mem_free(r->heard[i]);
    }
    mem_free(r);
    return 0;
}

static enum err tell_once(struct rig *r, size_t from, struct str to, struct str bytes)
{
    return r->fleet.link[from]->ops->tell(r->fleet.link[from], to, bytes);
}

/* A stream takes a moment to stand: until then it refuses. */
static void tell(struct rig *r, size_t from, struct str to, struct str bytes)
{
    enum err e = ERR_UNAVAILABLE;
    for (int i = 0; i < WAIT_MS && e != ERR_OK; i++) {
        e = tell_once(r, from, to, bytes);
        if (e != ERR_OK)
            clock_sleep_ms(1);
    }
    assert_int_equal(e, ERR_OK);
}

/* All nodes have all nodes in their list, and all streams stand. */
static void meet(struct rig *r)
{
    char detail[128];
    for (size_t i = 0; i < FLEET_NODES; i++)
        r->fleet.link[i]->ops->set(r->fleet.link[i], r->fleet.node, FLEET_NODES);
    for (size_t i = 0; i < FLEET_NODES; i++) {
        struct peer_link *l = r->fleet.link[i];
        for (int k = 0; k < WAIT_MS && !l->ops->is_ready(l, detail, sizeof detail); k++)
            clock_sleep_ms(1);
        assert_true(l->ops->is_ready(l, detail, sizeof detail));
    }
}

static void a_batch_reaches_the_node_it_is_for(void **state)
{
    struct rig *r = *state;
    meet(r);
    tell(r, 0, r->fleet.node[1].name, STR("x"));
    heard_wait(r->heard[1], &r->heard[1]->n, 1);
    assert_string_equal(r->heard[1]->batches[0].text, "x");
    assert_memory_equal(r->heard[1]->batches[0].from, r->fleet.node[0].name.p,
                        r->fleet.node[0].name.n);
    clock_sleep_ms(50);
    assert_int_equal(heard_count(r->heard[0], &r->heard[0]->n), 0);
    assert_int_equal(heard_count(r->heard[1], &r->heard[1]->n), 1);
    assert_int_equal(heard_count(r->heard[2], &r->heard[2]->n), 0);
}

static void a_batch_for_all_reaches_all_but_the_teller(void **state)
{
    struct rig *r = *state;
    meet(r);
    tell(r, 1, STR_NONE, STR("all"));
    heard_wait(r->heard[0], &r->heard[0]->n, 1);
    heard_wait(r->heard[2], &r->heard[2]->n, 1);
    clock_sleep_ms(50);
    assert_int_equal(heard_count(r->heard[0], &r->heard[0]->n), 1);
    assert_int_equal(heard_count(r->heard[1], &r->heard[1]->n), 0);
    assert_int_equal(heard_count(r->heard[2], &r->heard[2]->n), 1);
}

static void batches_of_one_node_keep_their_order(void **state)
{
    enum { BATCHES = 2000 };
    struct rig *r = *state;
    struct heard *h = r->heard[2];
    char text[16];
    meet(r);
    for (int i = 0; i < BATCHES; i++) {
        snprintf(text, sizeof text, "%d", i);
        /* alternately: both ways are one stream */
        tell(r, 0, i % 2 == 0 ? STR_NONE : r->fleet.node[2].name, str_of(text));
        if (i % 100 == 99)
            heard_wait(h, &h->n, (size_t)i - 98);
    }
    heard_wait(h, &h->n, BATCHES);
    for (int i = 0; i < BATCHES; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_string_equal(h->batches[i].text, text);
    }
    assert_int_equal(heard_count(h, &h->n), BATCHES);
    assert_int_equal(heard_count(h, &h->lost), 0);
}

static void a_batch_holds_any_bytes_up_to_the_limit(void **state)
{
    struct rig *r = *state;
    static char large[PEER_BATCH_MAX];
    memset(large, 0xff, sizeof large);
    large[0] = '\0';
    meet(r);
    tell(r, 0, r->fleet.node[1].name, (struct str){large, sizeof large});
    tell(r, 0, r->fleet.node[1].name, STR_NONE);
    heard_wait(r->heard[1], &r->heard[1]->n, 2);
    assert_int_equal(r->heard[1]->bytes, sizeof large);
}

static void a_node_that_is_not_listed_gets_nothing(void **state)
{
    struct rig *r = *state;
    assert_int_equal(tell_once(r, 0, r->fleet.node[1].name, STR("x")), ERR_UNAVAILABLE);
    assert_int_equal(tell_once(r, 0, STR_NONE, STR("x")), ERR_OK); /* all of nobody */
    meet(r);
    assert_int_equal(tell_once(r, 0, STR("nobody"), STR("x")), ERR_UNAVAILABLE);
    r->fleet.link[0]->ops->set(r->fleet.link[0], r->fleet.node, 2); /* no longer the third */
    tell(r, 0, STR_NONE, STR("y"));
    heard_wait(r->heard[1], &r->heard[1]->n, 1);
    clock_sleep_ms(50);
    assert_int_equal(heard_count(r->heard[2], &r->heard[2]->n), 0);
    assert_int_equal(tell_once(r, 0, r->fleet.node[2].name, STR("x")), ERR_UNAVAILABLE);
    /* who took it out of the list is still heard by it */
    tell(r, 2, r->fleet.node[0].name, STR("z"));
    heard_wait(r->heard[0], &r->heard[0]->n, 1);
}

static void who_is_told_too_much_is_told_of_the_loss(void **state)
{
    struct rig *r = *state;
    static char large[PEER_BATCH_MAX];
    struct heard *h = r->heard[1];
    size_t taken = 0;
    meet(r);
    heard_hold(h, true);
    while (taken < TELLS_MAX &&
           tell_once(r, 0, r->fleet.node[1].name, (struct str){large, sizeof large}) == ERR_OK)
        taken++;
    assert_true(taken >= 1 && taken < TELLS_MAX);
    heard_hold(h, false);
    heard_wait(h, &h->lost, 1);
    heard_wait(h, &h->n, taken);
    tell(r, 0, r->fleet.node[1].name, STR("after"));
    heard_wait(h, &h->n, taken + 1);
    assert_string_equal(h->batches[taken].text, "after");
}

static void a_slow_node_hinders_no_other(void **state)
{
    struct rig *r = *state;
    meet(r);
    heard_hold(r->heard[1], true);
    for (int i = 0; i < 100; i++)
        tell_once(r, 0, STR_NONE, STR("x"));
    heard_wait(r->heard[2], &r->heard[2]->n, 100);
}

static void a_stream_that_ends_is_told_of_and_opened_again(void **state)
{
    struct rig *r = *state;
    char detail[128];
    struct peer_link *l = r->fleet.link[0];
    if (peer_driver->cut == NULL)
        skip();
    meet(r);
    tell(r, 0, r->fleet.node[1].name, STR("before"));
    heard_wait(r->heard[1], &r->heard[1]->n, 1);
    peer_driver->cut(&r->fleet, 0, 1, true);
    heard_wait(r->heard[1], &r->heard[1]->lost, 1);
    for (int i = 0; i < WAIT_MS && l->ops->is_ready(l, detail, sizeof detail); i++)
        clock_sleep_ms(1);
    assert_false(l->ops->is_ready(l, detail, sizeof detail));
    assert_int_equal(tell_once(r, 0, STR_NONE, STR("x")), ERR_UNAVAILABLE);
    heard_wait(r->heard[2], &r->heard[2]->n, 1); /* the other gets it */
    peer_driver->cut(&r->fleet, 0, 1, false);
    tell(r, 0, r->fleet.node[1].name, STR("after"));
    heard_wait(r->heard[1], &r->heard[1]->n, 2);
    assert_string_equal(r->heard[1]->batches[1].text, "after");
}

static void a_node_that_ends_is_missed(void **state)
{
    struct rig *r = *state;
    meet(r);
    tell(r, 0, STR_NONE, STR("x"));
    heard_wait(r->heard[1], &r->heard[1]->n, 1);
    peer_driver->stop(&r->fleet, 0);
    heard_wait(r->heard[1], &r->heard[1]->lost, 1);
    tell(r, 1, r->fleet.node[2].name, STR("y"));
    heard_wait(r->heard[2], &r->heard[2]->n, 2);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, rig_setup, rig_teardown)

int contract_peer(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_reaches_the_node_it_is_for),
        TEST(a_batch_for_all_reaches_all_but_the_teller),
        TEST(batches_of_one_node_keep_their_order),
        TEST(a_batch_holds_any_bytes_up_to_the_limit),
        TEST(a_node_that_is_not_listed_gets_nothing),
        TEST(who_is_told_too_much_is_told_of_the_loss),
        TEST(a_slow_node_hinders_no_other),
        TEST(a_stream_that_ends_is_told_of_and_opened_again),
        TEST(a_node_that_ends_is_missed),
    };
    return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}

/* Direct delivery between three nodes on one log and one net in memory: streams that are cut, that
 * lose in silence, nodes that hand over nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "adapter/memory/bus.h"
#include "adapter/memory/event_log.h"
#include "adapter/memory/peers.h"
#include "base/mem.h"
#include "cluster/handed.h"
#include "cluster/handover.h"

#define NODES      3
#define PARTITIONS 4
#define LOOK_MS    300
#define WAIT_US    10000000

struct tape {
    struct log_listener super;
    size_t n;
    uint64_t next[PARTITIONS];
    int64_t heard_us; /* when the last one was */
};

struct node {
    struct memory_peer *peer; /* or */
    struct memory_bus *bus;
    struct handover *handover;
    struct event_log *log;
    struct log_reader *reader;
    struct tape tape;
};

struct world {
    struct memory_event_log *log;
    struct memory_peers *net; /* or */
    struct memory_wire *wire;
    struct node node[NODES];
};

static const char *const names[NODES] = {"anna", "berta", "carla"};

static int64_t now_us(void)
{
    return clock_steady_us(&clock_system);
}

/* Every offset, in order, once. */
static void on_record(struct log_listener *self, const struct log_record *r)
{
    struct tape *t = MEM_OWNER(self, struct tape, super);
    assert_int_equal(r->offset, t->next[r->partition]);
    assert_true(r->value.n > 5 || str_eq(r->value, STR("value")));
    assert_true(r->time_ms > 0);
    t->next[r->partition]++;
    t->n++;
    t->heard_us = now_us();
}

static void node_open(struct world *w, size_t i, unsigned look_ms)
{
    struct node *n = &w->node[i];
    uint64_t offsets[LOG_PARTITIONS_MAX] = {0};
    struct peer_node nodes[NODES];
    for (size_t k = 0; k < NODES; k++)
        nodes[k] = (struct peer_node){str_of(names[k]), STR("memory:1")};
    n->tape = (struct tape){.super = {on_record, NULL, NULL}};
    n->peer = w->net == NULL ? NULL : memory_peer_new(w->net, names[i]);
    n->bus = w->wire == NULL ? NULL : memory_bus_new(w->wire);
    struct peer_link *link = n->peer == NULL ? NULL : memory_peer_port(n->peer);
    const struct handover_config config = {.log = memory_event_log_door(w->log),
                                           .peers = link,
                                           .bus = n->bus == NULL ? NULL : memory_bus_port(n->bus),
                                           .clock = &clock_system,
                                           .look_ms = look_ms};
    assert_int_equal(handover_new(&config, &n->handover), ERR_OK);
    if (link != NULL)
        link->ops->set(link, nodes, NODES);
    n->log = handover_door(n->handover);
    assert_int_equal(n->log->ops->read(n->log, offsets, &n->tape.super, &n->reader), ERR_OK);
}

static struct world *world_open(unsigned look_ms, bool by_bus)
{
    struct world *w = MEM_NEW(struct world);
    w->log = memory_event_log_new(
        &(struct memory_event_log_config){.clock = &clock_system, .partitions = PARTITIONS});
    w->net = by_bus ? NULL : memory_peers_new(false, 0);
    w->wire = by_bus ? memory_wire_new(false, 0) : NULL;
    for (size_t i = 0; i < NODES; i++)
        node_open(w, i, look_ms);
    return w;
}

static void world_close(struct world *w)
{
    for (size_t i = 0; i < NODES; i++) {
        w->node[i].log->ops->close_reader(w->node[i].reader);
        handover_stop(w->node[i].handover);
    }
    for (size_t i = 0; i < NODES; i++) {
        memory_peer_free(w->node[i].peer);
        memory_bus_free(w->node[i].bus);
    }
    memory_event_log_free(w->log);
    for (size_t i = 0; i < NODES; i++)
        handover_free(w->node[i].handover);
    memory_peers_free(w->net);
    memory_wire_free(w->wire);
    mem_free(w);
}

static int setup(void **state)
{
    *state = world_open(LOOK_MS, false);
    return 0;
}

/* Nothing but the hand-over within a test's time. */
static int setup_blind(void **state)
{
    *state = world_open(3600000, false);
    return 0;
}

static int setup_bus(void **state)
{
    *state = world_open(3600000, true);
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

struct sent {
    struct log_send send;
    volatile bool is_done;
};

static void on_done(struct log_send *self)
{
    __atomic_store_n(&MEM_OWNER(self, struct sent, send)->is_done, true, __ATOMIC_RELEASE);
}

static void say_value(struct world *w, size_t node, unsigned key, struct str value)
{
    struct sent s = {.send = {.key = {{[15] = (uint8_t)key}}, .value = value, .done = on_done}};
    struct event_log *log = w->node[node].log;
    assert_int_equal(log->ops->produce(log, &s.send), ERR_OK);
    while (!__atomic_load_n(&s.is_done, __ATOMIC_ACQUIRE))
        ;
    assert_int_equal(s.send.err, ERR_OK);
}

static void say(struct world *w, size_t node, unsigned key)
{
    say_value(w, node, key, STR("value"));
}

static void poll_all(struct world *w)
{
    for (size_t i = 0; i < NODES; i++)
        assert_int_equal(w->node[i].log->ops->poll(w->node[i].reader, 100, 1), ERR_OK);
}

/* Until every node has heard `n`, and not one more. */
static void hear(struct world *w, size_t n)
{
    int64_t since = now_us();
    bool all = false;
    while (!all && now_us() - since < WAIT_US) {
        poll_all(w);
        all = true;
        for (size_t i = 0; i < NODES; i++)
            all = all && w->node[i].tape.n >= n;
    }
    poll_all(w);
    for (size_t i = 0; i < NODES; i++)
        assert_int_equal(w->node[i].tape.n, n);
}

static void what_one_node_commits_all_hear(void **state)
{
    struct world *w = *state;
    hear(w, 0); /* the first look is over */
    for (unsigned i = 0; i < 200; i++) {
        say(w, i % NODES, i);
        if (i % 10 == 0)
            poll_all(w);
    }
    hear(w, 200);
}

static void who_reads_from_the_start_hears_what_was(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 1500; i++) /* more than one partition can hold back */
        say(w, i % NODES, 1);
    hear(w, 1500);
}

static void records_without_a_stream_are_looked_for(void **state)
{
    struct world *w = *state;
    hear(w, 0);
    memory_peer_cut(w->node[0].peer, w->node[1].peer, true);
    say(w, 0, 1);
    int64_t since = now_us();
    hear(w, 1);
    assert_true(w->node[1].tape.heard_us - since < (LOOK_MS + 300) * 1000);
    memory_peer_cut(w->node[0].peer, w->node[1].peer, false);
    say(w, 0, 2);
    hear(w, 2);
}

/* The net loses the last batch of a quiet channel, and says nothing. */
static void the_last_record_is_heard_though_it_was_lost(void **state)
{
    struct world *w = *state;
    hear(w, 0);
    memory_peer_free(w->node[2].peer); /* a node that hears nothing, and is told nothing of it */
    w->node[2].peer = NULL;
    for (unsigned i = 0; i < 5; i++)
        say(w, 0, i);
    hear(w, 5);
}

/* Only the gap tells of what was lost: nobody looks for it otherwise. */
static void a_gap_is_filled_from_the_log(void **state)
{
    struct world *w = *state;
    hear(w, 0);
    const struct uuid key = {{[15] = 1}};
    unsigned p = w->node[0].log->ops->partition_of(w->node[0].log, &key);
    /* committed by one that hands over nothing */
    for (unsigned i = 0; i < 3; i++)
        memory_event_log_put(w->log, p, 1, &key, STR("value"), STR_NONE);
    poll_all(w);
    for (size_t i = 0; i < NODES; i++)
        assert_int_equal(w->node[i].tape.n, 0);
    say(w, 1, 1);
    int64_t since = now_us();
    hear(w, 4);
    assert_true(now_us() - since < 1000000);
}

static void a_loss_that_is_told_is_looked_for_at_once(void **state)
{
    struct world *w = *state;
    const struct uuid key = {{[15] = 1}};
    hear(w, 0);
    say(w, 0, 1);
    hear(w, 1);
    memory_event_log_put(w->log, w->node[0].log->ops->partition_of(w->node[0].log, &key), 1, &key,
                         STR("value"), STR_NONE);
    memory_peer_cut(w->node[0].peer, w->node[1].peer, true);
    for (int64_t since = now_us(); w->node[1].tape.n < 2 && now_us() - since < WAIT_US;)
        poll_all(w);
    assert_int_equal(w->node[1].tape.n, 2);
}

static void nonsense_changes_nothing(void **state)
{
    struct world *w = *state;
    struct peer_link *link = memory_peer_port(w->node[0].peer);
    struct uuid identity, other = uuid_random();
    struct buf b;
    hear(w, 0);
    assert_int_equal(w->node[0].log->ops->identity(w->node[0].log, &identity), ERR_OK);
    const struct log_record r = {.partition = 1, .value = STR("forged"), .time_ms = 1},
                            far = {.partition = 1, .offset = 77, .value = STR("f"), .time_ms = 1},
                            outside = {.partition = PARTITIONS, .value = STR("f"), .time_ms = 1};
    buf_init(&b, PEER_BATCH_MAX);
    link->ops->tell(link, STR_NONE, STR("nonsense"));
    handed_begin(&b, &other);
    handed_add(&b, &r);
    link->ops->tell(link, STR_NONE, buf_str(&b)); /* another log */
    handed_begin(&b, &identity);
    handed_add(&b, &r);
    for (size_t n = HANDED_HEAD_BYTES + 1; n < b.n; n++)
        link->ops->tell(link, STR_NONE, (struct str){b.p, n}); /* cut short */
    handed_begin(&b, &identity);
    handed_add(&b, &outside);
    link->ops->tell(link, STR_NONE, buf_str(&b));
    handed_begin(&b, &identity);
    handed_add(&b, &far); /* never committed: nothing comes of it */
    link->ops->tell(link, STR_NONE, buf_str(&b));
    for (unsigned i = 0; i < 20; i++)
        say(w, 0, i);
    hear(w, 20);
    buf_fini(&b);
}

static void a_log_that_is_away_is_told(void **state)
{
    struct world *w = *state;
    struct node *n = &w->node[1];
    hear(w, 0);
    memory_event_log_cut(w->log, true);
    int64_t since = now_us();
    while (n->log->ops->poll(n->reader, 100, 20) != ERR_UNAVAILABLE && now_us() - since < WAIT_US)
        ;
    assert_int_equal(n->log->ops->poll(n->reader, 100, 20), ERR_UNAVAILABLE);
    memory_event_log_cut(w->log, false);
    since = now_us();
    while (n->log->ops->poll(n->reader, 100, 20) != ERR_OK && now_us() - since < WAIT_US)
        ;
    say(w, 0, 1);
    hear(w, 1);
}

/* Records that fit into a note, and larger ones, of which the others only hear. */
static void without_streams_they_go_by_the_bus(void **state)
{
    struct world *w = *state;
    static char large[BUS_NOTE_MAX];
    hear(w, 0);
    for (unsigned i = 0; i < 100; i++)
        say_value(w, i % NODES, i, i % 10 == 3 ? (struct str){large, sizeof large} : STR("value"));
    hear(w, 100);
    /* the last of a quiet partition, when the bus was away */
    memory_bus_cut(w->node[1].bus, true);
    say(w, 0, 1);
    for (int i = 0; i < 50; i++)
        poll_all(w);
    assert_int_equal(w->node[2].tape.n, 101);
    assert_int_equal(w->node[1].tape.n, 100);
    memory_bus_cut(w->node[1].bus, false); /* it is told of the gap */
    hear(w, 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_one_node_commits_all_hear, setup_blind, teardown),
        cmocka_unit_test_setup_teardown(who_reads_from_the_start_hears_what_was, setup, teardown),
        cmocka_unit_test_setup_teardown(records_without_a_stream_are_looked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_record_is_heard_though_it_was_lost, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_gap_is_filled_from_the_log, setup_blind, teardown),
        cmocka_unit_test_setup_teardown(a_loss_that_is_told_is_looked_for_at_once, setup_blind,
                                        teardown),
        cmocka_unit_test_setup_teardown(nonsense_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_is_away_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(without_streams_they_go_by_the_bus, setup_bus, teardown),
    };
    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}

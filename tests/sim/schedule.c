#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim.h"

struct sim sim;

void sim_violation(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "seed %llu, step %u%s: ", (unsigned long long)sim.seed, sim.step,
            sim.is_calm ? " (calm)" : "");
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\nrun again with: sim --seed %llu --trace\n", (unsigned long long)sim.seed);
    va_end(ap);
    abort();
}

void sim_trace(const char *fmt, ...)
{
    if (!sim.is_traced)
        return;
    va_list ap;
    va_start(ap, fmt);
    printf("%u: ", sim.step);
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
}

/* Each seed has a temper of its own: what never happens in one happens all the time in another. */
static struct sim_mood mood_draw(void)
{
    static const size_t tails[] = {0, 2000, 20000, 4 << 20};
    struct sim_mood m = {
        .cut = sim_below(3) * 5,
        .store_fails = sim_chance(400) ? sim_below(500) : 0,
        .refuse = sim_chance(500) ? 5 : 0,
        .restart = sim_chance(500) ? 10 : 0,
        .slow = sim_below(3) * 20,
        .membership = sim_below(3) * 15,
        .resume = sim_below(3) * 15,
        .lag = sim_chance(500) ? sim_below(900) : 0,
        .flood = sim_chance(300) ? 5 : 0,
        .work_max = sim_chance(300) ? 1 + sim_below(4) : SIM_WORK_MAX,
        .tail_bytes = tails[sim_below(4)],
        .n_nodes = 1 + (sim_chance(600) ? sim_below(SIM_NODES) : 0),
        .n_partitions = 1 + sim_below(SIM_PARTITIONS),
        .bus = sim_chance(500) ? sim_below(300) : 0,
    };
    m.is_reliable = m.store_fails == 0 && m.work_max == SIM_WORK_MAX;
    return m;
}

/* ---- The steps ---- */

static struct client *any_client(void)
{
    return &sim.clients[sim_below(SIM_CLIENTS)];
}

static struct client *any_connected(void)
{
    struct client *c = any_client();
    return c->conn == NULL || c->conn->is_revoked ? NULL : c;
}

static void step_task(void)
{
    struct sim_node *n = node_any();
    const unsigned loop = sim_below(SIM_SHARDS);
    sim_trace("loop %u of node %u runs%s", loop, n->index,
              node_run_task(n, loop) ? "" : " nothing");
}

static void step_shard(void)
{
    node_step_shard(node_any(), sim_below(SIM_SHARDS));
}

static void step_work(void)
{
    struct sim_node *n = node_any();
    sim_trace("a worker of node %u runs%s", n->index, node_run_work(n) ? "" : " nothing");
}

static void step_journal(void)
{
    if (sim_chance(sim.mood.refuse * 10))
        sim.is_refusing = !sim.is_refusing;
    memory_store_refuse(sim.store, sim.is_refusing);
    sim_trace("the journal takes %zu", memory_store_step(sim.store));
}

static void step_tick(void)
{
    clock_manual_advance(&sim.clock, sim_below(1000000));
    if (sim_chance(100))
        clock_manual_step(&sim.clock, (int64_t)sim_below(7200000) * 1000 - 3600000000);
    shard_tick(node_any()->shards[sim_below(SIM_SHARDS)]);
}

static void step_connect(void)
{
    struct client *c = any_client();
    if (c->conn != NULL && c->conn->is_revoked)
        conn_cut(c->conn);
    if (c->conn != NULL)
        return;
    client_connect(c);
    sim_trace("client of user %u connects to shard %u of node %u as session %llu", c->user,
              shard_index(c->conn->super.shard), c->conn->node->index,
              (unsigned long long)c->conn->super.id);
}

static void step_cut(void)
{
    struct client *c = any_connected();
    if (c == NULL || !sim_chance(sim.mood.cut * 10))
        return;
    sim_trace("client of user %u is cut", c->user);
    conn_cut(c->conn);
}

static void step_read(void)
{
    struct client *c = any_connected();
    if (c == NULL)
        return;
    client_read(c);
    if (sim_chance(300))
        client_page(c);
}

static void step_write(void)
{
    struct client *c = any_connected();
    if (c != NULL && c->conn->is_attached)
        client_write(c);
}

static void step_greet(void)
{
    struct client *c = any_connected();
    if (c == NULL || c->conn->said_hello)
        return;
    if (!c->is_old && sim_chance(300))
        conn_hello(c->conn);
    else if (c->conn->is_attached)
        conn_settle(c->conn);
}

static void step_slow(void)
{
    struct client *c = any_connected();
    if (c == NULL || !sim_chance(sim.mood.slow * 10))
        return;
    c->conn->is_writable = !c->conn->is_writable;
    if (c->conn->is_writable)
        session_writable(&c->conn->super);
}

static void member_toggle(unsigned user, unsigned channel)
{
    struct channel_store *store = memory_store_channels(sim.store);
    const struct uuid u = sim_user(user), c = sim_channel(channel);
    const bool is_member =
        oracle_is_member(&sim.oracle, user, channel, oracle_end(&sim.oracle, channel));
    enum err err =
        is_member ? store->ops->leave(store, &u, &c) : store->ops->join(store, &u, &c, 1000);
    sim_trace("user %u %s channel %u: %s at %llu", user, is_member ? "leaves" : "joins", channel,
              err_name(err), (unsigned long long)oracle_end(&sim.oracle, channel));
}

static void step_membership(void)
{
    const unsigned user = sim_below(SIM_USERS), channel = sim_below(SIM_CHANNELS);
    if (!sim_chance(sim.mood.membership * 10))
        return;
    for (unsigned n = sim_chance(200) ? 1 + sim_below(6) : 1; n > 0; n--)
        member_toggle(user, channel);
}

static void step_publish(void)
{
    node_publish(node_any());
}

static void step_word(void)
{
    if (sim_chance(sim.mood.bus))
        memory_wire_lose(sim.wire);
    else
        sim.tally.words += memory_wire_step(sim.wire);
    struct sim_node *n = node_any();
    if (sim_chance(sim.mood.bus / 10))
        node_cut_off(n, !n->is_cut_off);
}

static void step_resume(void)
{
    struct client *c = any_connected();
    if (c == NULL || c->is_old || !sim_chance(sim.mood.resume * 10))
        return;
    const unsigned channel = sim_below(SIM_CHANNELS);
    if (c->seen[channel].is_member && !c->seen[channel].must_page)
        conn_resume(c->conn, channel);
}

static void step_talk(void)
{
    struct notifier *n = hub_notifier(node_any()->hub);
    struct client *c = any_connected();
    const struct uuid user = sim_user(sim_below(SIM_USERS)), channel = sim_channel(0);
    if (sim_chance(30))
        n->ops->revoked(n, &user, &UUID_NIL, 1);
    n->ops->read_moved(n, &user, &channel, 1, 0, 1);
    if (c == NULL)
        return;
    if (sim_chance(200))
        conn_watch(c->conn);
    conn_type(c->conn);
}

static void flood_done(struct append *a)
{
    mem_free(a);
}

/* More than a replay's worth at once, from somewhere without a session. */
static void step_flood(void)
{
    const unsigned number = sim_below(SIM_CHANNELS);
    const struct uuid channel = sim_channel(number);
    if (!sim_chance(sim.mood.flood * 10) || oracle_end(&sim.oracle, number) > SIM_SEQ_MAX - 10000)
        return;
    for (unsigned i = 0; i < LIMIT_REPLAY_EVENTS + 100; i++) {
        struct append *a = MEM_NEW(struct append);
        *a = (struct append){.kind = EVENT_MESSAGE,
                             .channel = channel,
                             .user = sim_user(0),
                             .username = STR("name"),
                             .origin.shard = ORIGIN_NO_SHARD,
                             .done = flood_done};
        enum err err = journal_append(memory_store_journal(sim.store), a);
        assert(err == ERR_OK);
        if (sim_chance(50))
            memory_store_step(sim.store);
    }
}

static void step_restart(void)
{
    if (!sim_chance(sim.mood.restart * 10))
        return;
    struct sim_node *n = node_any();
    sim_trace("node %u restarts", n->index);
    node_kill(n);
    node_start(n);
    sim.tally.restarts++;
}

static const struct {
    void (*step)(void);
    unsigned weight;
} steps[] = {
    {step_task, 300},      {step_shard, 100}, {step_work, 100},   {step_journal, 100},
    {step_publish, 50},    {step_tick, 20},   {step_connect, 30}, {step_cut, 20},
    {step_read, 200},      {step_write, 100}, {step_greet, 40},   {step_slow, 40},
    {step_membership, 20}, {step_resume, 20}, {step_talk, 5},     {step_flood, 3},
    {step_restart, 5},     {step_word, 50},
};

static void sim_step(void)
{
    unsigned total = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        total += steps[i].weight;
    unsigned at = sim_below(total);
    size_t i = 0;
    while (at >= steps[i].weight)
        at -= steps[i++].weight;
    steps[i].step();
}

/* ---- The calm ---- */

static bool calm_node(struct sim_node *n)
{
    bool any = node_publish(n);
    for (unsigned i = 0; i < SIM_SHARDS; i++) {
        any = node_run_task(n, i) || any;
        any = node_step_shard(n, i) || any;
    }
    return node_run_work(n) || any;
}

static bool calm_world(void)
{
    bool any = memory_store_step(sim.store) > 0;
    any = memory_wire_step(sim.wire) || any;
    for (unsigned i = 0; i < sim.mood.n_nodes; i++)
        any = calm_node(&sim.nodes[i]) || any;
    return any;
}

static void calm_tick(void)
{
    for (unsigned i = 0; i < sim.mood.n_nodes; i++)
        for (unsigned j = 0; j < SIM_SHARDS; j++)
            shard_tick(sim.nodes[i].shards[j]);
}

static void calm_clients(void)
{
    for (unsigned i = 0; i < SIM_CLIENTS; i++) {
        struct client *c = &sim.clients[i];
        if (c->conn != NULL && c->conn->is_revoked)
            conn_cut(c->conn);
        if (c->conn == NULL)
            client_connect(c);
        if (!c->conn->said_hello && !c->is_old)
            conn_hello(c->conn);
        conn_settle(c->conn);
        c->conn->is_writable = true;
        session_writable(&c->conn->super);
        client_read(c);
        client_page(c);
        client_write(c);
    }
}

/* Nothing fails any more: soon everyone has everything. */
static void sim_calm_down(void)
{
    sim.is_calm = true;
    sim.is_refusing = false;
    memory_store_refuse(sim.store, false);
    for (unsigned i = 0; i < sim.mood.n_nodes; i++)
        node_cut_off(&sim.nodes[i], false);
    sim.mood.store_fails = sim.mood.slow = sim.mood.lag = 0;
    sim.mood.work_max = SIM_WORK_MAX;
    for (unsigned round = 0; round < 40; round++) {
        calm_clients();
        while (calm_world())
            ;
        calm_tick();
    }
    for (struct conn *c = sim.conns; c != NULL; c = c->next)
        judge_end(c);
    for (unsigned i = 0; i < SIM_CLIENTS; i++)
        client_check_end(&sim.clients[i]);
}

static void sim_populate(void)
{
    struct channel_store *store = memory_store_channels(sim.store);
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        const struct channel c = {
            .id = sim_channel(i), .name = STR("channel"), .owner = sim_user(i % SIM_USERS)};
        enum err err = store->ops->create(store, &c, 1000);
        assert(err == ERR_OK);
        for (unsigned j = 0; j < SIM_USERS; j++) {
            const struct uuid user = sim_user(j);
            if (j != i % SIM_USERS && sim_chance(600))
                store->ops->join(store, &user, &c.id, 1000);
        }
    }
    for (unsigned i = 0; i < SIM_CLIENTS; i++) {
        sim.clients[i].user = i % SIM_USERS;
        sim.clients[i].is_old = i % 4 == 3;
    }
}

void sim_run(uint64_t seed, unsigned n_steps, bool is_traced)
{
    memset(&sim, 0, sizeof sim);
    sim.seed = seed;
    sim.is_traced = is_traced;
    rand_seed(&sim.rand, seed);
    sim.mood = mood_draw();
    clock_manual_init(&sim.clock, INT64_C(1700000000000000));
    world_open();
    sim_populate();
    for (sim.step = 0; sim.step < n_steps; sim.step++)
        sim_step();
    sim_calm_down();
    world_close();
}

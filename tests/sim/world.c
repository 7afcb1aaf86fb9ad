#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "sim.h"

/* ---- The journal, overheard: every node that is up reads it, each at its own pace ---- */

/* What the nodes made of a batch. */
struct overheard {
    void *prepared[SIM_NODES]; /* NULL: the node was down */
};

/* The batch as a node reads it: only its own sessions wait for acks. */
static void *node_prepare(struct sim_node *n, const struct event *events, size_t n_events)
{
    struct event *own = mem_array(n_events, sizeof *own);
    for (size_t i = 0; i < n_events; i++) {
        own[i] = events[i];
        const struct str ref = own[i].origin.ref;
        if (ref.n != 1 || ref.p[0] != (char)('0' + n->index))
            own[i].origin = (struct origin){.shard = ORIGIN_NO_SHARD};
    }
    struct journal_sink *hub = hub_sink(n->hub);
    void *prepared = hub->prepare(hub, own, n_events);
    mem_free(own);
    return prepared;
}

static void *sink_prepare(struct journal_sink *self, const struct event *events, size_t n)
{
    (void)self;
    oracle_prepare(&sim.oracle, events, n);
    struct overheard *o = MEM_NEW(struct overheard);
    for (unsigned i = 0; i < sim.mood.n_nodes; i++)
        if (sim.nodes[i].hub != NULL)
            o->prepared[i] = node_prepare(&sim.nodes[i], events, n);
    return o;
}

static void node_take_batch(struct sim_node *n, void *prepared)
{
    if (n->n_lagging == SIM_LAG_MAX)
        node_publish(n);
    n->lagging[n->n_lagging].prepared = prepared;
    for (unsigned i = 0; i < sim.mood.n_partitions; i++)
        n->lagging[n->n_lagging].last[i] = sim.oracle.logs[i].durable;
    n->n_lagging++;
    while (!sim_chance(sim.mood.lag) && node_publish(n))
        ;
}

static void sink_publish(struct journal_sink *self, void *prepared)
{
    (void)self;
    struct overheard *o = prepared;
    oracle_publish(&sim.oracle);
    for (unsigned i = 0; i < sim.mood.n_nodes; i++)
        if (o->prepared[i] != NULL)
            node_take_batch(&sim.nodes[i], o->prepared[i]);
    mem_free(o);
}

static void sink_discard(struct journal_sink *self, void *prepared)
{
    (void)self;
    struct overheard *o = prepared;
    oracle_discard(&sim.oracle);
    sim.tally.discarded++;
    for (unsigned i = 0; i < sim.mood.n_nodes; i++) {
        if (o->prepared[i] == NULL)
            continue;
        struct journal_sink *hub = hub_sink(sim.nodes[i].hub);
        hub->discard(hub, o->prepared[i]);
    }
    mem_free(o);
}

/* ---- Stores that fail ---- */

static bool store_fails(void)
{
    return sim_chance(sim.mood.store_fails);
}

static enum err store_memberships(struct channel_store *self, const struct uuid *user,
                                  bool with_unread, struct arena *arena, struct memberships *out)
{
    (void)self;
    struct channel_store *real = memory_store_channels(sim.store);
    return store_fails() ? ERR_UNAVAILABLE
                         : real->ops->memberships(real, user, with_unread, arena, out);
}

static enum err store_members(struct channel_store *self, const struct uuid *channel,
                              void (*each)(const struct user *, void *arg), void *arg)
{
    (void)self;
    struct channel_store *real = memory_store_channels(sim.store);
    return store_fails() ? ERR_UNAVAILABLE : real->ops->members(real, channel, each, arg);
}

static enum err store_after(struct message_store *self, const struct uuid *channel, uint64_t seq,
                            unsigned limit, struct arena *arena, struct post_page *out)
{
    (void)self;
    struct message_store *real = memory_store_messages(sim.store);
    sim.tally.gaps++;
    return store_fails() ? ERR_UNAVAILABLE
                         : real->ops->after(real, channel, seq, limit, arena, out);
}

static enum err store_missed(struct message_store *self, const struct uuid *channel, uint64_t seq,
                             unsigned max, unsigned *count, uint64_t *head_seq)
{
    (void)self;
    struct message_store *real = memory_store_messages(sim.store);
    return store_fails() ? ERR_UNAVAILABLE
                         : real->ops->missed(real, channel, seq, max, count, head_seq);
}

static const struct channel_store_ops channel_ops = {.memberships = store_memberships,
                                                     .members = store_members};
static const struct message_store_ops message_ops = {.after = store_after, .missed = store_missed};

static void store_add_user(unsigned n)
{
    struct account_store *accounts = memory_store_accounts(sim.store);
    char email[32];
    snprintf(email, sizeof email, "u%u@example.org", n);
    const struct user u = {.id = sim_user(n), .name = STR("name"), .email = str_of(email)};
    enum err err = accounts->ops->add(accounts, &u, STR("hash"));
    assert(err == ERR_OK);
}

/* ---- Beginning and end ---- */

void world_open(void)
{
    sim.store = memory_store_new(&(struct memory_config){
        .clock = &sim.clock.super, .stepped = true, .partitions = sim.mood.n_partitions});
    sim.sink = (struct journal_sink){sink_prepare, sink_publish, sink_discard};
    sim.channels.ops = &channel_ops;
    sim.messages.ops = &message_ops;
    sim.wire = memory_wire_new(true, 0);
    oracle_init(&sim.oracle, memory_store_journal(sim.store));
    for (unsigned i = 0; i < sim.mood.n_nodes; i++)
        node_start(&sim.nodes[i]);
    memory_store_start(sim.store, &sim.sink);
    for (unsigned i = 0; i < SIM_USERS; i++)
        store_add_user(i);
}

void world_close(void)
{
    for (unsigned i = 0; i < sim.mood.n_nodes; i++)
        node_kill(&sim.nodes[i]);
    memory_wire_free(sim.wire);
    memory_store_free(sim.store);
    sim.store = NULL;
}

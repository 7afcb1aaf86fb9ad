#include <assert.h>

#include "base/mem.h"
#include "sim.h"

/* ---- The encoder: frames are structs ---- */

static void encode_event(const struct event *e, enum run_variant variant, struct buf *out,
                         struct run_frame *f)
{
    unsigned long long number = 0;
    if (event_is_post(e))
        (void)str_to_u64(e->content, &number);
    const struct sim_frame frame = {.seq = e->seq,
                                    .prev_seq = e->prev_seq,
                                    .number = (uint32_t)number,
                                    .kind = (uint8_t)e->kind,
                                    .channel = (uint8_t)sim_number(&e->channel),
                                    .user = (uint8_t)sim_number(&e->user),
                                    .is_own = variant == RUN_OWN};
    f->start = (uint32_t)out->n;
    f->data = f->start + 1;
    buf_put(out, &frame, sizeof frame);
    f->end = (uint32_t)out->n;
}

static struct bytes *encode_read(const struct uuid *channel, uint64_t seq)
{
    const uint8_t text[] = {'R', (uint8_t)sim_number(channel), (uint8_t)seq};
    return bytes_copy(text, sizeof text);
}

static struct bytes *encode_typing(const struct uuid *channel, const struct uuid *user,
                                   struct str name)
{
    const uint8_t text[] = {'T', (uint8_t)sim_number(channel), (uint8_t)sim_number(user)};
    assert(name.n > 0);
    return bytes_copy(text, sizeof text);
}

/* 'P', the channel, then each user with 1 or 0 for online or offline. */
static struct bytes *encode_presence(const struct uuid *channel, const struct user *online,
                                     size_t n_online, const struct user *offline, size_t n_offline)
{
    struct bytes *b = bytes_new(2 + 2 * (n_online + n_offline));
    char *at = b->data;
    *at++ = 'P';
    *at++ = (char)sim_number(channel);
    for (size_t i = 0; i < n_online + n_offline; i++) {
        const struct user *u = i < n_online ? &online[i] : &offline[i - n_online];
        *at++ = (char)sim_number(&u->id);
        *at++ = i < n_online;
    }
    return b;
}

static const struct run_encoder sim_encoder = {.event = encode_event,
                                               .read = encode_read,
                                               .typing = encode_typing,
                                               .presence = encode_presence};

/* ---- Reading the journal ---- */

bool node_publish(struct sim_node *n)
{
    if (n->n_lagging == 0)
        return false;
    struct journal_sink *hub = hub_sink(n->hub);
    hub->publish(hub, n->lagging[0].prepared);
    memcpy(n->published, n->lagging[0].last, sizeof n->published);
    memmove(&n->lagging[0], &n->lagging[1], --n->n_lagging * sizeof n->lagging[0]);
    return true;
}

/* The node ends between commit and publication. */
static void node_forget_lagging(struct sim_node *n)
{
    struct journal_sink *hub = hub_sink(n->hub);
    while (n->n_lagging > 0)
        hub->discard(hub, n->lagging[--n->n_lagging].prepared);
}

/* ---- Loops and workers ---- */

static void loop_post(struct executor *self, struct task *t)
{
    struct sim_loop *l = MEM_OWNER(self, struct sim_loop, super);
    t->next = NULL;
    *l->tail = t;
    l->tail = &t->next;
}

static void loop_kick(void *arg)
{
    ((struct sim_loop *)arg)->has_more = true;
}

bool node_run_task(struct sim_node *n, unsigned loop)
{
    struct sim_loop *l = &n->loops[loop];
    struct task *t = l->head;
    if (t == NULL)
        return false;
    l->head = t->next;
    if (l->head == NULL)
        l->tail = &l->head;
    t->run(t);
    return true;
}

bool node_step_shard(struct sim_node *n, unsigned loop)
{
    struct sim_loop *l = &n->loops[loop];
    if (!l->has_more)
        return false;
    l->has_more = shard_step(n->shards[loop]);
    return true;
}

static bool work_post(void *arg, struct task *t)
{
    struct sim_node *n = arg;
    if (n->n_work >= sim.mood.work_max)
        return false;
    n->work[n->n_work++] = t;
    return true;
}

/* Any of the waiting tasks: workers are many, and slow in their own ways. */
bool node_run_work(struct sim_node *n)
{
    if (n->n_work == 0)
        return false;
    unsigned i = sim_below(n->n_work);
    struct task *t = n->work[i];
    n->work[i] = n->work[--n->n_work];
    t->run(t);
    return true;
}

/* ---- Life and death ---- */

struct sim_node *node_any(void)
{
    struct sim_node *n;
    do
        n = &sim.nodes[sim_below(sim.mood.n_nodes)];
    while (n->hub == NULL);
    return n;
}

void node_start(struct sim_node *n)
{
    struct journal *journal = memory_store_journal(sim.store);
    n->index = (unsigned)(n - sim.nodes);
    n->config = (struct hub_config){.encoder = &sim_encoder,
                                    .journal = journal,
                                    .channels = &sim.channels,
                                    .messages = &sim.messages,
                                    .run_blocking = work_post,
                                    .run_blocking_arg = n,
                                    .clock = &sim.clock.super,
                                    .tail_bytes_max = sim.mood.tail_bytes,
                                    .backlog_bytes_max = SIZE_MAX,
                                    .channels_max = 1000};
    n->bus = memory_bus_new(sim.wire);
    n->is_cut_off = false;
    n->config.bus = memory_bus_port(n->bus);
    n->hub = hub_new(&n->config);
    for (unsigned i = 0; i < SIM_SHARDS; i++) {
        struct sim_loop *l = &n->loops[i];
        *l = (struct sim_loop){.super.post = loop_post, .tail = &l->head};
        n->shards[i] = hub_add_shard(n->hub, &l->super, loop_kick, l);
    }
    for (unsigned i = 0; i < sim.mood.n_partitions; i++)
        n->published[i] = journal_position(journal, i);
    hub_take_positions(n->hub);
    hub_listen(n->hub);
}

void node_cut_off(struct sim_node *n, bool cut)
{
    n->is_cut_off = cut;
    memory_bus_cut(n->bus, cut);
}

static void node_cut_clients(const struct sim_node *n)
{
    struct conn *next;
    for (struct conn *c = sim.conns; c != NULL; c = next) {
        next = c->next;
        if (c->node == n)
            conn_cut(c);
    }
}

void node_kill(struct sim_node *n)
{
    if (n->hub == NULL)
        return;
    /* What is queued in the journal either just made it to the disk or did not. */
    memory_store_refuse(sim.store, sim_chance(500));
    while (memory_store_step(sim.store) > 0)
        ;
    memory_store_refuse(sim.store, sim.is_refusing);
    node_cut_clients(n);
    while (node_run_work(n))
        ;
    node_forget_lagging(n);
    node_cut_off(n, n->is_cut_off || sim_chance(500)); /* no farewell */
    hub_stop(n->hub);
    memory_bus_free(n->bus);
    hub_free(n->hub);
    n->hub = NULL;
}

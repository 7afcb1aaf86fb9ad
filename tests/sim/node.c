#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "fanout/shard.h"
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

/* ---- The journal, overheard ---- */

static void *sink_prepare(struct journal_sink *self, const struct event *events, size_t n)
{
    (void)self;
    oracle_prepare(&sim.oracle, events, n);
    struct journal_sink *hub = hub_sink(sim.hub);
    return hub->prepare(hub, events, n);
}

static void sink_publish(struct journal_sink *self, void *prepared)
{
    (void)self;
    oracle_publish(&sim.oracle);
    if (sim.n_lagging == SIM_LAG_MAX)
        node_publish();
    sim.lagging[sim.n_lagging].prepared = prepared;
    sim.lagging[sim.n_lagging++].last_seq = sim.oracle.n_durable;
    while (!sim_chance(sim.mood.lag) && node_publish())
        ;
}

bool node_publish(void)
{
    struct journal_sink *hub = hub_sink(sim.hub);
    if (sim.n_lagging == 0)
        return false;
    hub->publish(hub, sim.lagging[0].prepared);
    sim.n_published = sim.lagging[0].last_seq;
    memmove(&sim.lagging[0], &sim.lagging[1], --sim.n_lagging * sizeof sim.lagging[0]);
    return true;
}

/* The process ends between commit and publication. */
static void node_forget_lagging(void)
{
    struct journal_sink *hub = hub_sink(sim.hub);
    while (sim.n_lagging > 0)
        hub->discard(hub, sim.lagging[--sim.n_lagging].prepared);
}

static void sink_discard(struct journal_sink *self, void *prepared)
{
    (void)self;
    oracle_discard(&sim.oracle);
    sim.tally.discarded++;
    struct journal_sink *hub = hub_sink(sim.hub);
    hub->discard(hub, prepared);
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

void node_open_store(void)
{
    sim.store = memory_store_new(
        &(struct memory_config){.clock = &sim.clock.super, .stepped = true, .appends_max = 0});
    sim.sink = (struct journal_sink){sink_prepare, sink_publish, sink_discard};
    sim.channels.ops = &channel_ops;
    sim.messages.ops = &message_ops;
    node_start();
    memory_store_start(sim.store, &sim.sink);
    for (unsigned i = 0; i < SIM_USERS; i++)
        store_add_user(i);
}

void node_close_store(void)
{
    node_kill();
    memory_store_free(sim.store);
    sim.store = NULL;
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

bool node_run_task(unsigned loop)
{
    struct sim_loop *l = &sim.loops[loop];
    struct task *t = l->head;
    if (t == NULL)
        return false;
    l->head = t->next;
    if (l->head == NULL)
        l->tail = &l->head;
    t->run(t);
    return true;
}

bool node_step_shard(unsigned loop)
{
    struct sim_loop *l = &sim.loops[loop];
    if (!l->has_more)
        return false;
    l->has_more = shard_step(sim.shards[loop]);
    return true;
}

static bool work_post(void *arg, struct task *t)
{
    (void)arg;
    if (sim.n_work >= sim.mood.work_max)
        return false;
    sim.work[sim.n_work++] = t;
    return true;
}

/* Any of the waiting tasks: workers are many, and slow in their own ways. */
bool node_run_work(void)
{
    if (sim.n_work == 0)
        return false;
    unsigned i = sim_below(sim.n_work);
    struct task *t = sim.work[i];
    sim.work[i] = sim.work[--sim.n_work];
    t->run(t);
    return true;
}

/* ---- Life and death ---- */

void node_start(void)
{
    sim.config = (struct hub_config){.encoder = &sim_encoder,
                                     .channels = &sim.channels,
                                     .messages = &sim.messages,
                                     .run_blocking = work_post,
                                     .clock = &sim.clock.super,
                                     .tail_bytes_max = sim.mood.tail_bytes,
                                     .backlog_bytes_max = SIZE_MAX,
                                     .channels_max = 1000};
    sim.hub = hub_new(&sim.config);
    for (unsigned i = 0; i < SIM_SHARDS; i++) {
        struct sim_loop *l = &sim.loops[i];
        *l = (struct sim_loop){.super.post = loop_post, .tail = &l->head};
        sim.shards[i] = hub_add_shard(sim.hub, &l->super, loop_kick, l);
    }
    sim.n_published = journal_position(memory_store_journal(sim.store), 0);
    hub_set_position(sim.hub, 0, sim.n_published);
}

void node_kill(void)
{
    /* What is queued in the journal either just made it to the disk or did not. */
    memory_store_refuse(sim.store, sim_chance(500));
    while (memory_store_step(sim.store) > 0)
        ;
    memory_store_refuse(sim.store, sim.is_refusing);
    while (sim.conns != NULL)
        conn_cut(sim.conns);
    while (node_run_work())
        ;
    node_forget_lagging();
    hub_stop(sim.hub);
    hub_free(sim.hub);
    sim.hub = NULL;
}

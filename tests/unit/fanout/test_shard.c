/* Shards with real threads: one that publishes, two loops, workers; for the thread sanitizer as
 * much as for what it asserts. */
#include "kit.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/mem.h"

#define SESSIONS 40 /* a shard */
#define BATCHES  300
#define CHANNELS 4

struct live_loop {
    struct executor super;
    struct task_queue queue;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wakeup;
    bool is_woken;
    struct shard *shard;
    unsigned index;
    struct listener *listeners;
};

/* A session that checks the order of what it hears in each channel. */
struct listener {
    struct session super;
    uint64_t last[CHANNELS];
    unsigned n_heard, n_acks;
    struct live_loop *loop;
    bool is_attached;
};

static struct kit k;
static struct live_loop loops[KIT_SHARDS];
static struct workers *workers;
static pthread_mutex_t store_mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint n_open, n_heard;
static atomic_bool is_over;

static struct listener *listener_of(struct session *s)
{
    return MEM_OWNER(s, struct listener, super);
}

static void hear(struct session *s, const struct run *r, unsigned first, unsigned last)
{
    struct listener *l = listener_of(s);
    uint64_t *heard = &l->last[r->channel.b[15]];
    for (unsigned i = first; i < last; i++) {
        if (r->frames[i].kind != EVENT_MESSAGE)
            continue;
        assert(r->frames[i].seq > *heard);
        *heard = r->frames[i].seq;
        l->n_heard++;
        atomic_fetch_add(&n_heard, 1);
    }
}

static void on_push(struct session *s, struct run *r, unsigned first, unsigned last)
{
    hear(s, r, first, last);
}

static void on_ack(struct session *s, struct run *r, unsigned index)
{
    hear(s, r, index, index + 1);
    listener_of(s)->n_acks++;
}

static void on_frame(struct session *s, struct bytes *frame)
{
    assert(s->hub != NULL);
    assert(frame->len > 0);
}

static void on_attached(struct session *s, enum err err)
{
    assert(err == ERR_OK);
    listener_of(s)->is_attached = true;
}

static void on_hello(struct session *s, const struct session_channel *channels, size_t n)
{
    assert(s->hub != NULL);
    assert(n == CHANNELS && channels != NULL);
    atomic_fetch_add(&n_open, 1);
}

static bool is_writable(struct session *s)
{
    return s->hub != NULL;
}

static const struct session_ops listener_ops = {.push = on_push,
                                                .ack = on_ack,
                                                .replay = on_push,
                                                .frame = on_frame,
                                                .attached = on_attached,
                                                .hello = on_hello,
                                                .is_writable = is_writable};

static void loop_post(struct executor *self, struct task *t)
{
    task_queue_push(&MEM_OWNER(self, struct live_loop, super)->queue, t);
}

static void loop_wake(void *arg)
{
    struct live_loop *l = arg;
    pthread_mutex_lock(&l->mutex);
    l->is_woken = true;
    pthread_cond_signal(&l->wakeup);
    pthread_mutex_unlock(&l->mutex);
}

static void listener_attach(struct live_loop *loop, unsigned i)
{
    struct listener *l = &loop->listeners[i];
    l->loop = loop;
    l->super.ops = &listener_ops;
    l->super.user = kit_user(1 + i);
    l->super.username = STR("x");
    session_attach(loop->shard, &l->super);
    const struct uuid watch = kit_channel(0);
    enum err err = session_hello(&l->super, NULL, 0, &watch, 1);
    assert(err == ERR_OK);
}

static void loop_wait(struct live_loop *l)
{
    pthread_mutex_lock(&l->mutex);
    while (!l->is_woken)
        pthread_cond_wait(&l->wakeup, &l->mutex);
    l->is_woken = false;
    pthread_mutex_unlock(&l->mutex);
}

static void *loop_main(void *arg)
{
    struct live_loop *l = arg;
    for (unsigned i = 0; i < SESSIONS; i++)
        listener_attach(l, i);
    unsigned turns = 0;
    while (!atomic_load(&is_over)) {
        loop_wait(l);
        struct task *next;
        for (struct task *t = task_queue_take(&l->queue); t != NULL; t = next) {
            next = t->next;
            t->run(t);
        }
        while (shard_step(l->shard))
            ;
        if (++turns % 50 == 0) {
            const struct uuid channel = kit_channel(0);
            shard_tick(l->shard);
            if (l->listeners[0].is_attached)
                session_typing(&l->listeners[0].super, &channel);
        }
    }
    for (unsigned i = 0; i < SESSIONS; i++)
        session_detach(&l->listeners[i].super);
    return NULL;
}

static enum err (*memberships)(struct channel_store *, const struct uuid *, bool, struct arena *,
                               struct memberships *);

static enum err locked_memberships(struct channel_store *self, const struct uuid *user,
                                   bool with_unread, struct arena *arena, struct memberships *out)
{
    pthread_mutex_lock(&store_mutex);
    enum err err = memberships(self, user, with_unread, arena, out);
    pthread_mutex_unlock(&store_mutex);
    return err;
}

static enum err (*members)(struct channel_store *, const struct uuid *,
                           void (*each)(const struct user *, void *), void *);

static enum err locked_members(struct channel_store *self, const struct uuid *channel,
                               void (*each)(const struct user *, void *arg), void *arg)
{
    pthread_mutex_lock(&store_mutex);
    enum err err = members(self, channel, each, arg);
    pthread_mutex_unlock(&store_mutex);
    return err;
}

static bool run_blocking(void *arg, struct task *t)
{
    (void)arg;
    return workers_try_post(workers, t);
}

static void batch_send(unsigned i)
{
    pthread_mutex_lock(&store_mutex);
    for (unsigned j = 0; j < 5; j++) {
        struct event *e = kit_post(&k, j % CHANNELS, 1 + j);
        e->origin = (struct origin){j % 2, 1 + (i + j) % SESSIONS, STR("1")};
    }
    kit_publish(&k);
    pthread_mutex_unlock(&store_mutex);
}

static void *journal_main(void *arg)
{
    (void)arg;
    struct notifier *n = hub_notifier(k.hub);
    const struct uuid user = kit_user(1), channel = kit_channel(1);
    for (unsigned i = 0; i < BATCHES; i++) {
        batch_send(i);
        n->ops->read_moved(n, &user, &channel, i + 1, 0, 1);
    }
    return NULL;
}

static void threads_start(void)
{
    static struct channel_store_ops locked;
    locked = *k.channels.ops;
    memberships = locked.memberships;
    members = locked.members;
    locked.memberships = locked_memberships;
    locked.members = locked_members;
    k.channels.ops = &locked;
    kit_close_hub(&k);
    k.config.run_blocking = run_blocking;
    k.config.clock = &clock_system;
    k.config.backlog_bytes_max = 20000; /* small: publish has to wait for the loops */
    k.hub = hub_new(&k.config);
    workers = workers_new("test", 2, 8, NULL, NULL, NULL);
    for (unsigned i = 0; i < KIT_SHARDS; i++) {
        struct live_loop *l = &loops[i];
        l->super.post = loop_post;
        l->index = i;
        l->listeners = mem_array(SESSIONS, sizeof *l->listeners);
        pthread_mutex_init(&l->mutex, NULL);
        pthread_cond_init(&l->wakeup, NULL);
        task_queue_init(&l->queue, loop_wake, l);
        l->shard = hub_add_shard(k.hub, &l->super, loop_wake, l);
    }
    hub_set_position(k.hub, 0, k.n_committed);
}

static void threads_free(void)
{
    workers_free(workers);
    hub_stop(k.hub);
    hub_free(k.hub);
    k.hub = NULL;
    for (unsigned i = 0; i < KIT_SHARDS; i++) {
        task_queue_fini(&loops[i].queue);
        pthread_cond_destroy(&loops[i].wakeup);
        pthread_mutex_destroy(&loops[i].mutex);
        mem_free(loops[i].listeners);
    }
}

/* Waits, at most 30 s, until `n` reaches `value`; wakes the loops for their ticks. */
static void wait_for(const atomic_uint *n, unsigned value)
{
    for (unsigned i = 0; atomic_load(n) < value && i < 30000; i++) {
        for (unsigned j = 0; j < KIT_SHARDS; j++)
            loop_wake(&loops[j]);
        usleep(1000);
    }
    assert_int_equal(atomic_load(n), value);
}

static void test_threads(void **state)
{
    (void)state;
    kit_init(&k);
    for (unsigned channel = 0; channel < CHANNELS; channel++)
        for (unsigned user = 1; user <= SESSIONS; user++)
            kit_join(&k, channel, user);
    kit_flow(&k);
    threads_start();
    for (unsigned i = 0; i < KIT_SHARDS; i++)
        pthread_create(&loops[i].thread, NULL, loop_main, &loops[i]);
    wait_for(&n_open, KIT_SHARDS * SESSIONS);
    pthread_t journal;
    pthread_create(&journal, NULL, journal_main, NULL);
    pthread_join(journal, NULL);
    wait_for(&n_heard, KIT_SHARDS * SESSIONS * BATCHES * 5);
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < KIT_SHARDS; i++) {
        loop_wake(&loops[i]);
        pthread_join(loops[i].thread, NULL);
    }
    unsigned n_acks = 0;
    for (unsigned i = 0; i < KIT_SHARDS; i++) {
        for (unsigned j = 0; j < SESSIONS; j++) {
            assert_int_equal(loops[i].listeners[j].n_heard, BATCHES * 5);
            n_acks += loops[i].listeners[j].n_acks;
        }
    }
    assert_int_equal(n_acks, BATCHES * 5);
    threads_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests_name("fanout/shard", tests, NULL, NULL);
}

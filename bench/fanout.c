/* fanout: what the hub itself costs, without sockets. Sessions that count what they get, one loop,
 * a journal that publishes batches; the output is nanoseconds of CPU a push (a
 * run to a session, encoding included) and bytes a session.
 *
 *   bench_fanout [SECONDS A SCENARIO]
 */
#include <assert.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/rand.h"
#include "fanout/hub.h"

#define TEXT_BYTES 200

/* As large as a websocket connection's object is, so that sessions lie apart as they do there. */
struct listener {
    struct session super;
    uint64_t n_pushes;
    char rest[320];
};

struct scenario {
    const char *name;
    unsigned channels, sessions; /* sessions a channel */
    unsigned posts;              /* a channel and batch */
};

static struct task *queued;
static const struct scenario *scenario;
static uint64_t seq;

static struct uuid uuid_number(char kind, unsigned n)
{
    return (struct uuid){{(uint8_t)kind, [12] = (uint8_t)(n >> 24), (uint8_t)(n >> 16),
                          (uint8_t)(n >> 8), (uint8_t)n}};
}

static void on_push(struct session *s, struct run *r, unsigned first, unsigned last)
{
    assert(first < last && last <= r->n);
    MEM_OWNER(s, struct listener, super)->n_pushes++;
}

static void on_attached(struct session *s, enum err err)
{
    assert(err == ERR_OK);
    session_settle(s);
}

static bool is_writable(struct session *s)
{
    return s != NULL;
}

static const struct session_ops ops = {
    .push = on_push, .attached = on_attached, .is_writable = is_writable};

static void encode_event(const struct event *e, enum run_variant variant, struct buf *out,
                         struct run_frame *f)
{
    assert(variant == RUN_PUSH);
    f->start = f->data = (uint32_t)out->n;
    buf_put(out, e->content.p, e->content.n);
    f->end = (uint32_t)out->n;
}

static const struct run_encoder encoder = {.event = encode_event};

/* Session `n` is user `n`, a member of channel `n / sessions`. */
static enum err memberships(struct channel_store *self, const struct uuid *user, bool with_unread,
                            struct arena *arena, struct memberships *out)
{
    assert(self != NULL && !with_unread);
    const unsigned n = (unsigned)user->b[12] << 24 | (unsigned)user->b[13] << 16 |
                       (unsigned)user->b[14] << 8 | user->b[15];
    out->positions = &seq;
    out->n = 1;
    out->items = arena_alloc(arena, sizeof *out->items);
    out->items[0].channel.id = uuid_number('c', n / scenario->sessions);
    return ERR_OK;
}

static void post(struct executor *self, struct task *t)
{
    assert(self != NULL && queued == NULL);
    queued = t;
}

static bool run_blocking(void *arg, struct task *t)
{
    assert(arg == NULL);
    t->run(t);
    return true;
}

static void kick(void *arg)
{
    assert(arg == NULL);
}

static void loop_turn(struct shard *sh)
{
    while (queued != NULL) {
        struct task *t = queued;
        queued = NULL;
        t->run(t);
    }
    while (shard_step(sh))
        ;
}

static void batch_publish(struct hub *hub, struct event *events)
{
    const unsigned n = scenario->channels * scenario->posts;
    static char text[TEXT_BYTES];
    struct journal_sink *sink = hub_sink(hub);
    for (unsigned i = 0; i < n; i++)
        events[i] = (struct event){.kind = EVENT_MESSAGE,
                                   .seq = ++seq,
                                   .channel = uuid_number('c', i % scenario->channels),
                                   .content = {text, sizeof text},
                                   .origin.shard = ORIGIN_NO_SHARD};
    sink->publish(sink, sink->prepare(sink, events, n));
}

/* Of this process: others may want the machine too. */
static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The members of a channel lie anywhere in memory. */
static struct listener **shuffled(struct listener *listeners, unsigned n)
{
    struct listener **order = mem_array(n, sizeof(struct listener *));
    struct rand_seeded rand;
    rand_seed(&rand, 1);
    for (unsigned i = 0; i < n; i++) {
        const uint64_t j = rand_next_below(&rand, i + 1);
        order[i] = order[j];
        order[j] = &listeners[i];
    }
    return order;
}

static void scenario_run(const struct scenario *sc, double seconds)
{
    static const struct channel_store_ops store_ops = {.memberships = memberships};
    struct channel_store store = {&store_ops};
    struct executor executor = {post};
    scenario = sc;
    struct hub *hub = hub_new(&(struct hub_config){.encoder = &encoder,
                                                   .channels = &store,
                                                   .run_blocking = run_blocking,
                                                   .clock = &clock_system,
                                                   .tail_bytes_max = 32 << 20,
                                                   .backlog_bytes_max = SIZE_MAX,
                                                   .channels_max = 1000});
    hub_set_position(hub, 0, seq);
    struct shard *sh = hub_add_shard(hub, &executor, kick, NULL);
    const unsigned n = sc->channels * sc->sessions;
    assert(n > 0);
    struct listener *listeners = mem_array(n, sizeof *listeners);
    struct listener **order = shuffled(listeners, n);
    const size_t before = mallinfo2().uordblks;
    for (unsigned i = 0; i < n; i++) {
        order[i]->super.ops = &ops;
        order[i]->super.user = uuid_number('u', i);
        session_attach(sh, &order[i]->super);
        loop_turn(sh);
    }
    const size_t per_session = (mallinfo2().uordblks - before) / n;
    struct event *events = mem_array((size_t)sc->channels * sc->posts, sizeof *events);
    const double start = cpu_seconds();
    double elapsed = 0;
    for (uint64_t batches = 0; elapsed < seconds; batches++) {
        batch_publish(hub, events);
        loop_turn(sh);
        elapsed = cpu_seconds() - start;
    }
    uint64_t pushes = 0;
    for (unsigned i = 0; i < n; i++) {
        pushes += listeners[i].n_pushes;
        session_detach(&listeners[i].super);
    }
    loop_turn(sh);
    printf("%-44s %6.1f ns a push, %zu bytes a session\n", sc->name, elapsed * 1e9 / (double)pushes,
           per_session);
    hub_free(hub);
    mem_free(events);
    mem_free(order);
    mem_free(listeners);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {
        {"1 channel x 10,000 sessions, 1 post a batch", 1, 10000, 1},
        {"1 channel x 10,000 sessions, 50 posts a batch", 1, 10000, 50},
        {"200 channels x 10 sessions, 1 post each", 200, 10, 1},
        {"200 channels x 10 sessions, 5 posts each", 200, 10, 5},
    };
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        scenario_run(&scenarios[i], seconds);
    return 0;
}

#include "kit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct uuid kit_user(unsigned n)
{
    struct uuid u = {{'u', [13] = (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
    return u;
}

struct uuid kit_channel(unsigned n)
{
    struct uuid u = {{'c', [13] = (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
    return u;
}

unsigned kit_number(const struct uuid *u)
{
    return (unsigned)u->b[13] << 16 | (unsigned)u->b[14] << 8 | u->b[15];
}

/* ---- The encoder ---- */

static void encode_event(const struct event *e, enum run_variant variant, struct buf *out,
                         struct run_frame *f)
{
    static const char push[] = " mrjlc", own[] = " mrJLc";
    f->start = (uint32_t)out->n;
    buf_printf(out, "%llu:", (unsigned long long)e->seq);
    f->data = (uint32_t)out->n;
    buf_printf(out, "%c ", (variant == RUN_OWN ? own : push)[e->kind]);
    buf_put(out, e->content.p, e->content.n);
    f->end = (uint32_t)out->n;
}

static struct bytes *encode_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static struct bytes *encode_text(const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    assert(n >= 0 && (size_t)n < sizeof text);
    return bytes_copy(text, (size_t)n);
}

static struct bytes *encode_read(const struct uuid *channel, uint64_t seq)
{
    return encode_text("read c%u %llu", kit_number(channel), (unsigned long long)seq);
}

static struct bytes *encode_typing(const struct uuid *channel, const struct uuid *user,
                                   struct str name)
{
    return encode_text("typing c%u u%u %.*s", kit_number(channel), kit_number(user), STR_FMT(name));
}

static int user_compare(const void *a, const void *b)
{
    const struct user *x = a, *y = b;
    return memcmp(&x->id, &y->id, sizeof x->id);
}

static void encode_users(struct buf *out, char sign, const struct user *users, size_t n)
{
    struct user *sorted = mem_array(n + 1, sizeof *sorted);
    if (n > 0)
        memcpy(sorted, users, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, user_compare);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, " %cu%u", sign, kit_number(&sorted[i].id));
    mem_free(sorted);
}

static struct bytes *encode_presence(const struct uuid *channel, const struct user *online,
                                     size_t n_online, const struct user *offline, size_t n_offline)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_printf(&out, "presence c%u", kit_number(channel));
    encode_users(&out, '+', online, n_online);
    encode_users(&out, '-', offline, n_offline);
    struct bytes *b = bytes_copy(out.p, out.n);
    buf_fini(&out);
    return b;
}

static const struct run_encoder kit_encoder = {.event = encode_event,
                                               .read = encode_read,
                                               .typing = encode_typing,
                                               .presence = encode_presence};

/* ---- The stores: they read the log up to what is committed ---- */

static bool log_is_member(const struct kit *k, const struct uuid *user, const struct uuid *channel)
{
    bool is_member = false;
    for (size_t i = 0; i < k->n_committed; i++) {
        const struct event *e = &k->log[i];
        if (!uuid_eq(&e->user, user) || !uuid_eq(&e->channel, channel))
            continue;
        if (e->kind == EVENT_JOINED)
            is_member = true;
        else if (e->kind == EVENT_LEFT)
            is_member = false;
    }
    return is_member;
}

static uint64_t log_head(const struct kit *k, const struct uuid *channel)
{
    for (size_t i = k->n_committed; i-- > 0;)
        if (event_is_post(&k->log[i]) && uuid_eq(&k->log[i].channel, channel))
            return k->log[i].seq;
    return 0;
}

static enum err store_memberships(struct channel_store *self, const struct uuid *user,
                                  bool with_unread, struct arena *arena, struct memberships *out)
{
    struct kit *k = MEM_OWNER(self, struct kit, channels);
    (void)with_unread;
    k->n_loads++;
    uint64_t *positions = arena_alloc(arena, 2 * sizeof *positions);
    for (size_t i = 0; i < k->n_committed; i++)
        positions[k->log[i].partition] = k->log[i].seq;
    out->positions = positions;
    out->items = arena_alloc(arena, (k->n_committed + 1) * sizeof *out->items);
    for (size_t i = 0; i < k->n_committed; i++) {
        const struct event *e = &k->log[i];
        bool is_listed = false;
        for (size_t j = 0; j < out->n; j++)
            is_listed = is_listed || uuid_eq(&out->items[j].channel.id, &e->channel);
        if (e->kind != EVENT_JOINED || is_listed || !log_is_member(k, user, &e->channel))
            continue;
        out->items[out->n++] = (struct membership){
            .channel.id = e->channel, .head_seq = log_head(k, &e->channel), .read_seq = 1};
    }
    return k->store_err;
}

static enum err store_members(struct channel_store *self, const struct uuid *channel,
                              void (*each)(const struct user *, void *arg), void *arg)
{
    struct kit *k = MEM_OWNER(self, struct kit, channels);
    for (size_t i = 0; i < k->n_committed && k->store_err == ERR_OK; i++) {
        const struct event *e = &k->log[i];
        const struct user u = {.id = e->user, .name = STR("x")};
        if (e->kind == EVENT_JOINED && uuid_eq(&e->channel, channel) &&
            log_is_member(k, &e->user, channel))
            each(&u, arg);
    }
    return k->store_err;
}

static enum err store_after(struct message_store *self, const struct uuid *channel, uint64_t seq,
                            unsigned limit, struct arena *arena, struct post_page *out)
{
    struct kit *k = MEM_OWNER(self, struct kit, messages);
    k->n_reads++;
    out->rows = arena_alloc(arena, limit * sizeof *out->rows);
    for (size_t i = seq; i < k->n_committed; i++) {
        const struct event *e = &k->log[i];
        if (!event_is_post(e) || !uuid_eq(&e->channel, channel))
            continue;
        out->more = out->n == limit;
        if (out->more)
            break;
        out->rows[out->n].event = *e;
        out->rows[out->n++].event.origin = (struct origin){ORIGIN_NO_SHARD, 0, STR_NONE};
    }
    return k->store_err;
}

static enum err store_missed(struct message_store *self, const struct uuid *channel, uint64_t seq,
                             unsigned max, unsigned *count, uint64_t *head_seq)
{
    struct kit *k = MEM_OWNER(self, struct kit, messages);
    k->n_reads++;
    *count = 0;
    *head_seq = log_head(k, channel);
    for (size_t i = seq; i < k->n_committed && *count < max; i++)
        *count += event_is_post(&k->log[i]) && uuid_eq(&k->log[i].channel, channel);
    return k->store_err;
}

static const struct channel_store_ops channel_ops = {.memberships = store_memberships,
                                                     .members = store_members};
static const struct message_store_ops message_ops = {.after = store_after, .missed = store_missed};

/* ---- Loops and workers ---- */

static void loop_post(struct executor *self, struct task *t)
{
    struct kit_loop *l = MEM_OWNER(self, struct kit_loop, super);
    t->next = NULL;
    *l->tail = t;
    l->tail = &t->next;
}

static void loop_kick(void *arg)
{
    struct kit_loop *l = arg;
    l->n_kicks++;
}

static bool work_post(void *arg, struct task *t)
{
    struct kit *k = arg;
    if (k->n_work >= k->work_max)
        return false;
    t->next = NULL;
    *k->work_tail = t;
    k->work_tail = &t->next;
    k->n_work++;
    return true;
}

static bool loop_run(struct kit_loop *l)
{
    struct task *t = l->head, *next;
    l->head = NULL;
    l->tail = &l->head;
    const bool any = t != NULL;
    for (; t != NULL; t = next) {
        next = t->next;
        t->run(t);
    }
    return any;
}

static bool work_run(struct kit *k)
{
    struct task *t = k->work_head, *next;
    k->work_head = NULL;
    k->work_tail = &k->work_head;
    k->n_work = 0;
    const bool any = t != NULL;
    for (; t != NULL; t = next) {
        next = t->next;
        t->run(t);
    }
    return any;
}

void kit_receive(struct kit *k, unsigned shard)
{
    loop_run(&k->loops[shard]);
}

void kit_run_work(struct kit *k)
{
    work_run(k);
}

void kit_run_loops(struct kit *k)
{
    bool any = true;
    while (any) {
        any = false;
        for (unsigned i = 0; i < KIT_SHARDS; i++) {
            any = loop_run(&k->loops[i]) || any;
            any = shard_step(k->shards[i]) || any;
        }
    }
}

void kit_run(struct kit *k)
{
    do {
        kit_run_loops(k);
    } while (work_run(k));
}

void kit_tick(struct kit *k)
{
    clock_manual_advance(&k->clock, 1000000);
    for (unsigned i = 0; i < KIT_SHARDS; i++)
        shard_tick(k->shards[i]);
    kit_run(k);
}

/* ---- The journal ---- */

static struct event *log_add(struct kit *k, enum event_kind kind, unsigned channel, unsigned user)
{
    assert_true(k->n_log < KIT_EVENTS_MAX);
    struct event *e = &k->log[k->n_log++];
    *e = (struct event){.kind = kind,
                        .partition = k->config.journal == NULL ? 0 : channel % 2,
                        .seq = k->n_log,
                        .channel = kit_channel(channel),
                        .user = kit_user(user),
                        .username = STR("x"),
                        .origin = {ORIGIN_NO_SHARD, 0, STR_NONE}};
    for (size_t i = k->n_log - 1; i-- > 0 && e->prev_seq == 0;)
        if (event_is_post(&k->log[i]) && uuid_eq(&k->log[i].channel, &e->channel))
            e->prev_seq = k->log[i].seq;
    return e;
}

struct event *kit_post(struct kit *k, unsigned channel, unsigned user)
{
    return log_add(k, EVENT_MESSAGE, channel, user);
}

struct event *kit_join(struct kit *k, unsigned channel, unsigned user)
{
    struct event *e = log_add(k, EVENT_JOINED, channel, user);
    e->members = 2;
    return e;
}

struct event *kit_leave(struct kit *k, unsigned channel, unsigned user)
{
    struct event *e = log_add(k, EVENT_LEFT, channel, user);
    e->members = 2;
    return e;
}

struct event *kit_create(struct kit *k, unsigned channel, unsigned user)
{
    return log_add(k, EVENT_CREATED, channel, user);
}

void kit_from(struct event *e, const struct fake *f)
{
    e->origin = (struct origin){shard_index(f->super.shard), f->super.id, STR("\"ref\"")};
}

void kit_commit(struct kit *k)
{
    k->n_committed = k->n_log;
}

void kit_publish(struct kit *k)
{
    struct journal_sink *sink = hub_sink(k->hub);
    const size_t n = k->n_log - k->n_published;
    void *prepared = sink->prepare(sink, &k->log[k->n_published], n);
    kit_commit(k);
    k->n_published = k->n_log;
    sink->publish(sink, prepared);
}

void kit_flow(struct kit *k)
{
    kit_publish(k);
    kit_run(k);
}

void kit_members(struct kit *k, unsigned channel, unsigned user_first, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        kit_join(k, channel, user_first + i);
    kit_flow(k);
}

void kit_open_hub(struct kit *k)
{
    k->hub = hub_new(&k->config);
    for (unsigned i = 0; i < KIT_SHARDS; i++) {
        struct kit_loop *l = &k->loops[i];
        *l = (struct kit_loop){.super.post = loop_post, .tail = &l->head};
        k->shards[i] = hub_add_shard(k->hub, &l->super, loop_kick, l);
    }
    hub_set_position(k->hub, 0, k->n_committed);
    k->n_published = k->n_committed;
}

static uint64_t journal_at(struct journal *self, unsigned partition)
{
    (void)self;
    (void)partition;
    return 0;
}

static unsigned journal_two(struct journal *self)
{
    (void)self;
    return 2;
}

static unsigned journal_odd(struct journal *self, const struct uuid *channel)
{
    (void)self;
    return kit_number(channel) % 2;
}

static const struct journal_ops journal_ops = {
    .position = journal_at, .partitions = journal_two, .partition_of = journal_odd};

void kit_partition(struct kit *k)
{
    assert_true(k->n_log == 0);
    kit_close_hub(k);
    k->journal.ops = &journal_ops;
    k->config.journal = &k->journal;
    kit_open_hub(k);
}

static void session_leave_behind(struct session *s, void *arg)
{
    (void)arg;
    session_detach(s);
}

void kit_close_hub(struct kit *k)
{
    for (unsigned i = 0; i < KIT_SHARDS; i++) /* of a test that failed */
        shard_each_session(k->shards[i], session_leave_behind, NULL);
    while (work_run(k))
        ;
    hub_stop(k->hub);
    hub_free(k->hub);
    k->hub = NULL;
}

void kit_init(struct kit *k)
{
    memset(k, 0, sizeof *k);
    clock_manual_init(&k->clock, INT64_C(1700000000000000));
    k->channels.ops = &channel_ops;
    k->messages.ops = &message_ops;
    k->work_tail = &k->work_head;
    k->work_max = 1000;
    k->config = (struct hub_config){.encoder = &kit_encoder,
                                    .channels = &k->channels,
                                    .messages = &k->messages,
                                    .run_blocking = work_post,
                                    .run_blocking_arg = k,
                                    .clock = &k->clock.super,
                                    .tail_bytes_max = 1 << 20,
                                    .backlog_bytes_max = 64 << 20,
                                    .channels_max = 1000};
    kit_open_hub(k);
}

void kit_fini(struct kit *k)
{
    if (k->hub != NULL)
        kit_close_hub(k);
}

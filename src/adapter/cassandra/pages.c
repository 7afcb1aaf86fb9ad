/* The reading side: port/message_store.h. */
#include "adapter/cassandra/state.h"
#include "adapter/cassandra/walk.h"
#include "base/clock.h"
#include "domain/id.h"
#include "telemetry/metrics.h"

static struct cassandra *store_of(struct message_store *self)
{
    return MEM_OWNER(self, struct cassandra, messages);
}

/* A page being filled. One row more than asked for tells where the next one begins. */
struct filling {
    const struct uuid *channel;
    uint64_t from; /* an id or a position */
    unsigned limit;
    struct arena *arena;
    struct post_page *page;
};

static void filling_begin(const struct filling *f)
{
    *f->page = (struct post_page){.rows = arena_alloc(f->arena, f->limit * sizeof(struct post))};
}

/* What a bucket is asked: from where, and as many rows as are wanted still. */
static void filling_ask(struct request *r, void *arg)
{
    const struct filling *f = arg;
    request_u64(r, f->from);
    request_int(r, (int32_t)(f->limit - f->page->n + 1));
}

static bool message_take(struct row *row, void *arg)
{
    struct filling *f = arg;
    struct post_page *page = f->page;
    if (page->n == f->limit) {
        page->next_id = row_u64(row, 6);
        return false;
    }
    struct post *p = &page->rows[page->n++];
    p->event = row_post(row, f->arena);
    p->event.kind = EVENT_MESSAGE;
    p->event.channel = *f->channel;
    return true;
}

/* Ends a read: its replies are counted, its time is measured. */
static enum err page_end(struct cassandra *c, struct calls *calls, enum err e, int64_t began,
                         struct post_page *page)
{
    if (e == ERR_OK)
        e = reply_counts_fill(&c->reply_counts, calls, page);
    e = calls_end(calls, e);
    metric_observe(M_STORE_READ, (uint64_t)(clock_steady_us(&clock_system) - began));
    return e;
}

static enum err page_messages(struct message_store *self, const struct uuid *channel,
                              uint64_t from_id, unsigned limit, struct arena *arena,
                              struct post_page *out)
{
    struct cassandra *c = store_of(self);
    struct calls calls;
    int64_t began = clock_steady_us(&clock_system);
    uint64_t from = from_id == 0 || from_id > ID_MAX ? ID_MAX : from_id;
    struct filling f = {channel, from, limit, arena, out};
    const struct walk w = {.channel = channel,
                           .newest_id = from == ID_MAX ? 0 : from,
                           .statement = ST_MESSAGES_BACK,
                           .ask = filling_ask,
                           .take = message_take,
                           .arg = &f};
    filling_begin(&f);
    calls_begin(&calls, &c->link);
    return page_end(c, &calls, walk_run(&w, &calls), began, out);
}

static bool reply_take(struct row *row, struct filling *f)
{
    struct post_page *page = f->page;
    if (page->n == f->limit) {
        page->next_id = row_u64(row, 6);
        return false;
    }
    struct post *p = &page->rows[page->n++];
    p->event = row_post(row, f->arena);
    p->event.kind = EVENT_REPLY;
    p->event.parent = row_u64(row, 7);
    p->event.channel = row_uuid(row, 8);
    return true;
}

static enum err page_replies(struct message_store *self, uint64_t message_id, uint64_t from_id,
                             unsigned limit, struct arena *arena, struct post_page *out)
{
    struct cassandra *c = store_of(self);
    struct calls calls;
    struct select s;
    int64_t began = clock_steady_us(&clock_system);
    uint64_t from = from_id == 0 || from_id > ID_MAX ? ID_MAX : from_id;
    struct filling f = {NULL, from, limit, arena, out};
    struct row row = {.bad = false};
    filling_begin(&f);
    calls_begin(&calls, &c->link);
    select_init(&s, &calls, ST_REPLIES_BACK);
    request_u64(&s.request, message_id);
    filling_ask(&s.request, &f);
    select_send(&s);
    enum err e = calls_wait(&calls);
    while (e == ERR_OK && !row.bad && select_row(&s, &row) && reply_take(&row, &f)) {
    }
    select_fini(&s);
    if (e == ERR_OK && row.bad)
        e = ERR_INTERNAL;
    return page_end(c, &calls, e, began, out);
}

static bool after_take(struct row *row, void *arg)
{
    struct filling *f = arg;
    struct post_page *page = f->page;
    if (page->n == f->limit) {
        page->more = true;
        return false;
    }
    struct post *p = &page->rows[page->n++];
    p->event = row_post(row, f->arena);
    p->event.kind = row_is_null(row, 7) ? EVENT_MESSAGE : EVENT_REPLY;
    p->event.parent = row_u64(row, 7);
    p->event.channel = *f->channel;
    return true;
}

static enum err walk_after(struct calls *calls, const struct uuid *channel, uint64_t seq,
                           unsigned limit, struct arena *arena, struct post_page *out)
{
    struct filling f = {channel, seq, limit, arena, out};
    const struct walk w = {.channel = channel,
                           .oldest_first = true,
                           .after_seq = seq,
                           .statement = ST_TIMELINE_AFTER,
                           .ask = filling_ask,
                           .take = after_take,
                           .arg = &f};
    filling_begin(&f);
    return walk_run(&w, calls);
}

static enum err page_after(struct message_store *self, const struct uuid *channel, uint64_t seq,
                           unsigned limit, struct arena *arena, struct post_page *out)
{
    struct cassandra *c = store_of(self);
    struct calls calls;
    int64_t began = clock_steady_us(&clock_system);
    calls_begin(&calls, &c->link);
    return page_end(c, &calls, walk_after(&calls, channel, seq, limit, arena, out), began, out);
}

enum err cassandra_replay(struct history_store *self, const struct uuid *channel, uint64_t seq,
                          unsigned limit, struct arena *arena, struct post_page *out)
{
    struct calls calls;
    calls_begin(&calls, &cassandra_of(self)->link);
    return calls_end(&calls, walk_after(&calls, channel, seq, limit, arena, out));
}

/* Positions counted from the newest, so that the first is the head. */
struct missing {
    uint64_t seq, head;
    unsigned count, wanted;
};

static void missing_ask(struct request *r, void *arg)
{
    const struct missing *m = arg;
    request_u64(r, m->seq);
    request_int(r, (int32_t)(m->wanted - m->count));
}

static bool missing_take(struct row *row, void *arg)
{
    struct missing *m = arg;
    if (m->head == 0)
        m->head = row_u64(row, 0);
    return ++m->count < m->wanted;
}

static enum err missing_count(struct calls *calls, const struct uuid *channel, struct missing *m)
{
    const struct walk w = {.channel = channel,
                           .after_seq = m->seq,
                           .statement = ST_TIMELINE_SEQS,
                           .ask = missing_ask,
                           .take = missing_take,
                           .arg = m};
    return walk_run(&w, calls);
}

static enum err page_missed(struct message_store *self, const struct uuid *channel, uint64_t seq,
                            unsigned max, unsigned *count, uint64_t *head_seq)
{
    struct calls calls;
    struct missing m = {.seq = seq, .wanted = max == 0 ? 1 : max};
    calls_begin(&calls, &store_of(self)->link);
    enum err e = missing_count(&calls, channel, &m);
    *count = m.count < max ? m.count : max;
    if (e == ERR_OK && m.head == 0 && seq > 0) {
        m = (struct missing){.seq = 0, .wanted = 1};
        e = missing_count(&calls, channel, &m);
    }
    *head_seq = m.head;
    return calls_end(&calls, e);
}

static enum err page_channel_of(struct message_store *self, uint64_t message_id,
                                struct uuid *channel)
{
    struct calls calls;
    struct request r;
    struct call call;
    struct row row;
    request_init(&r);
    request_item(&r, ST_MESSAGE_CHANNEL);
    request_u64(&r, message_id);
    calls_begin(&calls, &store_of(self)->link);
    calls_send(&calls, &r, &call);
    enum err e = calls_wait(&calls);
    if (e == ERR_OK && !call_row(&call, 0, &row))
        e = ERR_MESSAGE_NOT_FOUND;
    if (e == ERR_OK) {
        *channel = row_uuid(&row, 0);
        e = row.bad ? ERR_INTERNAL : ERR_OK;
    }
    call_free(&call);
    request_fini(&r);
    return calls_end(&calls, e);
}

const struct message_store_ops cassandra_message_ops = {
    page_messages, page_replies, page_after, page_missed, page_channel_of,
};

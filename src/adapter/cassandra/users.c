/* What is asked of one user: by client id, by own posts, by what others posted. */
#include "adapter/cassandra/calls.h"
#include "adapter/cassandra/state.h"
#include "adapter/cassandra/walk.h"
#include "domain/id.h"

/* The row of `r`, with its strings; ERR_NOT_FOUND. */
static enum err find_one(struct calls *calls, const struct request *r, struct call *call,
                         struct row *row)
{
    calls_send(calls, r, call);
    enum err e = calls_wait(calls);
    return e == ERR_OK && !call_row(call, 0, row) ? ERR_NOT_FOUND : e;
}

static enum err find_position(struct calls *calls, const struct uuid *user,
                              const struct uuid *channel, struct str client_msg_id, uint64_t *seq,
                              uint64_t *id)
{
    struct request r;
    struct call call;
    struct row row;
    request_init(&r);
    request_item(&r, ST_CLIENT_ID);
    request_uuid(&r, channel);
    request_uuid(&r, user);
    request_bytes(&r, client_msg_id);
    enum err e = find_one(calls, &r, &call, &row);
    if (e == ERR_OK) {
        *seq = row_u64(&row, 0);
        *id = row_u64(&row, 1);
        e = row.bad || *id > ID_MAX ? ERR_INTERNAL : ERR_OK;
    }
    call_free(&call);
    request_fini(&r);
    return e;
}

static enum err find_post(struct calls *calls, const struct uuid *channel, uint64_t seq,
                          uint64_t id, struct arena *arena, struct event *out)
{
    struct request r;
    struct call call;
    struct row row;
    request_init(&r);
    request_item(&r, ST_TIMELINE_POST);
    request_uuid(&r, channel);
    request_int(&r, id_bucket(id));
    request_u64(&r, seq);
    enum err e = find_one(calls, &r, &call, &row);
    if (e == ERR_OK) {
        *out = row_post(&row, arena);
        out->kind = row_is_null(&row, 7) ? EVENT_MESSAGE : EVENT_REPLY;
        out->parent = row_u64(&row, 7);
        out->channel = *channel;
        e = row.bad ? ERR_INTERNAL : ERR_OK;
    }
    call_free(&call);
    request_fini(&r);
    return e;
}

enum err cassandra_by_client_id(struct history_store *self, const struct uuid *user,
                                const struct uuid *channel, struct str client_msg_id,
                                struct arena *arena, struct event *out)
{
    struct calls calls;
    uint64_t seq = 0, id = 0;
    /* Cassandra takes no empty key, and nobody posts under one */
    if (client_msg_id.n == 0)
        return ERR_NOT_FOUND;
    calls_begin(&calls, &cassandra_of(self)->link);
    enum err e = find_position(&calls, user, channel, client_msg_id, &seq, &id);
    if (e == ERR_OK)
        e = find_post(&calls, channel, seq, id, arena, out);
    return calls_end(&calls, e);
}

enum err cassandra_own_heads(struct history_store *self, const struct uuid *user,
                             void (*each)(const struct uuid *channel, uint64_t seq, void *arg),
                             void *arg)
{
    struct calls calls;
    struct select s;
    struct row row = {.bad = false};
    calls_begin(&calls, &cassandra_of(self)->link);
    select_init(&s, &calls, ST_OWN_POSTS);
    request_uuid(&s.request, user);
    select_send(&s);
    if (calls_wait(&calls) == ERR_OK)
        while (!row.bad && select_row(&s, &row)) {
            struct uuid channel = row_uuid(&row, 0);
            uint64_t seq = row_u64(&row, 1);
            if (!row.bad)
                each(&channel, seq, arg);
        }
    select_fini(&s);
    return calls_end(&calls, row.bad ? ERR_INTERNAL : ERR_OK);
}

struct counting {
    const struct uuid *user;
    uint64_t seq;
    unsigned count, max;
};

static void counting_ask(struct request *r, void *arg)
{
    const struct counting *c = arg;
    request_u64(r, c->seq);
}

static bool counting_take(struct row *row, void *arg)
{
    struct counting *c = arg;
    struct uuid user = row_uuid(row, 0);
    c->count += !uuid_eq(&user, c->user);
    return c->count < c->max;
}

enum err cassandra_unread(struct history_store *self, const struct uuid *user,
                          const struct uuid *channel, uint64_t seq, unsigned max, unsigned *out)
{
    struct calls calls;
    struct counting c = {user, seq, 0, max};
    const struct walk w = {.channel = channel,
                           .after_seq = seq,
                           .statement = ST_TIMELINE_USERS,
                           .ask = counting_ask,
                           .take = counting_take,
                           .arg = &c};
    *out = 0;
    if (max == 0)
        return ERR_OK;
    calls_begin(&calls, &cassandra_of(self)->link);
    enum err e = walk_run(&w, &calls);
    *out = c.count;
    return calls_end(&calls, e);
}

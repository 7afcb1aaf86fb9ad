/* Channels and memberships: what changes them, each a transaction that writes the rows, counts the
 * channel's version up and puts its events into the outbox. Locks are taken on the user first
 * (whose channels are counted), then on the channel. */
#include <string.h>

#include "adapter/postgres/state.h"

#define FORGET_ROWS_MAX 100 /* past memberships, at each new one */

struct change {
    const struct channel *created;
    const struct uuid *user, *channel;
    uint32_t channels_max;
    uint64_t version;
};

static struct pg_args args_of(const struct uuid *id)
{
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, id);
    return a;
}

/* How many rows the statement gives to the one parameter. */
static int rows_of(struct pg_conn *c, enum pg_statement id, const struct uuid *of)
{
    const struct pg_args a = args_of(of);
    PGresult *r = pg_run(c, id, &a);
    int n = PQntuples(r);
    PQclear(r);
    return n;
}

static bool is_in_too_many(struct pg_conn *c, const struct uuid *user, uint32_t channels_max)
{
    struct pg_args a = args_of(user);
    pg_args_int(&a, channels_max);
    PGresult *r = pg_run(c, PG_MEMBER_COUNT, &a);
    int64_t n = r == NULL ? 0 : pg_int(r, 0, 0);
    PQclear(r);
    return n >= channels_max;
}

/* Locks the channel and gives it its next version, 0 when there is no such channel. */
static uint64_t version_next(struct pg_conn *c, const struct uuid *channel)
{
    const struct pg_args a = args_of(channel);
    PGresult *r = pg_run(c, PG_VERSION_NEXT, &a);
    uint64_t version = PQntuples(r) == 1 ? pg_u64(r, 0, 0) : 0;
    PQclear(r);
    return version;
}

static void change_tell(struct pg_conn *c)
{
    pg_change(c, PG_NOTIFY, NULL);
}

/* The channel is there already: this very one, as when the answer to the first try was lost? */
static enum err create_again(struct pg_conn *c, struct change *w)
{
    const struct pg_args a = args_of(&w->created->id);
    PGresult *r = pg_run(c, PG_CHANNEL_BY_ID, &a);
    struct uuid owner = PQntuples(r) == 1 ? pg_uuid(r, 0, 2) : UUID_NIL;
    bool same = PQntuples(r) == 1 && uuid_eq(&owner, &w->created->owner) &&
                str_eq(pg_str(r, 0, 1), w->created->name);
    PQclear(r);
    return same ? ERR_OK : ERR_INTERNAL;
}

static enum err create_run(struct pg_conn *c, void *arg)
{
    struct change *w = arg;
    struct pg_args a = args_of(&w->created->id);
    w->version = 2; /* EVENT_CREATED is 1, the owner's EVENT_JOINED 2 */
    if (rows_of(c, PG_USER_LOCK, &w->created->owner) == 0)
        return ERR_USER_NOT_FOUND;
    if (rows_of(c, PG_CHANNEL_BY_ID, &w->created->id) != 0)
        return create_again(c, w);
    if (is_in_too_many(c, &w->created->owner, w->channels_max))
        return ERR_TOO_MANY_CHANNELS;
    pg_args_str(&a, w->created->name);
    pg_args_uuid(&a, &w->created->owner);
    pg_args_time(&a, w->created->created_us);
    if (pg_change(c, PG_CHANNEL_MAKE, &a) == 0)
        return create_again(c, w);
    change_tell(c);
    return ERR_OK;
}

static enum err join_run(struct pg_conn *c, void *arg)
{
    struct change *w = arg;
    if (rows_of(c, PG_CHANNEL_BY_ID, w->channel) == 0)
        return ERR_CHANNEL_NOT_FOUND;
    if (rows_of(c, PG_USER_LOCK, w->user) == 0)
        return ERR_USER_NOT_FOUND;
    if ((w->version = version_next(c, w->channel)) == 0)
        return ERR_CHANNEL_NOT_FOUND;
    struct pg_args a = args_of(w->user);
    pg_args_uuid(&a, w->channel);
    /* asked before the limit: who is in already is told so even when she is in too many */
    PGresult *r = pg_run(c, PG_MEMBER_GET, &a);
    bool is_member = PQntuples(r) != 0;
    PQclear(r);
    if (is_member)
        return ERR_ALREADY_MEMBER;
    if (is_in_too_many(c, w->user, w->channels_max))
        return ERR_TOO_MANY_CHANNELS;
    pg_args_u64(&a, w->version);
    if (pg_change(c, PG_MEMBER_ADD, &a) == 0)
        return ERR_ALREADY_MEMBER; /* chat-app's server was faster */
    change_tell(c);
    return ERR_OK;
}

static enum err leave_run(struct pg_conn *c, void *arg)
{
    struct change *w = arg;
    struct pg_args a = args_of(w->user), forget = {.n = 0};
    if ((w->version = version_next(c, w->channel)) == 0)
        return ERR_CHANNEL_NOT_FOUND;
    pg_args_uuid(&a, w->channel);
    pg_args_u64(&a, w->version);
    if (pg_change(c, PG_MEMBER_REMOVE, &a) == 0)
        return ERR_NOT_JOINED;
    pg_args_int(&forget, FORGET_ROWS_MAX);
    pg_change(c, PG_PAST_FORGET, &forget);
    change_tell(c);
    return ERR_OK;
}

static enum err table_create(struct channel_table *self, const struct channel *c,
                             uint32_t channels_max, uint64_t *version)
{
    struct change w = {.created = c, .channels_max = channels_max};
    enum err e = pg_pool_change(&pg_store_of(self)->pool, create_run, &w);
    *version = w.version;
    return e;
}

static enum err table_join(struct channel_table *self, const struct uuid *user,
                           const struct uuid *channel, uint32_t channels_max, uint64_t *version)
{
    struct change w = {.user = user, .channel = channel, .channels_max = channels_max};
    enum err e = pg_pool_change(&pg_store_of(self)->pool, join_run, &w);
    *version = w.version;
    return e;
}

static enum err table_leave(struct channel_table *self, const struct uuid *user,
                            const struct uuid *channel, uint64_t *version)
{
    struct change w = {.user = user, .channel = channel};
    enum err e = pg_pool_change(&pg_store_of(self)->pool, leave_run, &w);
    *version = w.version;
    return e;
}

/* ---- Read positions ---- */

struct mark {
    const struct uuid *user, *channel;
    uint64_t seq, now;
    bool moved;
};

static enum err mark_run(struct pg_conn *c, void *arg)
{
    struct mark *m = arg;
    struct pg_args a = args_of(m->user);
    pg_args_uuid(&a, m->channel);
    pg_args_u64(&a, m->seq);
    PGresult *r = pg_run(c, PG_MARK_READ, &a);
    bool is_member = PQntuples(r) == 1;
    m->moved = is_member && pg_int(r, 0, 0) == 1;
    m->now = is_member ? pg_u64(r, 0, 1) : 0;
    PQclear(r);
    /* she left in this very moment */
    if (c->failure == PG_REFUSED && strcmp(c->state, "23503") == 0)
        pg_forgive(c);
    return is_member ? ERR_OK : ERR_NOT_MEMBER;
}

static enum err table_mark_read(struct channel_table *self, const struct uuid *user,
                                const struct uuid *channel, uint64_t seq, uint64_t *now,
                                bool *moved)
{
    struct mark m = {.user = user, .channel = channel, .seq = seq};
    enum err e = pg_pool_write(&pg_store_of(self)->pool, mark_run, &m);
    *now = m.now;
    *moved = e == ERR_OK && m.moved;
    return e;
}

static bool table_is_ready(struct channel_table *self, char *detail, size_t size)
{
    return pg_pool_is_ready(&pg_store_of(self)->pool, detail, size);
}

const struct channel_table_ops pg_channel_ops = {
    table_create,         table_join,         table_leave,           pg_channel_get,
    pg_channel_list,      pg_channel_members, pg_channel_membership, pg_channel_memberships,
    table_mark_read,      pg_relay_take,      pg_relay_let_go,       pg_relay_outbox,
    pg_relay_outbox_done, pg_relay_epoch,     table_is_ready,
};

/* The relay's side. Its lock is a session's advisory lock, and everything it does goes through that
 * very session: when the session ends, whoever ends it, the lock is gone and what comes after is
 * refused, because there is nothing left to say it on. A session whose process does not speak for
 * relay_idle_ms (stopped, or behind a cut) is ended by the server, so that another one can take
 * over. */
#include <stdio.h>

#include "adapter/postgres/schema.h"
#include "adapter/postgres/state.h"
#include "base/log.h"

#define EPOCH_MAX 4095
#define UNLOCK_MS 500

static void relay_lose(struct postgres_store *s, const char *why)
{
    if (s->relay != NULL)
        pg_pool_note(&s->pool, why);
    pg_conn_close(s->relay);
    s->relay = NULL;
    s->is_relay = false;
}

/* ERR_OK; or lets the lock go, with the connection, when anything failed. */
static enum err relay_finish(struct postgres_store *s)
{
    if (s->relay->failure == PG_FINE)
        return ERR_OK;
    char why[PG_REASON_SIZE];
    snprintf(why, sizeof why, "%s", s->relay->text);
    relay_lose(s, why);
    return ERR_UNAVAILABLE;
}

static enum err relay_connect(struct postgres_store *s)
{
    char reason[PG_REASON_SIZE];
    s->relay = pg_schema_connect(&s->settings, reason, sizeof reason);
    if (s->relay == NULL) {
        pg_pool_note(&s->pool, reason);
        return ERR_UNAVAILABLE;
    }
    char sql[64];
    snprintf(sql, sizeof sql, "SET idle_session_timeout=%u", s->relay_idle_ms);
    pg_exec(s->relay, sql, 0);
    pg_change(s->relay, PG_RELAY_LISTEN, NULL);
    return relay_finish(s);
}

static int64_t relay_ask(struct postgres_store *s, enum pg_statement id)
{
    PGresult *r = pg_run(s->relay, id, NULL);
    int64_t v = PQntuples(r) == 1 ? pg_int(r, 0, 0) : 0;
    PQclear(r);
    return v;
}

enum err pg_relay_take(struct channel_table *self)
{
    struct postgres_store *s = pg_store_of(self);
    if (s->relay != NULL && !s->is_relay && !pg_conn_is_alive(s->relay))
        pg_relay_let_go(self); /* it held nothing that could be lost */
    if (s->relay == NULL && relay_connect(s) != ERR_OK)
        return ERR_UNAVAILABLE;
    bool mine = relay_ask(s, s->is_relay ? PG_RELAY_PING : PG_RELAY_LOCK) == 1;
    if (relay_finish(s) != ERR_OK)
        return ERR_UNAVAILABLE;
    pg_pool_note(&s->pool, NULL);
    s->is_relay = mine;
    return mine ? ERR_OK : ERR_UNAVAILABLE;
}

void pg_relay_let_go(struct channel_table *self)
{
    struct postgres_store *s = pg_store_of(self);
    if (s->is_relay) /* the end of the session would do it too, a moment later */
        pg_exec(s->relay, "SELECT pg_advisory_unlock_all()", UNLOCK_MS);
    pg_conn_close(s->relay);
    s->relay = NULL;
    s->is_relay = false;
}

/* The columns are those of PG_OUTBOX. */
static struct outbox_row outbox_copy(const PGresult *r, int row, struct arena *arena)
{
    struct outbox_row o = {.id = pg_u64(r, row, 0), .version = pg_u64(r, row, 1)};
    o.event.kind = (enum event_kind)pg_int(r, row, 2);
    o.event.channel_info = pg_channel(r, row, 3, arena);
    o.event.channel = o.event.channel_info.id;
    o.event.user = pg_uuid(r, row, 7);
    o.event.username = pg_name(r, row, 8, USER_NAME_CHARS_MAX, arena);
    o.event.at_us = pg_int(r, row, 9);
    int64_t members = pg_int(r, row, 10);
    o.event.members = members < 0 ? 0 : members > UINT32_MAX ? UINT32_MAX : (uint32_t)members;
    o.event.origin.shard = ORIGIN_NO_SHARD;
    return o;
}

static enum err outbox_read(struct postgres_store *s, unsigned max, struct arena *arena,
                            struct outbox_row **out, size_t *n)
{
    struct pg_args a = {.n = 0};
    pg_args_int(&a, max);
    PGresult *r = pg_run(s->relay, PG_OUTBOX, &a);
    *n = (size_t)PQntuples(r);
    *out = arena_alloc(arena, *n * sizeof **out);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = outbox_copy(r, (int)i, arena);
    PQclear(r);
    return relay_finish(s);
}

enum err pg_relay_outbox(struct channel_table *self, unsigned max, unsigned wait_ms,
                         struct arena *arena, struct outbox_row **out, size_t *n)
{
    struct postgres_store *s = pg_store_of(self);
    *n = 0;
    *out = NULL;
    if (!s->is_relay)
        return ERR_UNAVAILABLE;
    enum err e = outbox_read(s, max, arena, out, n);
    if (e != ERR_OK || *n != 0 || wait_ms == 0)
        return e;
    /* one that came since is told of, or was there in the first look */
    bool told = pg_wait_notification(s->relay, wait_ms);
    if ((e = relay_finish(s)) != ERR_OK || !told)
        return e;
    return outbox_read(s, max, arena, out, n);
}

enum err pg_relay_outbox_done(struct channel_table *self, const struct outbox_row *row,
                              uint64_t seq)
{
    struct postgres_store *s = pg_store_of(self);
    struct pg_args channel = {.n = 0}, a = {.n = 0};
    if (!s->is_relay)
        return ERR_UNAVAILABLE;
    pg_args_uuid(&channel, &row->event.channel);
    pg_args_u64(&a, row->id);
    pg_args_u64(&a, seq);
    /* who leaves at this moment takes the row elsewhere: it is looked for when that is done */
    pg_begin(s->relay);
    PQclear(pg_run(s->relay, PG_CHANNEL_LOCK, &channel));
    pg_change(s->relay, PG_OUTBOX_DONE, &a);
    pg_commit(s->relay);
    return relay_finish(s);
}

/* ---- Epochs of the log ---- */

struct epoch_query {
    const struct uuid *identity;
    unsigned partitions;
    int64_t epoch;
};

static int64_t epoch_ask(struct pg_conn *c, enum pg_statement id, const struct pg_args *a)
{
    PGresult *r = pg_run(c, id, a);
    int64_t v = PQntuples(r) == 1 ? pg_int(r, 0, 0) : 0;
    PQclear(r);
    return v;
}

static enum err epoch_run(struct pg_conn *c, void *arg)
{
    struct epoch_query *q = arg;
    struct pg_args a = {.n = 0};
    pg_args_uuid(&a, q->identity);
    pg_args_int(&a, q->partitions);
    if ((q->epoch = epoch_ask(c, PG_EPOCH_GET, &a)) != 0)
        return ERR_OK;
    pg_change(c, PG_EPOCH_LOCK, NULL);
    if ((q->epoch = epoch_ask(c, PG_EPOCH_GET, &a)) != 0)
        return ERR_OK;
    if (epoch_ask(c, PG_IMPORT_UNDER_WAY, NULL) != 0) {
        log_event(LOG_WARN, "no node starts while an installation is being moved here",
                  LOG_S("see", "parley migrate"));
        return ERR_UNAVAILABLE;
    }
    q->epoch = epoch_ask(c, PG_EPOCH_NEXT, NULL);
    if (q->epoch > EPOCH_MAX)
        return ERR_TOO_LARGE;
    pg_args_int(&a, q->epoch);
    pg_change(c, PG_EPOCH_ADD, &a);
    return ERR_OK;
}

enum err pg_relay_epoch(struct channel_table *self, const struct uuid *identity,
                        unsigned partitions, uint32_t *out)
{
    struct epoch_query q = {.identity = identity, .partitions = partitions};
    enum err e = pg_pool_change(&pg_store_of(self)->pool, epoch_run, &q);
    if (e == ERR_UNKNOWN) /* what it finds is what counts */
        e = pg_pool_change(&pg_store_of(self)->pool, epoch_run, &q);
    *out = (uint32_t)q.epoch;
    return e;
}

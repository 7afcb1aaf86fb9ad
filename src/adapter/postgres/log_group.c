#include "adapter/postgres/log_group.h"

#include "base/clock.h"
#include "telemetry/metrics.h"

#define RENEW_PARTS 10 /* of a lease: renewed that often */

static void args_init(struct pg_args *a, const struct postgres_log *l, const char *group)
{
    a->n = 0;
    pg_args_int(a, l->id);
    pg_args_str(a, str_of(group));
}

static void group_run(struct pg_conn *c, enum pg_statement id, const struct log_reader *r)
{
    struct pg_args a;
    args_init(&a, r->log, r->group);
    pg_change(c, id, &a);
}

static void member_lease(struct pg_conn *c, const struct log_reader *r)
{
    struct pg_args a;
    args_init(&a, r->log, r->group);
    pg_args_uuid(&a, &r->member);
    pg_args_int(&a, r->log->lease_ms);
    pg_change(c, PG_MEMBER_RENEW, &a);
}

static enum err enter_run(struct pg_conn *c, void *arg)
{
    const struct log_reader *r = arg;
    group_run(c, PG_GROUP_MAKE, r);
    group_run(c, PG_GROUP_SHARES_MAKE, r);
    group_run(c, PG_GROUP_LOCK, r);
    member_lease(c, r);
    return ERR_OK;
}

/* May be repeated, so it does not matter whether one that was lost had come through. */
static enum err change_surely(struct postgres_log *l, pg_body_f *body, void *arg)
{
    enum err e = pg_pool_change(&l->pool, body, arg);
    return e == ERR_UNKNOWN ? ERR_UNAVAILABLE : e;
}

enum err group_enter(struct log_reader *r)
{
    return change_surely(r->log, enter_run, r);
}

/* ---- Leaving and giving ---- */

static void share_give(struct pg_conn *c, const struct log_reader *r, unsigned partition)
{
    struct pg_args a;
    args_init(&a, r->log, r->group);
    pg_args_int(&a, partition);
    pg_args_uuid(&a, &r->member);
    pg_change(c, PG_SHARE_GIVE, &a);
}

static enum err leave_run(struct pg_conn *c, void *arg)
{
    const struct log_reader *r = arg;
    struct pg_args a;
    args_init(&a, r->log, r->group);
    group_run(c, PG_GROUP_LOCK, r);
    for (unsigned p = 0; p < r->log->n_partitions; p++)
        if (r->has[p])
            share_give(c, r, p);
    pg_args_uuid(&a, &r->member);
    pg_change(c, PG_MEMBER_LEAVE, &a);
    return ERR_OK;
}

void group_leave(struct log_reader *r)
{
    (void)change_surely(r->log, leave_run, r);
}

struct giving {
    const struct log_reader *reader;
    const unsigned *partitions;
    size_t n;
};

static enum err give_run(struct pg_conn *c, void *arg)
{
    const struct giving *g = arg;
    group_run(c, PG_GROUP_LOCK, g->reader);
    for (size_t i = 0; i < g->n; i++)
        share_give(c, g->reader, g->partitions[i]);
    return ERR_OK;
}

/* ---- Renewing ---- */

/* What a renewal found and did. */
struct renewal {
    const struct log_reader *reader;
    size_t n_members, place; /* this one's among them */
    bool owns[LOG_PARTITIONS_MAX];
    bool taken[LOG_PARTITIONS_MAX]; /* just now */
    uint64_t committed[LOG_PARTITIONS_MAX];
};

static bool is_meant(const struct renewal *w, unsigned partition)
{
    return w->n_members > 0 && partition % w->n_members == w->place;
}

static void members_look(struct pg_conn *c, struct renewal *w)
{
    struct pg_args a;
    args_init(&a, w->reader->log, w->reader->group);
    PGresult *r = pg_run(c, PG_GROUP_MEMBERS, &a);
    w->n_members = (size_t)PQntuples(r);
    for (size_t i = 0; i < w->n_members; i++) {
        struct uuid member = pg_uuid(r, (int)i, 0);
        if (uuid_eq(&member, &w->reader->member))
            w->place = i;
    }
    PQclear(r);
}

static void share_take(struct pg_conn *c, struct renewal *w, unsigned partition)
{
    struct pg_args a;
    args_init(&a, w->reader->log, w->reader->group);
    pg_args_int(&a, partition);
    pg_args_uuid(&a, &w->reader->member);
    w->taken[partition] = pg_change(c, PG_SHARE_TAKE, &a) == 1;
}

static void shares_look(struct pg_conn *c, struct renewal *w)
{
    struct pg_args a;
    args_init(&a, w->reader->log, w->reader->group);
    bool free[LOG_PARTITIONS_MAX] = {false};
    PGresult *r = pg_run(c, PG_SHARES, &a);
    for (int i = 0; i < PQntuples(r); i++) {
        uint64_t p = pg_u64(r, i, 0);
        struct uuid owner = pg_uuid(r, i, 2);
        if (p >= w->reader->log->n_partitions)
            continue;
        w->committed[p] = pg_u64(r, i, 1);
        w->owns[p] = uuid_eq(&owner, &w->reader->member);
        free[p] = PQgetisnull(r, i, 2);
    }
    PQclear(r);
    for (unsigned p = 0; p < w->reader->log->n_partitions; p++)
        if (free[p] && is_meant(w, p))
            share_take(c, w, p);
}

static enum err renew_run(struct pg_conn *c, void *arg)
{
    struct renewal *w = arg;
    const struct log_reader *r = w->reader;
    *w = (struct renewal){.reader = r};
    group_run(c, PG_GROUP_LOCK, r);
    member_lease(c, r);
    group_run(c, PG_MEMBERS_EXPIRE, r);
    group_run(c, PG_SHARES_EXPIRE, r);
    members_look(c, w);
    shares_look(c, w);
    return ERR_OK;
}

/* Who was out, or whose turn is over, lets go: first the listener, then the rows. */
static enum err reader_revoke(struct log_reader *r, const struct renewal *w)
{
    unsigned gone[LOG_PARTITIONS_MAX];
    size_t n = 0;
    for (unsigned p = 0; p < r->log->n_partitions; p++)
        if (r->has[p] && (!w->owns[p] || !is_meant(w, p)))
            gone[n++] = p;
    if (n == 0)
        return ERR_OK;
    if (r->listener->revoked != NULL)
        r->listener->revoked(r->listener, gone, n);
    for (size_t i = 0; i < n; i++)
        r->has[gone[i]] = false;
    metric_inc(M_LOG_REBALANCES);
    return change_surely(r->log, give_run, &(struct giving){r, gone, n});
}

/* One that it owns but does not know of was taken by a renewal whose answer was lost. */
static enum err reader_assign(struct log_reader *r, const struct renewal *w)
{
    unsigned fresh[LOG_PARTITIONS_MAX];
    uint64_t offsets[LOG_PARTITIONS_MAX];
    struct pg_heads h = {.log = r->log};
    size_t n = 0;
    for (unsigned p = 0; p < r->log->n_partitions; p++)
        if (!r->has[p] && is_meant(w, p) && (w->taken[p] || w->owns[p])) {
            offsets[n] = w->committed[p];
            fresh[n++] = p;
        }
    enum err e = n == 0 ? ERR_OK : pg_pool_read(&r->log->pool, pg_log_heads, &h);
    if (n == 0 || e != ERR_OK)
        return e;
    if (r->listener->assigned != NULL)
        r->listener->assigned(r->listener, fresh, offsets, n);
    for (size_t i = 0; i < n; i++) {
        unsigned p = fresh[i];
        r->has[p] = true;
        r->paused[p] = false;
        r->position[p] = offsets[i] == LOG_FROM_END     ? h.next[p]
                         : offsets[i] == LOG_FROM_START ? h.first[p]
                                                        : offsets[i];
    }
    metric_inc(M_LOG_REBALANCES);
    return ERR_OK;
}

enum err group_renew(struct log_reader *r)
{
    struct renewal w = {.reader = r};
    int64_t now = clock_steady_us(&clock_system);
    if (r->renewed_us != 0 && now - r->renewed_us < (int64_t)r->log->lease_ms * 1000 / RENEW_PARTS)
        return ERR_OK;
    enum err e = change_surely(r->log, renew_run, &w);
    if (e != ERR_OK)
        return e;
    r->renewed_us = now;
    e = reader_revoke(r, &w);
    return e == ERR_OK ? reader_assign(r, &w) : e;
}

/* ---- Offsets ---- */

struct commit {
    const struct log_reader *reader;
    unsigned partition;
    uint64_t offset;
    bool done;
};

static enum err commit_run(struct pg_conn *c, void *arg)
{
    struct commit *w = arg;
    struct pg_args a;
    args_init(&a, w->reader->log, w->reader->group);
    pg_args_int(&a, w->partition);
    pg_args_uuid(&a, &w->reader->member);
    pg_args_u64(&a, w->offset);
    w->done = pg_change(c, PG_SHARE_COMMIT, &a) == 1;
    return ERR_OK;
}

enum err group_commit(struct log_reader *r, unsigned partition, uint64_t offset)
{
    struct commit w = {.reader = r, .partition = partition, .offset = offset};
    enum err e = pg_pool_write(&r->log->pool, commit_run, &w);
    return e == ERR_OK && w.done ? ERR_OK : ERR_UNAVAILABLE;
}

struct committed {
    const struct postgres_log *log;
    const char *group;
    uint64_t *out;
};

static enum err committed_run(struct pg_conn *c, void *arg)
{
    const struct committed *q = arg;
    struct pg_args a;
    args_init(&a, q->log, q->group);
    PGresult *r = pg_run(c, PG_SHARES, &a);
    for (unsigned p = 0; p < q->log->n_partitions; p++)
        q->out[p] = LOG_FROM_START;
    for (int i = 0; i < PQntuples(r); i++)
        if (pg_u64(r, i, 0) < q->log->n_partitions)
            q->out[pg_u64(r, i, 0)] = pg_u64(r, i, 1);
    PQclear(r);
    return ERR_OK;
}

enum err group_committed(struct postgres_log *l, const char *group, uint64_t *out)
{
    struct committed q = {l, group, out};
    return pg_pool_read(&l->pool, committed_run, &q);
}

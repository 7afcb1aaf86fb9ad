/* Changes of channels, and the reads that the table answers. The rest is in memberships.c. */
#include "cluster/channels.h"

#include "base/clock.h"
#include "cluster/channels_state.h"
#include "cluster/member_fact.h"
#include "telemetry/metrics.h"

#define WAIT_MS 5000

static const struct channel_table_ops *table_ops(const struct channels_config *c)
{
    return c->table->ops;
}

/* ---- Changes ---- */

/* Nothing is written that could not be published now; where it turns out so afterwards, what is
 * written waits in the outbox. */
static enum err change_may_begin(const struct channels_config *c, const struct uuid *channel)
{
    char detail[64];
    if (!c->log->ops->is_ready(c->log, detail, sizeof detail))
        return ERR_UNAVAILABLE;
    return c->view->wait(c->view, channel, 0, 0);
}

/* It is committed. Whatever goes wrong from here on, it will be published: so nothing but success
 * and "unknown" would be true. */
static enum err change_finish(const struct channels_config *c, const struct uuid *channel,
                              uint64_t version, int64_t since_us)
{
    enum err e = c->view->wait(c->view, channel, version, c->wait_ms);
    metric_observe(M_CHANNEL_CHANGE, (uint64_t)(clock_steady_us(&clock_system) - since_us));
    return e == ERR_OK ? ERR_OK : ERR_UNKNOWN;
}

static enum err cluster_create(struct channel_store *self, const struct channel *channel,
                               uint32_t channels_max)
{
    const struct channels_config *c = channels_config_of(self);
    int64_t since_us = clock_steady_us(&clock_system);
    uint64_t version = 0;
    enum err e = change_may_begin(c, &channel->id);
    if (e != ERR_OK)
        return e;
    e = table_ops(c)->create(c->table, channel, channels_max, &version);
    /* lost during the commit: the same again answers as what it finds */
    if (e == ERR_UNKNOWN &&
        table_ops(c)->create(c->table, channel, channels_max, &version) == ERR_OK)
        e = ERR_OK;
    return e == ERR_OK ? change_finish(c, &channel->id, version, since_us) : e;
}

/* The version that the membership of `user` began, or ended, with; ERR_UNKNOWN when it does not
 * stand as it should after a change of which only the answer was lost. */
static enum err change_find(const struct channels_config *c, const struct uuid *user,
                            const struct uuid *channel, bool joined, uint64_t *version)
{
    struct membership_row row;
    struct arena arena;
    arena_init(&arena);
    enum err e = table_ops(c)->membership(c->table, user, channel, &arena, &row);
    *version = joined ? row.join_version : row.leave_version;
    if (e != ERR_OK || (row.leave_version == 0) != joined)
        e = ERR_UNKNOWN;
    arena_fini(&arena);
    return e;
}

static enum err cluster_join(struct channel_store *self, const struct uuid *user,
                             const struct uuid *channel, uint32_t channels_max)
{
    const struct channels_config *c = channels_config_of(self);
    int64_t since_us = clock_steady_us(&clock_system);
    uint64_t version = 0;
    enum err e = change_may_begin(c, channel);
    if (e != ERR_OK)
        return e;
    e = table_ops(c)->join(c->table, user, channel, channels_max, &version);
    if (e == ERR_UNKNOWN) {
        enum err again = table_ops(c)->join(c->table, user, channel, channels_max, &version);
        if (again == ERR_ALREADY_MEMBER) /* by the first try, which knew that she was not */
            e = change_find(c, user, channel, true, &version);
        else if (again != ERR_UNAVAILABLE)
            e = again;
    }
    return e == ERR_OK ? change_finish(c, channel, version, since_us) : e;
}

static enum err cluster_leave(struct channel_store *self, const struct uuid *user,
                              const struct uuid *channel)
{
    const struct channels_config *c = channels_config_of(self);
    int64_t since_us = clock_steady_us(&clock_system);
    uint64_t version = 0;
    enum err e = change_may_begin(c, channel);
    if (e != ERR_OK)
        return e;
    e = table_ops(c)->leave(c->table, user, channel, &version);
    if (e == ERR_UNKNOWN) {
        enum err again = table_ops(c)->leave(c->table, user, channel, &version);
        if (again == ERR_NOT_JOINED)
            e = change_find(c, user, channel, false, &version);
        else if (again != ERR_UNAVAILABLE)
            e = again;
    }
    return e == ERR_OK ? change_finish(c, channel, version, since_us) : e;
}

/* ---- Reads ---- */

static enum err cluster_get(struct channel_store *self, const struct uuid *id, struct arena *arena,
                            struct channel *out)
{
    const struct channels_config *c = channels_config_of(self);
    return table_ops(c)->get(c->table, id, arena, out);
}

static enum err cluster_list(struct channel_store *self,
                             void (*each)(const struct channel *, void *arg), void *arg)
{
    const struct channels_config *c = channels_config_of(self);
    return table_ops(c)->list(c->table, each, arg);
}

static enum err cluster_members(struct channel_store *self, const struct uuid *channel,
                                void (*each)(const struct user *, void *arg), void *arg)
{
    const struct channels_config *c = channels_config_of(self);
    return table_ops(c)->members(c->table, channel, each, arg);
}

static enum err cluster_is_member(struct channel_store *self, const struct uuid *user,
                                  const struct uuid *channel)
{
    const struct channels_config *c = channels_config_of(self);
    struct membership_row row;
    struct channel_head head;
    struct arena arena;
    c->view->head(c->view, channel, &head); /* before the row: the fact is true of this version */
    if (member_fact_is_known(c->cache, user, channel, head.version))
        return ERR_OK;
    arena_init(&arena);
    enum err e = table_ops(c)->membership(c->table, user, channel, &arena, &row);
    if (e == ERR_OK && row.leave_version != 0)
        e = ERR_NOT_MEMBER;
    if (e == ERR_OK)
        member_fact_keep(c->cache, user, channel, head.version);
    arena_fini(&arena);
    return e;
}

static const struct channel_store_ops cluster_ops = {
    cluster_create,    cluster_get,     cluster_list,        cluster_join,      cluster_leave,
    cluster_is_member, cluster_members, cluster_memberships, cluster_mark_read,
};

struct cluster_channels *cluster_channels_new(const struct channels_config *config)
{
    struct cluster_channels *c = MEM_NEW(struct cluster_channels);
    c->door.ops = &cluster_ops;
    c->config = *config;
    if (c->config.wait_ms == 0)
        c->config.wait_ms = WAIT_MS;
    return c;
}

void cluster_channels_free(struct cluster_channels *c)
{
    mem_free(c);
}

struct channel_store *cluster_channels_door(struct cluster_channels *c)
{
    return &c->door;
}

#include "consumer/members.h"

#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"

#define LIFETIME_US (INT64_C(60) * 1000 * 1000)

struct entry {
    struct uuid channel;
    struct uuid *ids;
    size_t n, cap;
    bool cut; /* it has more than MEMBERS_CHANNEL_MAX */
    int64_t expires_us;
    UT_hash_handle hh; /* its order is that of the last use */
};

struct members {
    struct channel_table *channels;
    const struct clock *clock;
    size_t ids, ids_max;
    struct entry *entries;
};

struct members *members_new(struct channel_table *channels, const struct clock *clock,
                            size_t ids_max)
{
    struct members *m = MEM_NEW(struct members);
    m->channels = channels;
    m->clock = clock;
    m->ids_max = ids_max == 0 ? MEMBERS_IDS_MAX : ids_max;
    return m;
}

static void entry_free(struct entry *e)
{
    mem_free(e->ids);
    mem_free(e);
}

static void entry_drop(struct members *m, struct entry *e)
{
    m->ids -= e->n;
    HASH_DEL(m->entries, e);
    entry_free(e);
}

void members_free(struct members *m)
{
    if (m == NULL)
        return;
    while (m->entries != NULL)
        entry_drop(m, m->entries);
    mem_free(m);
}

static void on_member(const struct user *u, void *arg)
{
    struct entry *e = arg;
    if (e->n == MEMBERS_CHANNEL_MAX) {
        e->cut = true;
        return;
    }
    if (e->n == e->cap) {
        e->cap = e->cap == 0 ? 16 : 2 * e->cap;
        e->ids = mem_realloc(e->ids, e->cap * sizeof *e->ids);
    }
    e->ids[e->n++] = u->id;
}

static struct entry *entry_load(struct members *m, const struct uuid *channel, enum err *err)
{
    struct entry *e = MEM_NEW(struct entry);
    e->channel = *channel;
    *err = m->channels->ops->members(m->channels, channel, on_member, e);
    if (*err == ERR_CHANNEL_NOT_FOUND)
        *err = ERR_OK; /* nobody is in it */
    if (*err != ERR_OK) {
        entry_free(e);
        return NULL;
    }
    if (e->cut) {
        struct uuid_text name = uuid_text(channel);
        log_event(LOG_WARN, "channel too large to notify all of it", LOG_S("channel", name.s),
                  LOG_I("members_told", e->n));
    }
    e->expires_us =
        clock_steady_us(m->clock) + LIFETIME_US / 2 + (int64_t)rand_below((uint64_t)LIFETIME_US);
    return e;
}

static void entry_add(struct members *m, struct entry *e)
{
    while (m->entries != NULL && m->ids + e->n > m->ids_max)
        entry_drop(m, m->entries);
    m->ids += e->n;
    HASH_ADD(hh, m->entries, channel, sizeof e->channel, e);
}

enum err members_get(struct members *m, const struct uuid *channel, const struct uuid **ids,
                     size_t *n)
{
    enum err err = ERR_OK;
    struct entry *e;
    HASH_FIND(hh, m->entries, channel, sizeof *channel, e);
    if (e != NULL && e->expires_us <= clock_steady_us(m->clock)) {
        entry_drop(m, e);
        e = NULL;
    }
    if (e == NULL) {
        e = entry_load(m, channel, &err);
        if (e == NULL)
            return err;
        entry_add(m, e);
    } else {
        HASH_DEL(m->entries, e); /* to the end of the order */
        HASH_ADD(hh, m->entries, channel, sizeof e->channel, e);
    }
    *ids = e->ids;
    *n = e->n;
    return ERR_OK;
}

void members_forget(struct members *m, const struct uuid *channel)
{
    struct entry *e;
    HASH_FIND(hh, m->entries, channel, sizeof *channel, e);
    if (e != NULL)
        entry_drop(m, e);
}

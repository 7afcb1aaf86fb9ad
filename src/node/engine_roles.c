#include "node/engine_roles.h"

#include <stdio.h>

#include "base/mem.h"
#include "cluster/journal.h"
#include "consumer/notify.h"
#include "consumer/persist.h"

#define GROUP_SIZE 160

struct roles {
    const struct config *config;
    const struct drivers *drivers;
    uint32_t epoch;
    char notify_group[GROUP_SIZE];
    struct persist *persist;
    struct notify *notify;
};

static bool has_role(const struct config *config, enum config_role role)
{
    return (config->server.roles & role) != 0;
}

unsigned roles_uses(const struct config *config)
{
    bool has_hook = config->notify.webhook_url[0] != '\0';
    unsigned uses = 1u << USE_TABLE | 1u << USE_HISTORY | 1u << USE_EVENTS;
    if (config->redis.host[0] != '\0')
        uses |= 1u << USE_CACHE;
    if (has_role(config, ROLE_NOTIFY) && has_hook)
        uses |= 1u << USE_HOOK | 1u << USE_RETRY;
    return uses;
}

struct roles *roles_new(const struct config *config, const struct drivers *drivers, uint32_t epoch)
{
    struct roles *r = MEM_NEW(struct roles);
    r->config = config;
    r->drivers = drivers;
    r->epoch = epoch;
    snprintf(r->notify_group, GROUP_SIZE, "%.128s-notify", config->kafka.consumer.group_id);
    return r;
}

static struct cache *cache_of(const struct roles *r)
{
    const struct driver *redis = r->drivers->open[USE_CACHE];
    return redis == NULL ? NULL : redis->cache;
}

static void start_persist(struct roles *r)
{
    r->persist = persist_new(&(struct persist_config){
        .log = r->drivers->open[USE_EVENTS]->log,
        .store = r->drivers->open[USE_HISTORY]->history,
        .cache = cache_of(r),
        .epoch = r->epoch,
    });
    persist_start(r->persist);
}

static void start_notify(struct roles *r)
{
    const struct driver *hook = r->drivers->open[USE_HOOK];
    r->notify = notify_start(&(struct notify_config){
        .log = r->drivers->open[USE_EVENTS]->log,
        .group = r->notify_group,
        .persist_group = CLUSTER_PERSIST_GROUP,
        .epoch = r->epoch,
        .messages = r->drivers->open[USE_HISTORY]->history->messages,
        .channels = r->drivers->open[USE_TABLE]->channels,
        .cache = cache_of(r),
        .hook = hook == NULL ? NULL : hook->web_hook,
        .retry = hook == NULL ? NULL : r->drivers->open[USE_RETRY]->log,
        .clock = &clock_system,
    });
}

void roles_start(struct roles *r)
{
    if (has_role(r->config, ROLE_PERSIST))
        start_persist(r);
    if (has_role(r->config, ROLE_NOTIFY))
        start_notify(r);
}

void roles_stop(struct roles *r)
{
    if (r == NULL)
        return;
    notify_stop(r->notify);
    r->notify = NULL;
    if (r->persist != NULL)
        persist_stop(r->persist);
}

void roles_free(struct roles *r)
{
    if (r == NULL)
        return;
    roles_stop(r);
    persist_free(r->persist);
    mem_free(r);
}

bool roles_persist_is_ready(struct roles *r, char *detail, size_t size)
{
    return r->persist != NULL && persist_is_ready(r->persist, detail, size);
}

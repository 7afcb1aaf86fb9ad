#include "node/engine_roles.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "consumer/notify.h"
#include "consumer/persist.h"
#include "consumer/retry.h"

#define RETRY_THREADS 4 /* web hooks tried again side by side */

struct roles {
    const struct config *config;
    const struct drivers *drivers;
    uint32_t epoch;
    char persist_group[ROLES_GROUP_SIZE];
    char notify_group[ROLES_GROUP_SIZE];
    char retry_group[ROLES_GROUP_SIZE];
    struct persist *persist;
    struct notify *notify;
    struct retry *retry;
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
    if (config->cluster.delivery == DELIVERY_DIRECT)
        uses |= 1u << USE_WORD;
    if (has_role(config, ROLE_NOTIFY) && has_hook)
        uses |= 1u << USE_HOOK | 1u << USE_RETRY;
    if (has_role(config, ROLE_RETRY) && has_hook)
        uses |= 1u << USE_HOOK | 1u << USE_RETRY | 1u << USE_DEAD;
    return uses;
}

/* No topic has a colon in its name: so no two clusters can come to the same. */
void roles_group(const struct config *config, const char *role, char name[ROLES_GROUP_SIZE])
{
    int n = snprintf(name, ROLES_GROUP_SIZE, "%s:%s:%s", config->kafka.consumer.group_id,
                     config->kafka.topic, role);
    assert(n > 0 && n < ROLES_GROUP_SIZE); /* config_check.c bounds both */
}

struct roles *roles_new(const struct config *config, const struct drivers *drivers, uint32_t epoch)
{
    struct roles *r = MEM_NEW(struct roles);
    r->config = config;
    r->drivers = drivers;
    r->epoch = epoch;
    roles_group(config, "persist", r->persist_group);
    roles_group(config, "notify", r->notify_group);
    roles_group(config, "retry", r->retry_group);
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
        .group = r->persist_group,
        .epoch = r->epoch,
        .linger_ms = PERSIST_LINGER_MS,
    });
    persist_start(r->persist);
}

static void start_notify(struct roles *r)
{
    const struct driver *hook = r->drivers->open[USE_HOOK];
    r->notify = notify_start(&(struct notify_config){
        .log = r->drivers->open[USE_EVENTS]->log,
        .group = r->notify_group,
        .persist_group = r->persist_group,
        .epoch = r->epoch,
        .messages = r->drivers->open[USE_HISTORY]->history->messages,
        .channels = r->drivers->open[USE_TABLE]->channels,
        .cache = cache_of(r),
        .hook = hook == NULL ? NULL : hook->web_hook,
        .retry = hook == NULL ? NULL : r->drivers->open[USE_RETRY]->log,
        .clock = &clock_system,
    });
}

/* Without a web hook there is nothing that could be tried again. */
static void start_retry(struct roles *r)
{
    if (r->drivers->open[USE_HOOK] == NULL)
        return;
    r->retry = retry_new(&(struct retry_config){
        .retry = r->drivers->open[USE_RETRY]->log,
        .dead = r->drivers->open[USE_DEAD]->log,
        .group = r->retry_group,
        .hook = r->drivers->open[USE_HOOK]->web_hook,
        .clock = &clock_system,
        .threads = RETRY_THREADS,
    });
    retry_start(r->retry);
}

void roles_start(struct roles *r)
{
    if (has_role(r->config, ROLE_PERSIST))
        start_persist(r);
    if (has_role(r->config, ROLE_NOTIFY))
        start_notify(r);
    if (has_role(r->config, ROLE_RETRY))
        start_retry(r);
}

void roles_stop(struct roles *r)
{
    if (r == NULL)
        return;
    notify_stop(r->notify);
    r->notify = NULL;
    retry_stop(r->retry);
    if (r->persist != NULL)
        persist_stop(r->persist);
}

void roles_free(struct roles *r)
{
    if (r == NULL)
        return;
    roles_stop(r);
    persist_free(r->persist);
    retry_free(r->retry);
    mem_free(r);
}

bool roles_persist_is_ready(struct roles *r, char *detail, size_t size)
{
    return r->persist != NULL && persist_is_ready(r->persist, detail, size);
}

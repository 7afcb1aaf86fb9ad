/* The keys of the shared cache (port/cache.h) that more than one room uses: who writes one and who
 * reads one agree here.
 *
 *     online:<user>           leases   the nodes where the user has a session; each node
 *                                      renews its own while the session lasts, and drops it when
 *                                      the user's last session there ends
 *     inbox:<user>:<channel>  window   what came in the channel while the user was offline
 *                                      (consumer/inbox.h)
 *     rate:<what>:<whom>      bucket   service/auth.c; `whom` is a hash where it is a person's
 */
#ifndef PARLEY_PORT_CACHE_KEYS_H
#define PARLEY_PORT_CACHE_KEYS_H

#include <stdio.h>

#include "base/uuid.h"
#include "port/cache.h"

struct cache_key {
    char text[CACHE_KEY_MAX + 1];
    size_t n;
};

static inline struct str cache_key_str(const struct cache_key *k)
{
    return (struct str){k->text, k->n};
}

static inline struct cache_key cache_key_online(const struct uuid *user)
{
    struct cache_key k;
    k.n = (size_t)snprintf(k.text, sizeof k.text, "online:%s", uuid_text(user).s);
    return k;
}

static inline struct cache_key cache_key_inbox(const struct uuid *user, const struct uuid *channel)
{
    struct cache_key k;
    k.n = (size_t)snprintf(k.text, sizeof k.text, "inbox:%s:%s", uuid_text(user).s,
                           uuid_text(channel).s);
    return k;
}

#endif

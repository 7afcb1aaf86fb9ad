/* Where Redis is and who we are there. Inside adapter/redis only.
 *
 * Looking a name up can block for as long as a resolver likes, so only the pool's keeper does it;
 * everybody else connects to the addresses it found last. */
#ifndef PARLEY_ADAPTER_REDIS_SERVER_H
#define PARLEY_ADAPTER_REDIS_SERVER_H

#include <pthread.h>
#include <sys/socket.h>

#include "adapter/redis/redis.h"
#include "adapter/redis/tls.h"
#include "base/str.h"

#define SERVER_HOST_MAX      253 /* bytes of a name (RFC 1035 2.3.4, without the last dot) */
#define SERVER_ADDRESSES_MAX 4   /* that are tried */

struct server_address {
    struct sockaddr_storage to;
    socklen_t length;
};

struct server {
    char host[SERVER_HOST_MAX + 1], port[8];
    struct str username, password, prefix; /* owned */
    unsigned db, connections, connect_ms, command_ms, probe_ms;
    struct tls_client *tls; /* NULL: plain */
    pthread_mutex_t mutex;
    struct server_address addresses[SERVER_ADDRESSES_MAX];
    size_t n_addresses;
};

/* ERR_BAD_REQUEST with the reason. */
enum err server_init(struct server *s, const struct redis_config *config, char *reason,
                     size_t reason_size);
void server_fini(struct server *s);

/* Looks the host up; blocks. False, with the reason, when it has no address: the old ones stay. */
bool server_resolve(struct server *s, char *reason, size_t reason_size);
/* The addresses found last, up to SERVER_ADDRESSES_MAX, into `out`; how many. */
size_t server_addresses(struct server *s, struct server_address *out);

#endif

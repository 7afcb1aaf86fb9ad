#include "adapter/redis/server.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define CONNECTIONS_DEFAULT 8
#define CONNECTIONS_MAX     256
#define CONNECT_MS_DEFAULT  250
#define COMMAND_MS_DEFAULT  200
#define PROBE_MS_DEFAULT    1000

static unsigned or_default(unsigned given, unsigned otherwise)
{
    return given == 0 ? otherwise : given;
}

static struct str own(const char *s)
{
    return str_of(mem_strdup(s == NULL ? "" : s));
}

/* "parley" begins keys as "parley:". */
static struct str prefix_of(const char *given)
{
    char prefix[REDIS_PREFIX_MAX + 2];
    size_t n = given == NULL ? 0 : strlen(given);
    bool ends = n == 0 || given[n - 1] == ':';
    snprintf(prefix, sizeof prefix, "%s%s", n == 0 ? "" : given, ends ? "" : ":");
    return own(prefix);
}

/* "host:port" or "[::1]:port" into its parts; false when it is neither. */
static bool split_address(const char *address, char *host, size_t host_size, char *port,
                          size_t port_size)
{
    unsigned long long number;
    const char *colon = strrchr(address, ':');
    if (colon == NULL)
        return false;
    struct str name = {address, (size_t)(colon - address)};
    bool bracketed = name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']';
    if (bracketed)
        name = (struct str){name.p + 1, name.n - 2};
    if (name.n == 0 || (!bracketed && memchr(name.p, ':', name.n) != NULL))
        return false;
    return str_to_u64(str_of(colon + 1), &number) && number > 0 && number < 65536 &&
           str_copy(name, host, host_size) && str_copy(str_of(colon + 1), port, port_size);
}

static enum err check(struct server *s, const struct redis_config *config, char *reason,
                      size_t size)
{
    if (config->address == NULL ||
        !split_address(config->address, s->host, sizeof s->host, s->port, sizeof s->port)) {
        snprintf(reason, size, "the address of Redis should be HOST:PORT");
        return ERR_BAD_REQUEST;
    }
    if (config->prefix != NULL && strlen(config->prefix) > REDIS_PREFIX_MAX) {
        snprintf(reason, size, "the prefix of keys may have at most %d bytes", REDIS_PREFIX_MAX);
        return ERR_BAD_REQUEST;
    }
    if (config->connections > CONNECTIONS_MAX) {
        snprintf(reason, size, "at most %d connections to Redis", CONNECTIONS_MAX);
        return ERR_BAD_REQUEST;
    }
    const struct tls_files files = {config->tls_ca, config->tls_cert, config->tls_key};
    return config->tls ? tls_client_new(&files, s->host, &s->tls, reason, size) : ERR_OK;
}

enum err server_init(struct server *s, const struct redis_config *config, char *reason,
                     size_t reason_size)
{
    *s = (struct server){
        .db = config->db,
        .connections = or_default(config->connections, CONNECTIONS_DEFAULT),
        .connect_ms = or_default(config->connect_ms, CONNECT_MS_DEFAULT),
        .command_ms = or_default(config->command_ms, COMMAND_MS_DEFAULT),
        .probe_ms = or_default(config->probe_ms, PROBE_MS_DEFAULT),
    };
    enum err e = check(s, config, reason, reason_size);
    if (e != ERR_OK)
        return e;
    s->username = own(config->username);
    s->password = own(config->password);
    s->prefix = prefix_of(config->prefix);
    pthread_mutex_init(&s->mutex, NULL);
    return ERR_OK;
}

void server_fini(struct server *s)
{
    tls_client_free(s->tls);
    mem_free((char *)s->username.p);
    mem_free((char *)s->password.p);
    mem_free((char *)s->prefix.p);
    pthread_mutex_destroy(&s->mutex);
}

bool server_resolve(struct server *s, char *reason, size_t reason_size)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(s->host, s->port, &hints, &found);
    if (failed != 0) {
        snprintf(reason, reason_size, "%s: %s", s->host, gai_strerror(failed));
        return false;
    }
    pthread_mutex_lock(&s->mutex);
    s->n_addresses = 0;
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        if (s->n_addresses == SERVER_ADDRESSES_MAX)
            break;
        struct server_address *to = &s->addresses[s->n_addresses++];
        memcpy(&to->to, a->ai_addr, a->ai_addrlen);
        to->length = a->ai_addrlen;
    }
    pthread_mutex_unlock(&s->mutex);
    freeaddrinfo(found);
    return true;
}

size_t server_addresses(struct server *s, struct server_address *out)
{
    pthread_mutex_lock(&s->mutex);
    size_t n = s->n_addresses;
    memcpy(out, s->addresses, n * sizeof *out);
    pthread_mutex_unlock(&s->mutex);
    return n;
}

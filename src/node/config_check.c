#include "node/config_check.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "node/config_effect.h"
#include "node/config_key.h"
#include "node/config_report.h"
#include "node/config_value.h"

/* RFC 7518 section 3.2: a key for HS256 has at least the size of its hash. */
#define SECRET_BYTES_MIN 32
/* A byte of a message takes at most 6 in JSON (\u0000); the frame around it is not more than this.
 */
#define FRAME_REST_BYTES   4096
#define TOPIC_BYTES_MAX    249 /* Kafka's own */
#define GROUP_ID_BYTES_MAX 128

struct check {
    const struct config *c;
    struct config_report *report;
};

static const struct config_where *where(const struct check *k, const char *path)
{
    return &k->c->where[config_key_index(config_key_find(path))];
}

static void error(const struct check *k, const char *path, const char *why)
{
    config_report_add(k->report, true, where(k, path), path, "%s", why);
}

static void warning(const struct check *k, const char *path, const char *why)
{
    config_report_add(k->report, false, where(k, path), path, "%s", why);
}

bool config_parse_address(const char *text, char **host, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    unsigned long long number;
    if (colon == NULL || !str_to_u64(str_of(colon + 1), &number) || number > UINT16_MAX)
        return false;
    struct str name = {text, (size_t)(colon - text)};
    if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
        name = (struct str){name.p + 1, name.n - 2};
    else if (name.n == 0 || memchr(name.p, ':', name.n) != NULL || name.p[0] == '[')
        return false;
    mem_free(*host);
    *host = mem_strndup(name.p, name.n);
    *port = (uint16_t)number;
    return true;
}

/* `listen` as the host and the port that were found, said where the strongest of them was; `host`
 * and `port` have done their work. */
static void rewrite_listen(struct config *c, const struct config_where *said)
{
    const struct config_key *listen = config_key_find("server.listen");
    const char *host = c->server.listen_host;
    bool is_ipv6 = strchr(host, ':') != NULL;
    struct buf text;
    buf_init(&text, CONFIG_VALUE_BYTES_MAX + 16);
    buf_printf(&text, "%s%s%s:%u", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
               (unsigned)c->server.listen_port);
    mem_free(c->server.listen);
    c->server.listen = mem_strndup(text.p, text.n);
    c->where[config_key_index(listen)] = *said;
    buf_fini(&text);
}

static void clear_host_and_port(struct config *c)
{
    mem_free(c->server.host);
    c->server.host = mem_strdup("");
    c->server.port = 0;
    c->where[config_key_index(config_key_find("server.host"))] = (struct config_where){0};
    c->where[config_key_index(config_key_find("server.port"))] = (struct config_where){0};
}

/* `listen` gives both; `host` and `port` override it where a stronger source said them. */
static void resolve_listen(struct config *c, const struct check *k)
{
    struct config_where listen = *where(k, "server.listen");
    struct config_where host = *where(k, "server.host"), port = *where(k, "server.port");
    if (!config_parse_address(c->server.listen, &c->server.listen_host, &c->server.listen_port)) {
        error(k, "server.listen", "HOST:PORT is expected");
        return;
    }
    if (listen.layer != LAYER_DEFAULT && (host.layer == listen.layer || port.layer == listen.layer))
        error(k, "server.listen", "give either listen or host and port");
    if (host.layer > listen.layer && c->server.host[0] != '\0') {
        mem_free(c->server.listen_host);
        c->server.listen_host = mem_strdup(c->server.host);
    }
    if (port.layer > listen.layer)
        c->server.listen_port = (uint16_t)c->server.port;
    if (host.layer > listen.layer)
        listen = host;
    if (port.layer > listen.layer)
        listen = port;
    rewrite_listen(c, &listen);
    clear_host_and_port(c);
}

/* ---- PostgreSQL's TLS ---- */

/* Is `host` this machine: a name or an address of the loopback, or the folder of a socket? */
static bool is_local(struct str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    if (host.n == 0 || host.p[0] == '/' || host.p[0] == '@')
        return true;
    if (!str_copy(host, text, sizeof text))
        return false;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(text, "localhost") == 0 || strcmp(text, "::1") == 0;
}

const char *config_sslmode(const struct config *c)
{
    static const char *const modes[] = {NULL,      "disable",   "allow",      "prefer",
                                        "require", "verify-ca", "verify-full"};
    if (modes[c->database.sslmode] != NULL)
        return modes[c->database.sslmode];
    bool local = true;
    for (const char *at = c->database.host; local;) {
        size_t n = strcspn(at, ",");
        local = is_local((struct str){at, n});
        if (at[n] == '\0')
            break;
        at += n + 1;
    }
    return local ? "prefer" : "verify-full";
}

/* ---- What stands alone ---- */

/* Is `s` http(s)://something, and nothing behind the host when it is an origin? */
static bool is_url(const char *s, bool is_origin)
{
    size_t scheme = strncmp(s, "https://", 8) == 0 ? 8 : strncmp(s, "http://", 7) == 0 ? 7 : 0;
    const char *host = s + scheme;
    return scheme > 0 && *host != '\0' && strpbrk(s, " \t\r\n\"<>") == NULL &&
           (!is_origin || strpbrk(host, "/?#@") == NULL);
}

static void check_url(const struct check *k, const char *path, const char *url)
{
    if (url[0] != '\0' && !is_url(url, false))
        error(k, path, "a URL is expected, http:// or https://");
}

static void set_endpoint(struct config *c, const char *url, size_t n, const char *rest)
{
    size_t more = strlen(rest);
    char *endpoint = mem_alloc(n + more + 1);
    memcpy(endpoint, url, n);
    memcpy(endpoint + n, rest, more + 1);
    mem_free(c->trace.endpoint);
    c->trace.endpoint = endpoint;
    c->where[config_key_index(config_key_find("trace.endpoint"))] =
        c->where[config_key_index(config_key_find("jaeger.host"))];
}

/* chat-app names Jaeger's collector for Thrift, http://HOST:14268/api/traces; the same program
 * takes OTLP on another port. */
static void resolve_jaeger(struct config *c, const struct check *k)
{
    static const char thrift[] = "/api/traces";
    const char *url = c->jaeger.host;
    size_t n = strlen(url), tail = sizeof thrift - 1;
    if (c->trace.endpoint[0] != '\0' || n == 0)
        return;
    if (!is_url(url, false)) {
        warning(k, "jaeger.host", "is not a URL, so no traces are sent; see trace.endpoint");
        return;
    }
    if (n < tail || strcmp(url + n - tail, thrift) != 0) {
        set_endpoint(c, url, n, "");
        return;
    }
    size_t scheme = (size_t)(strstr(url, "://") + 3 - url);
    size_t host = url[scheme] == '[' ? scheme + strcspn(url + scheme, "]/") + 1
                                     : scheme + strcspn(url + scheme, ":/");
    set_endpoint(c, url, host < n - tail ? host : n - tail, ":4318");
    warning(k, "jaeger.host",
            "is Jaeger's address for Thrift; traces go to its port for OTLP, 4318");
}

static void check_server(const struct check *k)
{
    const struct config *c = k->c;
    const struct config_list *origins = &c->server.origins;
    for (size_t i = 0; i < origins->n; i++) {
        bool is_any = strcmp(origins->items[i], "*") == 0;
        if (is_any ? origins->n > 1 : !is_url(origins->items[i], true))
            config_report_add(k->report, true, where(k, "server.origins"), "server.origins",
                              "\"%s\" is no origin like https://chat.example.org (or \"*\" alone)",
                              origins->items[i]);
    }
    for (size_t i = 0; i < c->server.trusted_proxies.n; i++) {
        unsigned char address[sizeof(struct in6_addr)];
        const char *text = c->server.trusted_proxies.items[i];
        if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
            config_report_add(k->report, true, where(k, "server.trustedProxies"),
                              "server.trustedProxies", "\"%s\" is not an IP address", text);
    }
    if (c->server.grpc_port != 0 && c->server.grpc_port == c->server.listen_port)
        error(k, "server.grpcPort", "is the port of server.listen");
    if (c->data.dir[0] == '\0')
        error(k, "data.dir", "a folder is expected");
    check_url(k, "server.publicUrl", c->server.public_url);
    check_url(k, "notify.webhookUrl", c->notify.webhook_url);
    check_url(k, "trace.endpoint", c->trace.endpoint);
    if (c->trace.ratio > 0 && c->trace.endpoint[0] == '\0')
        warning(k, "trace.ratio", "has no effect without trace.endpoint");
}

static void check_pair(const struct check *k, const char *cert_path, const char *cert,
                       const char *key_path, const char *key)
{
    bool has_cert = cert[0] != '\0', has_key = key[0] != '\0';
    if (has_cert && !has_key)
        config_report_add(k->report, true, where(k, cert_path), cert_path, "needs %s as well",
                          key_path);
    if (has_key && !has_cert)
        config_report_add(k->report, true, where(k, key_path), key_path, "needs %s as well",
                          cert_path);
}

static void check_tls(const struct check *k)
{
    const struct config *c = k->c;
    check_pair(k, "tls.cert", c->tls.cert, "tls.key", c->tls.key);
    check_pair(k, "kafka.tlsCert", c->kafka.tls_cert, "kafka.tlsKey", c->kafka.tls_key);
    check_pair(k, "cassandra.tlsCert", c->cassandra.tls_cert, "cassandra.tlsKey",
               c->cassandra.tls_key);
    check_pair(k, "database.tlsCert", c->database.tls_cert, "database.tlsKey", c->database.tls_key);
    check_pair(k, "redis.tlsCert", c->redis.tls_cert, "redis.tlsKey", c->redis.tls_key);
}

static void check_limits(const struct check *k)
{
    const struct limits *l = &k->c->limits;
    if (l->dead_after_s <= l->ping_interval_s)
        error(k, "limits.dead_after_s",
              "must be more than limits.ping_interval_s, or every silent client is dead");
    if (l->write_queue_bytes < 6 * l->message_bytes + FRAME_REST_BYTES)
        config_report_add(k->report, true, where(k, "limits.write_queue_bytes"),
                          "limits.write_queue_bytes",
                          "must hold the largest message: at least %u with limits.message_bytes %u",
                          6 * l->message_bytes + FRAME_REST_BYTES, l->message_bytes);
}

/* A secret of a cluster: `needed` or not, if it is there it is long enough. */
static void check_secret(const struct check *k, const char *path, const char *secret, bool needed,
                         const char *why)
{
    size_t n = strlen(secret);
    if (n == 0 && !needed)
        return;
    if (n < SECRET_BYTES_MIN)
        config_report_add(k->report, true, where(k, path), path, "%s needs one of %d bytes or more",
                          why, SECRET_BYTES_MIN);
}

static void require(const struct check *k, const char *path, bool given)
{
    if (!given)
        error(k, path, "is needed by the cluster engine");
}

static void bound(const struct check *k, const char *path, const char *value, size_t bytes_max)
{
    if (strlen(value) > bytes_max)
        config_report_add(k->report, true, where(k, path), path, "is longer than %zu bytes",
                          bytes_max);
}

/* What each way of delivery stands on. */
static void check_delivery(const struct check *k)
{
    const struct config *c = k->c;
    if (c->cluster.delivery == DELIVERY_ROUTED)
        error(k, "cluster.delivery", "this version has no routers: kafka or direct is expected");
    if (c->cluster.delivery == DELIVERY_DIRECT)
        require(k, "redis.host", c->redis.host[0] != '\0');
    else
        require(k, "kafka.producer.broker", c->kafka.producer.broker[0] != '\0');
    if (c->cluster.delivery == DELIVERY_DIRECT && c->cassandra.hosts.n == 0)
        return;
    require(k, "cassandra.hosts", c->cassandra.hosts.n > 0);
    require(k, "cassandra.keyspace", c->cassandra.keyspace[0] != '\0');
}

static void check_cluster(const struct check *k)
{
    const struct config *c = k->c;
    check_secret(k, "server.accessJwtSecret", c->server.access_jwt_secret, true, "a cluster");
    check_secret(k, "cluster.secret", c->cluster.secret,
                 c->server.grpc_port != 0 || c->cluster.delivery != DELIVERY_KAFKA,
                 "gRPC and deliveries between nodes");
    require(k, "server.roles", c->server.roles != 0);
    require(k, "kafka.topic", c->kafka.topic[0] != '\0');
    require(k, "kafka.consumer.groupID", c->kafka.consumer.group_id[0] != '\0');
    bound(k, "kafka.topic", c->kafka.topic, TOPIC_BYTES_MAX);
    bound(k, "kafka.consumer.groupID", c->kafka.consumer.group_id, GROUP_ID_BYTES_MAX);
    check_delivery(k);
    require(k, "database.host", c->database.host[0] != '\0');
    require(k, "database.username", c->database.username[0] != '\0');
    require(k, "database.db", c->database.db[0] != '\0');
    if (c->notify.webhook_url[0] != '\0' && c->notify.webhook_secret[0] == '\0')
        error(k, "notify.webhookSecret", "is needed by notify.webhookUrl");
    if (!c->kafka.producer.idempotence)
        error(k, "kafka.producer.idempotence", "must be true, or a retry would be two messages");
    if (c->kafka.min_insync > c->kafka.replication)
        error(k, "kafka.minInsync", "is more than there are copies (kafka.replication)");
    if (c->kafka.sasl.mechanism != SASL_NONE && c->kafka.sasl.username[0] == '\0')
        error(k, "kafka.sasl.username", "is needed by kafka.sasl.mechanism");
}

static void check_embedded(const struct check *k)
{
    const struct config *c = k->c;
    size_t n = strlen(c->server.access_jwt_secret);
    if (n > 0 && n < SECRET_BYTES_MIN)
        warning(k, "server.accessJwtSecret",
                "is short enough to be guessed; 32 random bytes or more are safe");
    if (c->server.grpc_port != 0)
        check_secret(k, "cluster.secret", c->cluster.secret, true, "gRPC");
}

void config_check(struct config *c, struct config_report *report)
{
    struct check k = {c, report};
    resolve_listen(c, &k);
    resolve_jaeger(c, &k);
    check_server(&k);
    check_tls(&k);
    check_limits(&k);
    if (c->server.engine == ENGINE_CLUSTER)
        check_cluster(&k);
    else
        check_embedded(&k);
    if (report->errors == 0)
        config_check_effects(c, report);
}

#include "adapter/cassandra/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

#define CONNECT_MS      3000
#define CALL_MS         3000
#define IN_FLIGHT       1024
#define REPLICATION_MAX 15 /* copies */
#define PART_MAX        64

static const struct {
    const char *name;
    uint16_t number;
} consistencies[] = {
    {"one", 1}, {"two", 2},          {"three", 3},       {"quorum", 4},
    {"all", 5}, {"local_quorum", 6}, {"each_quorum", 7}, {"local_one", 10},
};

static bool is_none(const char *s)
{
    return s == NULL || s[0] == '\0';
}

static bool consistency_of(const char *name, uint16_t *out)
{
    for (size_t i = 0; i < sizeof consistencies / sizeof consistencies[0]; i++)
        if (strcasecmp(consistencies[i].name, is_none(name) ? "quorum" : name) == 0) {
            *out = consistencies[i].number;
            return true;
        }
    return false;
}

/* It becomes part of statements, where no value can be bound. */
static bool keyspace_is_valid(const char *name)
{
    size_t n = is_none(name) ? 0 : strlen(name);
    if (n == 0 || n > CASSANDRA_KEYSPACE_MAX || !islower((unsigned char)name[0]))
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static bool copies_are_valid(struct str s)
{
    unsigned long long n;
    return str_to_u64(s, &n) && n >= 1 && n <= REPLICATION_MAX;
}

/* "datacenter:copies", as an entry of CQL's map. */
static bool put_datacenter(struct buf *out, struct str part)
{
    const char *colon = memchr(part.p, ':', part.n);
    if (colon == NULL || colon == part.p || colon - part.p > PART_MAX)
        return false;
    struct str name = {part.p, (size_t)(colon - part.p)};
    struct str copies = {colon + 1, part.n - name.n - 1};
    for (size_t i = 0; i < name.n; i++)
        if (!isalnum((unsigned char)name.p[i]) && strchr("_-.", name.p[i]) == NULL)
            return false;
    buf_printf(out, ",'%.*s':%.*s", STR_FMT(name), STR_FMT(copies));
    return copies_are_valid(copies);
}

static bool put_replication(struct buf *out, struct str s)
{
    if (copies_are_valid(s)) {
        buf_printf(out, "{'class':'SimpleStrategy','replication_factor':%.*s}", STR_FMT(s));
        return true;
    }
    buf_puts(out, "{'class':'NetworkTopologyStrategy'");
    bool more = true;
    while (more) {
        const char *comma = memchr(s.p, ',', s.n);
        struct str part = {s.p, comma == NULL ? s.n : (size_t)(comma - s.p)};
        if (!put_datacenter(out, part))
            return false;
        more = comma != NULL;
        s = (struct str){s.p + part.n + more, s.n - part.n - more};
    }
    buf_putc(out, '}');
    return true;
}

static bool replication_of(const char *text, char *out, size_t size)
{
    struct buf b;
    buf_init(&b, size - 1);
    bool ok = put_replication(&b, is_none(text) ? STR("3") : str_of(text)) && !b.failed &&
              str_copy(buf_str(&b), out, size);
    buf_fini(&b);
    return ok;
}

static const char *fault_of(struct settings *s, const struct cassandra_config *c)
{
    if (c->n_hosts == 0 || c->n_hosts > CASSANDRA_HOSTS_MAX)
        return "name 1 to 16 hosts of Cassandra";
    for (size_t i = 0; i < c->n_hosts; i++)
        if (is_none(c->hosts[i]))
            return "a host of Cassandra has no name";
    if (!keyspace_is_valid(c->keyspace))
        return "the keyspace is 1 to 48 of a-z, 0-9 and _, the first a letter";
    if (!replication_of(c->replication, s->replication, sizeof s->replication))
        return "the replication is 1 to 15, or like datacenter1:3,datacenter2:2";
    if (!consistency_of(c->consistency, &s->options.consistency))
        return "there is no such consistency";
    return NULL;
}

static char *copy_of(const char *s)
{
    return is_none(s) ? NULL : mem_strdup(s);
}

enum err settings_init(struct settings *s, const struct cassandra_config *c, char *reason,
                       size_t reason_size)
{
    memset(s, 0, sizeof *s);
    const char *fault = fault_of(s, c);
    if (fault != NULL) {
        snprintf(reason, reason_size, "cassandra: %s", fault);
        return ERR_BAD_REQUEST;
    }
    for (size_t i = 0; i < c->n_hosts; i++)
        s->hosts[i] = mem_strdup(c->hosts[i]);
    snprintf(s->keyspace, sizeof s->keyspace, "%s", c->keyspace);
    s->username = copy_of(c->username);
    s->password = copy_of(c->password);
    s->tls_ca = copy_of(c->tls_ca);
    s->tls_cert = copy_of(c->tls_cert);
    s->tls_key = copy_of(c->tls_key);
    s->call_ms = c->call_ms == 0 ? CALL_MS : c->call_ms;
    s->in_flight = c->in_flight == 0 ? IN_FLIGHT : c->in_flight;
    s->options = (struct bridge_options){
        .hosts = (const char *const *)s->hosts,
        .n_hosts = c->n_hosts,
        .username = s->username,
        .password = s->password,
        .keyspace = s->keyspace,
        .tls = c->tls,
        .tls_ca = s->tls_ca,
        .tls_cert = s->tls_cert,
        .tls_key = s->tls_key,
        .consistency = s->options.consistency,
        .connect_ms = c->connect_ms == 0 ? CONNECT_MS : c->connect_ms,
        .silence_ms = s->call_ms,
    };
    return ERR_OK;
}

void settings_fini(struct settings *s)
{
    for (size_t i = 0; i < CASSANDRA_HOSTS_MAX; i++)
        mem_free(s->hosts[i]);
    mem_free(s->username);
    mem_free(s->password);
    mem_free(s->tls_ca);
    mem_free(s->tls_cert);
    mem_free(s->tls_key);
}

void settings_refusal(const struct settings *s, const char *why, char *out, size_t size)
{
    if (strstr(why, "certificate") != NULL)
        snprintf(out, size,
                 "no TLS with Cassandra at %s: did those of cassandra.tlsCa sign its certificate, "
                 "does that name this very address, and does it want cassandra.tlsCert? (%s)",
                 s->hosts[0], why);
    else
        snprintf(out, size,
                 "Cassandra at %s refuses us: look at cassandra.username and cassandra.password "
                 "(%s)",
                 s->hosts[0], why);
}

bool settings_cql(const struct settings *s, const char *cql, char *out, size_t size)
{
    struct buf b;
    buf_init(&b, size - 1);
    for (; *cql != '\0'; cql++) {
        if (*cql == '$')
            buf_puts(&b, s->keyspace);
        else
            buf_putc(&b, *cql);
    }
    bool ok = !b.failed && str_copy(buf_str(&b), out, size);
    buf_fini(&b);
    return ok;
}

#include "node/config_effect.h"

#include <string.h>

#include "node/config_key.h"
#include "node/config_report.h"

struct effects {
    const struct config *c;
    struct config_report *report;
};

static const struct config_where *where(const struct effects *x, const char *path)
{
    return &x->c->where[config_key_index(config_key_find(path))];
}

/* ---- Keys of the other engine ---- */

/* One warning a section, where the first of its keys was said. */
static void warn_section(const struct effects *x, const char *section, const char *why)
{
    size_t n = strlen(section);
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const char *path = config_keys[i].path;
        if (strncmp(path, section, n) != 0 || path[n] != '.' ||
            x->c->where[i].layer == LAYER_DEFAULT)
            continue;
        config_report_add(x->report, false, &x->c->where[i], path, "%s, like all of %s", why,
                          section);
        return;
    }
}

static void check_engine(const struct effects *x)
{
    static const char *const services[] = {"kafka", "cassandra", "database", "redis", "notify"};
    if (x->c->server.engine == ENGINE_CLUSTER) {
        warn_section(x, "data", "has no effect on a node of a cluster");
        return;
    }
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        warn_section(x, services[i], "has no effect without server.engine cluster");
    if (where(x, "server.roles")->layer != LAYER_DEFAULT)
        config_report_add(x->report, false, where(x, "server.roles"), "server.roles",
                          "has no effect without server.engine cluster");
}

/* ---- Keys that another key switches on ---- */

/* `text` is there although `is_on` is not. */
struct need {
    const char *path, *text;
    bool is_on;
    const char *what; /* would switch it on */
    bool is_error;
};

static void check_needs(const struct effects *x, const struct need *needs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (needs[i].text[0] != '\0' && !needs[i].is_on)
            config_report_add(x->report, needs[i].is_error, where(x, needs[i].path), needs[i].path,
                              "has no effect without %s", needs[i].what);
}

#define CHECK(x, needs) check_needs((x), (needs), sizeof(needs) / sizeof(needs)[0])

/* Whoever names a certificate believes that the line is encrypted. */
static void check_encryption(const struct effects *x)
{
    const struct config *c = x->c;
    bool database = strcmp(config_sslmode(c), "disable") != 0;
    const struct need needs[] = {
        {"kafka.tlsCa", c->kafka.tls_ca, c->kafka.tls, "kafka.tls true", true},
        {"kafka.tlsCert", c->kafka.tls_cert, c->kafka.tls, "kafka.tls true", true},
        {"cassandra.tlsCa", c->cassandra.tls_ca, c->cassandra.tls, "cassandra.tls true", true},
        {"cassandra.tlsCert", c->cassandra.tls_cert, c->cassandra.tls, "cassandra.tls true", true},
        {"database.tlsCa", c->database.tls_ca, database, "another database.sslmode", true},
        {"database.tlsCert", c->database.tls_cert, database, "another database.sslmode", true},
        {"redis.tlsCa", c->redis.tls_ca, c->redis.tls, "redis.tls true", true},
        {"redis.tlsCert", c->redis.tls_cert, c->redis.tls, "redis.tls true", true},
    };
    CHECK(x, needs);
}

static void check_log_in(const struct effects *x)
{
    const struct config *c = x->c;
    bool sasl = c->kafka.sasl.mechanism != SASL_NONE, redis = c->redis.host[0] != '\0';
    const struct need needs[] = {
        {"kafka.sasl.username", c->kafka.sasl.username, sasl, "kafka.sasl.mechanism", true},
        {"kafka.sasl.password", c->kafka.sasl.password, sasl, "kafka.sasl.mechanism", true},
        {"cassandra.password", c->cassandra.password, c->cassandra.username[0] != '\0',
         "cassandra.username", true},
        {"redis.username", c->redis.username, c->redis.password[0] != '\0', "redis.password", true},
        {"redis.password", c->redis.password, redis, "redis.host", false},
        {"notify.webhookSecret", c->notify.webhook_secret, c->notify.webhook_url[0] != '\0',
         "notify.webhookUrl", false},
    };
    CHECK(x, needs);
    if (c->redis.tls && !redis)
        config_report_add(x->report, false, where(x, "redis.tls"), "redis.tls",
                          "has no effect without redis.host");
}

/* ---- What has an effect that nobody wants ---- */

static void check_promises(const struct effects *x)
{
    static const char weak[] = "is less than a quorum: what was acknowledged may be missing from a "
                               "page of the history";
    const struct config *c = x->c;
    if (c->cassandra.consistency == CONSISTENCY_ONE ||
        c->cassandra.consistency == CONSISTENCY_LOCAL_ONE)
        config_report_add(x->report, false, where(x, "cassandra.consistency"),
                          "cassandra.consistency", "%s", weak);
    if (c->kafka.min_insync == 1 && c->kafka.replication > 1)
        config_report_add(x->report, false, where(x, "kafka.minInsync"), "kafka.minInsync",
                          "lets a message be lost with one broker after it was acknowledged");
    if (c->kafka.sasl.mechanism == SASL_PLAIN && !c->kafka.tls)
        config_report_add(x->report, false, where(x, "kafka.sasl.mechanism"),
                          "kafka.sasl.mechanism",
                          "sends the password readable for everyone on the way: set kafka.tls");
}

void config_check_effects(const struct config *c, struct config_report *report)
{
    const struct effects x = {c, report};
    check_engine(&x);
    if (c->server.engine != ENGINE_CLUSTER)
        return;
    check_encryption(&x);
    check_log_in(&x);
    check_promises(&x);
}

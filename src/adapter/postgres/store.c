#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapter/postgres/refusal.h"
#include "adapter/postgres/schema.h"
#include "adapter/postgres/state.h"

#define CONNECTIONS_MAX      20
#define CONNECT_TIMEOUT_MS   2000
#define STATEMENT_TIMEOUT_MS 5000
#define RELAY_IDLE_MS        15000
#define PORT_SIZE            8
#define SYSTEM_TRUST_VERSION 160000 /* "system" goes with verify-full only */

/* ---- Settings ---- */

struct texts {
    char *p;
    size_t left;
    int n; /* settings so far */
    bool full;
};

/* Copies `value` and names it; "" and NULL are left to libpq. */
static void setting_add(struct pg_settings *s, struct texts *t, const char *key, const char *value)
{
    size_t n = value == NULL ? 0 : strlen(value) + 1;
    if (n <= 1)
        return;
    if (n > t->left || t->n == PG_SETTINGS_MAX) {
        t->full = true;
        return;
    }
    memcpy(t->p, value, n);
    s->keys[t->n] = key;
    s->values[t->n++] = t->p;
    t->p += n;
    t->left -= n;
}

static bool has_text(const char *s)
{
    return s != NULL && s[0] != '\0';
}

/* Whom to trust where nobody is named: whom the system trusts, which libpq knows of since 16. */
static const char *trusted(const struct postgres_config *config)
{
    static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine */
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora */
    };
    bool verifies = has_text(config->sslmode) && strncmp(config->sslmode, "verify", 6) == 0;
    if (has_text(config->tls_ca) || !verifies)
        return config->tls_ca;
    if (PQlibVersion() >= SYSTEM_TRUST_VERSION)
        return strcmp(config->sslmode, "verify-full") == 0 ? "system" : NULL;
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++)
        if (access(bundles[i], R_OK) == 0)
            return bundles[i];
    return NULL;
}

/* The first `dbname` may be a whole connection string, which libpq then takes apart; what stands
 * after it wins over it. */
static bool settings_fill(struct pg_settings *s, char *texts, const struct postgres_config *config)
{
    struct texts t = {.p = texts, .left = PG_TEXTS_SIZE};
    char port[PORT_SIZE] = "";
    if (config->port != 0)
        snprintf(port, sizeof port, "%u", config->port & 0xFFFFu);
    *s = (struct pg_settings){0};
    setting_add(s, &t, "dbname", config->conninfo);
    setting_add(s, &t, "dbname", config->db);
    setting_add(s, &t, "host", config->host);
    setting_add(s, &t, "port", port);
    setting_add(s, &t, "user", config->user);
    setting_add(s, &t, "password", config->password);
    setting_add(s, &t, "sslmode", config->sslmode);
    setting_add(s, &t, "sslrootcert", trusted(config));
    setting_add(s, &t, "sslcert", config->tls_cert);
    setting_add(s, &t, "sslkey", config->tls_key);
    setting_add(s, &t, "client_encoding", "UTF8");
    setting_add(s, &t, "target_session_attrs", "read-write");
    setting_add(s, &t, "fallback_application_name", "parley");
    setting_add(s, &t, "gssencmode", "disable");
    s->connect_timeout_ms =
        config->connect_timeout_ms == 0 ? CONNECT_TIMEOUT_MS : config->connect_timeout_ms;
    s->statement_timeout_ms =
        config->statement_timeout_ms == 0 ? STATEMENT_TIMEOUT_MS : config->statement_timeout_ms;
    return !t.full;
}

static bool conninfo_is_valid(const char *conninfo, char *reason, size_t reason_size)
{
    char *error = NULL;
    bool is_string = conninfo != NULL &&
                     (strchr(conninfo, '=') != NULL || strncmp(conninfo, "postgres", 8) == 0);
    if (!is_string)
        return true;
    PQconninfoOption *options = PQconninfoParse(conninfo, &error);
    if (options == NULL) /* the message may quote the string, and so a password */
        snprintf(reason, reason_size, "the connection string cannot be read");
    PQconninfoFree(options);
    PQfreemem(error);
    return options != NULL;
}

enum err pg_settings_check(struct pg_settings *s, char *texts, const struct postgres_config *config,
                           char *reason, size_t reason_size)
{
    if (!conninfo_is_valid(config->conninfo, reason, reason_size))
        return ERR_BAD_REQUEST;
    if (settings_fill(s, texts, config))
        return ERR_OK;
    snprintf(reason, reason_size, "the settings of the connection are too long");
    return ERR_BAD_REQUEST;
}

/* ---- The store ---- */

/* A server that is away is waited for; one that refuses us will refuse us tomorrow. */
static enum err first_look(const struct pg_settings *settings, char *reason, size_t reason_size)
{
    char why[PG_REASON_SIZE] = "";
    struct pg_conn *c = pg_conn_open(settings, why, sizeof why);
    bool refused = c == NULL && pg_refusal(settings, why, reason, reason_size);
    pg_conn_close(c);
    return refused ? ERR_BAD_REQUEST : ERR_OK;
}

enum err postgres_open(const struct postgres_config *config, struct postgres_store **out,
                       char *reason, size_t reason_size)
{
    struct postgres_store *s = MEM_NEW(struct postgres_store);
    enum err e = pg_settings_check(&s->settings, s->texts, config, reason, reason_size);
    if (e == ERR_OK)
        e = first_look(&s->settings, reason, reason_size);
    if (e != ERR_OK) {
        explicit_bzero(s->texts, sizeof s->texts);
        mem_free(s);
        return e;
    }
    s->accounts.ops = &pg_account_ops;
    s->channels.ops = &pg_channel_ops;
    s->imports.ops = &pg_import_ops;
    s->history = (struct history_store){&pg_history_ops, &s->messages};
    s->messages.ops = &pg_message_ops;
    s->clock = config->clock != NULL ? config->clock : &clock_system;
    s->relay_idle_ms = config->relay_idle_ms == 0 ? RELAY_IDLE_MS : config->relay_idle_ms;
    pg_pool_init(&s->pool, &s->settings,
                 config->connections_max == 0 ? CONNECTIONS_MAX : config->connections_max);
    *out = s;
    return ERR_OK;
}

void postgres_close(struct postgres_store *s)
{
    if (s == NULL)
        return;
    pg_relay_let_go(&s->channels);
    pg_conn_close(s->import);
    pg_pool_fini(&s->pool);
    explicit_bzero(s->texts, sizeof s->texts);
    mem_free(s);
}

struct account_store *postgres_accounts(struct postgres_store *s)
{
    return &s->accounts;
}

struct channel_table *postgres_channels(struct postgres_store *s)
{
    return &s->channels;
}

struct import_table *postgres_imports(struct postgres_store *s)
{
    return &s->imports;
}

struct history_store *postgres_history(struct postgres_store *s)
{
    return &s->history;
}

/* ---- Migrations ---- */

const char *postgres_migration_name(int version)
{
    return pg_schema_name(version);
}

typedef enum err step_f(struct pg_conn *c, char *reason, size_t reason_size);

/* The logs that are missing. One that is there keeps its partitions: a key must stay where it is.
 */
static void logs_make(struct pg_conn *c, const struct postgres_config *config)
{
    for (size_t i = 0; i < config->n_topics; i++) {
        struct pg_args a = {.n = 0};
        pg_args_str(&a, str_of(config->topics[i].name));
        pg_args_int(&a, config->topics[i].partitions);
        pg_change(c, PG_LOG_MAKE, &a);
    }
}

/* Runs `step` (NULL: none) on a connection of its own, and looks where the tables are then. */
static enum err migrate(const struct postgres_config *config, step_f *step,
                        struct postgres_schema_state *out, char *reason, size_t reason_size)
{
    struct pg_settings settings;
    char texts[PG_TEXTS_SIZE];
    *out = (struct postgres_schema_state){0, pg_schema_latest()};
    enum err e = pg_settings_check(&settings, texts, config, reason, reason_size);
    if (e != ERR_OK)
        return ERR_UNAVAILABLE;
    char why[PG_REASON_SIZE] = "";
    struct pg_conn *c = pg_conn_open(&settings, why, sizeof why);
    bool refused = c == NULL && pg_refusal(&settings, why, reason, reason_size);
    if (c == NULL && !refused)
        snprintf(reason, reason_size, "%s", why);
    explicit_bzero(texts, sizeof texts);
    if (c == NULL)
        return refused ? ERR_BAD_REQUEST : ERR_UNAVAILABLE;
    if (step != NULL)
        e = step(c, reason, reason_size);
    if (e == ERR_OK && step == pg_schema_up)
        logs_make(c, config);
    out->current = pg_schema_version(c);
    if (e == ERR_OK && c->failure != PG_FINE) {
        snprintf(reason, reason_size, "%s", c->text);
        e = ERR_UNAVAILABLE;
    }
    pg_conn_close(c);
    return e;
}

enum err postgres_migrate_status(const struct postgres_config *config,
                                 struct postgres_schema_state *out, char *reason,
                                 size_t reason_size)
{
    return migrate(config, NULL, out, reason, reason_size);
}

enum err postgres_migrate_up(const struct postgres_config *config,
                             struct postgres_schema_state *out, char *reason, size_t reason_size)
{
    return migrate(config, pg_schema_up, out, reason, reason_size);
}

enum err postgres_migrate_down(const struct postgres_config *config,
                               struct postgres_schema_state *out, char *reason, size_t reason_size)
{
    return migrate(config, pg_schema_down, out, reason, reason_size);
}

/* `parley migrate` on Cassandra; see schema.h. */
#include <stdio.h>

#include "adapter/cassandra/cassandra.h"
#include "adapter/cassandra/link.h"
#include "adapter/cassandra/schema.h"

/* A session of its own for one command. */
struct command {
    struct settings settings;
    struct bridge_session *session;
    struct schema schema;
};

const char *cassandra_migration_name(int version)
{
    return schema_name(version);
}

static enum err command_begin(struct command *c, const struct cassandra_config *config,
                              char *reason, size_t reason_size)
{
    enum err e = settings_init(&c->settings, config, reason, reason_size);
    if (e != ERR_OK)
        return e;
    enum bridge_code code;
    char why[LINK_WHY_SIZE];
    c->session = bridge_open(&c->settings.options, &code, why, sizeof why);
    if (c->session == NULL) {
        if (code == BRIDGE_REFUSED)
            settings_refusal(&c->settings, why, reason, reason_size);
        else
            snprintf(reason, reason_size, "Cassandra cannot be reached: %s", why);
        settings_fini(&c->settings);
        return code == BRIDGE_REFUSED ? ERR_BAD_REQUEST : ERR_UNAVAILABLE;
    }
    schema_init(&c->schema, c->session, &c->settings, reason, reason_size);
    return ERR_OK;
}

static void command_end(struct command *c)
{
    bridge_close(c->session);
    settings_fini(&c->settings);
}

enum err cassandra_migrate_status(const struct cassandra_config *config,
                                  struct cassandra_schema_state *out, char *reason,
                                  size_t reason_size)
{
    struct command c;
    *out = (struct cassandra_schema_state){0, schema_latest()};
    enum err e = command_begin(&c, config, reason, reason_size);
    if (e != ERR_OK)
        return e;
    e = schema_version(&c.schema, &out->current);
    command_end(&c);
    return e;
}

/* Under the lock. */
static enum err bring_up(struct schema *s, int *current)
{
    enum err e = schema_version(s, current);
    while (e == ERR_OK && *current < schema_latest()) {
        e = schema_step(s, *current + 1, true);
        if (e == ERR_OK)
            ++*current;
    }
    return e;
}

enum err cassandra_migrate_up(const struct cassandra_config *config,
                              struct cassandra_schema_state *out, char *reason, size_t reason_size)
{
    struct command c;
    *out = (struct cassandra_schema_state){0, schema_latest()};
    enum err e = command_begin(&c, config, reason, reason_size);
    if (e != ERR_OK)
        return e;
    e = schema_prepare(&c.schema);
    if (e == ERR_OK)
        e = schema_lock(&c.schema);
    if (e == ERR_OK) {
        e = bring_up(&c.schema, &out->current);
        schema_unlock(&c.schema);
    }
    command_end(&c);
    return e;
}

/* Under the lock. */
static enum err take_back(struct schema *s, int *current)
{
    enum err e = schema_version(s, current);
    if (e != ERR_OK)
        return e;
    if (!schema_has_down(*current)) {
        snprintf(s->why, s->why_size, "migration %d cannot be taken back%s", *current,
                 *current == 1 ? ": that would erase what people wrote" : "");
        return ERR_BAD_REQUEST;
    }
    e = schema_step(s, *current, false);
    if (e == ERR_OK)
        --*current;
    return e;
}

enum err cassandra_migrate_down(const struct cassandra_config *config,
                                struct cassandra_schema_state *out, char *reason,
                                size_t reason_size)
{
    struct command c;
    *out = (struct cassandra_schema_state){0, schema_latest()};
    enum err e = command_begin(&c, config, reason, reason_size);
    if (e != ERR_OK)
        return e;
    e = schema_version(&c.schema, &out->current);
    if (e == ERR_OK && out->current == 0) {
        snprintf(reason, reason_size, "no migration has run on the keyspace %s",
                 c.settings.keyspace);
        e = ERR_BAD_REQUEST;
    }
    if (e == ERR_OK)
        e = schema_lock(&c.schema);
    if (e == ERR_OK) {
        e = take_back(&c.schema, &out->current);
        schema_unlock(&c.schema);
    }
    command_end(&c);
    return e;
}

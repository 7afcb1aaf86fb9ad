#include "adapter/cassandra/schema.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

#include "adapter/cassandra/migrations.h"
#include "adapter/cassandra/row.h"
#include "base/clock.h"
#include "base/uuid.h"

#define CQL_SIZE     1024
#define STATEMENT_MS 40000 /* of the schema: every node must agree */
#define LOOK_MS      3000
#define LOCK_S       60
#define LOCK_WAIT_MS 60000
#define LOCK_TRY_MS  200

int schema_latest(void)
{
    return (int)migration_count;
}

const char *schema_name(int version)
{
    assert(version >= 1 && version <= schema_latest());
    return migrations[version - 1].name;
}

bool schema_has_down(int version)
{
    return version >= 1 && version <= schema_latest() && migrations[version - 1].down != NULL;
}

void schema_init(struct schema *s, struct bridge_session *session, const struct settings *settings,
                 char *why, size_t why_size)
{
    *s =
        (struct schema){.session = session, .settings = settings, .why = why, .why_size = why_size};
    struct uuid owner = uuid_random();
    snprintf(s->owner, sizeof s->owner, "%s", uuid_text(&owner).s);
}

/* The answer, or NULL with the reason told. */
static struct bridge_result *ask(struct schema *s, const char *cql, uint32_t timeout_ms)
{
    char text[CQL_SIZE];
    if (!settings_cql(s->settings, cql, text, sizeof text)) {
        snprintf(s->why, s->why_size, "a statement is too long");
        return NULL;
    }
    struct bridge_result *r = bridge_run(s->session, text, timeout_ms);
    if (r->code == BRIDGE_OK)
        return r;
    snprintf(s->why, s->why_size, "%.*s", (int)r->text_n, r->text);
    bridge_result_free(r);
    return NULL;
}

static enum err run(struct schema *s, const char *cql)
{
    struct bridge_result *r = ask(s, cql, STATEMENT_MS);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    bridge_result_free(r);
    return ERR_OK;
}

/* A light-weight transaction answers a row that begins with a boolean. */
static enum err try_run(struct schema *s, const char *cql, bool *applied)
{
    struct bridge_result *r = ask(s, cql, STATEMENT_MS);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    *applied = r->n_rows == 1 && r->n_cols > 0 && r->cells[0].n == 1 && r->cells[0].p[0] == 1;
    bridge_result_free(r);
    return ERR_OK;
}

/* The same for whoever makes the table in this keyspace, another in any other. */
static struct uuid lock_table_id(const struct settings *settings)
{
    struct uuid id;
    XXH128_hash_t hash = XXH3_128bits(settings->keyspace, strlen(settings->keyspace));
    XXH128_canonicalFromHash((XXH128_canonical_t *)id.b, hash);
    id.b[6] = (uint8_t)(0x80 | (id.b[6] & 0x0f)); /* version 8 of RFC 9562: one's own making */
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

enum err schema_prepare(struct schema *s)
{
    char cql[CQL_SIZE];
    struct uuid id = lock_table_id(s->settings);
    snprintf(cql, sizeof cql, "CREATE KEYSPACE IF NOT EXISTS $ WITH replication=%s",
             s->settings->replication);
    enum err e = run(s, cql);
    if (e != ERR_OK)
        return e;
    snprintf(cql, sizeof cql,
             "CREATE TABLE IF NOT EXISTS $.parley_migration("
             "slot text PRIMARY KEY, owner text, version int) WITH ID=%s",
             uuid_text(&id).s);
    return run(s, cql);
}

static enum err try_lock(struct schema *s, bool *locked)
{
    char cql[CQL_SIZE];
    snprintf(cql, sizeof cql,
             "INSERT INTO $.parley_migration(slot, owner) VALUES('lock', '%s') IF NOT EXISTS "
             "USING TTL %d",
             s->owner, LOCK_S);
    return try_run(s, cql, locked);
}

enum err schema_lock(struct schema *s)
{
    int64_t until = clock_steady_us(&clock_system) + (int64_t)LOCK_WAIT_MS * 1000;
    do {
        bool locked = false;
        /* where many try at once one of them may be told that it took too long: it tries again */
        enum err e = try_lock(s, &locked);
        if (e == ERR_OK && locked) {
            s->why[0] = '\0';
            return ERR_OK;
        }
        if (e == ERR_OK)
            snprintf(s->why, s->why_size, "another node is migrating this keyspace");
        usleep(LOCK_TRY_MS * 1000);
    } while (clock_steady_us(&clock_system) < until);
    return ERR_UNAVAILABLE;
}

static enum err keep_lock(struct schema *s)
{
    char cql[CQL_SIZE];
    bool kept = false;
    snprintf(cql, sizeof cql,
             "UPDATE $.parley_migration USING TTL %d SET owner='%s' WHERE slot='lock' "
             "IF owner='%s'",
             LOCK_S, s->owner, s->owner);
    enum err e = try_run(s, cql, &kept);
    if (e == ERR_OK && !kept) {
        snprintf(s->why, s->why_size, "the lock was lost: another node is migrating");
        e = ERR_UNAVAILABLE;
    }
    return e;
}

void schema_unlock(struct schema *s)
{
    char cql[CQL_SIZE], ignored[64];
    struct schema quiet = *s;
    bool released;
    quiet.why = ignored;
    quiet.why_size = sizeof ignored;
    snprintf(cql, sizeof cql, "DELETE FROM $.parley_migration WHERE slot='lock' IF owner='%s'",
             s->owner);
    /* where that fails the lock ends by itself */
    (void)try_run(&quiet, cql, &released);
}

/* Is there our table in our keyspace? Reading one that is not there is an error like others. */
static enum err is_there(struct schema *s, bool *out)
{
    char cql[CQL_SIZE];
    snprintf(cql, sizeof cql,
             "SELECT table_name FROM system_schema.tables WHERE keyspace_name='%s' AND "
             "table_name='parley_migration'",
             s->settings->keyspace);
    struct bridge_result *r = ask(s, cql, LOOK_MS);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    *out = r->n_rows > 0;
    bridge_result_free(r);
    return ERR_OK;
}

enum err schema_version(struct schema *s, int *out)
{
    bool there;
    struct row row;
    *out = 0;
    enum err e = is_there(s, &there);
    if (e != ERR_OK || !there)
        return e;
    struct bridge_result *r =
        ask(s, "SELECT version FROM $.parley_migration WHERE slot='version'", LOOK_MS);
    if (r == NULL)
        return ERR_UNAVAILABLE;
    if (r->n_rows > 0) {
        row = (struct row){.cells = r->cells, .n = r->n_cols};
        *out = row_int(&row, 0);
    }
    bridge_result_free(r);
    return ERR_OK;
}

static enum err note_version(struct schema *s, int version)
{
    char cql[CQL_SIZE];
    snprintf(cql, sizeof cql, "UPDATE $.parley_migration SET version=%d WHERE slot='version'",
             version);
    return run(s, cql);
}

enum err schema_step(struct schema *s, int version, bool up)
{
    assert(version >= 1 && version <= schema_latest());
    const struct migration *m = &migrations[version - 1];
    const char *const *statements = up ? m->up : m->down;
    for (; *statements != NULL; statements++) {
        enum err e = keep_lock(s);
        if (e == ERR_OK)
            e = run(s, *statements);
        if (e != ERR_OK)
            return e;
    }
    return note_version(s, up ? version : version - 1);
}

enum err schema_check(struct bridge_session *session, const struct settings *settings, char *why,
                      size_t why_size)
{
    struct schema s;
    int version;
    schema_init(&s, session, settings, why, why_size);
    enum err e = schema_version(&s, &version);
    if (e != ERR_OK || version == schema_latest())
        return e;
    snprintf(why, why_size, "the keyspace %s is at migration %d, this program at %d: %s",
             settings->keyspace, version, schema_latest(),
             version > schema_latest() ? "use a newer program" : "run `parley migrate up`");
    return ERR_UNAVAILABLE;
}

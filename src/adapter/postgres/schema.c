/* The tables, as numbered migrations; those that a database has are the rows of parley_migration.
 *
 * A migration only adds, so the servers of the version before go on beside it, chat-app's own among
 * them. What touches a table that is in use waits for its locks no longer than LOCK_MS (a statement
 * that waits for a lock makes all that come after it wait too), gives up and tries again; indexes
 * on such tables are made CONCURRENTLY, outside a transaction.
 *
 * One node migrates at a time, by an advisory lock. The others ask for it now and then rather than
 * wait within a statement: a statement that waits has a snapshot, and a concurrent index waits for
 * every snapshot there is, theirs too.
 */
#include "adapter/postgres/schema.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "adapter/postgres/schema_direct.h"
#include "base/clock.h"
#include "base/log.h"

#define LOCK_MS     2000
#define LOCK_TRIES  15
#define TURN_TRY_MS 250
#define TURN_TRIES  480     /* of TURN_TRY_MS: 2 minutes */
#define INDEX_MS    3600000 /* an index over all messages' channels may take its time */
#define STEPS_MAX   4

struct migration {
    const char *name;
    const char *up;   /* in one transaction */
    const char *down; /* NULL: cannot be taken back without erasing what people wrote */
    const char *indexes[STEPS_MAX]; /* after `up`, each alone; made CONCURRENTLY as "name ON ..." */
};

/* As chat-app's first migration leaves them, to the letter; less the DROP that it begins with. */
static const char chat_app_up[] =
    "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\";"
    "CREATE TABLE IF NOT EXISTS users("
    " id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), username varchar(255) NOT NULL,"
    " email varchar(255) UNIQUE NOT NULL, password varchar(255) NOT NULL,"
    " created_at timestamp DEFAULT CURRENT_TIMESTAMP,"
    " login_time timestamp DEFAULT CURRENT_TIMESTAMP);"
    "CREATE TABLE IF NOT EXISTS channel("
    " id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), name varchar(255) NOT NULL,"
    " user_id uuid REFERENCES users(id), created_at timestamp DEFAULT CURRENT_TIMESTAMP);"
    "CREATE TABLE IF NOT EXISTS user_to_channel("
    " user_id uuid REFERENCES users(id), channel_id uuid REFERENCES channel(id),"
    " created_at timestamp DEFAULT CURRENT_TIMESTAMP,"
    " CONSTRAINT userid_channelid_pkey PRIMARY KEY(user_id, channel_id));";

static const char accounts_up[] =
    "CREATE TABLE parley_account("
    " user_id uuid PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,"
    " valid_after_us bigint NOT NULL);"
    "CREATE TABLE parley_revocation("
    " jti uuid NOT NULL, user_id uuid NOT NULL, issued_before_us bigint NOT NULL,"
    " expires_us bigint NOT NULL, PRIMARY KEY(jti, user_id));"
    "CREATE INDEX parley_revocation_by_expiry ON parley_revocation(expires_us);";
static const char accounts_down[] = "DROP TABLE parley_revocation; DROP TABLE parley_account;";

static const char channels_up[] =
    "CREATE TABLE parley_channel("
    " channel_id uuid PRIMARY KEY REFERENCES channel(id) ON DELETE CASCADE,"
    " version bigint NOT NULL);"
    "CREATE SEQUENCE parley_place AS bigint;"
    "CREATE TABLE parley_member("
    " channel_id uuid NOT NULL, user_id uuid NOT NULL,"
    " place bigint NOT NULL DEFAULT nextval('parley_place'), join_version bigint NOT NULL,"
    " join_seq bigint NOT NULL DEFAULT 0, read_seq bigint NOT NULL DEFAULT 0,"
    " PRIMARY KEY(channel_id, user_id),"
    " FOREIGN KEY(user_id, channel_id) REFERENCES user_to_channel(user_id, channel_id)"
    " ON DELETE CASCADE);"
    "CREATE INDEX parley_member_by_version ON parley_member(channel_id, join_version);"
    "CREATE INDEX parley_member_by_user ON parley_member(user_id, channel_id);"
    "CREATE TABLE parley_past_member("
    " channel_id uuid NOT NULL, user_id uuid NOT NULL, place bigint NOT NULL,"
    " join_version bigint NOT NULL, join_seq bigint NOT NULL, leave_version bigint NOT NULL,"
    " leave_seq bigint NOT NULL DEFAULT 0, left_at timestamptz NOT NULL DEFAULT now(),"
    " PRIMARY KEY(channel_id, leave_version));"
    "CREATE INDEX parley_past_member_by_user ON parley_past_member(user_id, left_at);"
    "CREATE INDEX parley_past_member_by_age ON parley_past_member(left_at);"
    "CREATE TABLE parley_outbox("
    " id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,"
    " channel_id uuid NOT NULL REFERENCES channel(id), version bigint NOT NULL,"
    " kind bigint NOT NULL, user_id uuid NOT NULL REFERENCES users(id),"
    " at_us bigint NOT NULL, members bigint NOT NULL);"
    "CREATE TABLE IF NOT EXISTS parley_log_epoch("
    " epoch bigint PRIMARY KEY, identity uuid NOT NULL, partitions bigint NOT NULL,"
    " since timestamptz NOT NULL DEFAULT now(), UNIQUE(identity, partitions));";
/* A change that was not published yet would be lost. The epochs stay: a log that came back under
 * the number of an older one would give its positions a second time. */
static const char channels_down[] =
    "DO $$ BEGIN IF EXISTS (SELECT FROM parley_outbox) THEN"
    " RAISE 'changes of channels wait for the log; start a node to have them published';"
    " END IF; END $$;"
    "DROP TABLE parley_outbox; DROP TABLE parley_past_member; DROP TABLE parley_member;"
    "DROP SEQUENCE parley_place; DROP TABLE parley_channel;";

static const char indexes_down[] =
    "DROP INDEX parley_member_of_channel; DROP INDEX parley_channel_by_age;"
    "DROP INDEX parley_user_by_age;";

/* The one row of an installation that is moved here, or was (port/import.h). Without it nothing is
 * known of that any more, so it stays as long as what was moved. */
static const char import_up[] =
    "CREATE TABLE parley_import("
    " one boolean PRIMARY KEY DEFAULT true CHECK(one), source uuid NOT NULL,"
    " stage bigint NOT NULL, cursor bigint NOT NULL, since timestamptz NOT NULL DEFAULT now(),"
    " changed timestamptz NOT NULL DEFAULT now());";
static const char import_down[] =
    "DO $$ BEGIN IF EXISTS (SELECT FROM parley_import WHERE stage<3) THEN"
    " RAISE 'an import is under way'; END IF; END $$;"
    "DROP TABLE parley_import;";

static const struct migration migrations[] = {
    {"the tables of chat-app, where there are none", chat_app_up, NULL, {NULL}},
    {"passwords changed and sessions revoked", accounts_up, accounts_down, {NULL}},
    {"versions of channels, the outbox, epochs of the log", channels_up, channels_down, {NULL}},
    {"members by channel, channels and users by age",
     "",
     indexes_down,
     {"parley_member_of_channel ON user_to_channel(channel_id, user_id)",
      "parley_channel_by_age ON channel(" PG_CREATED("channel") ", id)",
      "parley_user_by_age ON users(" PG_CREATED("users") ", id)"}},
    {"an installation that is moved here", import_up, import_down, {NULL}},
    {"the log, for direct delivery", pg_log_up, pg_log_down, {NULL}},
    {"the history, where there is no Cassandra", pg_history_up, pg_history_down, {NULL}},
};

#define LATEST (int)(sizeof migrations / sizeof migrations[0])

int pg_schema_latest(void)
{
    return LATEST;
}

const char *pg_schema_name(int version)
{
    assert(version >= 1 && version <= LATEST);
    return migrations[version - 1].name;
}

int pg_schema_version(struct pg_conn *c)
{
    if (pg_exec_int(c, "SELECT count(*) FROM pg_tables WHERE tablename='parley_migration'"
                       " AND schemaname=ANY(current_schemas(false))") == 0)
        return 0;
    return (int)pg_exec_int(c, "SELECT coalesce(max(version),0) FROM parley_migration");
}

/* ---- One at a time ---- */

static bool turn_take(struct pg_conn *c, char *reason, size_t reason_size)
{
    for (int i = 0; i < TURN_TRIES && c->failure == PG_FINE; i++) {
        if (pg_exec_int(c, "SELECT pg_try_advisory_lock(1885434476,1)::int") == 1)
            return true;
        clock_sleep_ms(TURN_TRY_MS);
    }
    snprintf(reason, reason_size, "%s",
             c->failure == PG_FINE ? "another node has been migrating for two minutes" : c->text);
    return false;
}

static void turn_give(struct pg_conn *c)
{
    pg_rollback(c);
    pg_exec(c, "SELECT pg_advisory_unlock(1885434476,1)", 0);
}

/* ---- Steps ---- */

/* Runs `sql` and the change of the table of versions in one transaction, again while it only
 * misses a lock. */
static bool step_run(struct pg_conn *c, const char *sql, const char *note)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        char lock[64];
        snprintf(lock, sizeof lock, "SET LOCAL lock_timeout=%d", LOCK_MS);
        pg_begin(c);
        pg_exec(c, lock, 0);
        pg_exec(c, "SET LOCAL statement_timeout=0", 0);
        if (sql[0] != '\0')
            pg_exec(c, sql, INDEX_MS);
        pg_exec(c, note, 0);
        if (pg_commit(c) == ERR_OK)
            return true;
        if (i == LOCK_TRIES - 1 || c->failure != PG_REFUSED || strcmp(c->state, "55P03") != 0)
            break;
        pg_rollback(c);
        clock_sleep_ms(TURN_TRY_MS);
    }
    return false;
}

/* One that was under way when its node died is there, but never used: made anew. */
static void index_make(struct pg_conn *c, const char *index)
{
    char sql[256], name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(index, " "), index);
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM pg_index WHERE indexrelid=to_regclass('%s') AND NOT indisvalid",
             name);
    if (pg_exec_int(c, sql) != 0) {
        snprintf(sql, sizeof sql, "DROP INDEX CONCURRENTLY %s", name);
        pg_exec(c, sql, INDEX_MS);
    }
    snprintf(sql, sizeof sql, "CREATE INDEX CONCURRENTLY IF NOT EXISTS %s", index);
    pg_exec(c, sql, INDEX_MS);
}

static bool migration_apply(struct pg_conn *c, int version)
{
    const struct migration *m = &migrations[version - 1];
    char note[192];
    pg_exec(c, "SET statement_timeout=0", 0);
    pg_exec(c, "SET lock_timeout=0", 0);
    for (int i = 0; i < STEPS_MAX && m->indexes[i] != NULL; i++)
        index_make(c, m->indexes[i]);
    snprintf(note, sizeof note, "INSERT INTO parley_migration(version, name) VALUES(%d,'%s')",
             version, m->name);
    return step_run(c, m->up, note);
}

enum err pg_schema_up(struct pg_conn *c, char *reason, size_t reason_size)
{
    if (!turn_take(c, reason, reason_size))
        return ERR_UNAVAILABLE;
    pg_exec(c,
            "CREATE TABLE IF NOT EXISTS parley_migration(version integer PRIMARY KEY,"
            " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
            0);
    /* read in our turn: another node may have been here first */
    int version = pg_schema_version(c);
    while (c->failure == PG_FINE && version < LATEST && migration_apply(c, version + 1)) {
        version++;
        log_event(LOG_INFO, "PostgreSQL migrated", LOG_I("version", version),
                  LOG_S("name", pg_schema_name(version)));
    }
    enum err e = c->failure == PG_FINE ? ERR_OK : ERR_UNAVAILABLE;
    if (e != ERR_OK)
        snprintf(reason, reason_size, "migration %d: %s", version + 1, c->text);
    turn_give(c);
    return e;
}

enum err pg_schema_down(struct pg_conn *c, char *reason, size_t reason_size)
{
    char note[96];
    if (!turn_take(c, reason, reason_size))
        return ERR_UNAVAILABLE;
    int version = pg_schema_version(c);
    enum err e = ERR_UNAVAILABLE;
    if (version < 1 || version > LATEST || migrations[version - 1].down == NULL) {
        snprintf(reason, reason_size, "migration %d cannot be taken back%s", version,
                 version == 1 ? ": that would erase everything" : "");
    } else {
        snprintf(note, sizeof note, "DELETE FROM parley_migration WHERE version=%d", version);
        if (step_run(c, migrations[version - 1].down, note))
            e = ERR_OK;
        else
            snprintf(reason, reason_size, "%s", c->text);
    }
    turn_give(c);
    return e;
}

struct pg_conn *pg_schema_connect(const struct pg_settings *settings, char *reason, size_t size)
{
    struct pg_conn *c = pg_conn_open(settings, reason, size);
    if (c == NULL)
        return NULL;
    int version = pg_schema_version(c);
    if (c->failure == PG_FINE && version >= pg_schema_latest())
        return c;
    if (c->failure == PG_FINE)
        snprintf(reason, size, "the tables are at migration %d, this program needs %d: %s", version,
                 pg_schema_latest(), "run `parley migrate up`");
    else
        snprintf(reason, size, "%s", c->text);
    pg_conn_close(c);
    return NULL;
}

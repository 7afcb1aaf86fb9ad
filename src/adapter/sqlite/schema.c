/* The tables, as numbered migrations; the number a file is at is its `PRAGMA user_version`. */
#include "adapter/sqlite/schema.h"

#include <assert.h>
#include <stdio.h>

#define WAL_TRIES  100
#define WAL_TRY_MS 20

struct migration {
    const char *name;
    const char *up;
    const char *down; /* NULL: cannot be taken back without erasing what people wrote */
};

/* seq is the rowid: the writer holds the counter, so AUTOINCREMENT would only cost. Every event
 * carries the journal's stamp as it stood after it, posts their own id and the others that of the
 * post before them; so ids never fall along seq and an id is found by binary search, without an
 * index. A message costs one index entry, a reply two. An index ends in the rowid anyhow, so
 * (channel) is (channel, seq). */
static const char log_up[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE user("
    " id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, name TEXT NOT NULL,"
    " email TEXT NOT NULL UNIQUE, password TEXT NOT NULL, created_us INTEGER NOT NULL,"
    " valid_after_us INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX user_voided ON user(valid_after_us) WHERE valid_after_us<>0;"
    "CREATE TABLE revocation("
    " jti BLOB NOT NULL, user BLOB NOT NULL, issued_before_us INTEGER NOT NULL,"
    " expires_us INTEGER NOT NULL, PRIMARY KEY(jti, user)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX revocation_by_expiry ON revocation(expires_us);"
    "CREATE TABLE channel("
    " id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, name TEXT NOT NULL,"
    " owner INTEGER NOT NULL, created_us INTEGER NOT NULL, members INTEGER NOT NULL) STRICT;"
    "CREATE TABLE member("
    " user INTEGER NOT NULL, channel INTEGER NOT NULL, joined_seq INTEGER NOT NULL,"
    " read_seq INTEGER NOT NULL, PRIMARY KEY(user, channel)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX member_by_channel ON member(channel, joined_seq);"
    "CREATE TABLE event("
    " seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, user INTEGER NOT NULL, prev INTEGER NOT NULL,"
    " parent INTEGER, at_us INTEGER, client_msg_id TEXT, content TEXT) STRICT;"
    "CREATE INDEX message_by_channel ON event(channel) WHERE kind=1;"
    "CREATE INDEX reply_by_channel ON event(channel) WHERE kind=2;"
    "CREATE INDEX reply_by_message ON event(parent) WHERE parent IS NOT NULL;";

/* Made of nothing but events, so it can be dropped, and is made again when it is missing. */
static const char client_ids_up[] =
    "CREATE TABLE client_id(hash INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;";
static const char client_ids_down[] =
    "DROP TABLE client_id; DELETE FROM meta WHERE key GLOB 'client_id.*';";

static const struct migration migrations[] = {
    {"accounts, channels and the log of events", log_up, NULL},
    {"lasting index of client_msg_id", client_ids_up, client_ids_down},
};

#define LATEST (int)(sizeof migrations / sizeof migrations[0])

int schema_latest(void)
{
    return LATEST;
}

const char *schema_name(int version)
{
    assert(version >= 1 && version <= LATEST);
    return migrations[version - 1].name;
}

int schema_version(struct db *db)
{
    return (int)db_query_int(db, "PRAGMA user_version");
}

static void set_version(struct db *db, int version)
{
    char sql[48];
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d", version);
    db_exec(db, sql);
}

enum err schema_up(struct db *db)
{
    db_exec(db, "BEGIN IMMEDIATE");
    /* read under the lock: another process may have been here first */
    for (int v = schema_version(db); v < LATEST && db_ok(db); v++) {
        db_exec(db, migrations[v].up);
        set_version(db, v + 1);
    }
    db_exec(db, "COMMIT");
    return db_finish(db);
}

static enum err refuse_version(int version, char *reason, size_t reason_size)
{
    snprintf(reason, reason_size, "the store is at migration %d, this program at %d: %s", version,
             LATEST, version > LATEST ? "use a newer program" : "run `parley migrate up`");
    return ERR_UNAVAILABLE;
}

/* Changing the mode of the journal does not wait for another process as a statement would. */
static void turn_wal_on(struct db *db)
{
    for (int i = 0; i < WAL_TRIES; i++) {
        int code = sqlite3_exec(db->handle, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
        if ((code & 0xff) != SQLITE_BUSY) {
            if (code != SQLITE_OK)
                db_note(db, code);
            return;
        }
        sqlite3_sleep(WAL_TRY_MS);
    }
    db_note(db, SQLITE_BUSY);
}

enum err schema_prepare(struct db *db, char *reason, size_t reason_size)
{
    turn_wal_on(db);
    int version = schema_version(db);
    if (version > LATEST)
        return refuse_version(version, reason, reason_size);
    snprintf(reason, reason_size, "the tables of the store cannot be brought up to date");
    enum err e = db_finish(db);
    return e == ERR_OK && version < LATEST ? schema_up(db) : e;
}

enum err schema_check(struct db *db, char *reason, size_t reason_size)
{
    int version = schema_version(db);
    return version == LATEST ? ERR_OK : refuse_version(version, reason, reason_size);
}

bool schema_has_down(int version)
{
    return version >= 1 && version <= LATEST && migrations[version - 1].down != NULL;
}

enum err schema_down(struct db *db)
{
    db_exec(db, "BEGIN IMMEDIATE");
    int v = schema_version(db);
    if (schema_has_down(v)) {
        db_exec(db, migrations[v - 1].down);
        set_version(db, v - 1);
    }
    db_exec(db, "COMMIT");
    return db_finish(db);
}

#include "postgres_rig.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static PGconn *server, *db; /* one that makes databases, one in ours */
static char db_name[64], conninfo[RIG_CONNINFO_SIZE], text[256];
static pid_t owner;

static void stop(PGconn *c, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, PQerrorMessage(c));
    abort();
}

static void quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

static PGconn *connect_to(const char *string)
{
    PGconn *c = PQconnectdb(string);
    if (PQstatus(c) != CONNECTION_OK)
        stop(c, "no test database");
    PQsetNoticeProcessor(c, quiet, NULL);
    return c;
}

static PGresult *run(PGconn *c, const char *sql)
{
    PGresult *r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        stop(c, sql);
    return r;
}

static void rig_drop(void)
{
    char sql[128];
    if (getpid() != owner)
        return; /* a child that was forked by a test */
    PQfinish(db);
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s WITH (FORCE)", db_name);
    PQclear(PQexec(server, sql));
    PQfinish(server);
}

static void rig_make(void)
{
    char sql[128];
    server = connect_to(getenv(RIG_VARIABLE));
    owner = getpid();
    snprintf(db_name, sizeof db_name, "parley_test_%d", (int)owner);
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s WITH (FORCE)", db_name);
    PQclear(run(server, sql));
    snprintf(sql, sizeof sql, "CREATE DATABASE %s ENCODING 'UTF8' TEMPLATE template0", db_name);
    PQclear(run(server, sql));
    atexit(rig_drop);
    db = connect_to(postgres_rig_conninfo("rig"));
}

const char *postgres_rig_conninfo(const char *name)
{
    /* the last one of a key counts */
    snprintf(conninfo, sizeof conninfo, "%s dbname=%s application_name=%s", getenv(RIG_VARIABLE),
             db_name, name);
    return conninfo;
}

void postgres_rig_reset(void)
{
    if (db == NULL)
        rig_make();
    postgres_rig_away(false);
    postgres_rig_cut(NULL);
    postgres_rig_exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

void postgres_rig_exec(const char *sql)
{
    PQclear(run(db, sql));
}

const char *postgres_rig_text(const char *sql)
{
    PGresult *r = run(db, sql);
    snprintf(text, sizeof text, "%s", PQntuples(r) == 0 ? "" : PQgetvalue(r, 0, 0));
    PQclear(r);
    return text;
}

int64_t postgres_rig_int(const char *sql)
{
    return strtoll(postgres_rig_text(sql), NULL, 10);
}

void postgres_rig_cut(const char *name)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
             " WHERE datname=current_database() AND pid<>pg_backend_pid()%s%s%s",
             name == NULL ? "" : " AND application_name='", name == NULL ? "" : name,
             name == NULL ? "" : "'");
    if (postgres_rig_int(sql) == 0 && name != NULL)
        stop(db, "there was nothing to cut");
}

void postgres_rig_refuse(bool refuse)
{
    postgres_rig_exec(
        refuse ? "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
                 " 'BEGIN RAISE disk_full; END';"
                 "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables"
                 " WHERE schemaname='public' LOOP EXECUTE format('CREATE TRIGGER full_disk BEFORE"
                 " INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION full_disk()', t);"
                 " END LOOP; END $$"
               : "DROP FUNCTION IF EXISTS full_disk CASCADE");
}

void postgres_rig_away(bool away)
{
    char sql[128];
    snprintf(sql, sizeof sql, "ALTER DATABASE %s ALLOW_CONNECTIONS %s", db_name,
             away ? "false" : "true");
    PQclear(run(server, sql));
    if (away)
        postgres_rig_cut(NULL);
}

void postgres_rig_migrate(void)
{
    struct postgres_schema_state state;
    char reason[256];
    const struct postgres_config config = {.conninfo = postgres_rig_conninfo("migrate")};
    if (postgres_migrate_up(&config, &state, reason, sizeof reason) == ERR_OK)
        return;
    fprintf(stderr, "migrate: %s\n", reason);
    abort();
}

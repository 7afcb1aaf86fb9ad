#include "doors_postgres.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapter/postgres/log.h"
#include "base/clock.h"
#include "postgres_rig.h"

#define BACK_MS 10000

/* One of each is open at a time. */
static struct postgres_log *postgres_log;
static struct postgres_store *postgres_store;

static void stop(const char *reason)
{
    fprintf(stderr, "%s\n", reason);
    abort();
}

static struct event_log *log_open(unsigned partitions)
{
    char reason[256] = "";
    struct postgres_schema_state state;
    const struct postgres_topic topic = {.name = "contract", .partitions = partitions};
    postgres_rig_reset();
    const struct postgres_config config = {.conninfo = postgres_rig_conninfo("log"),
                                           .topics = &topic,
                                           .n_topics = 1,
                                           .topic = &topic,
                                           .lease_ms = 3000};
    if (postgres_migrate_up(&config, &state, reason, sizeof reason) != ERR_OK ||
        postgres_log_open(&config, &postgres_log, reason, sizeof reason) != ERR_OK)
        stop(reason);
    return postgres_log_door(postgres_log);
}

static void log_close(struct event_log *log)
{
    (void)log;
    postgres_rig_away(false); /* whatever a test that failed left behind */
    postgres_log_close(postgres_log);
}

static void log_cut(struct event_log *log, bool cut)
{
    (void)log;
    postgres_rig_away(cut);
}

static void log_trim(struct event_log *log, unsigned partition, uint64_t offset)
{
    char sql[256];
    (void)log;
    snprintf(sql, sizeof sql,
             "DELETE FROM parley_log_record WHERE partition=%u AND log_offset<%llu;"
             "UPDATE parley_log_partition SET first_offset=%llu WHERE partition=%u",
             partition, (unsigned long long)offset, (unsigned long long)offset, partition);
    postgres_rig_exec(sql);
}

const struct event_log_driver event_log_postgres = {"postgres", log_open, log_close, log_cut,
                                                    log_trim};

static struct history_store *history_open(void)
{
    char reason[256] = "";
    postgres_rig_reset();
    postgres_rig_migrate();
    const struct postgres_config config = {.conninfo = postgres_rig_conninfo("history")};
    if (postgres_open(&config, &postgres_store, reason, sizeof reason) != ERR_OK)
        stop(reason);
    return postgres_history(postgres_store);
}

static void history_close(struct history_store *store)
{
    (void)store;
    postgres_rig_away(false);
    postgres_close(postgres_store);
}

/* The driver comes back by itself, within seconds. */
static void history_cut(struct history_store *store, bool cut)
{
    struct arena arena;
    struct log_snapshot snapshot;
    postgres_rig_away(cut);
    arena_init(&arena);
    for (int i = 0; i < BACK_MS && !cut; i++) {
        if (store->ops->read_snapshot(store, 9, 9, &arena, &snapshot) == ERR_NOT_FOUND)
            break;
        clock_sleep_ms(1);
    }
    arena_fini(&arena);
}

const struct history_driver history_postgres = {"postgres", history_open, history_close,
                                                history_cut};

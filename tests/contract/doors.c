/* The drivers of the lower doors, by name. */
#include "doors.h"

#include <string.h>

#include "adapter/memory/event_log.h"
#include "adapter/memory/history_store.h"
#ifdef WITH_KAFKA
#include "log_driver_kafka.h"
#endif
#ifdef WITH_POSTGRES
#include "doors_postgres.h"
#endif

/* One log and one store are open at a time. */
static struct memory_event_log *memory_log;
static struct memory_history *memory_history;

static struct event_log *memory_log_open(unsigned partitions)
{
    memory_log = memory_event_log_new(
        &(struct memory_event_log_config){.clock = &clock_system, .partitions = partitions});
    return memory_event_log_door(memory_log);
}

static void memory_log_close(struct event_log *log)
{
    (void)log;
    memory_event_log_free(memory_log);
}

static void memory_log_cut(struct event_log *log, bool cut)
{
    (void)log;
    memory_event_log_cut(memory_log, cut);
}

static void memory_log_trim(struct event_log *log, unsigned partition, uint64_t offset)
{
    (void)log;
    memory_event_log_trim(memory_log, partition, offset);
}

const struct event_log_driver event_log_memory = {"memory", memory_log_open, memory_log_close,
                                                  memory_log_cut, memory_log_trim};

static struct history_store *memory_history_open(void)
{
    memory_history = memory_history_new();
    return memory_history_door(memory_history);
}

static void memory_history_close(struct history_store *store)
{
    (void)store;
    memory_history_free(memory_history);
}

static void memory_history_cut(struct history_store *store, bool cut)
{
    (void)store;
    memory_history_refuse(memory_history, cut);
}

const struct history_driver history_memory = {"memory", memory_history_open, memory_history_close,
                                              memory_history_cut};

static const struct event_log_driver *const event_logs[] = {
    &event_log_memory,
#ifdef WITH_KAFKA
    &event_log_kafka,
#endif
#ifdef WITH_POSTGRES
    &event_log_postgres,
#endif
};
static const struct history_driver *const histories[] = {
    &history_memory,
#ifdef WITH_POSTGRES
    &history_postgres,
#endif
};

bool door_run(const char *driver, const char *suite, int *failed)
{
    if (strcmp(suite, "event_log") == 0)
        for (size_t i = 0; i < sizeof event_logs / sizeof event_logs[0]; i++)
            if (strcmp(event_logs[i]->name, driver) == 0) {
                *failed = contract_event_log(event_logs[i]);
                return true;
            }
    if (strcmp(suite, "history_store") == 0)
        for (size_t i = 0; i < sizeof histories / sizeof histories[0]; i++)
            if (strcmp(histories[i]->name, driver) == 0) {
                *failed = contract_history_store(histories[i]);
                return true;
            }
    return false;
}

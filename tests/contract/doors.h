/* What the contract suites of the cluster engine's lower doors run on. A driver opens one service,
 * empty; services in other processes register theirs in doors.c, with an address from the
 * environment. */
#ifndef PARLEY_CONTRACT_DOORS_H
#define PARLEY_CONTRACT_DOORS_H

#include "port/event_log.h"
#include "port/history_store.h"

struct event_log_driver {
    const char *name;
    /* An empty log of so many partitions. Stops the test when it cannot. */
    struct event_log *(*open)(unsigned partitions);
    void (*close)(struct event_log *log);
    /* While set, the log cannot be reached. NULL: the driver cannot do that. */
    void (*cut)(struct event_log *log, bool cut);
    /* Forgets what is before `offset`. NULL: the driver cannot do that. */
    void (*trim)(struct event_log *log, unsigned partition, uint64_t offset);
};

struct history_driver {
    const char *name;
    struct history_store *(*open)(void);
    void (*close)(struct history_store *store);
    /* While set, the store cannot be reached. NULL: the driver cannot do that. */
    void (*cut)(struct history_store *store, bool cut);
};

extern const struct event_log_driver event_log_memory;
extern const struct history_driver history_memory;

/* Each returns how many of its tests failed. */
int contract_event_log(const struct event_log_driver *driver);
int contract_history_store(const struct history_driver *driver);

/* Runs suite `suite` on driver `driver` into `*failed`; false when there are no such two. */
bool door_run(const char *driver, const char *suite, int *failed);

#endif

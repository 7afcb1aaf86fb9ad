/* The history of the cluster engine in memory: what port/history_store.h and its message_store
 * mean, said in the simplest way. One mutex, plain lists; it forgets everything when it is freed.
 */
#ifndef PARLEY_ADAPTER_MEMORY_HISTORY_STORE_H
#define PARLEY_ADAPTER_MEMORY_HISTORY_STORE_H

#include "port/history_store.h"

struct memory_history;
struct memory_history *memory_history_new(void);
/* NULL is fine. */
void memory_history_free(struct memory_history *h);
/* The door. Lives as long as the store. */
struct history_store *memory_history_door(struct memory_history *h);

/* While set, every call is ERR_UNAVAILABLE. */
void memory_history_refuse(struct memory_history *h, bool refuse);
/* The next `n` calls that write succeed, then one fails in the middle of what it writes, and all
 * calls after it: the writer's process ends there. memory_history_refuse(h, false) ends it. */
void memory_history_fail_after(struct memory_history *h, size_t n);

#endif

/* A recorded log for tests: made by a seed, with everything in it that a log can hold. Four users
 * in three channels send messages and replies, some under client ids that were used before, with
 * the same content or another; joins come late and twice; the log's time steps forward and back;
 * there is garbage, and what only looks like a record. */
#ifndef PARLEY_UNIT_CLUSTER_LOG_RIG_H
#define PARLEY_UNIT_CLUSTER_LOG_RIG_H

#include "cluster/follower.h"

#define LOG_RIG_START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct log_rig {
    struct log_record *records;
    size_t n;
    struct arena arena;
};

/* Makes `n` records of partition `partition`; offsets have holes. */
void log_rig_make(struct log_rig *l, uint64_t seed, size_t n, unsigned partition);
void log_rig_free(struct log_rig *l);

/* One record's bytes, in the arena. */
struct str log_rig_encode(struct arena *arena, const struct event *e, uint64_t version);
/* A message of user to channel; `client_msg_id` may be NULL. */
struct event log_rig_message(unsigned user, unsigned channel, const char *content,
                             const char *client_msg_id);
/* A join of user to channel, told as its `members`-th. */
struct event log_rig_joined(unsigned user, unsigned channel, uint32_t members);
struct uuid log_rig_user(unsigned n);
struct uuid log_rig_channel(unsigned n);

#endif

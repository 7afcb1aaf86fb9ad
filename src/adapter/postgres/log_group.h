/* Groups of readers: who has which partition, by leases in the database. A member renews its lease
 * while it polls; one that does not for lease_ms is out, and its partitions are another's.
 *
 * Each renewal is one transaction under the lock of the group's row: members that fell silent are
 * taken out, and the free partitions that are meant for this one are taken. The members, in order
 * of joining, have the partitions in turn. One that has a partition that is not meant for it any
 * more tells its listener (`revoked`), then gives it back; only then the other can take it. A
 * commit counts only while the partition is the member's. Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_LOG_GROUP_H
#define PARLEY_ADAPTER_POSTGRES_LOG_GROUP_H

#include "adapter/postgres/log_reader.h"

/* Makes the group if need be, and the member's lease. */
enum err group_enter(struct log_reader *r);
/* Its partitions are free at once, when the database can be reached. */
void group_leave(struct log_reader *r);
/* When it is time: renews, gives, takes, and tells the listener. */
enum err group_renew(struct log_reader *r);
enum err group_commit(struct log_reader *r, unsigned partition, uint64_t offset);
enum err group_committed(struct postgres_log *l, const char *group, uint64_t *out);

#endif

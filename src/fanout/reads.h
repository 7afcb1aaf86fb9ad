/* What the store said of a user's channels: how far they go and how far they were read. Kept from
 * the loading of the memberships to the answer to Hello, which tells it. */
#ifndef PARLEY_FANOUT_READS_H
#define PARLEY_FANOUT_READS_H

#include <stddef.h>

#include "port/channel_store.h"

struct reads;

struct reads *reads_new(const struct memberships *m);
void reads_free(struct reads *r);
/* Of `channel`; false when it is not among them. `hint`: where it probably is. NULL is fine. */
bool reads_find(const struct reads *r, const struct uuid *channel, size_t hint, uint64_t *head_seq,
                uint64_t *read_seq);

#endif

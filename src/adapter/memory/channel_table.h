/* The tables of channels in memory: what port/channel_table.h means, in the simplest way that could
 * be right, for tests and simulations of several nodes. Each node has a door of its own to the same
 * tables, and the relay's lock belongs to a door. What can go wrong between a node and its
 * database is done to it by the last three functions. */
#ifndef PARLEY_ADAPTER_MEMORY_CHANNEL_TABLE_H
#define PARLEY_ADAPTER_MEMORY_CHANNEL_TABLE_H

#include <stdbool.h>

#include "base/clock.h"
#include "port/account_store.h"
#include "port/channel_table.h"

struct memory_tables;
/* Both are borrowed; `accounts` knows the users. */
struct memory_tables *memory_tables_new(const struct clock *clock, struct account_store *accounts);
/* The doors too; none may be in use. */
void memory_tables_free(struct memory_tables *t);
/* A node's door. */
struct channel_table *memory_tables_door(struct memory_tables *t);

/* Cuts the connection of a door for a moment: it is no longer the relay, and only finds out by
 * being refused. */
void memory_tables_cut(struct channel_table *door);
/* While set nothing can be written. */
void memory_tables_refuse(struct memory_tables *t, bool refuse);
/* While set nothing can be reached, by this door. */
void memory_tables_away(struct channel_table *door, bool away);
/* The connection is lost during the next commit of a channel's change: it is answered ERR_UNKNOWN,
 * and is `done` or not. */
void memory_tables_lose_commit(struct memory_tables *t, bool done);

#endif

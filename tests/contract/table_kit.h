/* Short ways to say what the suites of the channel table say. Users and channels are those of
 * kit.h: the n-th of each. */
#ifndef PARLEY_CONTRACT_TABLE_KIT_H
#define PARLEY_CONTRACT_TABLE_KIT_H

#include "kit.h"
#include "table_driver.h"

/* cmocka's set-up and tear-down of every test: `*state` is a `struct tables`. */
int table_setup(void **state);
int table_teardown(void **state);

/* Users 1..n. */
void table_add_users(struct tables *t, unsigned n);
/* Channel n; must work. */
void table_add_channel(struct tables *t, unsigned n, unsigned owner);
enum err table_create_as(struct tables *t, unsigned n, unsigned owner, uint32_t channels_max);
enum err table_get(struct tables *t, unsigned channel);
/* By way of node `node`; `version` may be NULL. */
enum err table_join(struct tables *t, unsigned node, unsigned user, unsigned channel,
                    uint64_t *version);
enum err table_join_up_to(struct tables *t, unsigned user, unsigned channel, uint32_t channels_max);
enum err table_leave(struct tables *t, unsigned node, unsigned user, unsigned channel,
                     uint64_t *version);
enum err table_ask_row(struct tables *t, unsigned user, unsigned channel, struct arena *arena,
                       struct membership_row *out);
/* The same; must be there. */
struct membership_row table_row(struct tables *t, unsigned user, unsigned channel,
                                struct arena *arena);
/* How many memberships the user has, and which (`out` may be NULL). */
size_t table_rows(struct tables *t, unsigned user, struct arena *arena,
                  struct membership_row **out);
void table_mark(struct tables *t, unsigned user, unsigned channel, uint64_t seq, enum err e,
                uint64_t now, bool moved);
/* What waits for the log, by way of node 0, which is the relay for the moment. */
size_t table_outbox_size(struct tables *t);

#endif

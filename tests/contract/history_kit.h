/* What the tests of port/history_store.h share: sixty posts in three channels, of which every third
 * message of a channel is followed by replies, over a year, so that a store that cuts a channel
 * into buckets of time has many. */
#ifndef PARLEY_CONTRACT_HISTORY_KIT_H
#define PARLEY_CONTRACT_HISTORY_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "doors.h"

#define HISTORY_CHANNELS 3
#define HISTORY_POSTS    60

struct history_kit {
    struct history_store *store;
    struct arena arena;
    struct event posts[HISTORY_POSTS]; /* by seq */
    char texts[HISTORY_POSTS][16], client_ids[HISTORY_POSTS][16];
};

extern const struct history_driver *history_kit_driver;
/* cmocka's set-up and tear-down. */
int history_kit_open(void **state);
int history_kit_close(void **state);

/* The n-th made-up user and channel. */
struct uuid history_kit_user(unsigned n);
struct uuid history_kit_channel(unsigned n);
/* Writes posts from..to-1. */
void history_kit_write(struct history_kit *k, size_t from, size_t to);
/* The store holds of channel `c` exactly those of the first `n` posts that are its own, in order.
 */
void history_kit_assert_channel(struct history_kit *k, unsigned c, size_t n);

/* The tests of pages (history_pages.c). */
void history_test_messages_are_newest_first(void **state);
void history_test_replies_are_newest_first(void **state);
void history_test_missed_is_counted_to_a_limit(void **state);
void history_test_channel_of_knows_messages_only(void **state);
void history_test_unknown_has_empty_pages(void **state);

#endif

/* What the tests of adapter/postgres share. */
#ifndef PARLEY_ADAPTER_POSTGRES_TEST_KIT_H
#define PARLEY_ADAPTER_POSTGRES_TEST_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres_rig.h"

/* The n-th user and channel: their ids, whether or not they exist. */
struct uuid kit_user_id(unsigned n);
struct uuid kit_channel_id(unsigned n);
/* A store by that connection string; times out within a second. */
struct postgres_store *kit_open(const char *conninfo);
/* Users 1..n. */
void kit_add_users(struct postgres_store *s, unsigned n);
enum err kit_create(struct postgres_store *s, unsigned channel, unsigned owner);
enum err kit_join(struct postgres_store *s, unsigned user, unsigned channel);
enum err kit_leave(struct postgres_store *s, unsigned user, unsigned channel);
enum err kit_membership(struct postgres_store *s, unsigned user, unsigned channel,
                        struct membership_row *out);
int64_t kit_now_ms(void);
void kit_sleep_ms(long ms);
/* Runs the tests, or says that they are skipped where there is no server. */
#define KIT_MAIN(tests) kit_run((tests), sizeof(tests) / sizeof(tests)[0])
int kit_run(const struct CMUnitTest *tests, size_t n);

#endif

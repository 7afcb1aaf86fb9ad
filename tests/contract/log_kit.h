/* What the tests of port/event_log.h share: sends that can be waited for, and listeners that write
 * down what they hear. */
#ifndef PARLEY_CONTRACT_LOG_KIT_H
#define PARLEY_CONTRACT_LOG_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "doors.h"

#define LOG_KIT_PARTITIONS 4
#define LOG_KIT_WAIT_US    INT64_C(30000000) /* a real group takes seconds to share its partitions */

extern const struct event_log_driver *log_kit_driver;

struct log_sent {
    struct log_send send;
    unsigned n_done;
};

/* The n-th made-up key. */
struct uuid log_kit_key(unsigned n);
/* Sends `value`, which lives until it is done. */
enum err log_kit_queue(struct event_log *log, struct log_sent *s, unsigned key, struct str value);
/* Counts it as done: a log_send's `done`. */
void log_kit_done(struct log_send *self);
/* Waits until it is done. */
void log_kit_finish(struct log_sent *s);
/* Sends and waits; it must be in the log then. */
void log_kit_say(struct event_log *log, unsigned key, struct str value);

enum { HEARD_MAX = 4096 };

struct heard {
    struct log_listener super;
    struct event_log *log;
    struct log_reader *reader;
    size_t n;
    struct {
        unsigned partition;
        uint64_t offset;
        uint32_t number; /* that the value begins with */
    } records[HEARD_MAX];
    bool has[LOG_PARTITIONS_MAX];
    uint64_t assigned_at[LOG_PARTITIONS_MAX];
    unsigned move_partition; /* whose start `assigned` moves */
    uint64_t move_to;        /* to where; 0: it does not */
    size_t n_assigned, n_revoked;
    void (*look)(const struct log_record *r);
};

/* A listener; its reader is opened by the caller. */
struct heard *log_kit_hear(struct event_log *log);
/* Of all partitions, from one of LOG_FROM_START and LOG_FROM_END. */
struct heard *log_kit_hear_all(struct event_log *log, uint64_t from);
/* Of the group's partitions. */
struct heard *log_kit_hear_shared(struct event_log *log, const char *group);
/* Closes and frees it. */
void log_kit_hush(struct heard *h);

/* Has it taken longer than anything may? */
bool log_kit_is_over(int64_t since_us);
/* Polls until `h` has heard `n`, and a little longer: not one more comes. */
void log_kit_poll_until(struct heard *h, size_t n);
/* How many partitions it has. */
unsigned log_kit_owned(const struct heard *h);
/* Polls all of `hs` until they share the partitions with nobody getting none. */
void log_kit_poll_until_shared(struct heard **hs, size_t n, unsigned partitions);

/* The tests of groups and of faults (event_log_group.c); a test's log is its state. */
void log_test_member_alone_has_everything(void **state);
void log_test_commit_is_where_the_next_one_begins(void **state);
void log_test_assigned_may_move_the_start(void **state);
void log_test_members_share_and_take_over(void **state);
void log_test_paused_partition_is_silent(void **state);
void log_test_log_that_is_away_says_so(void **state);
void log_test_lost_past_is_told(void **state);

#endif

/* What port/event_log.h promises of records. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "log_kit.h"

static int open_log(void **state)
{
    *state = log_kit_driver->open(LOG_KIT_PARTITIONS);
    return 0;
}

static int close_log(void **state)
{
    log_kit_driver->close(*state);
    return 0;
}

static const char value[] = "v\0alue\xff", tag[] = "t\0ag";

static void look_at_whole(const struct log_record *r)
{
    struct uuid key = log_kit_key(7);
    assert_true(uuid_eq(&r->key, &key));
    assert_true(str_eq(r->value, (struct str){value, sizeof value}));
    assert_true(str_eq(r->tag, (struct str){tag, sizeof tag}));
    assert_true(str_eq(r->trace, STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")));
}

static int64_t last_time_ms;

static void look_at_time(const struct log_record *r)
{
    last_time_ms = r->time_ms;
}

static void record_comes_back_whole(void **state)
{
    struct event_log *log = *state;
    struct log_sent s = {.send = {.key = log_kit_key(7),
                                  .value = {value, sizeof value},
                                  .tag = {tag, sizeof tag},
                                  .trace = STR("00-0af7651916cd43dd8448eb211c80319c-"
                                               "b7ad6b7169203331-01"),
                                  .done = log_kit_done}};
    assert_int_equal(log->ops->produce(log, &s.send), ERR_OK);
    log_kit_finish(&s);
    assert_int_equal(s.send.err, ERR_OK);
    assert_int_equal(s.send.partition, log->ops->partition_of(log, &s.send.key));
    struct heard *h = log_kit_hear_all(log, LOG_FROM_START);
    h->look = look_at_whole;
    log_kit_poll_until(h, 1);
    assert_int_equal(h->records[0].partition, s.send.partition);
    assert_int_equal(h->records[0].offset, s.send.offset);
    log_kit_hush(h);
}

static void look_at_bare(const struct log_record *r)
{
    assert_int_equal(r->tag.n, 0);
    assert_int_equal(r->trace.n, 0);
}

static void tag_and_trace_may_be_absent(void **state)
{
    struct event_log *log = *state;
    log_kit_say(log, 1, STR("bare"));
    struct heard *h = log_kit_hear_all(log, LOG_FROM_START);
    h->look = look_at_bare;
    log_kit_poll_until(h, 1);
    log_kit_hush(h);
}

static void time_is_the_logs(void **state)
{
    struct event_log *log = *state;
    int64_t before = clock_wall_us(&clock_system) / 1000;
    log_kit_say(log, 1, STR("now"));
    struct heard *h = log_kit_hear_all(log, LOG_FROM_START);
    h->look = look_at_time;
    log_kit_poll_until(h, 1);
    assert_in_range(last_time_ms, before - 5000, clock_wall_us(&clock_system) / 1000 + 5000);
    log_kit_hush(h);
}

static void large_record_comes_back(void **state)
{
    struct event_log *log = *state;
    size_t size = 128 * 1024;
    char *bytes = mem_zalloc(size);
    log_kit_say(log, 1, (struct str){bytes, size});
    struct heard *h = log_kit_hear_all(log, LOG_FROM_START);
    log_kit_poll_until(h, 1);
    log_kit_hush(h);
    mem_free(bytes);
}

static void partition_of_a_key_is_one_and_the_same(void **state)
{
    struct event_log *log = *state;
    bool used[LOG_KIT_PARTITIONS] = {false};
    assert_int_equal(log->ops->partitions(log), LOG_KIT_PARTITIONS);
    for (unsigned i = 0; i < 200; i++) {
        struct uuid key = log_kit_key(i);
        unsigned p = log->ops->partition_of(log, &key);
        assert_true(p < LOG_KIT_PARTITIONS);
        assert_int_equal(log->ops->partition_of(log, &key), p);
        used[p] = true;
    }
    for (unsigned p = 0; p < LOG_KIT_PARTITIONS; p++)
        assert_true(used[p]);
}

enum { MANY = 1000, KEYS = 5 };

static void order_of_a_key_is_that_of_produce(void **state)
{
    struct event_log *log = *state;
    struct log_sent *all = mem_array(MANY, sizeof *all);
    uint32_t *numbers = mem_array(MANY, sizeof *numbers);
    for (unsigned i = 0; i < MANY; i++) {
        numbers[i] = i;
        assert_int_equal(log_kit_queue(log, &all[i], i % KEYS,
                                       (struct str){(char *)&numbers[i], sizeof numbers[i]}),
                         ERR_OK);
    }
    for (unsigned i = 0; i < MANY; i++) {
        log_kit_finish(&all[i]);
        assert_int_equal(all[i].send.err, ERR_OK);
        assert_int_equal(all[i].n_done, 1);
    }
    struct heard *h = log_kit_hear_all(log, LOG_FROM_START);
    log_kit_poll_until(h, MANY);
    int64_t last_of_key[KEYS];
    uint64_t next[LOG_KIT_PARTITIONS] = {0};
    memset(last_of_key, 0xff, sizeof last_of_key);
    for (size_t i = 0; i < h->n; i++) {
        uint32_t number = h->records[i].number;
        assert_true((int64_t)number > last_of_key[number % KEYS]);
        last_of_key[number % KEYS] = number;
        assert_true(h->records[i].offset >= next[h->records[i].partition]);
        next[h->records[i].partition] = h->records[i].offset + 1;
        assert_int_equal(h->records[i].offset, all[number].send.offset);
    }
    log_kit_hush(h);
    mem_free(numbers);
    mem_free(all);
}

struct producer {
    pthread_t thread;
    struct event_log *log;
    unsigned key;
};

static void *produce_many(void *arg)
{
    struct producer *p = arg;
    for (uint32_t i = 0; i < 100; i++) {
        struct log_sent s;
        while (log_kit_queue(p->log, &s, p->key, (struct str){(char *)&i, sizeof i}) != ERR_OK)
            ;
        log_kit_finish(&s);
    }
    return NULL;
}

static void threads_may_produce_at_once(void **state)
{
    struct producer all[4];
    for (unsigned i = 0; i < 4; i++) {
        all[i] = (struct producer){.log = *state, .key = i};
        assert_int_equal(pthread_create(&all[i].thread, NULL, produce_many, &all[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(all[i].thread, NULL);
    struct heard *h = log_kit_hear_all(*state, LOG_FROM_START);
    log_kit_poll_until(h, 400);
    log_kit_hush(h);
}

static void reader_begins_where_it_is_told(void **state)
{
    struct event_log *log = *state;
    uint64_t first, end;
    struct uuid key = log_kit_key(1);
    unsigned p = log->ops->partition_of(log, &key);
    struct log_sent s[3];
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(log_kit_queue(log, &s[i], 1, STR("record")), ERR_OK);
        log_kit_finish(&s[i]);
    }
    assert_int_equal(log->ops->bounds(log, p, &first, &end), ERR_OK);
    assert_true(first <= s[0].send.offset);
    assert_true(end > s[2].send.offset);
    struct heard *all = log_kit_hear_all(log, LOG_FROM_START),
                 *late = log_kit_hear_all(log, LOG_FROM_END);
    uint64_t offsets[LOG_KIT_PARTITIONS] = {LOG_FROM_END, LOG_FROM_END, LOG_FROM_END, LOG_FROM_END};
    struct heard *middle = log_kit_hear(log);
    offsets[p] = s[1].send.offset;
    assert_int_equal(log->ops->read(log, offsets, &middle->super, &middle->reader), ERR_OK);
    log_kit_poll_until(all, 3);
    log_kit_poll_until(late, 0);
    log_kit_poll_until(middle, 2);
    assert_int_equal(middle->records[0].offset, s[1].send.offset);
    log_kit_say(log, 1, STR("more"));
    log_kit_poll_until(all, 4);
    log_kit_poll_until(late, 1);
    log_kit_poll_until(middle, 3);
    log_kit_hush(all);
    log_kit_hush(late);
    log_kit_hush(middle);
}

static void poll_hands_out_at_most_max(void **state)
{
    struct event_log *log = *state;
    for (unsigned i = 0; i < 10; i++)
        log_kit_say(log, i, STR("record"));
    struct heard *h = log_kit_hear_all(log, LOG_FROM_START);
    for (size_t before = 0; h->n < 10; before = h->n) {
        assert_int_equal(log->ops->poll(h->reader, 3, 1000), ERR_OK);
        assert_true(h->n - before <= 3);
    }
    log_kit_hush(h);
}

static void poll_waits_as_long_as_it_is_told(void **state)
{
    struct event_log *log = *state;
    struct heard *h = log_kit_hear_all(log, LOG_FROM_END);
    log_kit_poll_until(h, 0);
    int64_t since = clock_steady_us(&clock_system);
    assert_int_equal(log->ops->poll(h->reader, 10, 200), ERR_OK);
    assert_in_range(clock_steady_us(&clock_system) - since, 150000, 5000000);
    log_kit_hush(h);
}

static void identity_names_the_log(void **state)
{
    struct event_log *log = *state;
    struct uuid a, b;
    assert_int_equal(log->ops->identity(log, &a), ERR_OK);
    assert_int_equal(log->ops->identity(log, &b), ERR_OK);
    assert_true(uuid_eq(&a, &b));
    log_kit_driver->close(log);
    *state = log = log_kit_driver->open(LOG_KIT_PARTITIONS);
    assert_int_equal(log->ops->identity(log, &b), ERR_OK);
    assert_false(uuid_eq(&a, &b));
}

int contract_event_log(const struct event_log_driver *driver)
{
    log_kit_driver = driver;
#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, open_log, close_log)
    const struct CMUnitTest tests[] = {
        LOG_TEST(record_comes_back_whole),
        LOG_TEST(tag_and_trace_may_be_absent),
        LOG_TEST(time_is_the_logs),
        LOG_TEST(large_record_comes_back),
        LOG_TEST(partition_of_a_key_is_one_and_the_same),
        LOG_TEST(order_of_a_key_is_that_of_produce),
        LOG_TEST(threads_may_produce_at_once),
        LOG_TEST(reader_begins_where_it_is_told),
        LOG_TEST(poll_hands_out_at_most_max),
        LOG_TEST(poll_waits_as_long_as_it_is_told),
        LOG_TEST(identity_names_the_log),
        LOG_TEST(log_test_member_alone_has_everything),
        LOG_TEST(log_test_commit_is_where_the_next_one_begins),
        LOG_TEST(log_test_assigned_may_move_the_start),
        LOG_TEST(log_test_members_share_and_take_over),
        LOG_TEST(log_test_paused_partition_is_silent),
        LOG_TEST(log_test_lost_past_is_told),
        LOG_TEST(log_test_log_that_is_away_says_so),
    };
    /* The last one is for drivers that can be cut off. */
    size_t n = sizeof tests / sizeof tests[0] -
               (getenv("PARLEY_TEST_KAFKA_PID") == NULL && log_kit_driver->cut == NULL);
    return _cmocka_run_group_tests("event_log", tests, n, NULL, NULL);
}

/* A real broker is killed under load, twice: once so shortly that records can wait for it, once for
 * longer than they may. Nothing acknowledged is lost, nothing is doubled, what was surely not
 * written is not there, and the order of each key is that of sending.
 *
 * PARLEY_TEST_KAFKA is the broker's address; PARLEY_TEST_KAFKA_KILL and PARLEY_TEST_KAFKA_START are
 * commands that end the one broker at once, and start it and wait until it is there. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "adapter/kafka/kafka.h"
#include "base/clock.h"
#include "base/mem.h"
#include "log_driver_kafka.h"
#include "log_kit.h"

enum {
    PARTITIONS = 4,
    KEYS = 16,
    RECORDS_MAX = 120000,
    REST_US = 500,      /* between two records */
    SHORT_MS = 1000,    /* of an outage, beside what a start takes */
    LONG_MS = 9000,     /* longer than a record may wait */
    RECOVERED_MIN = 500 /* records after an outage */
};

struct record {
    struct log_send send;
    atomic_bool is_answered;
    bool is_taken; /* by produce */
    uint32_t number;
    unsigned n_read;
};

struct load {
    struct event_log *log;
    struct record *records;
    atomic_uint n;
    atomic_uint n_ok;
    atomic_bool stop;
    pthread_t thread;
};

static struct load load;

static void on_done(struct log_send *self)
{
    struct record *r = MEM_OWNER(self, struct record, send);
    atomic_fetch_add(&load.n_ok, self->err == ERR_OK);
    atomic_store(&r->is_answered, true);
}

static void rest_us(long us)
{
    nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

static void *load_run(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < RECORDS_MAX && !atomic_load(&load.stop); i++) {
        struct record *r = &load.records[i];
        r->number = i;
        r->send = (struct log_send){.key = log_kit_key(i % KEYS),
                                    .value = {(char *)&r->number, sizeof r->number},
                                    .done = on_done};
        atomic_store(&load.n, i + 1);
        r->is_taken = load.log->ops->produce(load.log, &r->send) == ERR_OK;
        rest_us(REST_US);
    }
    return NULL;
}

/* ---- What is in the log ---- */

struct judge {
    struct log_listener super;
    int64_t last[KEYS]; /* the number read last */
    size_t n;
};

static void on_record(struct log_listener *self, const struct log_record *r)
{
    struct judge *j = (struct judge *)self;
    uint32_t number;
    assert_int_equal(r->value.n, sizeof number);
    memcpy(&number, r->value.p, sizeof number);
    assert_true(number < atomic_load(&load.n));
    assert_true((int64_t)number > j->last[number % KEYS]);
    j->last[number % KEYS] = number;
    load.records[number].n_read++;
    j->n++;
}

static bool has_all_acknowledged(void)
{
    for (unsigned i = 0; i < atomic_load(&load.n); i++)
        if (load.records[i].is_taken && load.records[i].send.err == ERR_OK &&
            load.records[i].n_read == 0)
            return false;
    return true;
}

static void read_all(struct event_log *log)
{
    struct judge j = {.super = {.record = on_record}};
    struct log_reader *reader;
    const uint64_t offsets[PARTITIONS] = {0};
    int64_t since = clock_steady_us(&clock_system);
    memset(j.last, 0xff, sizeof j.last);
    assert_int_equal(log->ops->read(log, offsets, &j.super, &reader), ERR_OK);
    while (!has_all_acknowledged() && !log_kit_is_over(since))
        (void)log->ops->poll(reader, 10000, 100);
    for (unsigned i = 0; i < 5; i++)
        (void)log->ops->poll(reader, 10000, 100);
    log->ops->close_reader(reader);
}

static void judge_all(void)
{
    size_t n[3] = {0, 0, 0};
    for (unsigned i = 0; i < atomic_load(&load.n); i++) {
        struct record *r = &load.records[i];
        enum err e = r->is_taken ? r->send.err : ERR_UNAVAILABLE;
        if (e == ERR_OK)
            assert_int_equal(r->n_read, 1);
        else if (e == ERR_UNAVAILABLE)
            assert_int_equal(r->n_read, 0);
        else
            assert_true(e == ERR_UNKNOWN && r->n_read <= 1);
        n[e == ERR_OK ? 0 : e == ERR_UNAVAILABLE ? 1 : 2]++;
    }
    print_message("# %zu written, %zu not, %zu unknown\n", n[0], n[1], n[2]);
    assert_true(n[1] + n[2] > 0); /* the long outage was one */
}

/* ---- The broker ---- */

static void command(const char *variable)
{
    const char *text = getenv(variable);
    if (text == NULL)
        fail_msg("%s does not say how", variable);
    assert_int_equal(system(text), 0);
}

static void outage(unsigned ms)
{
    command("PARLEY_TEST_KAFKA_KILL");
    rest_us((long)ms * 1000);
    command("PARLEY_TEST_KAFKA_START");
    unsigned before = atomic_load(&load.n_ok);
    int64_t since = clock_steady_us(&clock_system);
    while (atomic_load(&load.n_ok) < before + RECOVERED_MIN) {
        assert_false(log_kit_is_over(since)); /* it recovers by itself */
        rest_us(10000);
    }
}

static void killed_broker_loses_and_doubles_nothing(void **state)
{
    char topic[LOG_TOPIC_SIZE], reason[KAFKA_REASON_SIZE] = "";
    struct kafka *kafka;
    (void)state;
    log_topic_make("killed", PARTITIONS, topic);
    const struct kafka_config config = {.brokers = log_kafka_address(), .topic = topic};
    if (kafka_open(&config, &kafka, reason, sizeof reason) != ERR_OK)
        fail_msg("%s", reason);
    load.log = kafka_log(kafka);
    load.records = mem_array(RECORDS_MAX, sizeof *load.records);
    assert_int_equal(pthread_create(&load.thread, NULL, load_run, NULL), 0);
    rest_us(1000000);
    outage(SHORT_MS);
    outage(LONG_MS);
    atomic_store(&load.stop, true);
    pthread_join(load.thread, NULL);
    for (unsigned i = 0; i < atomic_load(&load.n); i++)
        while (load.records[i].is_taken && !atomic_load(&load.records[i].is_answered))
            rest_us(1000);
    read_all(load.log);
    judge_all();
    kafka_close(kafka);
    log_topic_delete(topic);
    mem_free(load.records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_broker_loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests_name("kafka broker killed", tests, NULL, NULL);
}

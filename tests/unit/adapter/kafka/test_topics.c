/* What topics.h makes and refuses, on the Kafka that PARLEY_TEST_KAFKA names. */
#include <stdio.h>

#include "base/str.h"
#include "base/uuid.h"
#include "log_driver_kafka.h"
#include "log_kit.h"

static struct kafka_topic topic;
static char name[LOG_TOPIC_SIZE], reason[KAFKA_REASON_SIZE], said[512];

static int setup(void **state)
{
    struct uuid id = uuid_random();
    (void)state;
    snprintf(name, sizeof name, "test.topics.%s", uuid_text(&id).s);
    topic = (struct kafka_topic){name, 3, 1, 1, 3600000};
    reason[0] = said[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_topic_delete(name);
    return 0;
}

static void hear(const char *line, void *arg)
{
    (void)arg;
    snprintf(said, sizeof said, "%s", line);
}

static enum err run(enum err (*what)(const struct kafka_config *, const struct kafka_topic *,
                                     size_t, kafka_topic_say_f, void *, char *, size_t))
{
    const struct kafka_config config = {.brokers = log_kafka_address()};
    return what(&config, &topic, 1, hear, NULL, reason, sizeof reason);
}

static void assert_refused(const char *sentence)
{
    assert_int_equal(run(kafka_topics_ensure), ERR_BAD_REQUEST);
    if (strstr(reason, sentence) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", reason, sentence);
    assert_int_equal(run(kafka_topics_status), ERR_BAD_REQUEST);
    assert_non_null(strstr(said, "different"));
}

static void topic_is_made_once(void **state)
{
    (void)state;
    assert_int_equal(run(kafka_topics_status), ERR_NOT_FOUND);
    assert_non_null(strstr(said, "missing"));
    assert_int_equal(run(kafka_topics_ensure), ERR_OK);
    assert_non_null(strstr(said, ": 3 partitions, 1 copies, made"));
    assert_int_equal(run(kafka_topics_ensure), ERR_OK);
    assert_non_null(strstr(said, "as configured"));
    assert_int_equal(run(kafka_topics_status), ERR_OK);
}

static void other_partitions_are_refused(void **state)
{
    (void)state;
    assert_int_equal(run(kafka_topics_ensure), ERR_OK);
    topic.partitions = 4;
    assert_refused("has 3 partitions, 4 are configured; parley never changes them");
}

static void less_than_configured_is_refused_and_more_is_not(void **state)
{
    (void)state;
    assert_int_equal(run(kafka_topics_ensure), ERR_OK);
    topic.retention_ms = 3600001;
    assert_refused("keeps records for 3600000 ms, at least 3600001");
    topic.retention_ms = KAFKA_TOPIC_FOR_EVER;
    assert_refused("keeps records for 3600000 ms, at least -1");
    topic.retention_ms = 1000;
    assert_int_equal(run(kafka_topics_ensure), ERR_OK);
    topic.replication = 2;
    assert_refused("has 1 copies, 2 are configured");
    topic.min_insync = 2;
    assert_refused("has 1 copies");
}

static void what_can_never_be_is_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(run(kafka_topics_ensure), ERR_OK); /* for the tear-down */
    topic.min_insync = 2;
    assert_int_equal(run(kafka_topics_ensure), ERR_BAD_REQUEST);
    assert_non_null(strstr(reason, "2 of 1 copies can never be in sync"));
    topic.partitions = 65;
    assert_int_equal(run(kafka_topics_ensure), ERR_BAD_REQUEST);
    assert_non_null(strstr(reason, "65 partitions cannot be"));
}

static void more_copies_than_brokers_is_the_brokers_sentence(void **state)
{
    (void)state;
    topic.replication = 7;
    assert_int_equal(run(kafka_topics_ensure), ERR_UNAVAILABLE);
    assert_non_null(strstr(reason, "cannot be made"));
    topic.replication = 1;
    assert_int_equal(run(kafka_topics_ensure), ERR_OK);
}

int main(void)
{
#define TOPIC_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TOPIC_TEST(topic_is_made_once),
        TOPIC_TEST(other_partitions_are_refused),
        TOPIC_TEST(less_than_configured_is_refused_and_more_is_not),
        TOPIC_TEST(what_can_never_be_is_refused_at_once),
        TOPIC_TEST(more_copies_than_brokers_is_the_brokers_sentence),
    };
    return cmocka_run_group_tests_name("kafka topics", tests, NULL, NULL);
}

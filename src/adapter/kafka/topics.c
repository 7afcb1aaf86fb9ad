#include "adapter/kafka/topics.h"

#include <stdio.h>

#include "adapter/kafka/answer.h"
#include "adapter/kafka/state.h"
#include "base/clock.h"
#include "base/rand.h"

#define TOPICS_MAX      16
#define ASK_MS          10000
#define LOOK_MS         2000
#define SPREAD_MS       10000 /* until all brokers know of a new topic */
#define SPREAD_REST_MS  100
#define LINE_SIZE       256
#define STAMP_BOUND     (UINT64_C(1) << 62)
#define LONG_MAX_OF_JVM "9223372036854775807"

/* One run over the topics. */
struct run {
    rd_kafka_t *rk;
    struct refusal refusal;
    const char *brokers;
    bool is_over; /* nobody answers */
    kafka_topic_say_f say;
    void *arg;
    char *reason;
    size_t reason_size;
};

/* What one topic is found to be. */
struct found {
    bool exists;
    unsigned partitions;
    unsigned replication; /* of the partition that has the fewest */
};

#define REFUSE(run, ...) (snprintf((run)->reason, (run)->reason_size, __VA_ARGS__), ERR_BAD_REQUEST)

/* ---- Looking ---- */

static void take_found(const rd_kafka_metadata_topic_t *t, struct found *f)
{
    f->exists = true;
    f->partitions = (unsigned)t->partition_cnt;
    f->replication = t->partition_cnt == 0 ? 0 : UINT32_MAX;
    for (int i = 0; i < t->partition_cnt; i++)
        if ((unsigned)t->partitions[i].replica_cnt < f->replication)
            f->replication = (unsigned)t->partitions[i].replica_cnt;
}

/* Asks for as long as it may help. */
static enum err ask(struct run *run, rd_kafka_topic_t *topic, const rd_kafka_metadata_t **m)
{
    int64_t until_us = clock_steady_us(&clock_system) + ASK_MS * INT64_C(1000);
    enum err e;
    do {
        rd_kafka_resp_err_t told = rd_kafka_metadata(run->rk, 0, topic, m, LOOK_MS);
        if (told == RD_KAFKA_RESP_ERR_NO_ERROR)
            return ERR_OK;
        rd_kafka_poll(run->rk, 0); /* the errors that tell why */
        e = refusal_tell(&run->refusal, run->brokers, rd_kafka_err2str(told), run->reason,
                         run->reason_size);
    } while (e == ERR_UNAVAILABLE && clock_steady_us(&clock_system) < until_us);
    run->is_over = true;
    return e;
}

/* A consumer's question, which makes no topic. */
static enum err look(struct run *run, const char *name, struct found *f)
{
    const rd_kafka_metadata_t *m;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(run->rk, name, NULL);
    *f = (struct found){.exists = false};
    if (topic == NULL)
        return REFUSE(run, "\"%s\" is no name of a topic", name);
    enum err asked = ask(run, topic, &m);
    rd_kafka_topic_destroy(topic);
    if (asked != ERR_OK)
        return asked;
    enum err answer = ERR_OK;
    rd_kafka_resp_err_t told =
        m->topic_cnt == 1 ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (told == RD_KAFKA_RESP_ERR_NO_ERROR) {
        take_found(&m->topics[0], f);
    } else if (told != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        snprintf(run->reason, run->reason_size, "topic %s: %s", name, rd_kafka_err2str(told));
        answer = ERR_UNAVAILABLE;
    }
    rd_kafka_metadata_destroy(m);
    return answer;
}

/* ---- Comparing ---- */

static int64_t number_of(rd_kafka_event_t *configs, const char *name)
{
    const char *text = answer_config(configs, 0, name);
    unsigned long long value;
    return str_to_u64(str_of(text), &value) && value <= INT64_MAX ? (int64_t)value : -1;
}

static enum err compare_word(struct run *run, const struct kafka_topic *t,
                             rd_kafka_event_t *configs, const char *name, const char *wanted)
{
    const char *is = answer_config(configs, 0, name);
    if (is != NULL && strcmp(is, wanted) == 0)
        return ERR_OK;
    return REFUSE(run, "topic %s has %s=%s, parley needs %s; change it with kafka-configs.sh",
                  t->name, name, is == NULL ? "(not told)" : is, wanted);
}

static enum err compare_stamp(struct run *run, const struct kafka_topic *t,
                              rd_kafka_event_t *configs)
{
    if (number_of(configs, KAFKA_STAMP_CONFIG) > 0)
        return ERR_OK;
    return REFUSE(run,
                  "topic %s was not made by parley: give it a stamp with kafka-configs.sh --alter "
                  "--entity-type topics --entity-name %s --add-config %s=%llu",
                  t->name, t->name, KAFKA_STAMP_CONFIG,
                  (unsigned long long)rand_below(STAMP_BOUND - 1) + 1);
}

static enum err compare_durability(struct run *run, const struct kafka_topic *t,
                                   rd_kafka_event_t *configs)
{
    int64_t min_insync = number_of(configs, "min.insync.replicas"),
            retention_ms = number_of(configs, "retention.ms");
    if (min_insync < (int64_t)t->min_insync)
        return REFUSE(run, "topic %s has min.insync.replicas=%lld, at least %u is configured",
                      t->name, (long long)min_insync, t->min_insync);
    if (retention_ms >= 0 && (t->retention_ms < 0 || retention_ms < t->retention_ms))
        return REFUSE(run,
                      "topic %s keeps records for %lld ms, at least %lld is configured (-1: "
                      "for ever)",
                      t->name, (long long)retention_ms, (long long)t->retention_ms);
    return ERR_OK;
}

static enum err compare_configs(struct run *run, const struct kafka_topic *t,
                                rd_kafka_event_t *configs)
{
    enum err e = compare_word(run, t, configs, "message.timestamp.type", "LogAppendTime");
    if (e == ERR_OK)
        e = compare_word(run, t, configs, "cleanup.policy", "delete");
    if (e == ERR_OK)
        e = compare_word(run, t, configs, "unclean.leader.election.enable", "false");
    if (e == ERR_OK)
        e = compare_durability(run, t, configs);
    return e == ERR_OK ? compare_stamp(run, t, configs) : e;
}

/* A new topic is known to one broker first, and any of them may be the one that is asked. */
static rd_kafka_event_t *configs_of(struct run *run, const struct kafka_topic *t)
{
    int64_t until_us = clock_steady_us(&clock_system) + SPREAD_MS * INT64_C(1000);
    for (;;) {
        rd_kafka_event_t *configs =
            answer_of_configs(run->rk, &t->name, 1, ASK_MS, run->reason, run->reason_size);
        if (configs != NULL || clock_steady_us(&clock_system) >= until_us)
            return configs;
        clock_sleep_ms(SPREAD_REST_MS);
    }
}

static enum err compare(struct run *run, const struct kafka_topic *t, const struct found *f)
{
    if (f->partitions != t->partitions)
        return REFUSE(run,
                      "topic %s has %u partitions, %u are configured; parley never changes them: "
                      "set kafka.partitions, or name another topic",
                      t->name, f->partitions, t->partitions);
    if (f->replication < t->replication)
        return REFUSE(run, "topic %s has %u copies, %u are configured", t->name, f->replication,
                      t->replication);
    rd_kafka_event_t *configs = configs_of(run, t);
    if (configs == NULL)
        return ERR_UNAVAILABLE;
    enum err e = compare_configs(run, t, configs);
    rd_kafka_event_destroy(configs);
    return e;
}

/* ---- Making ---- */

static void set_configs(rd_kafka_NewTopic_t *n, const struct kafka_topic *t)
{
    char min_insync[16], retention_ms[24], stamp[24];
    snprintf(min_insync, sizeof min_insync, "%u", t->min_insync);
    snprintf(retention_ms, sizeof retention_ms, "%lld",
             t->retention_ms < 0 ? -1 : (long long)t->retention_ms);
    snprintf(stamp, sizeof stamp, "%llu", (unsigned long long)rand_below(STAMP_BOUND - 1) + 1);
    const struct {
        const char *name, *value;
    } configs[] = {
        {"message.timestamp.type", "LogAppendTime"},
        {"cleanup.policy", "delete"},
        {"unclean.leader.election.enable", "false"},
        {"min.insync.replicas", min_insync},
        {"retention.ms", retention_ms},
        {"retention.bytes", "-1"},
        {KAFKA_STAMP_CONFIG, stamp},
        {"max.compaction.lag.ms", LONG_MAX_OF_JVM}, /* may not be below the stamp */
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++)
        rd_kafka_NewTopic_set_config(n, configs[i].name, configs[i].value);
}

/* What the one topic of the answer came to; that another process made it meanwhile is fine. */
static enum err made(struct run *run, const struct kafka_topic *t, rd_kafka_event_t *answer)
{
    size_t n;
    const rd_kafka_topic_result_t **topics =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &n);
    rd_kafka_resp_err_t e =
        n == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR || e == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return ERR_OK;
    const char *text = n == 1 ? rd_kafka_topic_result_error_string(topics[0]) : NULL;
    snprintf(run->reason, run->reason_size, "topic %s cannot be made: %s", t->name,
             text == NULL ? rd_kafka_err2str(e) : text);
    return ERR_UNAVAILABLE;
}

static enum err make(struct run *run, const struct kafka_topic *t)
{
    char error[LINE_SIZE];
    rd_kafka_NewTopic_t *n = rd_kafka_NewTopic_new(t->name, (int)t->partitions, (int)t->replication,
                                                   error, sizeof error);
    if (n == NULL)
        return REFUSE(run, "topic %s: %s", t->name, error);
    set_configs(n, t);
    rd_kafka_event_t *answer = answer_of_create(run->rk, n, ASK_MS, run->reason, run->reason_size);
    rd_kafka_NewTopic_destroy(n);
    if (answer == NULL)
        return ERR_UNAVAILABLE;
    enum err e = made(run, t, answer);
    rd_kafka_event_destroy(answer);
    return e;
}

/* As configs_of. */
static enum err look_until_there(struct run *run, const char *name, struct found *f)
{
    int64_t until_us = clock_steady_us(&clock_system) + SPREAD_MS * INT64_C(1000);
    enum err e = look(run, name, f);
    while (e != ERR_BAD_REQUEST && !f->exists && clock_steady_us(&clock_system) < until_us) {
        clock_sleep_ms(SPREAD_REST_MS);
        e = look(run, name, f);
    }
    if (e == ERR_OK && !f->exists) {
        snprintf(run->reason, run->reason_size, "topic %s was made, but no broker tells of it",
                 name);
        return ERR_UNAVAILABLE;
    }
    return e;
}

/* ---- One run ---- */

static void say(struct run *run, const struct kafka_topic *t, const char *how)
{
    char line[LINE_SIZE];
    if (run->say == NULL)
        return;
    snprintf(line, sizeof line, "%s: %u partitions, %u copies, %s", t->name, t->partitions,
             t->replication, how);
    run->say(line, run->arg);
}

static enum err check(struct run *run, const struct kafka_topic *t)
{
    if (t->partitions == 0 || t->partitions > LOG_PARTITIONS_MAX)
        return REFUSE(run, "topic %s: %u partitions cannot be, 1 to %d can", t->name, t->partitions,
                      LOG_PARTITIONS_MAX);
    if (t->min_insync > t->replication)
        return REFUSE(run, "topic %s: %u of %u copies can never be in sync", t->name, t->min_insync,
                      t->replication);
    return ERR_OK;
}

static enum err ensure_one(struct run *run, const struct kafka_topic *t)
{
    struct found f;
    enum err e = check(run, t);
    if (e == ERR_OK)
        e = look(run, t->name, &f);
    if (e != ERR_OK)
        return e;
    bool is_new = !f.exists;
    if (is_new)
        e = make(run, t);
    if (is_new && e == ERR_OK)
        e = look_until_there(run, t->name, &f);
    if (e == ERR_OK)
        e = compare(run, t, &f);
    if (e == ERR_OK)
        say(run, t, is_new ? "made" : "as configured");
    return e;
}

static enum err status_one(struct run *run, const struct kafka_topic *t)
{
    struct found f;
    enum err e = look(run, t->name, &f);
    if (e != ERR_OK)
        return e;
    if (!f.exists) {
        say(run, t, "missing");
        snprintf(run->reason, run->reason_size, "topic %s is missing: run `parley migrate up`",
                 t->name);
        return ERR_NOT_FOUND;
    }
    e = compare(run, t, &f);
    say(run, t, e == ERR_OK ? "as configured" : "different");
    return e;
}

/* All of them, whatever one comes to: the first trouble is the answer. */
static enum err run_status(struct run *run, const struct kafka_topic *topics, size_t n)
{
    char first[KAFKA_REASON_SIZE] = "";
    enum err worst = ERR_OK;
    for (size_t i = 0; i < n && !run->is_over; i++) {
        enum err e = status_one(run, &topics[i]);
        if (e == ERR_OK || worst != ERR_OK)
            continue;
        worst = e;
        snprintf(first, sizeof first, "%s", run->reason);
    }
    if (worst != ERR_OK)
        snprintf(run->reason, run->reason_size, "%s", first);
    return worst;
}

static enum err run_ensure(struct run *run, const struct kafka_topic *topics, size_t n)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        e = ensure_one(run, &topics[i]);
    return e;
}

static enum err run_over(const struct kafka_config *config, const struct kafka_topic *topics,
                         size_t n, struct run *run,
                         enum err (*each)(struct run *, const struct kafka_topic *, size_t))
{
    if (n == 0 || n > TOPICS_MAX)
        return REFUSE(run, "%zu topics cannot be looked after, 1 to %d can", n, TOPICS_MAX);
    rd_kafka_conf_t *conf =
        kafka_conf(config, KAFKA_CONTROL, "parley-control", NULL, run->reason, run->reason_size);
    if (conf == NULL)
        return ERR_BAD_REQUEST;
    run->brokers = config->brokers;
    refusal_init(&run->refusal);
    refusal_listen(&run->refusal, conf, config);
    run->rk = kafka_handle(conf, KAFKA_CONTROL, run->reason, run->reason_size);
    enum err e = run->rk == NULL ? ERR_BAD_REQUEST : each(run, topics, n);
    if (run->rk != NULL)
        rd_kafka_destroy(run->rk);
    refusal_fini(&run->refusal);
    return e;
}

enum err kafka_topics_ensure(const struct kafka_config *config, const struct kafka_topic *topics,
                             size_t n, kafka_topic_say_f say_line, void *arg, char *reason,
                             size_t reason_size)
{
    struct run run = {.say = say_line, .arg = arg, .reason = reason, .reason_size = reason_size};
    return run_over(config, topics, n, &run, run_ensure);
}

enum err kafka_topics_status(const struct kafka_config *config, const struct kafka_topic *topics,
                             size_t n, kafka_topic_say_f say_line, void *arg, char *reason,
                             size_t reason_size)
{
    struct run run = {.say = say_line, .arg = arg, .reason = reason, .reason_size = reason_size};
    return run_over(config, topics, n, &run, run_status);
}

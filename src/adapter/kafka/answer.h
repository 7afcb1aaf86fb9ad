/* The library's administrative questions, each with one answer that is waited for. Inside
 * adapter/kafka only. All answer NULL with a sentence in `reason` when there is none in time;
 * else the caller destroys the event. */
#ifndef PARLEY_ADAPTER_KAFKA_ANSWER_H
#define PARLEY_ADAPTER_KAFKA_ANSWER_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

/* Which configuration of a topic tells it from others of its name; see topics.h. */
#define KAFKA_STAMP_CONFIG "min.compaction.lag.ms"

/* The configurations of `n` topics. */
rd_kafka_event_t *answer_of_configs(rd_kafka_t *rk, const char *const *topics, size_t n,
                                    int timeout_ms, char *reason, size_t size);
/* The value of `name` of the i-th topic that was asked for; NULL when it was not told. Lives as
 * long as the answer. */
const char *answer_config(rd_kafka_event_t *answer, size_t i, const char *name);
/* Makes one topic; the answer says whether it is (rd_kafka_event_CreateTopics_result). */
rd_kafka_event_t *answer_of_create(rd_kafka_t *rk, rd_kafka_NewTopic_t *topic, int timeout_ms,
                                   char *reason, size_t size);

#endif

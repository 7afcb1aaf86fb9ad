/* The topics that parley needs, for `parley migrate`. What is missing is made; what is there is
 * compared and never changed: a topic whose partitions changed would be another log (positions
 * would no longer order a channel), and whoever changed its durability had a reason.
 *
 * A topic is stamped when it is made: `min.compaction.lag.ms`, which means nothing to a topic that
 * is not compacted, gets a random number. It is what tells a topic from another that was made
 * later under the same name (docs/decisions/1030).
 */
#ifndef PARLEY_ADAPTER_KAFKA_TOPICS_H
#define PARLEY_ADAPTER_KAFKA_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define KAFKA_TOPIC_FOR_EVER (-1)

struct kafka_topic {
    const char *name;
    unsigned partitions, replication, min_insync;
    int64_t retention_ms; /* KAFKA_TOPIC_FOR_EVER: nothing is ever dropped */
};

struct kafka_config;
/* Hears one sentence a topic: "parley.events: 16 partitions, 3 copies, as wanted". */
typedef void (*kafka_topic_say_f)(const char *line, void *arg);

/* Makes what is missing of `topics` (1-16). ERR_BAD_REQUEST: one that is there differs;
 * ERR_UNAVAILABLE: the brokers cannot be reached or refuse. Then a sentence in `reason`; topics
 * made before it stay. */
enum err kafka_topics_ensure(const struct kafka_config *config, const struct kafka_topic *topics,
                             size_t n, kafka_topic_say_f say, void *arg, char *reason,
                             size_t reason_size);
/* Says how they stand and changes nothing. ERR_NOT_FOUND: one is missing; else as above. */
enum err kafka_topics_status(const struct kafka_config *config, const struct kafka_topic *topics,
                             size_t n, kafka_topic_say_f say, void *arg, char *reason,
                             size_t reason_size);

#endif

/* The cluster engine's log on Kafka (port/event_log.h), by librdkafka. One `struct kafka` is one
 * topic.
 *
 * Every client of a record's key must come to the same partition: the key is the UUID as text, the
 * partitioner is murmur2 as Java's clients compute it (partition_of does so without the broker).
 * The producer is idempotent with acks=all: no retry of the library doubles or reorders. A record
 * that is not answered within `produce_timeout_ms` is ERR_UNAVAILABLE where it surely never left,
 * ERR_UNKNOWN where it may have.
 *
 * Two threads of ours stand beside the library's: one hands out the answers of the producer, one
 * watches whether the topic can be written (metadata, once a second while it cannot). The library
 * reconnects by itself; a producer with a fatal error is replaced by a new one, and so is a group
 * reader that cannot learn its offsets.
 *
 * The topic is made and checked by kafka_topics_ensure (`parley migrate`), never on the way: a
 * topic that is not there is an error of kafka_open.
 */
#ifndef PARLEY_ADAPTER_KAFKA_KAFKA_H
#define PARLEY_ADAPTER_KAFKA_KAFKA_H

#include "adapter/kafka/topics.h"
#include "port/event_log.h"

struct kafka_config {
    const char *brokers;      /* "HOST:PORT,HOST:PORT" */
    const char *read_brokers; /* to read from; NULL or "": the same */
    const char *topic;
    const char *client_id;          /* of this node, for the brokers' logs; NULL or "": "parley" */
    bool tls;                       /* with the host's name checked */
    const char *tls_ca;             /* PEM file; NULL or "": the system's */
    const char *tls_cert, *tls_key; /* PEM files of our own; NULL or "": none */
    const char *sasl_mechanism; /* "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"; NULL or "": none */
    const char *sasl_username, *sasl_password;
    const char *assignor;        /* of groups; NULL or "": "cooperative-sticky" */
    unsigned min_insync;         /* fewer copies in sync: not ready; 0: not asked */
    unsigned open_timeout_ms;    /* to find the topic; 0: 10,000 */
    unsigned produce_timeout_ms; /* 0: 5,000 */
    unsigned session_timeout_ms; /* after which a silent member of a group is out; 0: 10,000 */
    unsigned queue_records;      /* that may wait for an answer; 0: 65,536 */
    unsigned queue_bytes;        /* of those; 0: 64 MiB */

    const struct kafka_topic *topics; /* for migrate: what there must be */
    size_t n_topics;
};

#define KAFKA_REASON_SIZE 384

struct kafka;
/* Everything of `config` is copied. ERR_UNAVAILABLE: no broker answered in time; ERR_NOT_FOUND:
 * there is no such topic; ERR_BAD_REQUEST: the configuration or the topic is not one that can work.
 * Then a sentence in `reason`. */
enum err kafka_open(const struct kafka_config *config, struct kafka **out, char *reason,
                    size_t reason_size);
/* Readers are closed before. Refuses new records, waits for the answers of those under way (no
 * longer than the produce timeout), then answers the rest itself. NULL is fine. */
void kafka_close(struct kafka *k);
struct event_log *kafka_log(struct kafka *k);
/* "librdkafka 2.0.2". Static. */
const char *kafka_library(void);

#endif

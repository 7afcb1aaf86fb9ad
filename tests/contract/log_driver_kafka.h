/* The log on a real Kafka: PARLEY_TEST_KAFKA says where (HOST:PORT). Every log is a topic of its
 * own, made and deleted. Where PARLEY_TEST_KAFKA_PID names the one broker's process, the log can be
 * cut, too: the process is stopped. */
#ifndef PARLEY_CONTRACT_LOG_DRIVER_KAFKA_H
#define PARLEY_CONTRACT_LOG_DRIVER_KAFKA_H

#include "adapter/kafka/kafka.h"
#include "doors.h"

extern struct event_log_driver event_log_kafka;

/* A new topic, named after `name`; written into `topic`. Stops the test when it cannot be made. */
#define LOG_TOPIC_SIZE 80
void log_topic_make(const char *name, unsigned partitions, char *topic);
void log_topic_delete(const char *topic);
/* Where Kafka is. Stops the test when nobody says. */
const char *log_kafka_address(void);

#endif

/* Brokers that are there and refuse us, or that we must not trust: librdkafka tries for ever and
 * calls both "transport failure". What its callbacks say of one control handle is kept here until
 * somebody asks why no broker answers. Inside adapter/kafka only. */
#ifndef PARLEY_ADAPTER_KAFKA_REFUSAL_H
#define PARLEY_ADAPTER_KAFKA_REFUSAL_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "adapter/kafka/kafka.h"

struct refusal {
    pthread_mutex_t mutex;        /* certificates are looked at on the library's threads */
    const char *advice;           /* NULL: nothing was refused */
    bool is_final;                /* trying again is of no use */
    char text[KAFKA_REASON_SIZE]; /* the library's words */
};

void refusal_init(struct refusal *r);
void refusal_fini(struct refusal *r);
/* Listens to a handle that will be made of `conf`; takes its opaque. */
void refusal_listen(struct refusal *r, rd_kafka_conf_t *conf, const struct kafka_config *config);
/* Why nobody at `brokers` answered, into `reason`, `otherwise` where nothing is known; forgets it.
 * ERR_BAD_REQUEST when it is final, else ERR_UNAVAILABLE. */
enum err refusal_tell(struct refusal *r, const char *brokers, const char *otherwise, char *reason,
                      size_t reason_size);

#endif

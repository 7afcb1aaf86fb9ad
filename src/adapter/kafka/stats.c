/* What the library counts and we cannot: connections, repeated requests, round trips. It tells all
 * of it as JSON every ten seconds; of a producer with a topic of 64 partitions that is some 60 KiB.
 */
#include <jansson.h>

#include "adapter/kafka/state.h"
#include "telemetry/metrics.h"

struct sums {
    json_int_t up, retries, timeouts, rtt_us;
};

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void broker_add(struct sums *s, const json_t *broker)
{
    const char *state = json_string_value(json_object_get(broker, "state"));
    json_int_t rtt_us = number(json_object_get(broker, "rtt"), "avg");
    /* Those it was told to begin with have the id -1 and are others again once they are known. */
    if (number(broker, "nodeid") >= 0 && state != NULL && strcmp(state, "UP") == 0)
        s->up++;
    s->retries += number(broker, "txretries");
    s->timeouts += number(broker, "req_timeouts");
    if (rtt_us > s->rtt_us)
        s->rtt_us = rtt_us;
}

/* The library's counts begin anew with each handle: what was counted before is added on. */
static void count_up(enum metric m, json_int_t *seen, json_int_t now)
{
    if (now > *seen)
        metric_add(m, now - *seen);
    *seen = now;
}

int stats_take(rd_kafka_t *rk, char *json, size_t json_len, void *opaque)
{
    struct kafka *k = opaque;
    struct sums s = {0, 0, 0, 0};
    json_t *root = json_loadb(json, json_len, JSON_REJECT_DUPLICATES, NULL);
    json_t *brokers = json_object_get(root, "brokers");
    (void)rk;
    for (void *it = json_object_iter(brokers); it != NULL; it = json_object_iter_next(brokers, it))
        broker_add(&s, json_object_iter_value(it));
    json_decref(root);
    metric_set(M_KAFKA_BROKERS_UP, s.up);
    metric_set(M_KAFKA_RTT_US, s.rtt_us);
    json_int_t retries = k->producer.retries_seen, timeouts = k->producer.timeouts_seen;
    count_up(M_KAFKA_RETRIES, &retries, s.retries);
    count_up(M_KAFKA_TIMEOUTS, &timeouts, s.timeouts);
    k->producer.retries_seen = retries;
    k->producer.timeouts_seen = timeouts;
    return 0; /* the library frees its text */
}

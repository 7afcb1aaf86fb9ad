/* kafka_log BROKER TOPIC RECORDS [BYTES [RATE]]: what one record costs this process through the
 * log's driver. Produces RECORDS of BYTES (200) into TOPIC, which is there already, as fast as the
 * queue takes them or RATE a second, while a plain reader follows; prints throughput, the latency
 * from producing to reading back, and CPU a record. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "adapter/kafka/kafka.h"
#include "base/clock.h"
#include "base/mem.h"

#define KEYS 64

struct bench {
    struct log_listener listener;
    struct event_log *log;
    struct log_send *sends;
    char *values;
    size_t n, bytes;
    unsigned rate;
    atomic_size_t n_read, n_failed;
    uint32_t *latency_us; /* of each record read */
};

static int64_t cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

static int64_t now_us(void)
{
    return clock_steady_us(&clock_system);
}

static void on_record(struct log_listener *self, const struct log_record *r)
{
    struct bench *b = (struct bench *)self;
    int64_t sent_us;
    if (r->value.n != b->bytes)
        return;
    memcpy(&sent_us, r->value.p, sizeof sent_us);
    size_t i = atomic_load(&b->n_read);
    if (i == b->n)
        return; /* somebody else writes into the topic */
    b->latency_us[i] = (uint32_t)(now_us() - sent_us);
    atomic_store(&b->n_read, i + 1);
}

static struct bench bench;

static void on_done(struct log_send *self)
{
    if (self->err != ERR_OK)
        atomic_fetch_add(&bench.n_failed, 1);
}

static void rest_us(int64_t us)
{
    if (us > 0)
        nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

static void *produce_all(void *arg)
{
    struct bench *b = arg;
    int64_t start_us = now_us();
    for (size_t i = 0; i < b->n; i++) {
        struct log_send *s = &b->sends[i];
        char *value = b->values + i * b->bytes;
        if (b->rate > 0)
            rest_us(start_us + (int64_t)(i * 1000000 / b->rate) - now_us());
        int64_t sent_us = now_us();
        memcpy(value, &sent_us, sizeof sent_us);
        *s = (struct log_send){.key = {{(uint8_t)(i % KEYS)}},
                               .value = {value, b->bytes},
                               .tag = STR("0123456789abcdef"),
                               .done = on_done};
        while (b->log->ops->produce(b->log, s) != ERR_OK)
            rest_us(100);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Of what was read, the value below which `share` of it lies. */
static double quantile_ms(const struct bench *b, double share)
{
    size_t n = atomic_load(&b->n_read);
    return n == 0 ? 0 : (double)b->latency_us[(size_t)((double)(n - 1) * share)] / 1000;
}

static int run(struct bench *b)
{
    uint64_t offsets[LOG_PARTITIONS_MAX];
    struct log_reader *reader;
    pthread_t thread;
    for (size_t i = 0; i < LOG_PARTITIONS_MAX; i++)
        offsets[i] = LOG_FROM_END;
    b->listener.record = on_record;
    if (b->log->ops->read(b->log, offsets, &b->listener, &reader) != ERR_OK)
        return 1;
    for (unsigned i = 0; i < 10; i++)
        (void)b->log->ops->poll(reader, 1, 100);
    int64_t start_us = now_us(), start_cpu_us = cpu_us();
    if (pthread_create(&thread, NULL, produce_all, b) != 0)
        return 1;
    while (atomic_load(&b->n_read) + atomic_load(&b->n_failed) < b->n)
        (void)b->log->ops->poll(reader, 1000, 100);
    double s = (double)(now_us() - start_us) / 1e6;
    double cpu = (double)(cpu_us() - start_cpu_us);
    pthread_join(thread, NULL);
    printf("%zu records of %zu bytes in %.2f s: %.0f a second, %zu failed\n", b->n, b->bytes, s,
           (double)b->n / s, atomic_load(&b->n_failed));
    qsort(b->latency_us, atomic_load(&b->n_read), sizeof *b->latency_us, compare);
    printf("produced to read back: p50 %.2f ms, p99 %.2f ms\n", quantile_ms(b, 0.5),
           quantile_ms(b, 0.99));
    printf("CPU of this process: %.2f us a record, produced and read\n", cpu / (double)b->n);
    b->log->ops->close_reader(reader);
    return 0;
}

int main(int argc, char **argv)
{
    char reason[KAFKA_REASON_SIZE];
    struct kafka *kafka;
    if (argc < 4) {
        fprintf(stderr, "usage: kafka_log BROKER TOPIC RECORDS [BYTES [RATE]]\n");
        return 2;
    }
    bench.n = strtoul(argv[3], NULL, 10);
    bench.bytes = argc > 4 ? strtoul(argv[4], NULL, 10) : 200;
    bench.rate = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 0;
    if (bench.n == 0 || bench.bytes < sizeof(int64_t))
        return 2;
    const struct kafka_config config = {.brokers = argv[1], .topic = argv[2]};
    if (kafka_open(&config, &kafka, reason, sizeof reason) != ERR_OK) {
        fprintf(stderr, "%s\n", reason);
        return 1;
    }
    bench.log = kafka_log(kafka);
    bench.sends = mem_array(bench.n, sizeof *bench.sends);
    bench.latency_us = mem_array(bench.n, sizeof *bench.latency_us);
    bench.values = mem_array(bench.n, bench.bytes);
    int failed = run(&bench);
    kafka_close(kafka);
    mem_free(bench.latency_us);
    mem_free(bench.values);
    mem_free(bench.sends);
    return failed;
}

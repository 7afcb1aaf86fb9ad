/* journal: what one append costs the embedded store. The writer's CPU an append at several numbers
 * of appends outstanding, and the time to an ack of one at a time next to an fdatasync of 4 KiB
 * that make a file of the same disk longer, taken in turns in the same run.
 *
 *   bench_journal [DIR [SECONDS A PHASE [OUTSTANDING]]]
 */
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "adapter/sqlite/store.h"
#include "base/mem.h"
#include "base/rand.h"
#include "telemetry/metrics.h"

#define USERS       100
#define CHANNELS    100
#define TEXT_BYTES  200
#define OUTSTANDING 4096
#define SAMPLES_MAX 200000

enum id_kind { ID_NONE, ID_V7, ID_RANDOM };

struct slot {
    struct append a;
    char client_id[UUID_TEXT_LEN];
};

static struct {
    struct sqlite_store *store;
    struct uuid users[USERS], channels[CHANNELS];
    char text[TEXT_BYTES];
    struct rand_seeded rand;
    struct slot slots[OUTSTANDING];

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct slot *free[OUTSTANDING];
    size_t n_free;
    uint64_t n_done, n_failed;
    int64_t writer_cpu_ns;
} bench = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int64_t now_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- The sink: nobody listens, but the writer's clock is read on its own thread ---- */

static void *on_prepare(struct journal_sink *self, const struct event *events, size_t n)
{
    (void)events;
    (void)n;
    return self;
}

static void on_publish(struct journal_sink *self, void *prepared)
{
    (void)self;
    (void)prepared;
    int64_t ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    pthread_mutex_lock(&bench.mutex);
    bench.writer_cpu_ns = ns;
    pthread_mutex_unlock(&bench.mutex);
}

static struct journal_sink sink = {on_prepare, on_publish, on_publish};

/* ---- Appends ---- */

static void on_done(struct append *a)
{
    pthread_mutex_lock(&bench.mutex);
    bench.n_done++;
    bench.n_failed += a->err != ERR_OK || a->duplicate;
    bench.free[bench.n_free++] = (struct slot *)a;
    pthread_cond_signal(&bench.changed);
    pthread_mutex_unlock(&bench.mutex);
}

static void client_id_make(struct slot *s, enum id_kind kind)
{
    struct uuid id;
    uint64_t r[2] = {rand_next(&bench.rand), rand_next(&bench.rand)};
    memcpy(id.b, r, sizeof id.b);
    if (kind == ID_V7) {
        int64_t ms = clock_wall_us(&clock_system) / 1000;
        for (int i = 0; i < 6; i++)
            id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    id.b[6] = (uint8_t)((id.b[6] & 0x0f) | (kind == ID_V7 ? 0x70 : 0x40));
    id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
    uuid_to_text(&id, s->client_id);
    s->a.client_msg_id = (struct str){s->client_id, kind == ID_NONE ? 0 : sizeof s->client_id};
}

static void slot_send(struct slot *s, enum id_kind kind)
{
    s->a = (struct append){.kind = EVENT_MESSAGE,
                           .channel = bench.channels[rand_next_below(&bench.rand, CHANNELS)],
                           .user = bench.users[rand_next_below(&bench.rand, USERS)],
                           .username = STR("somebody"),
                           .content = {bench.text, sizeof bench.text},
                           .origin = {ORIGIN_NO_SHARD, 0, STR_NONE},
                           .done = on_done};
    client_id_make(s, kind);
    enum err e = journal_append(sqlite_store_journal(bench.store), &s->a);
    assert(e == ERR_OK);
}

static struct slot *slot_take(void)
{
    pthread_mutex_lock(&bench.mutex);
    while (bench.n_free == 0)
        pthread_cond_wait(&bench.changed, &bench.mutex);
    struct slot *s = bench.free[--bench.n_free];
    pthread_mutex_unlock(&bench.mutex);
    return s;
}

/* `outstanding` slots for whoever takes; the rest is put away. */
static void slots_reset(size_t outstanding)
{
    bench.n_free = 0;
    while (bench.n_free < outstanding) {
        bench.free[bench.n_free] = &bench.slots[bench.n_free];
        bench.n_free++;
    }
    bench.n_done = 0;
}

static void slots_settle(size_t outstanding)
{
    pthread_mutex_lock(&bench.mutex);
    while (bench.n_free < outstanding)
        pthread_cond_wait(&bench.changed, &bench.mutex);
    pthread_mutex_unlock(&bench.mutex);
}

static void run_batches(size_t outstanding, enum id_kind kind, unsigned long long seconds)
{
    static const char *const names[] = {"none", "uuid v7", "random"};
    slots_reset(outstanding);
    int64_t start = now_ns(CLOCK_MONOTONIC), cpu = bench.writer_cpu_ns;
    while (now_ns(CLOCK_MONOTONIC) - start < (int64_t)seconds * 1000000000)
        for (int i = 0; i < 64; i++)
            slot_send(slot_take(), kind);
    slots_settle(outstanding);
    double elapsed = (double)(now_ns(CLOCK_MONOTONIC) - start) / 1e9;
    double n = (double)bench.n_done;
    printf("%5zu outstanding, client ids %-8s %8.0f appends/s, writer %5.2f us CPU an append, "
           "wal %5.1f MiB, %lld checkpoints\n",
           outstanding, names[kind], n / elapsed, (double)(bench.writer_cpu_ns - cpu) / 1e3 / n,
           (double)metric_value(M_WAL_BYTES) / 1048576, (long long)metric_value(M_CHECKPOINTS));
}

/* ---- One at a time ---- */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double percentile_us(const int64_t *sorted, size_t n, double p)
{
    return (double)sorted[(size_t)((double)(n - 1) * p)] / 1e3;
}

static void print_latency(const char *what, int64_t *ns, size_t n)
{
    qsort(ns, n, sizeof *ns, by_size);
    printf("%-22s p50 %7.1f us  p90 %7.1f  p99 %7.1f  max %8.1f  (%zu)\n", what,
           percentile_us(ns, n, 0.5), percentile_us(ns, n, 0.9), percentile_us(ns, n, 0.99),
           percentile_us(ns, n, 1), n);
}

static int64_t time_append(void)
{
    int64_t start = now_ns(CLOCK_MONOTONIC);
    slot_send(slot_take(), ID_V7);
    slots_settle(1);
    return now_ns(CLOCK_MONOTONIC) - start;
}

static int64_t time_sync(int fd)
{
    static const char block[4096] = {1};
    int64_t start = now_ns(CLOCK_MONOTONIC);
    ssize_t n = write(fd, block, sizeof block);
    int failed = fdatasync(fd);
    assert(n == (ssize_t)sizeof block && failed == 0);
    return now_ns(CLOCK_MONOTONIC) - start;
}

static void run_one_at_a_time(const char *dir, unsigned long long seconds)
{
    static int64_t acks[SAMPLES_MAX], syncs[SAMPLES_MAX];
    char path[4096];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/sync", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert(fd >= 0);
    slots_reset(1);
    int64_t start = now_ns(CLOCK_MONOTONIC);
    while (now_ns(CLOCK_MONOTONIC) - start < (int64_t)seconds * 1000000000 && n < SAMPLES_MAX) {
        syncs[n] = time_sync(fd);
        acks[n++] = time_append();
    }
    close(fd);
    unlink(path);
    print_latency("fdatasync of 4 KiB", syncs, n);
    print_latency("ack of one append", acks, n);
    printf("ratio of the medians   %.2f\n",
           percentile_us(acks, n, 0.5) / percentile_us(syncs, n, 0.5));
}

static void make_people(void)
{
    struct account_store *accounts = sqlite_store_accounts(bench.store);
    struct channel_store *channels = sqlite_store_channels(bench.store);
    for (int i = 0; i < USERS; i++) {
        char email[48];
        bench.users[i] = uuid_random();
        snprintf(email, sizeof email, "%s", uuid_text(&bench.users[i]).s);
        const struct user u = {bench.users[i], STR("somebody"), str_of(email), 0};
        enum err e = accounts->ops->add(accounts, &u, STR("none"));
        assert(e == ERR_OK);
    }
    for (int i = 0; i < CHANNELS; i++) {
        bench.channels[i] = uuid_random();
        const struct channel c = {bench.channels[i], STR("channel"), bench.users[0], 0};
        enum err e = channels->ops->create(channels, &c, CHANNELS);
        assert(e == ERR_OK);
    }
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : "bench-data";
    unsigned long long seconds = 3, only = 0;
    if ((argc > 2 && (!str_to_u64(str_of(argv[2]), &seconds) || seconds == 0)) ||
        (argc > 3 && !str_to_u64(str_of(argv[3]), &only)))
        return 2;
    char reason[256];
    rand_seed(&bench.rand, 1);
    memset(bench.text, 'x', sizeof bench.text);
    int64_t start = now_ns(CLOCK_MONOTONIC);
    if (sqlite_store_open(&(struct sqlite_config){.dir = dir, .clock = &clock_system}, &bench.store,
                          reason, sizeof reason) != ERR_OK) {
        fprintf(stderr, "bench_journal: %s\n", reason);
        return 1;
    }
    printf("opened in %.1f ms (%.1f ms of CPU) at position %llu\n",
           (double)(now_ns(CLOCK_MONOTONIC) - start) / 1e6,
           (double)now_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e6,
           (unsigned long long)journal_position(sqlite_store_journal(bench.store), 0));
    fflush(stdout);
    sqlite_store_start(bench.store, &sink);
    make_people();
    run_one_at_a_time(dir, seconds);
    static const size_t outstanding[] = {16, 64, 1000, 4096};
    for (size_t i = 0; i < sizeof outstanding / sizeof outstanding[0]; i++)
        for (int kind = ID_NONE; kind <= ID_RANDOM && (only == 0 || only == outstanding[i]); kind++)
            run_batches(outstanding[i], (enum id_kind)kind, seconds);
    run_one_at_a_time(dir, seconds);
    printf("failed %llu\n", (unsigned long long)bench.n_failed);
    sqlite_store_close(bench.store);
    return bench.n_failed == 0 ? 0 : 1;
}

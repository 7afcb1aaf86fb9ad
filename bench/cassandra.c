/* What the history in Cassandra costs: bench_cassandra KEYSPACE [POSTS]. The Cassandra is the one
 * that PARLEY_TEST_CASSANDRA names; the keyspace must not exist, and is left behind.
 *
 * Writes posts of 200 rooms (every fourth is a reply) in batches as `persist` does, then reads
 * pages. Prints posts and statements a second, this process' CPU for each post, and times of pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "adapter/cassandra/cassandra.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "domain/id.h"

#define ROOMS      200
#define USERS      2000
#define TEXT_BYTES 200
#define PAGES      2000

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static struct uuid made_up(unsigned kind, size_t n)
{
    struct uuid u = {{(uint8_t)kind, 0, 0, 0, 0, 0, 0x40, 0, 0x80}};
    u.b[14] = (uint8_t)(n >> 8);
    u.b[15] = (uint8_t)n;
    return u;
}

struct rooms {
    uint64_t last_id, seq[ROOMS], parent[ROOMS];
    char ids[1024][24];
    char text[TEXT_BYTES];
};

static void post_make(struct rooms *r, size_t i, size_t in_batch, struct event *out)
{
    size_t room = i % ROOMS;
    r->last_id = id_next(r->last_id, clock_wall_us(&clock_system) / 1000, 1);
    snprintf(r->ids[in_batch], sizeof r->ids[0], "c-%zu", i);
    bool is_reply = i / ROOMS % 4 == 3;
    *out = (struct event){.kind = is_reply ? EVENT_REPLY : EVENT_MESSAGE,
                          .seq = (UINT64_C(1) << 41) + 1 + i,
                          .prev_seq = r->seq[room],
                          .id = r->last_id,
                          .parent = is_reply ? r->parent[room] : 0,
                          .channel = made_up(0xcc, room),
                          .user = made_up(0xaa, i % USERS),
                          .username = STR("somebody"),
                          .content = {r->text, sizeof r->text},
                          .client_msg_id = str_of(r->ids[in_batch])};
    r->seq[room] = out->seq;
    if (!is_reply)
        r->parent[room] = out->id;
}

static void write_all(struct history_store *h, size_t posts, size_t batch)
{
    struct rooms *r = MEM_NEW(struct rooms);
    struct event *events = mem_array(batch, sizeof *events);
    memset(r->text, 'x', sizeof r->text);
    int64_t began = clock_steady_us(&clock_system);
    double cpu = cpu_us();
    for (size_t i = 0; i < posts; i += batch) {
        for (size_t at = 0; at < batch; at++)
            post_make(r, i + at, at, &events[at]);
        if (h->ops->write(h, events, batch) != ERR_OK) {
            fprintf(stderr, "a write failed\n");
            exit(1);
        }
    }
    double took = (double)(clock_steady_us(&clock_system) - began);
    printf("written in batches of %4zu: %6.0f posts/s, %5.1f us of CPU each\n", batch,
           (double)posts * 1e6 / took, (cpu_us() - cpu) / (double)posts);
    mem_free(events);
    mem_free(r);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void read_pages(struct message_store *m, unsigned limit)
{
    static int64_t took[PAGES];
    double cpu = cpu_us();
    for (size_t i = 0; i < PAGES; i++) {
        struct arena arena;
        struct post_page page;
        struct uuid channel = made_up(0xcc, i % ROOMS);
        arena_init(&arena);
        int64_t began = clock_steady_us(&clock_system);
        if (m->ops->messages(m, &channel, 0, limit, &arena, &page) != ERR_OK)
            exit(1);
        took[i] = clock_steady_us(&clock_system) - began;
        arena_fini(&arena);
    }
    qsort(took, PAGES, sizeof took[0], compare);
    const int64_t p50 = took[PAGES / 2], p99 = took[PAGES * 99 / 100];
    printf("page of %3u messages: p50 %5.2f ms, p99 %5.2f ms, %5.0f us of CPU\n", limit,
           (double)p50 / 1e3, (double)p99 / 1e3, (cpu_us() - cpu) / PAGES);
}

int main(int argc, char **argv)
{
    const char *host = getenv("PARLEY_TEST_CASSANDRA");
    size_t posts = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 20480;
    char reason[256];
    struct cassandra_schema_state state;
    struct cassandra *c;
    if (argc < 2 || host == NULL) {
        fprintf(stderr,
                "usage: PARLEY_TEST_CASSANDRA=HOST:PORT bench_cassandra KEYSPACE [POSTS]\n");
        return 2;
    }
    const struct cassandra_config config = {.hosts = &host,
                                            .n_hosts = 1,
                                            .keyspace = argv[1],
                                            .replication = "1",
                                            .connect_ms = 10000,
                                            .call_ms = 10000};
    if (cassandra_migrate_up(&config, &state, reason, sizeof reason) != ERR_OK ||
        cassandra_open(&config, &c, reason, sizeof reason) != ERR_OK) {
        fprintf(stderr, "%s\n", reason);
        return 1;
    }
    struct history_store *h = cassandra_history(c);
    for (size_t batch = 1024; batch >= 16; batch /= 8)
        write_all(h, posts * batch / 1024 / batch * batch, batch);
    for (unsigned limit = 10; limit <= 100; limit *= 10)
        read_pages(h->messages, limit);
    cassandra_close(c);
    return 0;
}

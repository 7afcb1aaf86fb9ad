/* What the cluster engine costs a message where it judges: one recorded log of messages in rooms,
 * each with a client id, through a follower, and through follower and overlay.
 *
 *     bench_follower [RECORDS] [CHANNELS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/rand.h"
#include "cluster/follower.h"
#include "cluster/overlay.h"

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void log_make(struct log_record *records, size_t n, size_t channels, struct arena *arena)
{
    static const char text[] =
        "a message of about one hundred bytes, as people write them in a room "
        "of ten when they talk to one another";
    struct uuid *ids = mem_array(channels, sizeof *ids);
    struct rand_seeded rand;
    struct buf b;
    rand_seed(&rand, 1);
    for (size_t i = 0; i < channels; i++)
        ids[i] = uuid_random();
    buf_init(&b, RECORD_BYTES_MAX);
    for (size_t i = 0; i < n; i++) {
        struct uuid client = uuid_random();
        struct uuid_text id = uuid_text(&client);
        size_t at = rand_next_below(&rand, channels);
        const struct event e = {.kind = EVENT_MESSAGE,
                                .channel = ids[at],
                                .user = ids[(at + rand_next_below(&rand, 10)) % channels],
                                .username = STR("somebody"),
                                .content = str_of(text),
                                .client_msg_id = str_of(id.s)};
        buf_clear(&b);
        record_encode(&e, 0, &b);
        records[i] = (struct log_record){.offset = i,
                                         .time_ms = INT64_C(1767225600000) + (int64_t)i / 2,
                                         .key = ids[at],
                                         .value = arena_str(arena, buf_str(&b))};
    }
    buf_fini(&b);
    mem_free(ids);
}

/* Microseconds a record. */
static double run(const struct log_record *records, size_t n, struct overlay *overlay)
{
    struct follower *f = follower_new(&(struct follower_config){.epoch = 1, .seed = 1});
    follower_begin(f, 0);
    double since = cpu_us();
    for (size_t i = 0; i < n; i++) {
        struct judgement j;
        follower_judge(f, &records[i], &j);
        if (j.verdict != VERDICT_POST)
            abort();
        if (overlay == NULL)
            continue;
        (void)overlay_add(overlay, &j.event);
        if (i % 512 == 511) { /* persist is a second behind */
            overlay_set_persisted(overlay, 0, i > 2000 ? i - 2000 : 0);
            overlay_trim(overlay);
        }
    }
    double us = (cpu_us() - since) / (double)n;
    follower_free(f);
    return us;
}

int main(int argc, char **argv)
{
    unsigned long long n = 1000000, channels = 200;
    if ((argc > 1 && !str_to_u64(str_of(argv[1]), &n)) ||
        (argc > 2 && !str_to_u64(str_of(argv[2]), &channels)) || n == 0 || channels == 0) {
        fprintf(stderr, "usage: bench_follower [RECORDS] [CHANNELS]\n");
        return 2;
    }
    struct arena arena;
    struct log_record *records = mem_array(n, sizeof *records);
    arena_init(&arena);
    log_make(records, n, channels, &arena);
    struct overlay *overlay = overlay_new(1, OVERLAY_BYTES_DEFAULT);
    overlay_begin(overlay, 0, 1, 0);
    printf("follower %.3f us a record\n", run(records, n, NULL));
    printf("follower and overlay %.3f us a record\n", run(records, n, overlay));
    overlay_free(overlay);
    arena_fini(&arena);
    mem_free(records);
    return 0;
}

#include "adapter/cassandra/walk.h"

#include "base/clock.h"
#include "base/mem.h"
#include "domain/id.h"

#define ROUND_MAX 8
/* An id has 41 bits of milliseconds. */
#define BUCKETS_EVER (int32_t)((INT64_C(1) << 41) / ID_BUCKET_MS + 1)

struct walker {
    const struct walk *w;
    struct calls *calls;
    struct select list;  /* of buckets, newest first */
    struct select guess; /* the bucket that most likely is the first to read */
    int32_t guessed;
    bool list_ended;
    int32_t *oldest; /* oldest first: what is left of the list, the next one last */
    size_t n_oldest;
    bool enough, bad;
};

static void select_bucket(struct walker *k, struct select *s, int32_t bucket)
{
    select_init(s, k->calls, k->w->statement);
    request_uuid(&s->request, k->w->channel);
    request_int(&s->request, bucket);
    k->w->ask(&s->request, k->w->arg);
    select_send(s);
}

static void walker_begin(struct walker *k, const struct walk *w, struct calls *calls)
{
    int64_t now = clock_wall_us(&clock_system) / 1000 - ID_EPOCH_MS;
    int32_t top = w->newest_id == 0 ? BUCKETS_EVER : id_bucket(w->newest_id);
    *k = (struct walker){.w = w, .calls = calls};
    k->guessed = w->newest_id == 0 ? (int32_t)(now / ID_BUCKET_MS) : top;
    select_init(&k->list, calls, ST_BUCKETS);
    request_uuid(&k->list.request, w->channel);
    request_int(&k->list.request, top);
    select_send(&k->list);
    /* from the channel's very beginning, the bucket of today is hardly the first */
    if (!w->oldest_first || w->after_seq != 0)
        select_bucket(k, &k->guess, k->guessed);
    else
        k->guessed = -1;
}

/* The next bucket of the list, newest first. */
static bool list_next(struct walker *k, int32_t *bucket)
{
    struct row row;
    if (k->list_ended || !select_row(&k->list, &row))
        return false;
    *bucket = row_int(&row, 0);
    uint64_t first_seq = row_u64(&row, 1);
    k->bad = k->bad || row.bad;
    k->list_ended = k->w->after_seq != 0 && first_seq <= k->w->after_seq;
    return !row.bad;
}

static void list_turn(struct walker *k)
{
    k->oldest = mem_array((size_t)BUCKETS_EVER + 1, sizeof *k->oldest);
    while (k->n_oldest <= (size_t)BUCKETS_EVER && list_next(k, &k->oldest[k->n_oldest]))
        k->n_oldest++;
}

static bool plan_next(struct walker *k, int32_t *bucket)
{
    if (!k->w->oldest_first)
        return list_next(k, bucket);
    if (k->n_oldest == 0)
        return false;
    *bucket = k->oldest[--k->n_oldest];
    return true;
}

static void take_rows(struct walker *k, struct select *s)
{
    struct row row;
    while (!k->enough && !k->bad && select_row(s, &row)) {
        k->enough = !k->w->take(&row, k->w->arg);
        k->bad = row.bad;
    }
}

/* Up to `width` buckets at once; false when there are no more. */
static bool take_round(struct walker *k, size_t width)
{
    struct select round[ROUND_MAX];
    int32_t bucket;
    size_t n = 0;
    while (n < width && !k->bad && plan_next(k, &bucket))
        select_bucket(k, &round[n++], bucket);
    enum err e = calls_wait(k->calls);
    for (size_t i = 0; i < n; i++) {
        if (e == ERR_OK)
            take_rows(k, &round[i]);
        select_fini(&round[i]);
    }
    return n > 0 && e == ERR_OK;
}

/* The first bucket, which may be the guessed one: its rows are here already. */
static bool take_first(struct walker *k)
{
    int32_t bucket;
    if (!plan_next(k, &bucket))
        return false;
    if (bucket == k->guessed) {
        take_rows(k, &k->guess);
        return true;
    }
    struct select first;
    select_bucket(k, &first, bucket);
    if (calls_wait(k->calls) == ERR_OK)
        take_rows(k, &first);
    select_fini(&first);
    return true;
}

enum err walk_run(const struct walk *w, struct calls *calls)
{
    struct walker k;
    walker_begin(&k, w, calls);
    if (calls_wait(calls) == ERR_OK) {
        if (w->oldest_first)
            list_turn(&k);
        bool more = take_first(&k);
        for (size_t width = 1; more && !k.enough && !k.bad;
             width = width < ROUND_MAX ? 2 * width : ROUND_MAX)
            more = take_round(&k, width);
    }
    mem_free(k.oldest);
    select_fini(&k.guess);
    select_fini(&k.list);
    enum err e = calls_wait(calls);
    return e == ERR_OK && k.bad ? ERR_INTERNAL : e;
}

#include "adapter/cassandra/reply_counts.h"

#include "base/mem.h"
#include "domain/id.h"

void reply_counts_init(struct reply_counts *c)
{
    pthread_mutex_init(&c->mutex, NULL);
    c->writes = 0;
    c->places = mem_array(REPLY_COUNTS_MAX, sizeof *c->places);
}

void reply_counts_fini(struct reply_counts *c)
{
    mem_free(c->places);
    pthread_mutex_destroy(&c->mutex);
}

static struct reply_count *place_of(struct reply_counts *c, uint64_t message_id)
{
    return &c->places[(message_id * 0x9E3779B97F4A7C15u) >> 48 & (REPLY_COUNTS_MAX - 1)];
}

static struct reply_count known_of(struct reply_counts *c, uint64_t message_id, uint64_t *writes)
{
    pthread_mutex_lock(&c->mutex);
    struct reply_count known = *place_of(c, message_id);
    *writes = c->writes;
    pthread_mutex_unlock(&c->mutex);
    return known.message_id == message_id ? known : (struct reply_count){.message_id = message_id};
}

static void remember(struct reply_counts *c, const struct reply_count *known, uint64_t writes)
{
    pthread_mutex_lock(&c->mutex);
    if (c->writes == writes)
        *place_of(c, known->message_id) = *known;
    pthread_mutex_unlock(&c->mutex);
}

/* One message of a page, being counted. */
struct counting {
    struct post *post;
    struct reply_count known;
    uint64_t writes;
    struct call call;
};

static void count_ask(struct reply_counts *c, struct calls *calls, struct request *r,
                      struct counting *one)
{
    one->known = known_of(c, one->post->event.id, &one->writes);
    request_clear(r);
    request_item(r, ST_REPLY_COUNT);
    request_u64(r, one->known.message_id);
    request_u64(r, one->known.last_id);
    request_u64(r, ID_MAX); /* chat-app's ids are above it */
    calls_send(calls, r, &one->call);
}

static bool count_take(struct reply_counts *c, struct counting *one)
{
    struct row row;
    if (!call_row(&one->call, 0, &row))
        return false;
    uint64_t more = row_u64(&row, 0), last = row_u64(&row, 1);
    if (row.bad)
        return false;
    if (more > 0) {
        one->known.count += more;
        one->known.last_id = last;
        remember(c, &one->known, one->writes);
    }
    one->post->reply_count = one->known.count;
    return true;
}

enum err reply_counts_fill(struct reply_counts *c, struct calls *calls, struct post_page *page)
{
    struct counting *all = mem_array(page->n + 1, sizeof *all);
    struct request r;
    size_t n = 0;
    bool taken = true;
    request_init(&r);
    for (size_t i = 0; i < page->n; i++)
        if (page->rows[i].event.kind == EVENT_MESSAGE) {
            all[n].post = &page->rows[i];
            count_ask(c, calls, &r, &all[n++]);
        }
    enum err e = calls_wait(calls);
    for (size_t i = 0; i < n; i++) {
        taken = e == ERR_OK && count_take(c, &all[i]) && taken;
        call_free(&all[i].call);
    }
    request_fini(&r);
    mem_free(all);
    return e == ERR_OK && !taken ? ERR_INTERNAL : e;
}

void reply_counts_written(struct reply_counts *c, const struct event *posts, size_t n)
{
    pthread_mutex_lock(&c->mutex);
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &posts[i];
        if (e->kind != EVENT_REPLY)
            continue;
        struct reply_count *place = place_of(c, e->parent);
        c->writes++;
        if (place->message_id == e->parent && place->last_id >= e->id)
            *place = (struct reply_count){.message_id = 0};
    }
    pthread_mutex_unlock(&c->mutex);
}

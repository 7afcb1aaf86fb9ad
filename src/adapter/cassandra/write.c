/* Posts, written behind.
 *
 * What lies in one partition goes there as one request, which each replica takes as a whole:
 *
 *     bucket of a channel    its messages and its stretch of the timeline, of two tables at once
 *     thread                 replies of one message
 *
 * The rest are small rows, each in a partition of its own: a message's channel, a client id, a
 * user's last own post in a channel. Of these a few go together, because a request costs Cassandra
 * and us more than a row of it; the coordinator takes them apart again. Everything is under way at
 * once, but for two orders that readers rely on: a bucket is written down before anything is in it,
 * and within a channel, and within a thread, one request follows the other's answer. So whoever
 * sees a post sees all before it, also while a call is under way and after one that failed
 * half-way.
 */
#include <stdlib.h>

#include "adapter/cassandra/calls.h"
#include "adapter/cassandra/state.h"
#include "base/clock.h"
#include "domain/id.h"
#include "telemetry/metrics.h"

#define SLICE_POSTS   512 /* under one time limit */
#define CHUNK_POSTS   64  /* in one request */
#define CHUNK_BYTES   (256 * 1024)
#define LOOSE_ROWS    10             /* in one request: from 11 partitions on Cassandra warns */
#define FIRST_WINS(s) (ID_MAX - (s)) /* the timestamp of what the earliest position decides */

/* The posts of a slice, sorted in one way: runs of those that lie together, each in seq order. */
struct sorted {
    const struct event *posts[SLICE_POSTS];
    size_t n;
};

struct slice {
    struct cassandra *store;
    struct calls calls;
    struct request request;
    struct sorted by_channel, by_thread, by_user;
};

typedef int (*compare_f)(const void *a, const void *b);

static const struct event *post_at(const void *p)
{
    return *(const struct event *const *)p;
}

/* Posts of one channel came in seq order, so they lie so in memory. */
static int compare_places(const struct event *a, const struct event *b)
{
    return (a > b) - (a < b);
}

static int compare_channels(const void *pa, const void *pb)
{
    const struct event *a = post_at(pa), *b = post_at(pb);
    int order = memcmp(a->channel.b, b->channel.b, sizeof a->channel.b);
    return order != 0 ? order : compare_places(a, b);
}

static int compare_threads(const void *pa, const void *pb)
{
    const struct event *a = post_at(pa), *b = post_at(pb);
    int order = (a->parent > b->parent) - (a->parent < b->parent);
    return order != 0 ? order : compare_places(a, b);
}

static int compare_users(const void *pa, const void *pb)
{
    int order = memcmp(post_at(pa)->user.b, post_at(pb)->user.b, sizeof post_at(pa)->user.b);
    return order != 0 ? order : compare_channels(pa, pb);
}

static void sort(struct sorted *s, compare_f compare)
{
    qsort(s->posts, s->n, sizeof s->posts[0], compare);
}

static void slice_begin(struct slice *s, struct cassandra *store, const struct event *posts,
                        size_t n)
{
    s->store = store;
    s->by_channel.n = s->by_thread.n = s->by_user.n = 0;
    for (size_t i = 0; i < n; i++) {
        s->by_channel.posts[s->by_channel.n++] = &posts[i];
        s->by_user.posts[s->by_user.n++] = &posts[i];
        if (posts[i].kind == EVENT_REPLY)
            s->by_thread.posts[s->by_thread.n++] = &posts[i];
    }
    sort(&s->by_channel, compare_channels);
    sort(&s->by_thread, compare_threads);
    sort(&s->by_user, compare_users);
    request_init(&s->request);
    calls_begin(&s->calls, &store->link);
}

/* Sends the request, if there is anything in it, and empties it. */
static void slice_send(struct slice *s)
{
    if (s->request.n > 0)
        calls_send(&s->calls, &s->request, NULL);
    request_clear(&s->request);
}

/* ---- What a post is in each table ---- */

static void add_message(struct request *r, const struct event *e)
{
    request_item(r, ST_MESSAGE_ADD);
    request_uuid(r, &e->channel);
    request_int(r, id_bucket(e->id));
    request_u64(r, e->id);
    request_bytes(r, e->content);
    request_uuid(r, &e->user);
    request_text(r, e->username);
    request_i64(r, id_time_ms(e->id));
    request_u64(r, e->seq);
    request_u64(r, e->prev_seq);
    request_text(r, e->client_msg_id);
    request_i64(r, id_time_ms(e->id) * 1000);
}

static void add_timeline(struct request *r, const struct event *e)
{
    request_item(r, ST_TIMELINE_ADD);
    request_uuid(r, &e->channel);
    request_int(r, id_bucket(e->id));
    request_u64(r, e->seq);
    request_u64(r, e->prev_seq);
    request_u64(r, e->id);
    if (e->kind == EVENT_REPLY)
        request_u64(r, e->parent);
    else
        request_unset(r);
    request_uuid(r, &e->user);
    request_text(r, e->username);
    request_bytes(r, e->content);
    request_text(r, e->client_msg_id);
    request_i64(r, id_time_ms(e->id) * 1000);
}

static void add_reply(struct request *r, const struct event *e)
{
    request_item(r, ST_REPLY_ADD);
    request_uuid(r, &e->channel);
    request_u64(r, e->parent);
    request_u64(r, e->id);
    request_bytes(r, e->content);
    request_uuid(r, &e->user);
    request_text(r, e->username);
    request_i64(r, id_time_ms(e->id));
    request_u64(r, e->seq);
    request_u64(r, e->prev_seq);
    request_text(r, e->client_msg_id);
    request_i64(r, id_time_ms(e->id) * 1000);
}

static void add_message_channel(struct request *r, const struct event *e)
{
    request_item(r, ST_MESSAGE_CHANNEL_ADD);
    request_u64(r, e->id);
    request_uuid(r, &e->channel);
    request_i64(r, id_time_ms(e->id) * 1000);
}

static void add_client_id(struct request *r, const struct event *e)
{
    request_item(r, ST_CLIENT_ID_ADD);
    request_uuid(r, &e->channel);
    request_uuid(r, &e->user);
    request_bytes(r, e->client_msg_id);
    request_u64(r, e->seq);
    request_u64(r, e->id);
    request_u64(r, FIRST_WINS(e->seq));
}

static void set_own_post(struct request *r, const struct event *e)
{
    request_item(r, ST_OWN_POST_SET);
    request_uuid(r, &e->user);
    request_uuid(r, &e->channel);
    request_u64(r, e->seq);
    request_u64(r, e->seq);
}

static void add_bucket(struct request *r, const struct event *e)
{
    request_item(r, ST_BUCKET_ADD);
    request_uuid(r, &e->channel);
    request_int(r, id_bucket(e->id));
    request_u64(r, e->seq);
    request_u64(r, e->id);
    request_u64(r, FIRST_WINS(e->seq));
}

/* ---- In which order they go ---- */

static bool same_channel(const struct event *a, const struct event *b)
{
    return uuid_eq(&a->channel, &b->channel);
}

static bool same_bucket(const struct event *a, const struct event *b)
{
    return same_channel(a, b) && id_bucket(a->id) == id_bucket(b->id);
}

static bool same_thread(const struct event *a, const struct event *b)
{
    return a->parent == b->parent;
}

static bool same_user(const struct event *a, const struct event *b)
{
    return uuid_eq(&a->user, &b->user);
}

/* Buckets that this process does not know to be written down: waits until they are. */
static enum err write_buckets(struct slice *s)
{
    const struct event *fresh[SLICE_POSTS];
    size_t n = 0;
    for (size_t i = 0; i < s->by_channel.n; i++) {
        const struct event *e = s->by_channel.posts[i];
        bool is_first = i == 0 || !same_bucket(e, s->by_channel.posts[i - 1]);
        if (!is_first || buckets_has(&s->store->buckets, &e->channel, id_bucket(e->id), e->seq))
            continue;
        add_bucket(&s->request, e);
        slice_send(s);
        fresh[n++] = e;
    }
    enum err err = calls_wait(&s->calls);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        buckets_note(&s->store->buckets, &fresh[i]->channel, id_bucket(fresh[i]->id),
                     fresh[i]->seq);
    return err;
}

/* Where the run that begins at `from` ends. */
static size_t run_end(const struct sorted *s, size_t from,
                      bool (*same)(const struct event *, const struct event *))
{
    size_t end = from + 1;
    while (end < s->n && same(s->posts[from], s->posts[end]))
        end++;
    return end;
}

/* Of the small rows that share requests. */
static void slice_add_loose(struct slice *s, void (*add)(struct request *, const struct event *),
                            const struct event *e)
{
    add(&s->request, e);
    if (s->request.n == LOOSE_ROWS)
        slice_send(s);
}

/* The channels of messages, the client ids, and the last own post of each user in each channel. */
static void send_loose(struct slice *s)
{
    const struct sorted *u = &s->by_user;
    for (size_t i = 0; i < u->n; i++) {
        const struct event *e = u->posts[i], *next = i + 1 < u->n ? u->posts[i + 1] : NULL;
        if (e->kind == EVENT_MESSAGE)
            slice_add_loose(s, add_message_channel, e);
        if (e->client_msg_id.n > 0)
            slice_add_loose(s, add_client_id, e);
        if (next == NULL || !same_user(e, next) || !same_channel(e, next))
            slice_add_loose(s, set_own_post, e);
    }
    slice_send(s);
}

/* Runs of posts that follow one another, sent a chunk at a time. */
struct runs {
    const struct sorted *sorted;
    size_t at[SLICE_POSTS], end[SLICE_POSTS];
    size_t n;
};

static void runs_init(struct runs *r, const struct sorted *sorted,
                      bool (*same)(const struct event *, const struct event *))
{
    r->sorted = sorted;
    r->n = 0;
    for (size_t i = 0; i < sorted->n; i = r->end[r->n++]) {
        r->at[r->n] = i;
        r->end[r->n] = run_end(sorted, i, same);
    }
}

/* The next chunk of run `i`: posts that `together` says are of one partition. False at its end. */
static bool send_chunk(struct slice *s, struct runs *r, size_t i,
                       bool (*together)(const struct event *, const struct event *),
                       void (*add)(struct request *, const struct event *))
{
    size_t from = r->at[i], at = from;
    while (at < r->end[i] && at - from < CHUNK_POSTS && s->request.values.n < CHUNK_BYTES &&
           together(r->sorted->posts[from], r->sorted->posts[at]))
        add(&s->request, r->sorted->posts[at++]);
    slice_send(s);
    r->at[i] = at;
    return at > from;
}

static void add_to_bucket(struct request *r, const struct event *e)
{
    if (e->kind == EVENT_MESSAGE)
        add_message(r, e);
    add_timeline(r, e);
}

/* Channels and threads, a chunk of each at a time. */
static enum err write_runs(struct slice *s)
{
    struct runs channels, threads;
    enum err err;
    bool more;
    runs_init(&channels, &s->by_channel, same_channel);
    runs_init(&threads, &s->by_thread, same_thread);
    do {
        more = false;
        for (size_t i = 0; i < channels.n; i++)
            more = send_chunk(s, &channels, i, same_bucket, add_to_bucket) || more;
        for (size_t i = 0; i < threads.n; i++)
            more = send_chunk(s, &threads, i, same_thread, add_reply) || more;
        err = calls_wait(&s->calls);
    } while (more && err == ERR_OK);
    return err;
}

static enum err write_slice(struct cassandra *store, const struct event *posts, size_t n)
{
    struct slice s;
    slice_begin(&s, store, posts, n);
    enum err err = write_buckets(&s);
    if (err == ERR_OK) {
        send_loose(&s);
        reply_counts_written(&store->reply_counts, posts, n);
        err = write_runs(&s);
        reply_counts_written(&store->reply_counts, posts, n);
    }
    request_fini(&s.request);
    return calls_end(&s.calls, err);
}

enum err cassandra_write(struct history_store *self, const struct event *posts, size_t n)
{
    struct cassandra *store = cassandra_of(self);
    int64_t began = clock_steady_us(&clock_system);
    enum err err = ERR_OK;
    for (size_t at = 0; at < n && err == ERR_OK; at += SLICE_POSTS)
        err = write_slice(store, &posts[at], n - at < SLICE_POSTS ? n - at : SLICE_POSTS);
    if (err == ERR_OK)
        metric_add(M_CASSANDRA_POSTS, (int64_t)n);
    metric_observe(M_CASSANDRA_WRITE, (uint64_t)(clock_steady_us(&clock_system) - began));
    return err;
}

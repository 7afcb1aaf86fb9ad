/* Where the followers of the log stood. A partition of it has its heads in slices, so that none of
 * them grows without bound. What is written wins by its position in the log (USING TIMESTAMP), so
 * a writer that comes late, because it lost the partition to another, changes nothing. */
#include "adapter/cassandra/calls.h"
#include "adapter/cassandra/state.h"

#define SLICES     16
#define HEADS_ONCE 128 /* heads in one request */

static int32_t slice_of(const struct uuid *channel)
{
    return channel->b[sizeof channel->b - 1] % SLICES;
}

static void bind_partition(struct request *r, uint32_t epoch, unsigned partition)
{
    request_int(r, (int32_t)epoch);
    request_int(r, (int32_t)partition);
}

static void add_head(struct request *r, uint32_t epoch, unsigned partition,
                     const struct channel_head *h)
{
    request_item(r, ST_HEAD_SET);
    bind_partition(r, epoch, partition);
    request_int(r, slice_of(&h->channel));
    request_uuid(r, &h->channel);
    request_u64(r, h->seq);
    request_u64(r, h->id);
    request_u64(r, h->version);
    request_u64(r, h->at);
    request_u64(r, h->at);
}

static void send_slice(struct calls *calls, struct request *r)
{
    if (r->n > 0)
        calls_send(calls, r, NULL);
    request_clear(r);
}

enum err cassandra_write_heads(struct history_store *self, uint32_t epoch, unsigned partition,
                               const struct channel_head *heads, size_t n)
{
    struct calls calls;
    struct request slices[SLICES];
    calls_begin(&calls, &cassandra_of(self)->link);
    for (size_t i = 0; i < SLICES; i++)
        request_init(&slices[i]);
    for (size_t i = 0; i < n; i++) {
        struct request *r = &slices[slice_of(&heads[i].channel)];
        add_head(r, epoch, partition, &heads[i]);
        if (r->n == HEADS_ONCE)
            send_slice(&calls, r);
    }
    for (size_t i = 0; i < SLICES; i++) {
        send_slice(&calls, &slices[i]);
        request_fini(&slices[i]);
    }
    return calls_end(&calls, ERR_OK);
}

static bool head_of_row(struct row *row, struct channel_head *out)
{
    *out = (struct channel_head){.channel = row_uuid(row, 0),
                                 .seq = row_u64(row, 1),
                                 .id = row_u64(row, 2),
                                 .version = row_u64(row, 3),
                                 .at = row_u64(row, 4)};
    return !row->bad;
}

/* All slices are asked at once, and read one after the other. */
enum err cassandra_read_heads(struct history_store *self, uint32_t epoch, unsigned partition,
                              bool (*each)(const struct channel_head *, void *arg), void *arg)
{
    struct calls calls;
    struct select slices[SLICES];
    struct channel_head head;
    bool wanted = true, good = true;
    calls_begin(&calls, &cassandra_of(self)->link);
    for (int32_t i = 0; i < SLICES; i++) {
        select_init(&slices[i], &calls, ST_HEADS);
        bind_partition(&slices[i].request, epoch, partition);
        request_int(&slices[i].request, i);
        select_send(&slices[i]);
    }
    enum err e = calls_wait(&calls);
    for (size_t i = 0; i < SLICES; i++) {
        struct row row;
        while (e == ERR_OK && wanted && good && select_row(&slices[i], &row)) {
            good = head_of_row(&row, &head);
            wanted = good && each(&head, arg);
        }
        select_fini(&slices[i]);
    }
    return calls_end(&calls, good ? ERR_OK : ERR_INTERNAL);
}

enum err cassandra_write_snapshot(struct history_store *self, const struct log_snapshot *s)
{
    struct calls calls;
    struct request r;
    request_init(&r);
    request_item(&r, ST_SNAPSHOT_SET);
    bind_partition(&r, s->epoch, s->partition);
    request_u64(&r, s->next_offset);
    request_u64(&r, s->last_id);
    request_u64(&r, s->window_from);
    request_bytes(&r, s->not_first); /* an empty one replaces one that is not */
    request_u64(&r, s->next_offset);
    calls_begin(&calls, &cassandra_of(self)->link);
    calls_send(&calls, &r, NULL);
    enum err e = calls_end(&calls, ERR_OK);
    request_fini(&r);
    return e;
}

static enum err snapshot_of_row(struct row *row, struct arena *arena, struct log_snapshot *out)
{
    out->next_offset = row_u64(row, 0);
    out->last_id = row_u64(row, 1);
    out->window_from = row_u64(row, 2);
    out->not_first = arena_str(arena, row_str(row, 3));
    return row->bad || out->not_first.n > LOG_NOT_FIRST_MAX ? ERR_INTERNAL : ERR_OK;
}

enum err cassandra_read_snapshot(struct history_store *self, uint32_t epoch, unsigned partition,
                                 struct arena *arena, struct log_snapshot *out)
{
    struct calls calls;
    struct request r;
    struct call call;
    struct row row;
    *out = (struct log_snapshot){.epoch = epoch, .partition = partition};
    request_init(&r);
    request_item(&r, ST_SNAPSHOT);
    bind_partition(&r, epoch, partition);
    calls_begin(&calls, &cassandra_of(self)->link);
    calls_send(&calls, &r, &call);
    enum err e = calls_wait(&calls);
    if (e == ERR_OK)
        e = call_row(&call, 0, &row) ? snapshot_of_row(&row, arena, out) : ERR_NOT_FOUND;
    call_free(&call);
    request_fini(&r);
    return calls_end(&calls, e);
}

/* A post is nowhere without its bucket, which is written first. */
enum err cassandra_is_empty(struct history_store *self, bool *out)
{
    static const enum statement any[] = {ST_ANY_BUCKET, ST_ANY_HEAD, ST_ANY_SNAPSHOT};
    enum { ANY = sizeof any / sizeof any[0] };
    struct calls calls;
    struct request r;
    struct call found[ANY];
    struct row row;
    *out = true;
    request_init(&r);
    calls_begin(&calls, &cassandra_of(self)->link);
    for (size_t i = 0; i < ANY; i++) {
        request_clear(&r);
        request_item(&r, any[i]);
        calls_send(&calls, &r, &found[i]);
    }
    enum err e = calls_wait(&calls);
    for (size_t i = 0; i < ANY; i++) {
        *out = *out && !call_row(&found[i], 0, &row);
        call_free(&found[i]);
    }
    request_fini(&r);
    return calls_end(&calls, e);
}

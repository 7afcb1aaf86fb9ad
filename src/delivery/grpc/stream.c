/* Chat.Subscribe: a stream is a session of the hub, on the edge's loop.
 *
 *     opened   (a thread of the server's) admitted, its positions checked; then on the loop:
 *     attached to the hub, which answers with Hello, replays and live events: they queue here and
 *              are written one message at a time
 *     finished once, for whatever reason: its status is said, nothing more is queued
 *     closed   the server has let go of it; only now it leaves the hub, and is freed
 *
 * A reader who falls behind by more than the limits of a websocket's queue is ended with
 * RESOURCE_EXHAUSTED and the positions from which to resume. Who does not read even that within
 * CLOSE_LINGER_S is cut off. */
#include <assert.h>

#include "base/mem.h"
#include "base/rand.h"
#include "delivery/grpc/context.h"
#include "delivery/grpc/encode.h"
#include "delivery/grpc/status.h"
#include "delivery/grpc/unsent.h"
#include "domain/id.h"
#include "telemetry/metrics.h"

#define CLOSE_LINGER_S  5
#define HELLO_BYTES_MAX (1024u * 1024)
#define RESTART_TEXT    "The server is about to stop; subscribe again"

struct stream {
    struct session session;
    struct grpc_edge *edge;
    struct rpc_stream *rpc;
    struct task open, written, cancelled, closed; /* each is posted at most once at a time */
    struct list link;                             /* in the edge's `open` */
    struct claims claims;
    struct unsent unsent;
    bool is_attached, is_finished, replay_waits;
    uint32_t lingers_s; /* since it was finished */
    size_t n_points;
    struct resume_point points[]; /* where to resume */
};

static struct stream *stream_of(struct session *s)
{
    return MEM_OWNER(s, struct stream, session);
}

static const struct rpc_server_ops *ops_of(const struct stream *st)
{
    return st->edge->config.server->ops;
}

/* ---- Ending ---- */

/* May be called from inside a call of the hub: the session is detached when the stream is closed.
 */
static void stream_finish(struct stream *st, const struct fault *f,
                          const struct resume_point *points, size_t n)
{
    struct buf details;
    if (st->is_finished)
        return;
    st->is_finished = true;
    grpc_count(RPC_SUBSCRIBE, err_rpc(f->err));
    buf_init(&details, STATUS_DETAILS_MAX);
    status_put_details(&details, f, points, n);
    ops_of(st)->finish(st->rpc,
                       &(struct rpc_status){err_rpc(f->err), fault_text(f), buf_str(&details)});
    buf_fini(&details);
}

static void stream_fail(struct stream *st, enum err e, const char *text, uint32_t retry_after_ms)
{
    struct fault f = {.err = e};
    if (text != NULL)
        fault_set(&f, e, "%s", text);
    f.retry_after_ms = retry_after_ms;
    stream_finish(st, &f, NULL, 0);
}

static void stream_too_slow(struct stream *st)
{
    struct resume_point points[STATUS_POINTS_MAX];
    size_t n = unsent_positions(&st->unsent, points, STATUS_POINTS_MAX);
    stream_finish(st, &(struct fault){.err = ERR_TOO_SLOW}, points, n);
}

static uint32_t random_below(uint32_t ms)
{
    return ms == 0 ? 0 : 1 + (uint32_t)rand_below(ms);
}

/* ---- Writing ---- */

static void stream_flush(struct stream *st)
{
    struct rpc_piece pieces[UNSENT_PIECES_MAX];
    size_t n = st->is_finished ? 0 : unsent_take(&st->unsent, pieces);
    if (n > 0)
        ops_of(st)->write(st->rpc, pieces, n);
}

static bool stream_is_behind(const struct stream *st)
{
    const struct limits *limits = st->edge->config.limits;
    return st->unsent.bytes > limits->write_queue_bytes ||
           st->unsent.frames > limits->write_queue_frames;
}

static void stream_put(struct stream *st, struct run *r, unsigned first, unsigned last,
                       bool is_replay)
{
    if (st->is_finished)
        return;
    unsent_put_run(&st->unsent, r, first, last, is_replay);
    if (!is_replay && stream_is_behind(st))
        stream_too_slow(st);
    else
        stream_flush(st);
}

static void stream_put_own(struct stream *st, struct buf *out)
{
    assert(!out->failed);
    if (!st->is_finished && out->n > 0)
        unsent_put_own(&st->unsent, bytes_copy(out->p, out->n));
    buf_fini(out);
    stream_flush(st);
}

/* ---- What the hub says ---- */

static void on_push(struct session *s, struct run *r, unsigned first, unsigned last)
{
    stream_put(stream_of(s), r, first, last, false);
}

/* Posts by gRPC name no session as their origin, so that this one hears them like all others. */
static void on_ack(struct session *s, struct run *r, unsigned index)
{
    stream_put(stream_of(s), r, index, index + 1, false);
}

static void on_replay(struct session *s, struct run *r, unsigned first, unsigned last)
{
    stream_put(stream_of(s), r, first, last, true);
    metric_add(M_REPLAYED, (int64_t)(last - first));
}

/* Read positions, presence and typing are for people at a screen. */
static void on_frame(struct session *s, struct bytes *frame)
{
    (void)s;
    (void)frame;
}

static void on_attached(struct session *s, enum err err)
{
    if (err != ERR_OK)
        stream_fail(stream_of(s), err, NULL, GRPC_BUSY_RETRY_MS);
}

static void on_hello(struct session *s, const struct session_channel *channels, size_t n)
{
    struct stream *st = stream_of(s);
    struct buf out;
    buf_init(&out, HELLO_BYTES_MAX);
    encode_hello(&out, s, st->edge->config.node, channels, n);
    stream_put_own(st, &out);
}

static void on_resumed(struct session *s, const struct session_channel *channels, size_t n)
{
    struct buf out;
    buf_init(&out, HELLO_BYTES_MAX);
    for (size_t i = 0; i < n; i++)
        if (!channels[i].recovered)
            encode_gap(&out, &channels[i]);
    stream_put_own(stream_of(s), &out);
}

static void on_revoked(struct session *s)
{
    stream_fail(stream_of(s), ERR_BAD_TOKEN, "This session was logged out", 0);
}

static bool on_is_writable(struct session *s)
{
    struct stream *st = stream_of(s);
    size_t bound = session_replay_bound(st->edge->config.limits->write_queue_bytes);
    st->replay_waits = st->unsent.bytes >= bound || st->is_finished;
    return !st->replay_waits;
}

static const struct session_ops session_ops = {
    .push = on_push,
    .ack = on_ack,
    .replay = on_replay,
    .frame = on_frame,
    .attached = on_attached,
    .hello = on_hello,
    .resumed = on_resumed,
    .revoked = on_revoked,
    .is_writable = on_is_writable,
};

/* ---- On the loop ---- */

static void run_open(struct task *t)
{
    struct stream *st = MEM_OWNER(t, struct stream, open);
    struct grpc_edge *e = st->edge;
    list_append(&e->open, &st->link);
    if (st->is_finished)
        return;
    if (atomic_load(&e->is_draining)) {
        stream_fail(st, ERR_UNAVAILABLE, RESTART_TEXT, GRPC_BUSY_RETRY_MS);
        return;
    }
    st->session.ops = &session_ops;
    st->session.user = st->claims.user;
    st->session.username = str_of(st->claims.name);
    st->session.jti = st->claims.jti;
    st->session.issued_us = st->claims.issued_s * 1000000;
    st->is_attached = true;
    metric_add(M_RPC_STREAMS, 1);
    session_attach(e->config.shard, &st->session);
    enum err err = session_hello(&st->session, st->points, st->n_points, NULL, 0);
    if (err != ERR_OK)
        stream_fail(st, err, "resume names too many channels", 0);
}

static void run_written(struct task *t)
{
    struct stream *st = MEM_OWNER(t, struct stream, written);
    unsent_written(&st->unsent);
    stream_flush(st);
    if (st->is_finished || !st->replay_waits)
        return;
    st->replay_waits = false;
    session_writable(&st->session);
}

static void run_cancelled(struct task *t)
{
    struct stream *st = MEM_OWNER(t, struct stream, cancelled);
    if (st->is_finished)
        return;
    st->is_finished = true;
    grpc_count(RPC_SUBSCRIBE, RPC_CANCELLED);
    ops_of(st)->finish(st->rpc, &(struct rpc_status){RPC_CANCELLED, "", STR_NONE});
}

static void run_closed(struct task *t)
{
    struct stream *st = MEM_OWNER(t, struct stream, closed);
    struct grpc_edge *e = st->edge;
    if (st->is_attached) {
        session_detach(&st->session);
        metric_add(M_RPC_STREAMS, -1);
    }
    list_remove(&st->link);
    unsent_fini(&st->unsent);
    mem_free(st);
    atomic_fetch_sub(&e->streams, 1);
}

/* ---- What the server says, on threads of its own ---- */

static void post(struct stream *st, struct task *t)
{
    struct executor *loop = st->edge->config.executor;
    loop->post(loop, t);
}

static enum err take_points(struct stream *st, const struct rpc_request *r, struct fault *f)
{
    for (size_t i = 0; i < st->n_points; i++) {
        struct resume_point *p = &st->points[i];
        if (!uuid_from_text(r->resume[i].channel_id, &p->channel))
            return fault_set(f, ERR_BAD_REQUEST, "resume: a channel id should be uuid");
        if (r->resume[i].seq > ID_MAX)
            return fault_set(f, ERR_BAD_REQUEST, "resume: a position is below 2^53");
        p->seq = r->resume[i].seq;
    }
    return ERR_OK;
}

static enum err check(struct stream *st, const struct rpc_request *r, unsigned n_open,
                      struct fault *f)
{
    const uint32_t points_max = st->edge->config.limits->channels_per_connection;
    enum err e = grpc_admit(st->edge, r, &st->claims);
    if (e != ERR_OK)
        return fault_set(f, e, NULL);
    if (n_open >= GRPC_STREAMS_MAX) {
        fault_set(f, ERR_RATE_LIMITED, "There are too many subscriptions on this node");
        f->retry_after_ms = GRPC_BUSY_RETRY_MS;
        return f->err;
    }
    if (r->n_resume > points_max)
        return fault_set(f, ERR_BAD_REQUEST, "resume names more than %u channels",
                         (unsigned)points_max);
    return take_points(st, r, f);
}

void *grpc_stream_open(struct rpc_handler *self, struct rpc_stream *rpc,
                       const struct rpc_request *r)
{
    struct grpc_edge *e = MEM_OWNER(self, struct grpc_edge, handler);
    const size_t n = r->n_resume;
    struct stream *st = mem_zalloc(sizeof *st + n * sizeof st->points[0]);
    struct fault f = {.err = ERR_OK};
    st->edge = e;
    st->rpc = rpc;
    st->n_points = n;
    st->open.run = run_open;
    st->written.run = run_written;
    st->cancelled.run = run_cancelled;
    st->closed.run = run_closed;
    list_init(&st->link);
    unsent_init(&st->unsent);
    if (check(st, r, atomic_fetch_add(&e->streams, 1), &f) != ERR_OK)
        stream_finish(st, &f, NULL, 0);
    post(st, &st->open);
    return st;
}

void grpc_stream_written(struct rpc_handler *self, void *named)
{
    (void)self;
    struct stream *st = named;
    post(st, &st->written);
}

void grpc_stream_cancelled(struct rpc_handler *self, void *named)
{
    (void)self;
    struct stream *st = named;
    post(st, &st->cancelled);
}

void grpc_stream_closed(struct rpc_handler *self, void *named)
{
    (void)self;
    struct stream *st = named;
    post(st, &st->closed);
}

/* ---- All of them ---- */

static void stream_tick(struct stream *st, int64_t now_s)
{
    if (st->is_finished && ++st->lingers_s == CLOSE_LINGER_S)
        ops_of(st)->abort(st->rpc);
    else if (!st->is_finished && now_s >= st->claims.expires_s)
        stream_fail(st, ERR_TOKEN_EXPIRED, NULL, 0);
}

void grpc_streams_tick(struct grpc_edge *e)
{
    int64_t now_s = clock_wall_us(e->config.clock) / 1000000;
    for (struct list *link = e->open.next; link != &e->open; link = link->next)
        stream_tick(MEM_OWNER(link, struct stream, link), now_s);
}

void grpc_streams_drain(struct grpc_edge *e, uint32_t retry_after_ms)
{
    for (struct list *link = e->open.next; link != &e->open; link = link->next)
        stream_fail(MEM_OWNER(link, struct stream, link), ERR_UNAVAILABLE, RESTART_TEXT,
                    random_below(retry_after_ms));
}

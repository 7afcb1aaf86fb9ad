/* What a websocket client hears: pushes and replays from runs, acks cut from them, and answers. */
#include "delivery/ws/conn.h"

#include <assert.h>

#include "base/mem.h"
#include "telemetry/metrics.h"
#include "wire/frame.h"

#define DEFLATE_FROM_BYTES 256 /* shorter payloads are not worth a compressed frame */

static struct ws_conn *conn_of(struct session *s)
{
    return MEM_OWNER(s, struct ws_conn, session);
}

/* ---- Single frames ---- */

struct buf *ws_answer_begin(struct ws_conn *w)
{
    buf_clear(&w->home->scratch);
    return &w->home->scratch;
}

void ws_answer_send(struct ws_conn *w)
{
    struct buf *out = &w->home->scratch;
    ws_frame_finish(out, 0);
    assert(!out->failed);
    conn_write_copy(w->conn, out->p, out->n);
}

void ws_answer_fail(struct ws_conn *w, struct str ref, enum err e, const char *text,
                    uint32_t retry_after_ms)
{
    frame_put_fail(ws_answer_begin(w), ref, err_code(e), text != NULL ? text : err_text(e),
                   retry_after_ms);
    ws_answer_send(w);
}

/* ---- Runs ---- */

static struct str frame_payload(const struct run *r, const struct run_frame *f)
{
    const char *frame = r->bytes->data + f->start;
    unsigned char length = (unsigned char)frame[1];
    size_t head = length < 126 ? 2 : length == 126 ? 4 : 10;
    return (struct str){frame + head, f->end - f->start - head};
}

static void deflate_frames(const struct run *r, struct buf *out, uint32_t *ends)
{
    for (unsigned i = 0; i < r->n; i++) {
        const struct run_frame *f = &r->frames[i];
        struct str payload = frame_payload(r, f);
        if (payload.n < DEFLATE_FROM_BYTES || !ws_put_frame_deflated(out, payload))
            buf_put(out, r->bytes->data + f->start, f->end - f->start);
        ends[i] = (uint32_t)out->n;
    }
}

static void on_push(struct session *s, struct run *r, unsigned first, unsigned last)
{
    struct ws_conn *w = conn_of(s);
    if (!w->decoder.deflate) {
        uint32_t start = r->frames[first].start;
        conn_write(w->conn, r->bytes, start, r->frames[last - 1].end - start, last - first);
        return;
    }
    const struct run_form *d = run_deflate(r, deflate_frames);
    uint32_t start = first == 0 ? 0 : d->ends[first - 1];
    conn_write(w->conn, d->bytes, start, d->ends[last - 1] - start, last - first);
}

/* The data of an event's frame with another beginning. */
static void put_data(struct buf *out, const struct run *r, const struct run_frame *f)
{
    buf_put(out, r->bytes->data + f->data, f->end - f->data);
}

static void on_ack(struct session *s, struct run *r, unsigned index)
{
    struct ws_conn *w = conn_of(s);
    const struct run_frame *f = &r->frames[index];
    struct buf *out = ws_answer_begin(w);
    frame_put_success(out, "Ack", f->origin.ref, "",
                      f->kind == EVENT_REPLY ? "create reply successfully"
                                             : "create message successfully");
    put_data(out, r, f);
    ws_answer_send(w);
    if (f->queued_us != 0) {
        int64_t us = clock_steady_us(w->home->edge->config.clock) - f->queued_us;
        metric_observe(M_ACK_LATENCY, us > 0 ? (uint64_t)us : 0);
    }
    ws_conn_landed(w);
}

static void on_replay(struct session *s, struct run *r, unsigned first, unsigned last)
{
    struct ws_conn *w = conn_of(s);
    for (unsigned i = first; i < last; i++) {
        const struct run_frame *f = &r->frames[i];
        struct buf *out = ws_answer_begin(w);
        frame_put_success(out, ws_action_of(f->kind), STR_NONE, "replay",
                          "send message successfully");
        put_data(out, r, f);
        ws_answer_send(w);
    }
    metric_add(M_REPLAYED, (int64_t)(last - first));
}

static void on_frame(struct session *s, struct bytes *frame)
{
    conn_write(conn_of(s)->conn, frame, 0, frame->len, 1);
}

/* ---- Answers of the hub ---- */

static void on_attached(struct session *s, enum err err)
{
    struct ws_conn *w = conn_of(s);
    if (w->state != WS_ATTACHING)
        return;
    if (err != ERR_OK) {
        ws_answer_fail(w, STR_NONE, err, NULL, 1000);
        ws_conn_close(w, WS_CLOSE_RESTART, STR("{\"retry_after_ms\":1000}"));
        return;
    }
    w->state = WS_OPEN;
    if (!w->settled)
        conn_deadline(w->conn, WS_SETTLE_MS);
    ws_conn_unpause(w);
}

static struct str take_ref(struct ws_conn *w, char **owned)
{
    *owned = w->answer_ref;
    w->answer_ref = NULL;
    return *owned == NULL ? STR_NONE : str_of(*owned);
}

static void on_hello(struct session *s, const struct session_channel *channels, size_t n)
{
    struct ws_conn *w = conn_of(s);
    const struct ws_edge_config *config = &w->home->edge->config;
    char *ref;
    struct buf *out = ws_answer_begin(w);
    frame_put_success(out, "Hello", take_ref(w, &ref), "", "hello");
    buf_puts(out, "{\"user_id\":");
    json_put_uuid(out, &s->user);
    buf_printf(out, ",\"session_id\":\"%08x-%u-%llu\",\"node\":", w->home->edge->run,
               shard_index(s->shard), (unsigned long long)s->id);
    json_put_string(out, str_of(config->node));
    buf_printf(out, ",\"heartbeat_s\":%u,\"channels\":[", config->limits->ping_interval_s);
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i == 0 ? "{\"id\":" : ",{\"id\":");
        json_put_uuid(out, &channels[i].channel);
        buf_printf(out, ",\"head_seq\":%llu,\"read_seq\":%llu",
                   (unsigned long long)channels[i].head_seq,
                   (unsigned long long)channels[i].read_seq);
        if (channels[i].resume_asked)
            buf_puts(out, channels[i].recovered ? ",\"recovered\":true" : ",\"recovered\":false");
        buf_putc(out, '}');
    }
    buf_puts(out, "]}}");
    ws_answer_send(w);
    mem_free(ref);
}

static void on_resumed(struct session *s, const struct session_channel *channels, size_t n)
{
    struct ws_conn *w = conn_of(s);
    char *ref;
    struct buf *out = ws_answer_begin(w);
    frame_put_success(out, "Resumed", take_ref(w, &ref), "", "resumed");
    buf_puts(out, "{\"channels\":{");
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i == 0 ? "" : ",");
        json_put_uuid(out, &channels[i].channel);
        buf_printf(out, ":{\"recovered\":%s,\"head_seq\":%llu}",
                   channels[i].recovered ? "true" : "false",
                   (unsigned long long)channels[i].head_seq);
    }
    buf_puts(out, "}}}");
    ws_answer_send(w);
    mem_free(ref);
}

static void on_revoked(struct session *s)
{
    struct ws_conn *w = conn_of(s);
    metric_inc(M_CLOSED_UNAUTHENTICATED);
    ws_answer_fail(w, STR_NONE, ERR_BAD_TOKEN, "This session was logged out", 0);
    ws_conn_close(w, WS_CLOSE_UNAUTHENTICATED, STR("logged out"));
}

static bool on_is_writable(struct session *s)
{
    struct ws_conn *w = conn_of(s);
    size_t bound = session_replay_bound(w->home->edge->config.limits->write_queue_bytes);
    w->replay_waits = conn_queued_bytes(w->conn) >= bound;
    return !w->replay_waits;
}

const struct session_ops ws_session_ops = {
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

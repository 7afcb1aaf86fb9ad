/* Verdicts of the journal that do not come with a run: a duplicate's ack and refusals. The answer
 * is encoded on the journal's thread, where the append still lives, and posted to the loop. */
#include "delivery/ws/conn.h"

#include "base/mem.h"
#include "domain/id.h"
#include "telemetry/metrics.h"
#include "wire/frame.h"

#define ANSWER_BYTES_MAX (512u * 1024) /* 8 KiB of text, every byte escaped, and then some */
#define RETRY_AFTER_MS   1000

struct outcome {
    struct task task;
    struct ws_loop *home;
    uint64_t session;
    bool lost; /* nobody knows, and no client_msg_id to ask with: close with 1011 */
    struct buf frame;
};

static void deliver(struct task *t)
{
    struct outcome *o = MEM_OWNER(t, struct outcome, task);
    struct session *s = shard_session(o->home->shard, o->session);
    if (s != NULL) {
        struct ws_conn *w = MEM_OWNER(s, struct ws_conn, session);
        if (o->lost)
            ws_conn_close(w, WS_CLOSE_INTERNAL, STR("outcome unknown"));
        else
            conn_write_copy(w->conn, o->frame.p, o->frame.n);
        ws_conn_landed(w);
    }
    buf_fini(&o->frame);
    mem_free(o);
}

static void put_duplicate(struct buf *out, const struct append *a)
{
    bool reply = a->kind == EVENT_REPLY;
    frame_put_success(out, "Ack", a->origin.ref, "duplicate",
                      reply ? "create reply successfully" : "create message successfully");
    frame_put_post(out, &(struct frame_post){
                            .channel = a->channel,
                            .user = a->user,
                            .message_id = reply ? a->parent : a->id,
                            .reply_id = reply ? a->id : 0,
                            .seq = a->seq,
                            .prev_seq = a->prev_seq,
                            .created_us = id_time_ms(a->id) * 1000,
                            .content = a->content,
                            .username = a->username,
                            .client_msg_id = a->client_msg_id,
                        });
    buf_putc(out, '}');
}

void ws_outcome_done(const struct append *a, void *arg)
{
    ws_trace_done(a);
    if (a->err == ERR_OK && !a->duplicate)
        return; /* its ack came with the run */
    struct ws_loop *home = arg;
    struct outcome *o = MEM_NEW(struct outcome);
    o->task.run = deliver;
    o->home = home;
    o->session = a->origin.session;
    o->lost = a->err == ERR_UNKNOWN && a->client_msg_id.n == 0;
    buf_init(&o->frame, ANSWER_BYTES_MAX);
    if (a->err == ERR_OK)
        put_duplicate(&o->frame, a);
    else
        frame_put_fail(&o->frame, a->origin.ref, err_code(a->err), err_text(a->err),
                       err_status(a->err) == 503 ? RETRY_AFTER_MS : 0);
    if (a->err == ERR_OK)
        metric_inc(M_DUPLICATES);
    ws_frame_finish(&o->frame, 0);
    struct executor *loop = loop_executor(home->loop);
    loop->post(loop, &o->task);
}

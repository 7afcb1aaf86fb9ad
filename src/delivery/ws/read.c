/* The action Read: a read position is moved by a worker, and whoever gave a ref is told. */
#include "delivery/ws/conn.h"

#include "base/mem.h"
#include "wire/frame.h"

#define READS_IN_FLIGHT_MAX 16 /* of one connection */

struct read_job {
    struct task task;
    struct ws_loop *home;
    uint64_t session;
    struct uuid user, channel;
    uint64_t seq;
    enum err err;
    char ref[]; /* raw JSON, "" for none */
};

static void answer(struct task *t)
{
    struct read_job *job = MEM_OWNER(t, struct read_job, task);
    struct session *s = shard_session(job->home->shard, job->session);
    if (s != NULL) {
        struct ws_conn *w = MEM_OWNER(s, struct ws_conn, session);
        w->reads--;
        if (job->err != ERR_OK) {
            ws_answer_fail(w, str_of(job->ref), job->err, NULL, 0);
        } else if (job->ref[0] != '\0') {
            struct buf *out = ws_answer_begin(w);
            frame_put_success(out, "Read", str_of(job->ref), "", "read position moved");
            buf_puts(out, "{\"channel_id\":");
            json_put_uuid(out, &job->channel);
            buf_printf(out, ",\"read_seq\":%llu}}", (unsigned long long)job->seq);
            ws_answer_send(w);
        }
    }
    mem_free(job);
}

static void work(struct task *t)
{
    struct read_job *job = MEM_OWNER(t, struct read_job, task);
    uint64_t now = 0;
    job->err = channels_mark_read(job->home->edge->config.channels, &job->user, &job->channel,
                                  job->seq, shard_index(job->home->shard), job->session, &now);
    job->seq = now;
    job->task.run = answer;
    struct executor *home = loop_executor(job->home->loop);
    home->post(home, &job->task);
}

void ws_read_handle(struct ws_conn *w, const struct command *c)
{
    if (!c->has_channel || !c->has_seq) {
        ws_answer_fail(
            w, c->ref, ERR_BAD_REQUEST,
            c->has_channel ? "The Field: seq is required" : "The Field: channelid is required", 0);
        return;
    }
    struct read_job *job = mem_zalloc(sizeof *job + c->ref.n + 1);
    job->task.run = work;
    job->home = w->home;
    job->session = w->session.id;
    job->user = w->session.user;
    job->channel = c->channel;
    job->seq = c->seq;
    if (c->ref.n > 0)
        memcpy(job->ref, c->ref.p, c->ref.n);
    if (w->reads >= READS_IN_FLIGHT_MAX ||
        !workers_try_post(w->home->edge->config.workers, &job->task)) {
        mem_free(job);
        ws_answer_fail(w, c->ref, ERR_UNAVAILABLE, NULL, 1000);
        return;
    }
    w->reads++;
}

/* What websocket clients ask for: one table of actions, one handler each. */
#include "delivery/ws/conn.h"

#include "base/mem.h"
#include "delivery/admit.h"
#include "telemetry/metrics.h"
#include "wire/frame.h"

#define PROTOCOL_VERSION 1

enum err ws_authenticate(struct ws_edge *e, struct str token, struct claims *out)
{
    return admit_token(e->config.key, e->config.auth, e->config.clock, token, out);
}

static void fail(struct ws_conn *w, const struct command *c, enum err e, const char *text)
{
    ws_answer_fail(w, c->ref, e, text, 0);
}

/* ---- Sending ---- */

static void refuse_send(struct ws_conn *w, const struct command *c, const struct fault *f)
{
    ws_answer_fail(w, c->ref, f->err, fault_text(f), f->retry_after_ms);
    if (f->err != ERR_RATE_LIMITED || ++w->strikes < WS_STRIKES_MAX)
        return;
    metric_inc(M_CLOSED_TOO_FAST);
    ws_conn_close(w, WS_CLOSE_TOO_FAST, STR("too fast"));
}

static void handle_send(struct ws_conn *w, const struct command *c)
{
    struct fault f = {.err = ERR_OK};
    bool reply = c->action == COMMAND_CREATE_REPLY;
    metric_inc(M_MESSAGES_IN_WS);
    if (!c->has_channel || !c->has_content || (reply && !c->has_message_id)) {
        fail(w, c, ERR_BAD_REQUEST,
             !c->has_channel   ? "The Field: channelid is required"
             : !c->has_content ? "The Field: content is required"
                               : "The Field: messageid is required");
        return;
    }
    struct send send = {
        .kind = reply ? EVENT_REPLY : EVENT_MESSAGE,
        .channel = c->channel,
        .user = w->session.user,
        .parent = reply ? c->message_id : 0,
        .username = w->session.username,
        .content = c->content,
        .client_msg_id = c->has_client_msg_id ? c->client_msg_id : STR_NONE,
        .origin = {shard_index(w->home->shard), w->session.id, c->ref},
        .is_member = session_has(&w->session, &c->channel),
        .trace = trace_start(),
    };
    if (c->has_client_msg_id && c->client_msg_id.n == 0) {
        fail(w, c, ERR_BAD_REQUEST, "client_msg_id must have 1 to 64 characters of A-Za-z0-9._:-");
        return;
    }
    if (messages_send(w->home->edge->config.messages, &send, ws_outcome_done, w->home, &f) !=
        ERR_OK) {
        refuse_send(w, c, &f);
        ws_trace_refused(&send, f.err);
        return;
    }
    if (w->strikes > 0)
        w->strikes--;
    if (++w->in_flight >= WS_IN_FLIGHT_MAX)
        ws_conn_pause(w);
}

/* ---- The extended session ---- */

/* NULL when `n` is 0; the caller frees it. */
static struct resume_point *points_of(const struct command *c)
{
    struct resume_point *points = c->n_resume == 0 ? NULL : mem_array(c->n_resume, sizeof *points);
    for (size_t i = 0; i < c->n_resume; i++)
        points[i] = (struct resume_point){c->resume[i].channel, c->resume[i].seq};
    return points;
}

static void keep_ref(struct ws_conn *w, const struct command *c)
{
    mem_free(w->answer_ref);
    w->answer_ref = c->ref.n == 0 ? NULL : mem_strndup(c->ref.p, c->ref.n);
}

static void handle_hello(struct ws_conn *w, const struct command *c)
{
    if (c->has_protocol && c->protocol != PROTOCOL_VERSION) {
        fail(w, c, ERR_BAD_REQUEST, "This server speaks protocol 1");
        return;
    }
    if (w->session.extended) {
        fail(w, c, ERR_BAD_REQUEST, "Hello was said already");
        return;
    }
    struct resume_point *points = points_of(c);
    keep_ref(w, c);
    enum err e = session_hello(&w->session, points, c->n_resume, c->watch, c->n_watch);
    if (e != ERR_OK)
        fail(w, c, e, NULL);
    ws_conn_settle(w);
    mem_free(points);
}

static void handle_resume(struct ws_conn *w, const struct command *c)
{
    if (w->answer_ref != NULL) {
        fail(w, c, ERR_RATE_LIMITED, "A Hello or Resume is under way");
        return;
    }
    struct resume_point *points = points_of(c);
    keep_ref(w, c);
    enum err e = session_resume(&w->session, points, c->n_resume);
    if (e != ERR_OK) {
        fail(w, c, e, e == ERR_RATE_LIMITED ? "A Hello or Resume is under way" : NULL);
        keep_ref(w, &(struct command){.ref = STR_NONE});
    }
    mem_free(points);
}

static void handle_watch(struct ws_conn *w, const struct command *c)
{
    enum err e = session_watch(&w->session, c->watch, c->n_watch);
    if (e != ERR_OK)
        fail(w, c, e, NULL);
}

static void handle_typing(struct ws_conn *w, const struct command *c)
{
    if (!c->has_channel) {
        fail(w, c, ERR_BAD_REQUEST, "The Field: channelid is required");
        return;
    }
    enum err e = session_typing(&w->session, &c->channel);
    if (e != ERR_OK)
        fail(w, c, e, NULL);
}

static void handle_ping(struct ws_conn *w, const struct command *c)
{
    struct buf *out = ws_answer_begin(w);
    frame_put_success(out, "Pong", c->ref, "", "pong");
    buf_puts(out, "{}}");
    ws_answer_send(w);
}

/* ---- The table ---- */

static const struct {
    void (*handle)(struct ws_conn *w, const struct command *c);
    bool extended; /* only after Hello */
} actions[] = {
    [COMMAND_CREATE_MESSAGE] = {handle_send, false}, [COMMAND_CREATE_REPLY] = {handle_send, false},
    [COMMAND_HELLO] = {handle_hello, false},         [COMMAND_RESUME] = {handle_resume, true},
    [COMMAND_WATCH] = {handle_watch, true},          [COMMAND_TYPING] = {handle_typing, true},
    [COMMAND_READ] = {ws_read_handle, true},         [COMMAND_PING] = {handle_ping, false},
};

void ws_command_handle(struct ws_conn *w, struct str text)
{
    struct command c;
    const char *reason;
    if (!command_parse(w->home->parser, text, &c, &reason)) {
        ws_conn_settle(w);
        ws_answer_fail(w, c.ref, ERR_BAD_REQUEST, reason, 0);
        return;
    }
    if (c.action != COMMAND_HELLO)
        ws_conn_settle(w);
    if (c.action == COMMAND_UNKNOWN)
        fail(w, &c, ERR_BAD_REQUEST, "There is no such action");
    else if (actions[c.action].extended && !w->session.extended)
        fail(w, &c, ERR_BAD_REQUEST, "Say Hello first");
    else
        actions[c.action].handle(w, &c);
}

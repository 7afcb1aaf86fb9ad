/* The life of a websocket: from the upgrade through authentication to its close. */
#include "delivery/ws/conn.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/rand.h"
#include "telemetry/metrics.h"
#include "wire/frame.h"

#define HELD_BYTES_MAX    (256u * 1024) /* more than one read of the loop can bring */
#define SCRATCH_BYTES_MAX (2u * 1024 * 1024)
#define SLOW_LINGER_MS    5000

static uint32_t now_s(const struct ws_conn *w)
{
    return (uint32_t)(loop_now_ms(w->home->loop) / 1000);
}

static const struct limits *limits_of(const struct ws_conn *w)
{
    return w->home->edge->config.limits;
}

/* ---- Closing ---- */

/* The session is detached when the connection is gone: this may run inside a call of the hub. */
void ws_conn_close(struct ws_conn *w, uint16_t code, struct str reason)
{
    if (w->state == WS_CLOSING)
        return;
    w->state = WS_CLOSING;
    char frame[WS_CLOSE_FRAME_MAX];
    size_t n = ws_close_frame(code, reason, frame);
    conn_write_copy(w->conn, frame, n);
    conn_close(w->conn, WS_CLOSE_LINGER_MS);
}

static void close_unauthenticated(struct ws_conn *w, enum err e)
{
    metric_inc(M_CLOSED_UNAUTHENTICATED);
    ws_answer_fail(w, STR_NONE, e, NULL, 0);
    ws_conn_close(w, WS_CLOSE_UNAUTHENTICATED, str_of(err_text(e)));
}

static void close_for_drain(struct ws_conn *w)
{
    char reason[64];
    snprintf(reason, sizeof reason, "{\"retry_after_ms\":%u}", w->home->drain_retry_ms);
    metric_inc(M_CLOSED_DRAIN);
    ws_conn_close(w, WS_CLOSE_RESTART, str_of(reason));
}

/* ---- Reading and not reading ---- */

void ws_conn_pause(struct ws_conn *w)
{
    if (w->paused)
        return;
    w->paused = true;
    conn_pause(w->conn);
}

static void hold(struct ws_conn *w, const char *p, size_t n)
{
    if (w->held == NULL) {
        w->held = mem_alloc(sizeof *w->held);
        buf_init(w->held, HELD_BYTES_MAX);
    }
    buf_put(w->held, p, n);
    if (w->held->failed)
        ws_conn_close(w, WS_CLOSE_TOO_BIG, STR("too much at once"));
}

static void free_held(struct buf *held)
{
    if (held != NULL)
        buf_fini(held);
    mem_free(held);
}

static bool text_is_authorization(struct str text, struct str *token)
{
    static const char prefix[] = "authorization:";
    size_t n = sizeof prefix - 1;
    if (text.n < n || !str_eq_nocase((struct str){text.p, n}, (struct str){prefix, n}))
        return false;
    struct str value = {text.p + n, text.n - n};
    while (value.n > 0 && *value.p == ' ') {
        value.p++;
        value.n--;
    }
    if (!token_from_bearer(value, token))
        *token = STR_NONE;
    return true;
}

static void begin_session(struct ws_conn *w, const struct identity *who)
{
    w->session.ops = &ws_session_ops;
    w->session.user = who->user;
    w->session.username = (struct str){mem_strndup(who->name.p, who->name.n), who->name.n};
    w->session.jti = who->jti;
    w->session.issued_us = who->issued_s * 1000000;
    w->expires_s = who->expires_s > UINT32_MAX ? UINT32_MAX : (uint32_t)who->expires_s;
    w->state = WS_ATTACHING;
    conn_deadline(w->conn, limits_of(w)->ping_interval_s * UINT64_C(1000));
    ws_conn_pause(w);
    metric_add(M_SESSIONS, 1);
    session_attach(w->home->shard, &w->session);
}

static void handle_authorization(struct ws_conn *w, struct str token)
{
    struct claims claims;
    enum err e = token.n == 0 ? ERR_NO_TOKEN : ws_authenticate(w->home->edge, token, &claims);
    if (e == ERR_OK && w->state == WS_AUTHENTICATING)
        begin_session(w, &(struct identity){
                             .user = claims.user,
                             .name = str_of(claims.name),
                             .email = str_of(claims.email),
                             .jti = claims.jti,
                             .issued_s = claims.issued_s,
                             .expires_s = claims.expires_s,
                         });
    else if (e == ERR_OK && !uuid_eq(&claims.user, &w->session.user))
        close_unauthenticated(w, ERR_BAD_TOKEN);
    else if (e != ERR_OK)
        close_unauthenticated(w, e);
}

static void handle_message(struct ws_conn *w, struct str text)
{
    struct str token;
    if (w->state == WS_AUTHENTICATING && !text_is_authorization(text, &token))
        close_unauthenticated(w, ERR_NO_TOKEN);
    else if (text.n > 0 && text.p[0] != '{' && text_is_authorization(text, &token))
        handle_authorization(w, token);
    else
        ws_command_handle(w, text);
}

static void handle_control(struct ws_conn *w, const struct ws_item *item)
{
    if (item->opcode == WS_PING) {
        struct buf *out = ws_answer_begin(w);
        ws_put_frame(out, WS_PONG, item->payload);
        conn_write_copy(w->conn, out->p, out->n);
    } else if (item->opcode == WS_CLOSE) {
        ws_conn_close(w, item->code, STR_NONE);
    }
}

static void handle_item(struct ws_conn *w, enum ws_result result, const struct ws_item *item)
{
    if (result == WS_MESSAGE) {
        handle_message(w, item->payload);
    } else if (result == WS_CONTROL) {
        handle_control(w, item);
    } else if (result == WS_ERROR) {
        metric_inc(M_CLOSED_PROTOCOL);
        ws_conn_close(w, item->code, STR_NONE);
    }
}

/* Up to WS_MORE, also with no bytes left: only then is what a gathered message lent given back. */
static void feed(struct ws_conn *w, char *p, size_t n)
{
    enum ws_result result = WS_MESSAGE;
    while (result != WS_MORE && !w->paused && w->state != WS_CLOSING) {
        struct ws_item item;
        size_t used = 0;
        result = ws_decode(&w->decoder, p, n, &used, &item);
        p += used;
        n -= used;
        handle_item(w, result, &item);
    }
    if (n > 0 && w->state != WS_CLOSING)
        hold(w, p, n);
}

void ws_conn_unpause(struct ws_conn *w)
{
    if (!w->paused || w->state == WS_CLOSING)
        return;
    w->paused = false;
    struct buf *held = w->held;
    w->held = NULL;
    feed(w, held != NULL ? held->p : NULL, held != NULL ? held->n : 0);
    free_held(held);
    if (!w->paused && w->state != WS_CLOSING)
        conn_resume(w->conn);
}

void ws_conn_landed(struct ws_conn *w)
{
    assert(w->in_flight > 0);
    w->in_flight--;
    if (w->in_flight == 0 && w->home->draining)
        close_for_drain(w);
    else if (w->in_flight < WS_IN_FLIGHT_MAX / 2 && w->state == WS_OPEN)
        ws_conn_unpause(w);
}

/* ---- Deadlines ---- */

void ws_conn_settle(struct ws_conn *w)
{
    if (w->settled)
        return;
    w->settled = true;
    session_settle(&w->session);
    conn_deadline(w->conn, limits_of(w)->ping_interval_s * UINT64_C(1000));
}

/* Pings every interval, gives up on who was silent for too long or whose token has expired. */
static void check_liveness(struct ws_conn *w)
{
    const struct limits *limits = limits_of(w);
    uint32_t silent_s = now_s(w) - w->heard_s;
    int64_t wall_s = clock_wall_us(w->home->edge->config.clock) / 1000000;
    if (wall_s >= w->expires_s) {
        close_unauthenticated(w, ERR_TOKEN_EXPIRED);
        return;
    }
    if (silent_s >= limits->dead_after_s) {
        metric_inc(M_CLOSED_DEAD);
        conn_abort(w->conn);
        return;
    }
    if (now_s(w) - w->pinged_s >= limits->ping_interval_s) {
        w->pinged_s = now_s(w);
        struct buf *out = ws_answer_begin(w);
        ws_put_frame(out, WS_PING, STR_NONE);
        conn_write_copy(w->conn, out->p, out->n);
    }
    uint32_t next_s = limits->ping_interval_s - (now_s(w) - w->pinged_s);
    if (next_s > limits->dead_after_s - silent_s)
        next_s = limits->dead_after_s - silent_s;
    if (next_s > (uint64_t)(w->expires_s - wall_s))
        next_s = (uint32_t)(w->expires_s - wall_s);
    conn_deadline(w->conn, (next_s == 0 ? 1 : next_s) * UINT64_C(1000));
}

static void on_deadline(struct conn *c)
{
    struct ws_conn *w = conn_owner(c);
    if (w->state == WS_AUTHENTICATING)
        close_unauthenticated(w, ERR_NO_TOKEN);
    else if (w->state == WS_OPEN && !w->settled)
        ws_conn_settle(w);
    else if (w->state != WS_CLOSING)
        check_liveness(w);
}

/* ---- The connection's callbacks ---- */

static void on_data(struct conn *c, char *p, size_t n)
{
    struct ws_conn *w = conn_owner(c);
    w->heard_s = now_s(w);
    if (w->paused)
        hold(w, p, n);
    else
        feed(w, p, n);
}

static void on_eof(struct conn *c)
{
    conn_abort(c);
}

static void on_drained(struct conn *c)
{
    struct ws_conn *w = conn_owner(c);
    if (w->state != WS_OPEN || !w->replay_waits)
        return;
    w->replay_waits = false;
    session_writable(&w->session);
}

static void on_overflow(struct conn *c)
{
    struct ws_conn *w = conn_owner(c);
    char frame[WS_CLOSE_FRAME_MAX];
    size_t n = ws_close_frame(WS_CLOSE_SLOW, STR("too slow: resume"), frame);
    metric_inc(M_CLOSED_SLOW);
    w->state = WS_CLOSING;
    conn_close_slow(c, frame, n, SLOW_LINGER_MS);
}

static void on_close(struct conn *c)
{
    struct ws_conn *w = conn_owner(c);
    if (ws_conn_name(w) != NULL) {
        session_detach(&w->session);
        metric_add(M_SESSIONS, -1);
    }
    ws_decoder_fini(&w->decoder);
    free_held(w->held);
    mem_free(w->answer_ref);
    mem_free(ws_conn_name(w));
    mem_free(w);
}

static const struct conn_ops conn_callbacks = {
    .on_data = on_data,
    .on_eof = on_eof,
    .on_drained = on_drained,
    .on_overflow = on_overflow,
    .on_deadline = on_deadline,
    .on_close = on_close,
};

/* ---- The edge ---- */

struct ws_edge *ws_edge_new(const struct ws_edge_config *config)
{
    struct ws_edge *e = MEM_NEW(struct ws_edge);
    e->config = *config;
    rand_bytes(&e->run, sizeof e->run);
    e->codec = (struct ws_config){
        .message_max = LIMIT_WS_MESSAGE_BYTES,
        .fragments_max = LIMIT_WS_FRAGMENTS,
    };
    return e;
}

void ws_edge_free(struct ws_edge *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->n_loops; i++) {
        command_parser_free(e->loops[i].parser);
        buf_fini(&e->loops[i].scratch);
    }
    mem_free(e->loops);
    mem_free(e);
}

void ws_edge_add_loop(struct ws_edge *e, struct loop *l, struct shard *s)
{
    assert(loop_index(l) == e->n_loops);
    e->loops = mem_realloc(e->loops, (e->n_loops + 1) * sizeof *e->loops);
    struct ws_loop *home = &e->loops[e->n_loops++];
    *home = (struct ws_loop){.edge = e, .loop = l, .shard = s, .parser = command_parser_new()};
    buf_init(&home->scratch, SCRATCH_BYTES_MAX);
}

void ws_edge_upgrade(struct ws_edge *e, struct conn *c, const struct identity *who, bool deflate,
                     char *early, size_t n_early)
{
    struct ws_conn *w = MEM_NEW(struct ws_conn);
    w->conn = c;
    w->home = &e->loops[loop_index(conn_loop(c))];
    w->heard_s = w->pinged_s = now_s(w);
    ws_decoder_init(&w->decoder, &e->codec, deflate);
    conn_set_handler(c, &conn_callbacks, w);
    conn_set_limits(c, &(struct conn_limits){e->config.limits->write_queue_bytes,
                                             e->config.limits->write_queue_frames});
    conn_deadline(c, e->config.limits->auth_timeout_s * UINT64_C(1000));
    if (w->home->draining) {
        close_for_drain(w);
        return;
    }
    if (who != NULL)
        begin_session(w, who);
    if (n_early > 0)
        on_data(c, early, n_early);
}

static void drain_one(struct session *s, void *arg)
{
    struct ws_conn *w = MEM_OWNER(s, struct ws_conn, session);
    (void)arg;
    if (w->in_flight == 0)
        close_for_drain(w);
}

void ws_edge_drain(struct ws_edge *e, struct loop *l, uint32_t retry_after_ms)
{
    struct ws_loop *home = &e->loops[loop_index(l)];
    home->draining = true;
    home->drain_retry_ms = retry_after_ms;
    shard_each_session(home->shard, drain_one, NULL);
}

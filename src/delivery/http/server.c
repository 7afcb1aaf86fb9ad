#include "delivery/http/server.h"

#include <assert.h>

#include "base/log.h"
#include "base/mem.h"
#include "delivery/http/exchange.h"
#include "delivery/http/route.h"
#include "delivery/http/upgrade.h"
#include "telemetry/metrics.h"

#define HEAD_BYTES_MAX   32768 /* of an answer: what handlers may add is bounded in response.c */
#define QUEUE_FRAMES_MAX 4096

struct http_conn {
    struct list link; /* in the lane of its loop */
    struct http_edge *edge;
    struct conn *c;
    struct http_parser *parser; /* of a request that has begun; NULL: none has */
    struct exchange *x;         /* under way; NULL: none is */
    struct buf held;            /* input that came before its turn */
    size_t queued_mark;         /* queued bytes when the deadline was set */
    bool paused;
    bool eof;    /* the peer will send nothing more */
    bool ending; /* the last answer is queued: closed when the client has taken it */
};

static const struct http_limits parser_limits = {
    .head_bytes = LIMIT_HEAD_BYTES,
    .head_fields = LIMIT_HEAD_FIELDS,
    .body_bytes = LIMIT_BODY_BYTES,
};

static bool conn_is_busy(const struct http_conn *hc)
{
    return hc->x != NULL || hc->ending || conn_queued_bytes(hc->c) > HTTP_BACKLOG_BYTES;
}

static void deadline_set(struct http_conn *hc, uint64_t ms)
{
    hc->queued_mark = conn_queued_bytes(hc->c);
    conn_deadline(hc->c, ms);
}

/* Has a request begun? A parser that saw but an empty line has none yet. */
static bool conn_is_midway(const struct http_conn *hc)
{
    return hc->parser != NULL && http_parser_is_midway(hc->parser);
}

/* ---- Answers ---- */

static void metrics_count(const struct exchange *x, int64_t took_us)
{
    static const enum metric classes[] = {M_HTTP_2XX, M_HTTP_3XX, M_HTTP_4XX, M_HTTP_5XX};
    if (x->response.status < 200 || (x->route != NULL && x->route->is_probe))
        return;
    metric_inc(classes[x->response.status / 100 - 2]);
    metric_observe(M_HTTP_LATENCY, took_us < 0 ? 0 : (uint64_t)took_us);
}

static void access_log(const struct exchange *x, int64_t took_us)
{
    const struct http_request *r = x->request;
    log_event(LOG_DEBUG, "request", LOG_STR("method", r != NULL ? r->method : STR("-")),
              LOG_STR("path", r != NULL ? r->path : STR("-")), LOG_I("status", x->response.status),
              LOG_I("us", took_us), LOG_S("address", x->address));
}

static void answer_write(struct http_conn *hc, const struct exchange *x, bool close)
{
    const struct response *r = &x->response;
    const struct http_request *request = x->request;
    const struct origins *origins = &hc->edge->origins;
    struct str origin = STR_NONE;
    if (request != NULL)
        http_field_get(request, "Origin", &origin);
    struct response_frame frame = {
        .allow_origin = origins_allow(origins, origin),
        .varies_by_origin = !origins->any && origins->n_listed > 0,
        .close = close,
        .say_keep_alive = request != NULL && request->version_1_0,
        .now_s = clock_wall_us(hc->edge->deps.clock) / 1000000,
    };
    struct buf head;
    buf_init(&head, HEAD_BYTES_MAX);
    response_head(r, &frame, &head);
    bool bodiless = request != NULL && str_eq(request->method, STR("HEAD"));
    size_t n_body = bodiless || r->shared != NULL ? 0 : r->body.n;
    struct bytes *whole = bytes_new(head.n + n_body);
    memcpy(whole->data, head.p, head.n);
    if (n_body > 0)
        memcpy(whole->data + head.n, r->body.p, n_body);
    conn_write(hc->c, whole, 0, whole->len, 1);
    bytes_unref(whole);
    if (r->shared != NULL && !bodiless)
        conn_write(hc->c, r->shared, 0, r->shared->len, 1);
    buf_fini(&head);
}

static bool answer_closes(const struct http_conn *hc, const struct exchange *x)
{
    return x->request == NULL || !x->request->keep_alive || http_edge_is_draining(hc->edge) ||
           (hc->eof && hc->held.n == 0);
}

/* Writes the answer of the exchange under way. */
static void exchange_answer(struct http_conn *hc)
{
    struct exchange *x = hc->x;
    hc->x = NULL;
    if (x->response.body.failed) {
        log_event(LOG_ERROR, "answer too large", LOG_STR("path", x->request->path));
        response_fail_err(&x->response, ERR_INTERNAL);
    }
    int64_t took_us = clock_steady_us(hc->edge->deps.clock) - x->begun_us;
    struct trace_span here;
    trace_enter(&here, &x->span);
    metrics_count(x, took_us);
    access_log(x, took_us);
    trace_leave(&here);
    hc->ending = answer_closes(hc, x);
    answer_write(hc, x, hc->ending);
    exchange_free(x);
    deadline_set(hc, hc->edge->deps.idle_ms);
}

/* Answers without a request that could be routed: it is malformed, or did not come. */
static void request_refuse(struct http_conn *hc, int status, const char *text)
{
    hc->x = exchange_new(hc->edge, hc, hc->c, NULL);
    response_refuse(&hc->x->response, status, text);
    exchange_answer(hc);
}

/* The store or the journal did not answer in time. The exchange is left to come home alone. */
static void exchange_give_up(struct http_conn *hc)
{
    bool is_change = exchange_is_change(hc->x);
    hc->x->conn = NULL;
    hc->x = exchange_new(hc->edge, hc, hc->c, NULL);
    struct fault f;
    if (is_change)
        fault_set(&f, ERR_UNKNOWN, "It took too long; the outcome is unknown");
    else
        fault_set(&f, ERR_UNAVAILABLE, "It took too long; try again");
    response_fail(&hc->x->response, &f);
    exchange_answer(hc);
}

/* ---- Requests ---- */

/* Gives the connection to the websocket room. The machine is gone when it returns. */
static void conn_hand_over(struct http_conn *hc, char *early, size_t n_early)
{
    struct exchange *x = hc->x;
    struct conn *c = hc->c;
    access_log(x, 0);
    answer_write(hc, x, false);
    conn_deadline(c, 0);
    if (hc->paused)
        conn_resume(c);
    list_remove(&hc->link);
    buf_fini(&hc->held);
    mem_free(hc);
    upgrade_hand_over(x, c, early, n_early);
    exchange_free(x);
}

/* A request is whole; `rest` follows it. False: the connection is no longer ours. */
static bool request_take(struct http_conn *hc, char *rest, size_t n_rest)
{
    hc->x = exchange_new(hc->edge, hc, hc->c, hc->parser);
    hc->parser = NULL;
    switch (exchange_begin(hc->x)) {
    case HANDLED:
        exchange_answer(hc);
        return true;
    case HANDLED_LATER:
        deadline_set(hc, hc->edge->deps.work_ms);
        return true;
    case HANDLED_UPGRADE:
        conn_hand_over(hc, rest, n_rest);
        return false;
    }
    return true;
}

static uint64_t head_timeout_ms(const struct http_conn *hc)
{
    return limit_now(&hc->edge->deps.limits->head_timeout_s) * UINT64_C(1000);
}

static void head_take(struct http_conn *hc)
{
    if (http_parser_request(hc->parser)->expect_continue)
        conn_write_copy(hc->c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    deadline_set(hc, head_timeout_ms(hc));
}

/* At most what the loop lends at once: reading pauses while anything is held. */
static void input_hold(struct http_conn *hc, const char *p, size_t n)
{
    buf_put(&hc->held, p, n);
    assert(!hc->held.failed);
}

static enum http_result input_parse(struct http_conn *hc, char **p, size_t *n)
{
    size_t used = 0;
    enum http_result result = http_parse(hc->parser, *p, *n, &used);
    *p += used;
    *n -= used;
    return result;
}

/* Parses until the input is used up or a request has to be waited for. False: the connection is no
 * longer ours. */
static bool input_feed(struct http_conn *hc, char *p, size_t n)
{
    while (n > 0 && !conn_is_busy(hc)) {
        if (hc->parser == NULL) {
            hc->parser = http_parser_new(&parser_limits);
            deadline_set(hc, head_timeout_ms(hc));
        }
        enum http_result result = input_parse(hc, &p, &n);
        if (result == HTTP_HEAD) {
            head_take(hc);
            result = input_parse(hc, &p, &n); /* may be whole without a further byte */
        }
        if (result == HTTP_DONE && !request_take(hc, p, n))
            return false;
        if (result == HTTP_ERROR)
            request_refuse(hc, http_parser_status(hc->parser), http_parser_reason(hc->parser));
    }
    if (!hc->ending)
        input_hold(hc, p, n);
    return true;
}

/* Reading goes on, or waits, as the state wants it. */
static void reading_settle(struct http_conn *hc)
{
    bool busy = conn_is_busy(hc);
    if (!busy && hc->eof)
        hc->ending = busy = true;
    if (hc->ending && conn_queued_bytes(hc->c) == 0)
        conn_close(hc->c, HTTP_LINGER_MS);
    if (busy == hc->paused)
        return;
    hc->paused = busy;
    if (busy)
        conn_pause(hc->c);
    else
        conn_resume(hc->c);
}

/* Takes up what was held. */
static void conn_go_on(struct http_conn *hc)
{
    bool ours = true;
    if (hc->held.n > 0 && !conn_is_busy(hc)) {
        struct buf held = hc->held;
        buf_init(&hc->held, HTTP_HELD_BYTES_MAX);
        ours = input_feed(hc, held.p, held.n);
        buf_fini(&held);
    }
    if (ours)
        reading_settle(hc);
}

void http_conn_answered(struct http_conn *hc)
{
    exchange_answer(hc);
    conn_go_on(hc);
}

/* ---- What the connection tells ---- */

static void http_on_data(struct conn *c, char *p, size_t n)
{
    struct http_conn *hc = conn_owner(c);
    assert(hc->held.n == 0 && !conn_is_busy(hc)); /* else reading is paused */
    if (input_feed(hc, p, n))
        reading_settle(hc);
}

static void http_on_eof(struct conn *c)
{
    struct http_conn *hc = conn_owner(c);
    hc->eof = true;
    reading_settle(hc);
}

static void http_on_drained(struct conn *c)
{
    conn_go_on(conn_owner(c));
}

/* Cannot happen as long as the bounds of server.h hold; the queue's bound is their sum. */
static void http_on_overflow(struct conn *c)
{
    log_note(LOG_ERROR, "http write queue over its bound");
    conn_abort(c);
}

static void http_on_deadline(struct conn *c)
{
    struct http_conn *hc = conn_owner(c);
    size_t queued = conn_queued_bytes(c);
    if (hc->x != NULL)
        exchange_give_up(hc);
    else if (conn_is_midway(hc) && !hc->ending)
        request_refuse(hc, 408, "The request took too long to arrive");
    else if (queued == 0)
        conn_close(c, 0);
    else if (queued < hc->queued_mark)
        deadline_set(hc, hc->edge->deps.idle_ms);
    else
        conn_abort(c);
}

static void http_on_close(struct conn *c)
{
    struct http_conn *hc = conn_owner(c);
    if (hc->x != NULL)
        hc->x->conn = NULL;
    http_parser_free(hc->parser);
    buf_fini(&hc->held);
    list_remove(&hc->link);
    mem_free(hc);
}

static const struct conn_ops http_ops = {
    .on_data = http_on_data,
    .on_eof = http_on_eof,
    .on_drained = http_on_drained,
    .on_overflow = http_on_overflow,
    .on_deadline = http_on_deadline,
    .on_close = http_on_close,
};

void http_conn_open(struct http_edge *e, struct conn *c)
{
    static const struct conn_limits limits = {
        .queue_bytes = HTTP_BACKLOG_BYTES + HTTP_ANSWER_BYTES_MAX + 2 * HEAD_BYTES_MAX,
        .queue_frames = QUEUE_FRAMES_MAX,
    };
    struct http_conn *hc = MEM_NEW(struct http_conn);
    hc->edge = e;
    hc->c = c;
    buf_init(&hc->held, HTTP_HELD_BYTES_MAX);
    list_append(&e->lanes[loop_index(conn_loop(c))], &hc->link);
    conn_set_handler(c, &http_ops, hc);
    conn_set_limits(c, &limits);
    deadline_set(hc, hc->edge->deps.idle_ms);
}

void http_conn_close_idle(struct list *link)
{
    struct http_conn *hc = MEM_OWNER(link, struct http_conn, link);
    if (hc->x != NULL || hc->held.n > 0 || conn_is_midway(hc))
        return;
    hc->ending = true;
    reading_settle(hc);
}

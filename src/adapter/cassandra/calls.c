#include "adapter/cassandra/calls.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "telemetry/metrics.h"

#define ITEMS_MAX 512

void calls_begin(struct calls *c, struct link *link)
{
    *c = (struct calls){.link = link};
    trace_begin(&c->span, "cassandra", TRACE_CLIENT);
    trace_add_text(&c->span, "db.system.name", "cassandra");
    c->deadline_us = clock_steady_us(&clock_system) + (int64_t)link->settings.call_ms * 1000;
    pthread_cond_init(&c->answered, NULL);
}

/* Under the link's mutex. The first failure counts. */
static void fail(struct calls *c, enum err e, struct str why)
{
    if (c->err != ERR_OK)
        return;
    c->err = e;
    snprintf(c->why, sizeof c->why, "%.*s", STR_FMT(why));
}

static void take_answer(struct calls *c, struct call *call, struct bridge_result *result)
{
    struct link *l = c->link;
    pthread_mutex_lock(&l->mutex);
    if (result->code != BRIDGE_OK)
        fail(c, result->code == BRIDGE_REFUSED ? ERR_INTERNAL : ERR_UNAVAILABLE,
             (struct str){result->text, result->text_n});
    if (call != NULL)
        call->result = result;
    l->under_way--;
    metric_add(M_CASSANDRA_UNDER_WAY, -1);
    pthread_cond_signal(&l->room);
    if (--c->pending == 0)
        pthread_cond_signal(&c->answered);
    pthread_mutex_unlock(&l->mutex);
}

static void on_written(void *arg, struct bridge_result *result)
{
    take_answer(arg, NULL, result);
    bridge_result_free(result);
}

static void on_rows(void *arg, struct bridge_result *result)
{
    struct call *call = arg;
    take_answer(call->calls, call, result);
}

static int64_t left_ms(const struct calls *c)
{
    return (c->deadline_us - clock_steady_us(&clock_system)) / 1000;
}

/* Counts one more under way; false when the call has failed, or is over before there is room. */
static bool take_room(struct calls *c)
{
    struct link *l = c->link;
    struct timespec until = {c->deadline_us / 1000000, c->deadline_us % 1000000 * 1000};
    pthread_mutex_lock(&l->mutex);
    int timed_out = 0;
    while (l->is_open && c->err == ERR_OK && l->under_way >= l->settings.in_flight &&
           timed_out == 0)
        timed_out = pthread_cond_timedwait(&l->room, &l->mutex, &until);
    if (!l->is_open)
        fail(c, ERR_UNAVAILABLE, str_of(l->why));
    else if (timed_out != 0 || left_ms(c) <= 0)
        fail(c, ERR_UNAVAILABLE, STR("the time of the call is over"));
    bool has_room = c->err == ERR_OK;
    if (has_room) {
        l->under_way++;
        metric_add(M_CASSANDRA_UNDER_WAY, 1);
        c->pending++;
        c->sent = true;
    } else {
        pthread_cond_signal(&l->room); /* what woke this one is another's */
    }
    pthread_mutex_unlock(&l->mutex);
    return has_room;
}

static void hand_over(struct calls *c, const struct request *r, struct str paging, struct call *out)
{
    struct bridge_item items[ITEMS_MAX];
    if (r->n > ITEMS_MAX || r->values.failed) {
        pthread_mutex_lock(&c->link->mutex);
        fail(c, ERR_INTERNAL, STR("the request is too large"));
        pthread_mutex_unlock(&c->link->mutex);
        return;
    }
    if (!take_room(c))
        return;
    for (size_t i = 0; i < r->n; i++) {
        size_t end = i + 1 < r->n ? r->items[i + 1].at : r->values.n;
        items[i] = (struct bridge_item){c->link->statements[r->items[i].statement], r->items[i].at,
                                        end - r->items[i].at};
    }
    int64_t left = left_ms(c);
    const struct bridge_request request = {
        .items = items,
        .n_items = r->n,
        .values = (const uint8_t *)r->values.p,
        .values_n = r->values.n,
        .paging = (const uint8_t *)paging.p,
        .paging_n = paging.n,
        .timeout_ms = left > 0 ? (uint32_t)left : 1,
        .done = out == NULL ? on_written : on_rows,
        .arg = out == NULL ? (void *)c : out,
    };
    bridge_execute(c->link->session, &request);
}

void calls_send(struct calls *c, const struct request *r, struct call *out)
{
    if (out != NULL)
        *out = (struct call){.calls = c};
    hand_over(c, r, STR_NONE, out);
}

enum err calls_wait(struct calls *c)
{
    pthread_mutex_lock(&c->link->mutex);
    while (c->pending > 0)
        pthread_cond_wait(&c->answered, &c->link->mutex);
    enum err e = c->err;
    pthread_mutex_unlock(&c->link->mutex);
    return e;
}

enum err calls_end(struct calls *c, enum err e)
{
    enum err first = calls_wait(c);
    trace_end(&c->span, first);
    pthread_cond_destroy(&c->answered);
    if (first == ERR_OK && !c->sent)
        return e;
    metric_inc(first == ERR_OK ? M_CASSANDRA_OK : M_CASSANDRA_FAILED);
    if (first == ERR_INTERNAL)
        log_event(LOG_ERROR, "cassandra refused a request", LOG_S("reason", c->why));
    link_note(c->link, first == ERR_UNAVAILABLE ? c->why : NULL);
    return first == ERR_OK ? e : first;
}

bool call_row(const struct call *call, size_t i, struct row *out)
{
    const struct bridge_result *r = call->result;
    if (r == NULL || i >= r->n_rows)
        return false;
    *out = (struct row){.cells = r->cells + i * r->n_cols, .n = r->n_cols};
    return true;
}

void call_free(struct call *call)
{
    bridge_result_free(call->result);
    call->result = NULL;
}

void select_init(struct select *s, struct calls *c, enum statement statement)
{
    *s = (struct select){.calls = c};
    request_init(&s->request);
    request_item(&s->request, statement);
}

void select_fini(struct select *s)
{
    call_free(&s->call);
    request_fini(&s->request);
}

void select_send(struct select *s)
{
    calls_send(s->calls, &s->request, &s->call);
}

/* Replaces the page that was read by the next one. */
static bool next_page(struct select *s)
{
    struct call page = {.calls = s->calls};
    const struct bridge_result *old = s->call.result;
    if (old == NULL || old->paging == NULL)
        return false;
    struct str paging = {(const char *)old->paging, old->paging_n};
    hand_over(s->calls, &s->request, paging, &page);
    enum err e = calls_wait(s->calls);
    call_free(&s->call);
    s->call = page;
    s->at = 0;
    return e == ERR_OK;
}

bool select_row(struct select *s, struct row *out)
{
    do {
        if (call_row(&s->call, s->at, out)) {
            s->at++;
            return true;
        }
    } while (next_page(s));
    return false;
}

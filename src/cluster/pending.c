#include "cluster/pending.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "cluster/record.h"
#include "telemetry/metrics.h"

#define VALUE_KEPT     2048  /* bytes of a value's buffer that a free place keeps */
#define REPORT_WAIT_MS 60000 /* far longer than any driver takes to give a send up */
#define REPORT_STEP_MS 10

void pendings_init(struct pendings *p, const struct clock *clock, size_t waiting_max)
{
    *p = (struct pendings){.clock = clock, .waiting_max = waiting_max};
    assert(waiting_max >= 1 && waiting_max <= PENDING_MAX / 2);
    pthread_mutex_init(&p->mutex, NULL);
    rand_bytes(&p->process, sizeof p->process);
    list_init(&p->sent);
    list_init(&p->doubtful);
    p->answers_tail = &p->answers;
}

/* The log owns a send until it has reported on it. */
static void await_reports(struct pendings *p)
{
    unsigned ms = 0;
    while (pendings_out(p) > 0) {
        assert(ms < REPORT_WAIT_MS);
        clock_sleep_ms(REPORT_STEP_MS);
        ms += REPORT_STEP_MS;
    }
}

void pendings_fini(struct pendings *p)
{
    await_reports(p);
    for (size_t i = 0; i < p->n_places; i++) {
        assert(p->places[i]->append == NULL);
        buf_fini(&p->places[i]->value);
        mem_free(p->places[i]);
    }
    mem_free(p->places);
    pthread_mutex_destroy(&p->mutex);
}

static void answer_add(struct pendings *p, struct append *a)
{
    a->next = NULL;
    *p->answers_tail = a;
    p->answers_tail = &a->next;
}

/* ---- Places ---- */

static struct pending *place_new(struct pendings *p)
{
    if (p->n_places == p->cap) {
        p->cap = p->cap == 0 ? 64 : 2 * p->cap;
        p->places = mem_realloc(p->places, p->cap * sizeof(struct pending *));
    }
    struct pending *place = MEM_NEW(struct pending);
    place->all = p;
    place->number = p->n_places;
    buf_init(&place->value, RECORD_BYTES_MAX);
    list_init(&place->by_time);
    p->places[p->n_places++] = place;
    return place;
}

static void place_free(struct pendings *p, struct pending *place)
{
    if (place->append != NULL || place->is_out)
        return;
    if (place->value.cap > VALUE_KEPT) {
        buf_fini(&place->value);
        buf_init(&place->value, RECORD_BYTES_MAX);
    }
    buf_clear(&place->value);
    place->number += PENDING_MAX; /* a late judgement finds nobody */
    place->next_free = p->free;
    p->free = place;
}

/* Its append is answered, or about to be. */
static struct append *place_release(struct pendings *p, struct pending *place)
{
    struct append *a = place->append;
    place->append = NULL;
    list_remove(&place->by_time);
    p->waiting--;
    return a;
}

static void place_give_up(struct pendings *p, struct pending *place, enum err e)
{
    struct append *a = place_release(p, place);
    if (e == ERR_UNKNOWN)
        metric_inc(M_SENDS_UNKNOWN);
    a->err = e;
    answer_add(p, a);
    place_free(p, place);
}

/* The span of the way into the log, which began when the place was taken. */
static void pending_trace(const struct pending *place)
{
    const struct log_send *send = &place->send;
    int64_t now = clock_steady_us(&clock_system);
    if (!trace_is_wanted(&place->parent, now - place->begun_us))
        return;
    struct trace_span s = {
        .name = "send events",
        .kind = TRACE_PRODUCER,
        .error = send->err == ERR_OK ? NULL : err_name(send->err),
        .id = place->trace.span,
        .begun_us = place->begun_us,
        .ended_us = now,
    };
    trace_add_text(&s, "messaging.system", "kafka");
    trace_add_text(&s, "messaging.operation.type", "send");
    if (send->err == ERR_OK) {
        trace_add_number(&s, "messaging.destination.partition.id", send->partition);
        trace_add_number(&s, "messaging.kafka.offset", (int64_t)send->offset);
    }
    trace_note(&s, &place->parent);
}

/* On a thread of the log. */
static void pending_reported(struct log_send *send)
{
    struct pending *place = MEM_OWNER(send, struct pending, send);
    struct pendings *p = place->all;
    pending_trace(place);
    pthread_mutex_lock(&p->mutex);
    place->is_out = false;
    if (place->append == NULL) {
        place_free(p, place);
    } else if (send->err == ERR_UNAVAILABLE) {
        place_give_up(p, place, ERR_UNAVAILABLE);
    } else if (send->err == ERR_UNKNOWN) {
        place->deadline_us = clock_steady_us(p->clock) + PENDING_GRACE_US;
        list_remove(&place->by_time);
        list_append(&p->doubtful, &place->by_time);
    }
    pthread_mutex_unlock(&p->mutex);
}

struct pending *pending_take(struct pendings *p, struct append *a)
{
    struct pending *place = NULL;
    pthread_mutex_lock(&p->mutex);
    if (p->waiting < p->waiting_max && (p->free != NULL || p->n_places < 2 * p->waiting_max)) {
        place = p->free;
        if (place != NULL)
            p->free = place->next_free;
        else
            place = place_new(p);
        p->waiting++;
        place->append = a;
        place->is_out = true;
        place->deadline_us = clock_steady_us(p->clock) + PENDING_TIMEOUT_US;
        list_append(&p->sent, &place->by_time);
    }
    pthread_mutex_unlock(&p->mutex);
    if (place == NULL)
        return NULL;
    memcpy(place->tag, &p->process, sizeof p->process);
    memcpy(place->tag + sizeof p->process, &place->number, sizeof place->number);
    place->parent = a->trace;
    place->trace = trace_child(&a->trace);
    place->begun_us = clock_steady_us(&clock_system);
    place->send = (struct log_send){
        .key = a->channel,
        .tag = {place->tag, sizeof place->tag},
        .trace = trace_carry(&place->trace, place->trace_text),
        .done = pending_reported,
    };
    return place;
}

bool pending_drop(struct pending *place)
{
    struct pendings *p = place->all;
    pthread_mutex_lock(&p->mutex);
    place->is_out = false;
    bool is_open = place->append != NULL;
    if (is_open)
        place_release(p, place);
    place_free(p, place);
    pthread_mutex_unlock(&p->mutex);
    return is_open;
}

struct append *pendings_judged(struct pendings *p, struct str tag)
{
    uint64_t number;
    struct append *a = NULL;
    if (tag.n != PENDING_TAG_BYTES || memcmp(tag.p, &p->process, sizeof p->process) != 0)
        return NULL;
    memcpy(&number, tag.p + sizeof p->process, sizeof number);
    pthread_mutex_lock(&p->mutex);
    size_t at = number % PENDING_MAX;
    if (at < p->n_places && p->places[at]->number == number && p->places[at]->append != NULL) {
        a = place_release(p, p->places[at]);
        place_free(p, p->places[at]);
    }
    pthread_mutex_unlock(&p->mutex);
    return a;
}

/* ---- Answers ---- */

void pendings_answer(struct pendings *p, struct append *a)
{
    pthread_mutex_lock(&p->mutex);
    answer_add(p, a);
    pthread_mutex_unlock(&p->mutex);
}

static void give_up_late(struct pendings *p, struct list *waiting, int64_t now, bool all)
{
    while (!list_is_empty(waiting)) {
        struct pending *place = MEM_OWNER(waiting->next, struct pending, by_time);
        if (!all && place->deadline_us > now)
            return;
        place_give_up(p, place, ERR_UNKNOWN);
    }
}

struct append *pendings_take_answers(struct pendings *p, bool all)
{
    int64_t now = clock_steady_us(p->clock);
    pthread_mutex_lock(&p->mutex);
    give_up_late(p, &p->sent, now, all);
    give_up_late(p, &p->doubtful, now, all);
    struct append *answers = p->answers;
    p->answers = NULL;
    p->answers_tail = &p->answers;
    metric_set(M_SENDS_PENDING, (int64_t)p->waiting);
    pthread_mutex_unlock(&p->mutex);
    return answers;
}

size_t pendings_waiting(struct pendings *p)
{
    pthread_mutex_lock(&p->mutex);
    size_t n = p->waiting;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

size_t pendings_out(struct pendings *p)
{
    size_t n = 0;
    pthread_mutex_lock(&p->mutex);
    for (size_t i = 0; i < p->n_places; i++)
        n += p->places[i]->is_out;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

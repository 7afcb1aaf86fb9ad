#include "telemetry/trace.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "telemetry/metrics.h"
#include "telemetry/trace_ring.h"

#define DICE_BITS    56 /* of a trace's id that are random, as W3C's level 2 has it */
#define ID_COPIES    UINT64_C(7)
#define SLOW_PART    16 /* spans below this part of slow_us are not what made a request slow */
#define LOGGED_PER_S 10

static_assert(TRACE_PARENTS_MAX == ID_COPIES + 1, "a copy's id is the first one's and its number");

atomic_bool trace_is_on_;
static uint64_t chosen_below; /* of the random bits; fixed while on, as the next one */
static int64_t slow_us;
static _Thread_local struct trace_span *current;

static int64_t now_us(void)
{
    return clock_steady_us(&clock_system);
}

/* ---- Ids ---- */

static uint64_t random_bits(void)
{
    static _Thread_local struct rand_seeded source;
    static _Thread_local bool is_seeded;
    if (!is_seeded) {
        uint64_t seed;
        rand_bytes(&seed, sizeof seed);
        rand_seed(&source, seed);
        is_seeded = true;
    }
    return rand_next(&source);
}

/* Not 0, and its copies' neither. */
static uint64_t span_id_new(void)
{
    uint64_t id = random_bits() & ~ID_COPIES;
    return id != 0 ? id : ID_COPIES + 1;
}

static struct trace_context trace_new(void)
{
    struct trace_context c = {.trace = {random_bits(), random_bits()}};
    uint64_t dice = c.trace[1] & ((UINT64_C(1) << DICE_BITS) - 1);
    if (!trace_context_is_set(&c))
        c.trace[0] = 1;
    c.flags = dice < chosen_below ? TRACE_SAMPLED : 0;
    return c;
}

/* ---- The process ---- */

static bool log_trace(char out[LOG_TRACE_SIZE])
{
    struct trace_context here = trace_here();
    static_assert(LOG_TRACE_SIZE == TRACE_ID_TEXT_LEN + 1, "a line of the log has room for an id");
    if (!trace_context_is_sampled(&here))
        return false;
    trace_id_format(&here, out);
    return true;
}

void trace_open(const struct trace_config *config)
{
    assert(config->ratio >= 0 && config->ratio <= 1 && config->slow_us >= 0);
    chosen_below = (uint64_t)(config->ratio * (double)(UINT64_C(1) << DICE_BITS));
    slow_us = config->slow_us;
    log_set_trace(log_trace);
    atomic_store(&trace_is_on_, true);
}

void trace_close(void)
{
    atomic_store(&trace_is_on_, false);
    log_set_trace(NULL);
    trace_rings_clear();
}

/* ---- Recording ---- */

static bool is_wanted(const struct trace_span *s)
{
    return trace_is_wanted(&s->parents.of[0], s->ended_us - s->begun_us);
}

bool trace_is_wanted(const struct trace_context *parent, int64_t took_us)
{
    return trace_context_is_set(parent) &&
           (trace_context_is_sampled(parent) || (slow_us > 0 && took_us >= slow_us / SLOW_PART));
}

bool trace_is_slow(int64_t took_us)
{
    return slow_us > 0 && took_us >= slow_us;
}

static void record(struct trace_span *s)
{
    s->outer = NULL;
    if (trace_is_on())
        trace_ring_put(s);
}

static bool may_log(int64_t at_us)
{
    static _Atomic int64_t second;
    static atomic_uint logged;
    int64_t now = at_us / 1000000;
    if (atomic_exchange(&second, now) != now)
        atomic_store(&logged, 0);
    return atomic_fetch_add(&logged, 1) < LOGGED_PER_S;
}

static void log_slow(const struct trace_span *s)
{
    char id[TRACE_ID_TEXT_LEN + 1];
    trace_id_format(&s->parents.of[0], id);
    if (may_log(s->ended_us))
        log_event(LOG_WARN, "slow request", LOG_S("request", s->name),
                  LOG_I("ms", (s->ended_us - s->begun_us) / 1000), LOG_S("trace_id", id));
}

/* ---- Requests ---- */

struct trace_context trace_start(void)
{
    if (!trace_is_on())
        return TRACE_NONE;
    struct trace_context c = trace_new();
    c.span = span_id_new();
    return c;
}

void trace_begin_request(struct trace_span *s, const char *name, struct str traceparent,
                         bool trusted)
{
    struct trace_context said;
    s->name = NULL;
    s->outer = NULL;
    if (!trace_is_on())
        return;
    bool is_said = traceparent.n > 0 && traceparent_parse(traceparent, &said);
    s->name = name;
    s->kind = TRACE_SERVER;
    s->is_request = true;
    s->is_slow = false;
    s->n_attrs = 0;
    s->error = NULL;
    s->has_link = is_said && !trusted;
    s->id = span_id_new();
    s->parents.n = 1;
    s->parents.of[0] = is_said && trusted ? said : trace_new();
    if (s->has_link)
        s->parents.of[1] = said;
    s->begun_us = now_us();
}

static void request_record(struct trace_span *s, const char *error)
{
    s->error = error;
    s->is_slow = trace_is_slow(s->ended_us - s->begun_us);
    if (is_wanted(s))
        record(s);
    if (s->is_slow)
        log_slow(s);
}

void trace_end_request(struct trace_span *s, const char *error)
{
    if (s->name == NULL)
        return;
    s->ended_us = now_us();
    request_record(s, error);
    s->name = NULL;
}

void trace_note_request(struct trace_span *s, const struct trace_context *at, int64_t begun_us,
                        const char *error)
{
    if (!trace_context_is_set(at) || !trace_is_on())
        return;
    s->is_request = true;
    s->id = at->span;
    s->parents.n = 1;
    s->parents.of[0] = *at;
    s->parents.of[0].span = 0;
    s->begun_us = begun_us;
    s->ended_us = now_us();
    request_record(s, error);
}

void trace_enter(struct trace_span *here, const struct trace_span *of)
{
    here->name = of->name;
    if (of->name == NULL)
        return;
    here->id = of->id;
    here->parents.n = of->parents.n;
    memcpy(here->parents.of, of->parents.of, of->parents.n * sizeof of->parents.of[0]);
    here->outer = current;
    current = here;
}

void trace_leave(struct trace_span *here)
{
    if (here->name == NULL)
        return;
    assert(current == here);
    current = here->outer;
}

/* ---- Within a request ---- */

static void span_begin(struct trace_span *s, const char *name, enum trace_kind kind)
{
    s->name = name;
    s->kind = kind;
    s->is_request = s->is_slow = s->has_link = false;
    s->n_attrs = 0;
    s->error = NULL;
    s->id = span_id_new();
    s->begun_us = now_us();
    s->outer = current;
    current = s;
}

void trace_begin(struct trace_span *s, const char *name, enum trace_kind kind)
{
    const struct trace_span *above = current;
    s->name = NULL;
    if (above == NULL)
        return;
    s->parents.n = above->parents.n;
    for (unsigned i = 0; i < above->parents.n; i++) {
        s->parents.of[i] = above->parents.of[i];
        s->parents.of[i].span = above->id + i;
    }
    span_begin(s, name, kind);
}

void trace_begin_batch(struct trace_span *s, const struct trace_set *set, const char *name,
                       enum trace_kind kind)
{
    s->name = NULL;
    if (set->n == 0 || !trace_is_on())
        return;
    s->parents = *set;
    span_begin(s, name, kind);
}

void trace_end(struct trace_span *s, enum err e)
{
    if (s->name == NULL)
        return;
    assert(current == s);
    current = s->outer;
    s->ended_us = now_us();
    s->error = e == ERR_OK ? NULL : err_name(e);
    if (is_wanted(s))
        record(s);
    s->name = NULL;
}

static struct trace_attr *attr_add(struct trace_span *s, const char *key)
{
    assert(s->n_attrs < TRACE_ATTRS_MAX);
    struct trace_attr *a = &s->attrs[s->n_attrs++];
    *a = (struct trace_attr){.key = key};
    return a;
}

void trace_add_number(struct trace_span *s, const char *key, int64_t value)
{
    if (s->name != NULL)
        attr_add(s, key)->number = value;
}

void trace_add_text(struct trace_span *s, const char *key, const char *constant)
{
    if (s->name != NULL && constant != NULL)
        attr_add(s, key)->text = constant;
}

/* ---- Elsewhere ---- */

struct trace_context trace_of(const struct trace_span *s)
{
    if (s == NULL || s->name == NULL)
        return TRACE_NONE;
    struct trace_context c = s->parents.of[0];
    c.span = s->id;
    return c;
}

struct trace_context trace_here(void)
{
    return trace_of(current);
}

struct str trace_carry(const struct trace_context *c, char out[TRACEPARENT_LEN + 1])
{
    if (!trace_context_is_set(c) || !trace_context_is_sampled(c))
        return STR_NONE;
    traceparent_format(c, out);
    return (struct str){out, TRACEPARENT_LEN};
}

void trace_set_add(struct trace_set *set, const struct trace_context *c)
{
    if (!trace_context_is_set(c) || !trace_context_is_sampled(c))
        return;
    if (set->n == TRACE_PARENTS_MAX)
        metric_inc(M_TRACE_DROPPED);
    else
        set->of[set->n++] = *c;
}

struct trace_context trace_child(const struct trace_context *parent)
{
    struct trace_context c = *parent;
    if (trace_context_is_set(parent))
        c.span = span_id_new();
    return c;
}

void trace_note(struct trace_span *s, const struct trace_context *parent)
{
    if (!trace_is_on() || !trace_is_wanted(parent, s->ended_us - s->begun_us))
        return;
    s->parents.n = 1;
    s->parents.of[0] = *parent;
    if (s->id == 0)
        s->id = span_id_new();
    record(s);
}

void trace_note_batch(struct trace_span *s, const struct trace_set *set)
{
    if (!trace_is_on())
        return;
    s->id = span_id_new();
    if (set != NULL && set->n > 0) {
        s->parents = *set;
        record(s);
    } else if (trace_is_slow(s->ended_us - s->begun_us)) {
        s->is_request = s->is_slow = true;
        s->parents.n = 1;
        s->parents.of[0] = trace_new();
        record(s);
    }
}

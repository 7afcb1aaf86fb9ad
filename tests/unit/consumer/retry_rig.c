#include "retry_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/mem.h"

#define STEPS_MAX 2000

static enum err post(struct web_hook *self, const struct uuid *id, struct str body, char *reason,
                     size_t size)
{
    struct retry_rig *r = MEM_OWNER(self, struct retry_rig, hook);
    const struct timespec slow = {0, (long)atomic_load(&r->slow_ms) * 1000000L};
    assert_true(body.n > 0);
    nanosleep(&slow, NULL);
    unsigned n = atomic_fetch_add(&r->n_posts, 1);
    assert_true(n < RETRY_RIG_POSTS);
    r->posted[n] = id->b[15];
    unsigned fails = atomic_load(&r->fail_next);
    if (fails == 0)
        return ERR_OK;
    if (fails != UINT_MAX)
        atomic_store(&r->fail_next, fails - 1);
    snprintf(reason, size, "the answer was 502");
    return ERR_UNAVAILABLE;
}

static const struct web_hook_ops hook_ops = {post};

int retry_rig_setup(void **state)
{
    struct retry_rig *r = MEM_NEW(struct retry_rig);
    clock_manual_init(&r->clock, RETRY_RIG_START_MS * 1000);
    const struct memory_event_log_config config = {.clock = &r->clock.super, .partitions = 1};
    r->retry_memory = memory_event_log_new(&config);
    r->dead_memory = memory_event_log_new(&config);
    r->retry_log = memory_event_log_door(r->retry_memory);
    r->dead_log = memory_event_log_door(r->dead_memory);
    r->hook.ops = &hook_ops;
    *state = r;
    return 0;
}

int retry_rig_teardown(void **state)
{
    struct retry_rig *r = *state;
    retry_free(r->retry);
    memory_event_log_free(r->retry_memory);
    memory_event_log_free(r->dead_memory);
    mem_free(r);
    return 0;
}

void retry_rig_open(struct retry_rig *r, unsigned threads, unsigned attempts_max, size_t items_max)
{
    r->retry = retry_new(&(struct retry_config){.retry = r->retry_log,
                                                .dead = r->dead_log,
                                                .group = "retry",
                                                .hook = &r->hook,
                                                .clock = &r->clock.super,
                                                .attempts_max = attempts_max,
                                                .threads = threads,
                                                .items_max = items_max});
}

void retry_rig_crash(struct retry_rig *r)
{
    memory_event_log_cut(r->retry_memory, true); /* no last commit */
    retry_free(r->retry);
    memory_event_log_cut(r->retry_memory, false);
    r->retry = NULL;
}

/* ---- Envelopes ---- */

struct put {
    struct log_send send;
    atomic_bool answered;
};

static void on_put(struct log_send *self)
{
    atomic_store(&((struct put *)self)->answered, true);
}

void retry_rig_put_bytes(struct event_log *log, struct str bytes)
{
    struct put p = {.send = {.value = bytes, .done = on_put}};
    assert_int_equal(log->ops->produce(log, &p.send), ERR_OK);
    while (!atomic_load(&p.answered))
        nanosleep(&(struct timespec){0, 100000}, NULL);
    assert_int_equal(p.send.err, ERR_OK);
}

struct envelope retry_rig_envelope(unsigned number)
{
    return (struct envelope){.kind = ENVELOPE_WEBHOOK,
                             .attempt = 1,
                             .not_before_ms = RETRY_RIG_START_MS,
                             .first_ms = RETRY_RIG_START_MS,
                             .id = {.b = {[15] = (uint8_t)number}},
                             .reason = STR("the first try"),
                             .payload = STR("{}")};
}

void retry_rig_put(struct retry_rig *r, struct event_log *log, unsigned number, int64_t in_ms)
{
    struct envelope e = retry_rig_envelope(number);
    struct buf b;
    e.not_before_ms = clock_wall_us(&r->clock.super) / 1000 + in_ms;
    buf_init(&b, ENVELOPE_BYTES_MAX);
    envelope_encode(&e, &b);
    retry_rig_put_bytes(log, buf_str(&b));
    buf_fini(&b);
}

/* ---- Time ---- */

void retry_rig_advance(struct retry_rig *r, int64_t ms)
{
    clock_manual_advance(&r->clock, ms * 1000);
}

void retry_rig_step_until(struct retry_rig *r, unsigned n)
{
    for (unsigned i = 0; atomic_load(&r->n_posts) < n && i < STEPS_MAX; i++)
        retry_step(r->retry, 1);
    for (unsigned i = 0; i < 10; i++)
        retry_step(r->retry, 1);
    assert_int_equal(atomic_load(&r->n_posts), n);
}

/* ---- What is left ---- */

struct count {
    size_t n;
    unsigned *attempts;
};

static bool count_letter(const struct dead_letter *letter, void *arg)
{
    struct count *c = arg;
    c->n++;
    if (c->attempts != NULL)
        *c->attempts = letter->envelope.attempt;
    return true;
}

size_t retry_rig_dead(struct retry_rig *r, unsigned *attempts)
{
    struct count c = {0, attempts};
    assert_int_equal(dead_each(r->dead_log, NULL, count_letter, &c), ERR_OK);
    return c.n;
}

uint64_t retry_rig_committed(struct retry_rig *r)
{
    uint64_t committed[LOG_PARTITIONS_MAX];
    assert_int_equal(r->retry_log->ops->committed(r->retry_log, "retry", committed), ERR_OK);
    return committed[0];
}

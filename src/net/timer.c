#include <assert.h>

#include "net/loop_impl.h"

static uint64_t wheel_now_ms(const struct wheel *w)
{
    return uv_now(w->driver.loop);
}

static void wheel_on_driver(uv_timer_t *driver);

static void wheel_arm(struct wheel *w, uint64_t tick)
{
    uint64_t at_ms = tick * WHEEL_TICK_MS;
    uint64_t now_ms = wheel_now_ms(w);
    w->armed = tick;
    int failed =
        uv_timer_start(&w->driver, wheel_on_driver, at_ms > now_ms ? at_ms - now_ms : 0, 0);
    assert(failed == 0);
}

static void wheel_mark(struct wheel *w, uint64_t slot)
{
    w->maybe[slot / 64] |= UINT64_C(1) << slot % 64;
}

static void wheel_unmark(struct wheel *w, uint64_t slot)
{
    w->maybe[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

/* The first tick after the last one looked at whose slot may hold something. */
static uint64_t wheel_next(const struct wheel *w)
{
    uint64_t tick = w->tick + 1;
    uint64_t end = tick + WHEEL_SLOTS;
    while (tick < end) {
        uint64_t slot = tick % WHEEL_SLOTS;
        uint64_t rest = w->maybe[slot / 64] >> slot % 64;
        if (rest != 0)
            return tick + (uint64_t)__builtin_ctzll(rest);
        tick += 64 - slot % 64;
    }
    return WHEEL_NEVER;
}

/* Moves what is due by `now_ms` from the slot of `tick` to `due`. */
static void wheel_collect(struct wheel *w, uint64_t tick, uint64_t now_ms, struct list *due)
{
    uint64_t slot = tick % WHEEL_SLOTS;
    struct list *head = &w->slots[slot];
    for (struct list *node = head->next, *next; node != head; node = next) {
        next = node->next;
        if (MEM_OWNER(node, struct timer, link)->due_ms > now_ms)
            continue; /* of a later round */
        list_remove(node);
        list_append(due, node);
    }
    if (list_is_empty(head))
        wheel_unmark(w, slot);
}

static void wheel_on_driver(uv_timer_t *driver)
{
    struct wheel *w = MEM_OWNER(driver, struct wheel, driver);
    uint64_t now_ms = wheel_now_ms(w);
    uint64_t last = now_ms / WHEEL_TICK_MS;
    struct list due;
    list_init(&due);
    w->armed = WHEEL_NEVER;
    /* After a long sleep one round sees every slot. */
    if (last > w->tick + WHEEL_SLOTS)
        w->tick = last - WHEEL_SLOTS;
    while (w->tick < last)
        wheel_collect(w, ++w->tick, now_ms, &due);
    /* A handler may stop another timer that is in `due`, or start any. */
    for (struct list *node; (node = list_pop(&due)) != NULL;) {
        struct timer *t = MEM_OWNER(node, struct timer, link);
        t->fire(t);
    }
    uint64_t next = wheel_next(w);
    if (next < w->armed)
        wheel_arm(w, next);
}

void wheel_init(struct wheel *w, uv_loop_t *uv)
{
    *w = (struct wheel){.armed = WHEEL_NEVER};
    for (unsigned i = 0; i < WHEEL_SLOTS; i++)
        list_init(&w->slots[i]);
    uv_timer_init(uv, &w->driver);
    w->tick = uv_now(uv) / WHEEL_TICK_MS;
}

void wheel_fini(struct wheel *w)
{
    uv_close((uv_handle_t *)&w->driver, NULL);
}

void timer_init(struct timer *t, void (*fire)(struct timer *self))
{
    list_init(&t->link);
    t->due_ms = 0;
    t->fire = fire;
}

void timer_start(struct loop *l, struct timer *t, uint64_t ms)
{
    struct wheel *w = &l->wheel;
    assert(ms >= 1);
    uint64_t tick = (wheel_now_ms(w) + ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;
    /* The slot of the tick that is being looked at would be seen again only a round later. */
    if (tick <= w->tick)
        tick = w->tick + 1;
    list_remove(&t->link);
    t->due_ms = tick * WHEEL_TICK_MS;
    list_append(&w->slots[tick % WHEEL_SLOTS], &t->link);
    wheel_mark(w, tick % WHEEL_SLOTS);
    if (tick < w->armed)
        wheel_arm(w, tick);
}

void timer_stop(struct timer *t)
{
    list_remove(&t->link);
}

bool timer_is_running(const struct timer *t)
{
    return !list_is_empty(&t->link);
}

/* The loop's timers: a hashed wheel (Varghese and Lauck 1987, scheme 6). A timer lies in the slot
 * of its due tick modulo the number of slots, whatever the round; start and stop are one list
 * operation. One libuv timer drives the wheel. It is armed for the next slot that may hold
 * something, not for every tick, so that a process whose timers are far away, or which has none,
 * sleeps. A stopped timer leaves its slot's bit behind: at worst one wake-up in vain. */
#ifndef PARLEY_NET_WHEEL_H
#define PARLEY_NET_WHEEL_H

#include <stdint.h>
#include <uv.h>

#include "base/list.h"

#define WHEEL_TICK_MS 64
#define WHEEL_SLOTS   1024 /* a round takes 65.5 s: every timer of a connection fits into one */
#define WHEEL_NEVER   UINT64_MAX

struct wheel {
    uint64_t tick;  /* slots up to this tick have been looked at */
    uint64_t armed; /* the tick the driver waits for; WHEEL_NEVER: it does not run */
    uint64_t maybe[WHEEL_SLOTS / 64]; /* slots that may hold a timer */
    struct list slots[WHEEL_SLOTS];
    uv_timer_t driver;
};

void wheel_init(struct wheel *w, uv_loop_t *uv);
/* Closes the driver; the timers must not be started any more. */
void wheel_fini(struct wheel *w);

#endif

/* An event loop: one thread that owns its connections and never blocks. On libuv.
 *
 * Other threads reach it only through its executor (tasks in batches, one wake-up a batch). Inside,
 * connections that have something to write are written once, at the end of the turn: everything
 * that one turn produced for a connection leaves in one system call.
 *
 * A turn: wait for the kernel -> read and handle -> run posted tasks -> idle work, a slice ->
 * write the dirty connections. While idle work remains the loop polls without waiting.
 */
#ifndef PARLEY_NET_LOOP_H
#define PARLEY_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/task.h"

struct loop;

/* A timer in the loop's hashed wheel (Varghese and Lauck 1987, scheme 6), coarse (64 ms) and
 * cheap: 32 bytes, start and stop in constant time. Embedded by its owner. */
struct timer {
    struct list link;
    uint64_t due_ms;
    void (*fire)(struct timer *self);
};

struct loop *loop_new(unsigned index);
/* Runs on the calling thread until `loop_stop`, then until nothing is left to write (bounded by
 * the connections' own deadlines). */
void loop_run(struct loop *l);
/* Any thread: asks the loop to return once its connections are closed. It accepts no more, and
 * closes the connections that are still open with conn_close and LOOP_STOP_LINGER_MS. Whoever has
 * a farewell to say does so before. */
#define LOOP_STOP_LINGER_MS 2000
void loop_stop(struct loop *l);
/* When the loop has returned and its listeners are closed. */
void loop_free(struct loop *l);
/* How many loops use the processors this process may run on: the size of its affinity mask. */
unsigned loop_count_default(void);

unsigned loop_index(const struct loop *l);
/* Any thread posts here; the tasks run on the loop's thread. */
struct executor *loop_executor(struct loop *l);
/* Milliseconds of the steady clock, as of this turn. */
uint64_t loop_now_ms(const struct loop *l);

/* A timer that is not running; `fire` runs once per start, on the loop. */
void timer_init(struct timer *t, void (*fire)(struct timer *self));
/* Fires in `ms` (from 1), rounded up to the wheel's tick; restarts it when it runs already. */
void timer_start(struct loop *l, struct timer *t, uint64_t ms);
void timer_stop(struct timer *t);
bool timer_is_running(const struct timer *t);

/* Work to be done in slices between events: `step` is called every turn and returns whether more
 * remains. One a loop. `loop_kick` makes the next turn call it again after it returned false. */
void loop_set_idle(struct loop *l, bool (*step)(void *arg), void *arg);
void loop_kick(struct loop *l);

#endif

/* Time. Everything that asks for the time asks a `struct clock`, so that tests and the simulator
 * can step it; the real one is `clock_system`. */
#ifndef PARLEY_BASE_CLOCK_H
#define PARLEY_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock {
    /* Microseconds since 1970-01-01T00:00:00Z; may step in either direction. */
    int64_t (*wall_us)(const struct clock *self);
    /* Microseconds since some start; never goes back. */
    int64_t (*steady_us)(const struct clock *self);
};

extern const struct clock clock_system;

/* A clock that only moves when told to, while other threads may read it. */
struct clock_manual {
    struct clock super;
    int64_t wall_us, steady_us;
};
void clock_manual_init(struct clock_manual *c, int64_t wall_us);
/* Moves both by `us` (>= 0). */
void clock_manual_advance(struct clock_manual *c, int64_t us);
/* Steps only the wall clock, forward or back. */
void clock_manual_step(struct clock_manual *c, int64_t us);

static inline int64_t clock_wall_us(const struct clock *c)
{
    return c->wall_us(c);
}

static inline int64_t clock_steady_us(const struct clock *c)
{
    return c->steady_us(c);
}

/* The thread sleeps, by the real clock; a signal may end it early. */
void clock_sleep_ms(unsigned ms);

#define CLOCK_RFC3339_SIZE 32
/* Writes RFC 3339 in UTC, as "2026-11-24T10:15:46.123Z" with `digits` (0, 3 or 6) of the second's
 * fraction, into `out` of CLOCK_RFC3339_SIZE; returns its length. Years 1970 to 9999; times
 * outside are shown as the nearest one inside. */
size_t clock_rfc3339(int64_t wall_us, int digits, char *out);

#endif

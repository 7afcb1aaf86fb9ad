#include "base/clock.h"

#include <assert.h>
#include <time.h>

/* The last microsecond of 9999. */
#define RFC3339_LAST_US (INT64_C(253402300800) * 1000000 - 1)

static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t system_wall_us(const struct clock *self)
{
    (void)self;
    return read_us(CLOCK_REALTIME);
}

static int64_t system_steady_us(const struct clock *self)
{
    (void)self;
    return read_us(CLOCK_MONOTONIC);
}

const struct clock clock_system = {system_wall_us, system_steady_us};

static int64_t manual_wall_us(const struct clock *self)
{
    return __atomic_load_n(&((const struct clock_manual *)self)->wall_us, __ATOMIC_RELAXED);
}

static int64_t manual_steady_us(const struct clock *self)
{
    return __atomic_load_n(&((const struct clock_manual *)self)->steady_us, __ATOMIC_RELAXED);
}

void clock_manual_init(struct clock_manual *c, int64_t wall_us)
{
    *c = (struct clock_manual){{manual_wall_us, manual_steady_us}, wall_us, 0};
}

void clock_manual_advance(struct clock_manual *c, int64_t us)
{
    assert(us >= 0);
    __atomic_fetch_add(&c->wall_us, us, __ATOMIC_RELAXED);
    __atomic_fetch_add(&c->steady_us, us, __ATOMIC_RELAXED);
}

void clock_manual_step(struct clock_manual *c, int64_t us)
{
    __atomic_fetch_add(&c->wall_us, us, __ATOMIC_RELAXED);
}

/* Days since 1970-01-01 as year, month, day: Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", civil_from_days. For days >= 0. */
static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static char *put_digits(char *out, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + width;
}

size_t clock_rfc3339(int64_t wall_us, int digits, char *out)
{
    assert(digits == 0 || digits == 3 || digits == 6);
    if (wall_us < 0)
        wall_us = 0;
    if (wall_us > RFC3339_LAST_US)
        wall_us = RFC3339_LAST_US;
    int64_t seconds = wall_us / 1000000, of_day = seconds % 86400;
    int year, month, day;
    civil_from_days(seconds / 86400, &year, &month, &day);
    char *p = put_digits(out, year, 4);
    *p++ = '-';
    p = put_digits(p, month, 2);
    *p++ = '-';
    p = put_digits(p, day, 2);
    *p++ = 'T';
    p = put_digits(p, of_day / 3600, 2);
    *p++ = ':';
    p = put_digits(p, of_day / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, of_day % 60, 2);
    if (digits > 0) {
        *p++ = '.';
        int64_t fraction = wall_us % 1000000;
        p = put_digits(p, digits == 3 ? fraction / 1000 : fraction, digits);
    }
    *p++ = 'Z';
    *p = '\0';
    return (size_t)(p - out);
}

void clock_sleep_ms(unsigned ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

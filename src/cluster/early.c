#include "cluster/early.h"

#include <string.h>
#include <xxhash.h>

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define LAG_MS (INT64_C(3600) * 1000) /* a day's marks serve a little longer than the day */

static size_t bit_of(const struct uuid *user)
{
    return XXH3_64bits(user->b, sizeof user->b) % (EARLY_BYTES * 8);
}

static void turn_to(struct early *e, int64_t day)
{
    if (day <= e->day)
        return;
    if (day == e->day + 1)
        memcpy(e->maps[EARLY_TODAY], e->maps[EARLY_TOMORROW], EARLY_BYTES);
    else
        memset(e->maps[EARLY_TODAY], 0, EARLY_BYTES);
    memset(e->maps[EARLY_TOMORROW], 0, EARLY_BYTES);
    e->day = day;
}

void early_note(struct early *e, const struct uuid *user, int64_t id_ms, int64_t at_ms)
{
    turn_to(e, (at_ms - LAG_MS) / DAY_MS);
    if (id_ms <= at_ms + EARLY_CLOCKS_MS)
        return;
    int64_t ahead = id_ms / DAY_MS - e->day;
    size_t bit = bit_of(user);
    e->maps[ahead < EARLY_LATER ? (ahead > 0 ? ahead : 0) : EARLY_LATER][bit / 8] |=
        (uint8_t)(1u << bit % 8);
    e->any = true;
}

static bool is_set(const struct early *e, int map, size_t bit)
{
    return (e->maps[map][bit / 8] >> bit % 8 & 1) != 0;
}

bool early_is_marked(const struct early *e, const struct uuid *user, int64_t id_ms)
{
    if (!e->any)
        return false;
    int64_t ahead = id_ms / DAY_MS - e->day;
    size_t bit = bit_of(user);
    int map = ahead <= 0 ? EARLY_TODAY : ahead == 1 ? EARLY_TOMORROW : EARLY_LATER;
    return is_set(e, map, bit) || is_set(e, EARLY_LATER, bit);
}

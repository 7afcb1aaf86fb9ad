/* fanout and rooms: channels under load, in the open or the closed loop. */
#include "cli/bench/scenario.h"

static bool loaded(struct bench *b, const struct shape *shape)
{
    if (!bench_prepare(b, shape) || !bench_run(b))
        return false;
    bench_add_memory(b);
    return true;
}

bool scenario_fanout(struct bench *b)
{
    const struct options *o = &b->options;
    return loaded(b, &(struct shape){1, o->connections, 1, o->outstanding, 0});
}

bool scenario_rooms(struct bench *b)
{
    const struct options *o = &b->options;
    return loaded(b, &(struct shape){o->rooms, o->room_size, o->room_size, o->outstanding, 0});
}

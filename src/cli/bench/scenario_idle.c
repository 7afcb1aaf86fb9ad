/* idle: connections that say nothing. How fast they come, what they weigh, what they cost. */
#include "cli/bench/scenario.h"

#define SETTLE_NS UINT64_C(1000000000)

static void wait_quietly(struct bench *b, uint64_t ns)
{
    for (uint64_t end_ns = clock_ns() + ns; clock_ns() < end_ns && load_is_sound(&b->load);)
        load_turn(&b->load, end_ns);
}

bool scenario_idle(struct bench *b)
{
    const struct options *o = &b->options;
    if (!bench_prepare(b, &(struct shape){1, o->connections, 1, 1, 0}))
        return false;
    wait_quietly(b, SETTLE_NS);
    b->connected = b->begin = usage_of(o->server_pids);
    wait_quietly(b, (uint64_t)(o->duration_s * 1e9));
    b->end = usage_of(o->server_pids);
    if (b->begin.known && b->end.known)
        report_add(&b->report, "idle_cpu_percent", "server CPU while idle",
                   (b->end.cpu_s - b->begin.cpu_s) / o->duration_s * 100, 2, "%");
    bench_add_memory(b);
    return true;
}

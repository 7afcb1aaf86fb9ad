/* parley bench: loads a chat server and checks every delivery. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "cli/bench/scenario.h"
#include "cli/cli.h"

static const struct {
    const char *name;
    bool (*run)(struct bench *b);
} scenarios[] = {
    {"fanout", scenario_fanout}, {"rooms", scenario_rooms},         {"ack", scenario_ack},
    {"idle", scenario_idle},     {"reconnect", scenario_reconnect},
};

bool bench_prepare(struct bench *b, const struct shape *shape)
{
    struct load *l = &b->load;
    b->before = usage_of(b->options.server_pids);
    if (!load_init(l, &b->options, shape, b->reason, sizeof b->reason))
        return false;
    b->before = usage_of(b->options.server_pids); /* with what the stage itself has cost */
    uint64_t start_ns = clock_ns();
    if (!load_connect(l)) {
        snprintf(b->reason, sizeof b->reason, "%s", l->faults.first);
        return false;
    }
    double s = (double)(clock_ns() - start_ns) / 1e9;
    report_add(&b->report, "connects_per_s", "connections opened a second", l->n_clients / s, 0,
               "/s");
    b->connected = usage_of(b->options.server_pids);
    return true;
}

static void on_begin(void *arg)
{
    struct bench *b = arg;
    b->begin = usage_of(b->options.server_pids);
}

static void on_end(void *arg)
{
    struct bench *b = arg;
    b->end = usage_of(b->options.server_pids);
}

static void bench_add_load(struct bench *b)
{
    struct load *l = &b->load;
    struct report *r = &b->report;
    double s = b->options.duration_s;
    uint64_t deliveries = l->pushes + l->acks;
    report_add(r, "messages_per_s", "messages", (double)l->sent / s, 0, "/s");
    report_add(r, "deliveries_per_s", "deliveries (pushes and acks)", (double)deliveries / s, 0,
               "/s");
    report_add(r, "frame_bytes", "a frame, on average",
               (double)l->engine.frame_bytes / (double)(l->engine.frames + (l->engine.frames == 0)),
               0, "bytes");
    report_add_latency(r, "ack", "ack", &l->ack);
    report_add_latency(r, "delivery", "delivery", &l->delivery);
    if (b->begin.known && b->end.known && deliveries > 0) {
        double cpu_s = b->end.cpu_s - b->begin.cpu_s;
        report_add(r, "server_cpu_percent", "server CPU", cpu_s / s * 100, 0, "%");
        if (l->sent > 0)
            report_add(r, "server_cpu_us_per_message", "server CPU for a message",
                       cpu_s / (double)l->sent * 1e6, 1, "us");
        report_add(r, "server_cpu_s_per_million", "server CPU for a million deliveries",
                   cpu_s / (double)deliveries * 1e6, 2, "s");
    }
}

bool bench_run(struct bench *b)
{
    if (!bystanders_start(b))
        return false;
    load_run(&b->load, on_begin, on_end, b);
    bench_add_load(b);
    bystanders_stop(b);
    return true;
}

void bench_add_memory(struct bench *b)
{
    if (!b->before.known || !b->connected.known)
        return;
    report_add(&b->report, "server_rss_mib", "server memory", b->connected.rss_kib / 1024, 1,
               "MiB");
    report_add(&b->report, "connection_kib", "server memory for a connection",
               (b->connected.rss_kib - b->before.rss_kib) / b->load.n_clients, 2, "KiB");
}

/* As many descriptors as we may have. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int bench_scenario(struct bench *b)
{
    const struct options *o = &b->options;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (strcmp(scenarios[i].name, o->scenario) != 0)
            continue;
        if (!scenarios[i].run(b))
            return cli_fail("bench", "%s", b->reason);
        if (!report_print(&b->report, o, &b->load.faults))
            return cli_fail("bench", "%s cannot be written", o->json);
        return faults_sum(&b->load.faults) == 0 ? CLI_OK : CLI_FAILED;
    }
    return cli_misuse("bench", "there is no scenario %s; `parley bench --help` lists them",
                      o->scenario);
}

int cli_bench(int argc, char **argv)
{
    struct bench *b = MEM_NEW(struct bench);
    int status = options_parse(&b->options, argc, argv);
    if (status == CLI_OK) {
        raise_descriptors();
        status = bench_scenario(b);
        load_fini(&b->bystanders.load);
        load_fini(&b->load);
    }
    mem_free(b);
    return status < 0 ? CLI_OK : status;
}

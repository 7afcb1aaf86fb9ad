#include <stdio.h>

#include "cli/bench/scenario.h"

static void nothing(void *arg)
{
    (void)arg;
}

static void *bystanders_main(void *arg)
{
    struct bystanders *by = arg;
    load_run(&by->load, nothing, nothing, NULL);
    return NULL;
}

bool bystanders_start(struct bench *b)
{
    struct bystanders *by = &b->bystanders;
    static char prefix[80];
    uint32_t n = b->options.bystanders;
    if (n == 0)
        return true;
    snprintf(prefix, sizeof prefix, "%.60s-by", b->options.prefix);
    by->options = b->options;
    by->options.prefix = prefix;
    by->options.tokens = NULL;
    by->options.connections = by->options.users = n;
    by->options.rate = n * b->options.bystander_rate;
    by->options.ramp_s = 0;
    by->options.duration_s = 1e6; /* until it is stopped */
    if (!load_init(&by->load, &by->options, &(struct shape){n, 1, 1, 1, 0}, b->reason,
                   sizeof b->reason))
        return false;
    by->load.stop = &by->stop;
    if (!load_connect(&by->load) || pthread_create(&by->thread, NULL, bystanders_main, by) != 0) {
        snprintf(b->reason, sizeof b->reason, "bystanders: %s", by->load.faults.first);
        return false;
    }
    by->running = true;
    return true;
}

void bystanders_stop(struct bench *b)
{
    struct bystanders *by = &b->bystanders;
    struct faults *sum = &b->load.faults;
    const struct faults *f = &by->load.faults;
    if (!by->running)
        return;
    atomic_store(&by->stop, true);
    pthread_join(by->thread, NULL);
    by->running = false;
    report_add_latency(&b->report, "bystander_ack", "bystanders' ack", &by->load.ack);
#define FAULT_ADD(name, text) sum->name += f->name;
    FAULTS_TABLE(FAULT_ADD)
#undef FAULT_ADD
    if (f->first[0] != '\0')
        load_note(&b->load, "bystanders: %s", f->first);
}

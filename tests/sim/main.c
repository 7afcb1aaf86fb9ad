/* sim [--seed N | --seeds N] [--steps N] [--trace]
 *
 * Runs the simulation for one seed, or for the seeds 1 to N. Exits 0 when every promise held. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sim.h"

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: sim [--seed N | --seeds N] [--steps N] [--trace]\n");
    exit(2);
}

static unsigned long long number(const char *text)
{
    unsigned long long n;
    if (text == NULL || !str_to_u64(str_of(text), &n))
        usage();
    return n;
}

int main(int argc, char **argv)
{
    unsigned long long first = 1, last = 100, steps = 10000;
    bool is_traced = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0)
            is_traced = true;
        else if (strcmp(argv[i], "--seed") == 0)
            first = last = number(argv[++i]);
        else if (strcmp(argv[i], "--seeds") == 0)
            last = number(argv[++i]);
        else if (strcmp(argv[i], "--steps") == 0)
            steps = number(argv[++i]);
        else
            usage();
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    log_setup(LOG_ERROR, 0);
    unsigned posts = 0, acks = 0, replays = 0, refused = 0, cuts = 0, restarts = 0, words = 0;
    for (unsigned long long seed = first; seed <= last; seed++) {
        sim_run(seed, (unsigned)steps, is_traced);
        posts += sim.tally.posts;
        acks += sim.tally.acks;
        replays += sim.tally.replays;
        refused += sim.tally.refused;
        cuts += sim.tally.cuts;
        restarts += sim.tally.restarts;
        words += sim.tally.words;
    }
    printf("%llu seeds of %llu steps: %u pushes, %u acks, %u replayed, %u refused, %u cuts, "
           "%u restarts, %u words\n",
           last - first + 1, steps, posts, acks, replays, refused, cuts, restarts, words);
    return 0;
}

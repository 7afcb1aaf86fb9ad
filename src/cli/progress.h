/* How far a long command is, on stderr: a bar on a terminal, a line now and then elsewhere. */
#ifndef PARLEY_CLI_PROGRESS_H
#define PARLEY_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool is_terminal;
    const char *what; /* the step that is told now; NULL: none yet */
    uint64_t done, total;
    uint64_t began_done;
    int64_t began_us, told_us;
    bool is_open; /* the bar's line is not ended */
};

void progress_init(struct progress *p);
/* `done` of `total` (0: unknown) of the step `what`, a string that stays. May be called as often as
 * one likes. */
void progress_at(struct progress *p, const char *what, uint64_t done, uint64_t total);
/* Ends the step that is told, if any: what is printed next has a line of its own. */
void progress_end(struct progress *p);

#endif

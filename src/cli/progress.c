#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define BAR_CHARS 30
#define BAR_US    INT64_C(200000)
#define LINE_US   INT64_C(10000000)
#define SECOND_US 1000000

static int64_t now_us(void)
{
    return clock_steady_us(&clock_system);
}

void progress_init(struct progress *p)
{
    *p = (struct progress){.is_terminal = isatty(STDERR_FILENO) == 1};
}

/* Of this step since it began, 0 when that is not known yet. */
static double rate(const struct progress *p, int64_t now)
{
    double seconds = (double)(now - p->began_us) / SECOND_US;
    return seconds > 0.5 ? (double)(p->done - p->began_done) / seconds : 0;
}

static void tell(struct progress *p, int64_t now)
{
    static const char full[] = "##############################",
                      empty[] = "..............................";
    double per_s = rate(p, now);
    unsigned part = p->total == 0 ? 0 : (unsigned)(p->done * BAR_CHARS / p->total);
    if (part > BAR_CHARS)
        part = BAR_CHARS;
    if (p->is_terminal)
        fprintf(stderr, "\r\033[K[%.*s%.*s] ", (int)part, full, (int)(BAR_CHARS - part), empty);
    fprintf(stderr, "%s: %" PRIu64, p->what, p->done);
    if (p->total != 0)
        fprintf(stderr, " of %" PRIu64, p->total);
    if (per_s > 0)
        fprintf(stderr, ", %.0f/s", per_s);
    if (per_s > 0 && p->total > p->done)
        fprintf(stderr, ", %.0f s left", (double)(p->total - p->done) / per_s);
    if (!p->is_terminal)
        fputc('\n', stderr);
    fflush(stderr);
    p->is_open = p->is_terminal;
    p->told_us = now;
}

void progress_end(struct progress *p)
{
    if (p->what != NULL)
        tell(p, now_us());
    if (p->is_open)
        fputc('\n', stderr);
    p->is_open = false;
    p->what = NULL;
}

void progress_at(struct progress *p, const char *what, uint64_t done, uint64_t total)
{
    int64_t now = now_us();
    if (p->what == NULL || strcmp(p->what, what) != 0) {
        progress_end(p);
        *p = (struct progress){.is_terminal = p->is_terminal,
                               .what = what,
                               .began_done = done,
                               .began_us = now,
                               .told_us = now};
    }
    p->done = done;
    p->total = total;
    if (now - p->told_us >= (p->is_terminal ? BAR_US : LINE_US))
        tell(p, now);
}

#include "cli/bench/usage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench/options.h"

static bool file_read(int pid, const char *name, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return false;
    size_t n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    fclose(f);
    return n > 0;
}

static struct usage usage_of_one(int pid)
{
    char text[4096];
    struct usage u = {0};
    unsigned long user, system;
    if (!file_read(pid, "stat", text, sizeof text))
        return u;
    /* The name may hold anything: fields are counted from its closing bracket. */
    const char *p = strrchr(text, ')');
    if (p == NULL ||
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return u;
    u.cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    if (!file_read(pid, "status", text, sizeof text))
        return u;
    p = strstr(text, "VmRSS:");
    u.known = p != NULL && sscanf(p, "VmRSS: %lf", &u.rss_kib) == 1;
    return u;
}

struct usage usage_of(const int *pids)
{
    struct usage sum = {.known = pids[0] != 0};
    for (int i = 0; i < SERVERS_MAX && pids[i] != 0; i++) {
        struct usage u = usage_of_one(pids[i]);
        sum.known = sum.known && u.known;
        sum.cpu_s += u.cpu_s;
        sum.rss_kib += u.rss_kib;
    }
    return sum;
}

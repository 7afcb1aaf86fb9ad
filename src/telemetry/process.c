#include "telemetry/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t cpu_us(void)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0)
        return -1;
    return ((int64_t)u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

/* proc(5): /proc/self/statm begins with the virtual and the resident size in pages. */
static void memory_read(struct process *out)
{
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return;
    int64_t page = sysconf(_SC_PAGESIZE), all, resident;
    if (fscanf(f, "%" SCNd64 " %" SCNd64, &all, &resident) == 2) {
        out->virtual_bytes = all * page;
        out->resident_bytes = resident * page;
    }
    fclose(f);
}

/* The size of /proc/self/fd is their number since Linux 6.2; it was 0 before, so count them. */
static int64_t open_fds(void)
{
    struct stat s;
    if (stat("/proc/self/fd", &s) != 0)
        return -1;
    if (s.st_size > 0)
        return s.st_size;
    DIR *d = opendir("/proc/self/fd");
    if (d == NULL)
        return -1;
    int64_t n = -1; /* the one that reads the folder */
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static int64_t max_fds(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur > INT64_MAX)
        return -1;
    return (int64_t)r.rlim_cur;
}

/* When the machine started, in seconds since 1970: the line "btime N" of /proc/stat. */
static int64_t boot_s(void)
{
    FILE *f = fopen("/proc/stat", "re");
    if (f == NULL)
        return -1;
    char word[32];
    int64_t found = -1;
    while (found < 0 && fscanf(f, "%31s", word) == 1)
        if (strcmp(word, "btime") == 0 && fscanf(f, "%" SCNd64, &found) != 1)
            break;
    fclose(f);
    return found;
}

/* Field 22 of /proc/self/stat: when the process started, in ticks since the machine did. The
 * second field is the program's name, in brackets, and may hold anything. */
static int64_t start_ticks(void)
{
    char text[1024];
    FILE *f = fopen("/proc/self/stat", "re");
    if (f == NULL)
        return -1;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *p = strrchr(text, ')');
    for (int field = 2; p != NULL && field < 22; field++)
        p = strchr(p + 1, ' ');
    int64_t ticks;
    return p != NULL && sscanf(p, "%" SCNd64, &ticks) == 1 ? ticks : -1;
}

void process_read(struct process *out)
{
    *out = (struct process){cpu_us(), -1, -1, open_fds(), max_fds(), -1};
    memory_read(out);
    int64_t boot = boot_s(), ticks = start_ticks();
    if (boot >= 0 && ticks >= 0)
        out->started_ms = boot * 1000 + ticks * 1000 / sysconf(_SC_CLK_TCK);
}

#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void scratch_make(char out[SCRATCH_SIZE])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, SCRATCH_SIZE, "%s/parley-test-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(out) == NULL) {
        perror(out);
        abort();
    }
}

static void remove_entries(int at)
{
    DIR *dir = fdopendir(at);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' && (entry->d_name[1] == '\0' || entry->d_name[1] == '.'))
            continue;
        if (unlinkat(at, entry->d_name, 0) == 0)
            continue;
        int below = openat(at, entry->d_name, O_RDONLY | O_DIRECTORY);
        if (below >= 0)
            remove_entries(below);
        unlinkat(at, entry->d_name, AT_REMOVEDIR);
    }
    if (dir != NULL)
        closedir(dir);
}

void scratch_remove(const char *path)
{
    int at = open(path, O_RDONLY | O_DIRECTORY);
    if (at >= 0)
        remove_entries(at);
    rmdir(path);
}

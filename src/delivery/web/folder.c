/* The files of a folder, read whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delivery/web/table.h"

#define DEPTH_MAX 8
#define PATH_SIZE 4096

struct folder {
    struct web_pages *pages;
    const char *root;
    size_t bytes;
    char *reason;
    size_t reason_size;
};

static bool refuse(struct folder *f, const char *path, const char *why)
{
    snprintf(f->reason, f->reason_size, "%s: %s", path, why);
    return false;
}

/* The whole file into the arena; `*data` is empty with p NULL when it is not there. */
static bool read_file(struct folder *f, const char *path, struct str *data)
{
    struct stat st;
    *data = STR_NONE;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? true : refuse(f, path, strerror(errno));
    bool whole = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 &&
                 st.st_size <= (off_t)WEB_FILE_BYTES_MAX &&
                 (f->bytes += (size_t)st.st_size) <= WEB_BYTES_MAX;
    if (whole) {
        size_t n = (size_t)st.st_size, got = 0;
        char *p = arena_alloc(&f->pages->arena, n + 1);
        ssize_t some;
        while (got < n && (some = read(fd, p + got, n - got)) > 0)
            got += (size_t)some;
        *data = (struct str){p, got};
        whole = got == n;
    }
    close(fd);
    return whole ? true : refuse(f, path, "it is too large, or cannot be read");
}

static bool add_file(struct folder *f, const char *path)
{
    struct str data, url = arena_str(&f->pages->arena, str_of(path + strlen(f->root)));
    if (f->pages->n >= WEB_FILES_MAX)
        return refuse(f, f->root, "it holds too many files");
    if (!read_file(f, path, &data))
        return false;
    web_table_add(f->pages, url, data);
    return true;
}

static bool read_dir(struct folder *f, const char *path, unsigned depth)
{
    bool good = true;
    DIR *dir = opendir(path);
    if (dir == NULL)
        return refuse(f, path, strerror(errno));
    const struct dirent *entry;
    while (good && (entry = readdir(dir)) != NULL) {
        char child[PATH_SIZE];
        struct stat st;
        int n = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof child)
            continue;
        if (lstat(child, &st) != 0)
            good = refuse(f, child, strerror(errno));
        else if (S_ISDIR(st.st_mode))
            good = depth < DEPTH_MAX ? read_dir(f, child, depth + 1)
                                     : refuse(f, child, "it lies too deep");
        else if (S_ISREG(st.st_mode))
            good = add_file(f, child);
    }
    closedir(dir);
    return good;
}

bool web_folder_read(struct web_pages *p, const char *dir, struct str *csp, char *reason,
                     size_t reason_size)
{
    char path[PATH_SIZE];
    struct folder f = {p, dir, 0, reason, reason_size};
    if (!read_dir(&f, dir, 0))
        return false;
    snprintf(path, sizeof path, "%s/csp.json", dir);
    if (!read_file(&f, path, csp))
        return false;
    if (csp->p != NULL)
        return true;
    snprintf(path, sizeof path, "%s/../csp.json", dir);
    return read_file(&f, path, csp);
}

#include "adapter/sqlite/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define LOCK_POLL_MS 20

bool dir_path(const char *dir, const char *name, char *out)
{
    int n = snprintf(out, DIR_PATH_SIZE, "%s/%s", dir, name);
    return n > 0 && n < DIR_PATH_SIZE;
}

static enum err refuse(char *reason, size_t reason_size, const char *path, const char *what)
{
    snprintf(reason, reason_size, "%s %s: %s", path, what, strerror(errno));
    return ERR_UNAVAILABLE;
}

/* A directory that was made is durable only when the one above it is synced. */
static bool make_one(char *path)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST;
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return dir_sync(".");
    *slash = '\0';
    bool synced = dir_sync(slash == path ? "/" : path);
    *slash = '/';
    return synced;
}

enum err dir_make(const char *dir, char *reason, size_t reason_size)
{
    char path[DIR_PATH_SIZE];
    size_t n = strlen(dir);
    if (n == 0 || n >= sizeof path) {
        errno = n == 0 ? EINVAL : ENAMETOOLONG;
        return refuse(reason, reason_size, dir, "cannot be a directory");
    }
    memcpy(path, dir, n + 1);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_one(path))
            return refuse(reason, reason_size, path, "cannot be made");
        *slash = '/';
    }
    return make_one(path) ? ERR_OK : refuse(reason, reason_size, path, "cannot be made");
}

/* Never opens a file that is there: closing it again would drop the locks that this process may
 * hold on it through SQLite (POSIX advisory locks belong to the process). */
enum err dir_touch(const char *dir, const char *path, char *reason, size_t reason_size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return ERR_OK;
    if (fd < 0)
        return refuse(reason, reason_size, path, "cannot be made");
    close(fd);
    return dir_sync(dir) ? ERR_OK : refuse(reason, reason_size, dir, "cannot be synced");
}

bool dir_has_store(const char *dir)
{
    char path[DIR_PATH_SIZE];
    return dir_path(dir, DIR_DB, path) && access(path, F_OK) == 0;
}

int dir_lock(const char *dir, int wait_ms, char *reason, size_t reason_size)
{
    char path[DIR_PATH_SIZE];
    int fd = dir_path(dir, DIR_LOCK, path) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0) {
        refuse(reason, reason_size, path, "cannot be opened");
        return -1;
    }
    int held = flock(fd, LOCK_EX | LOCK_NB);
    for (int waited = 0; held != 0 && waited < wait_ms; waited += LOCK_POLL_MS) {
        clock_sleep_ms(LOCK_POLL_MS);
        held = flock(fd, LOCK_EX | LOCK_NB);
    }
    if (held == 0)
        return fd;
    snprintf(reason, reason_size, "%s is in use by another process", dir);
    close(fd);
    return -1;
}

bool dir_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced;
}

/* A disk without room: sends are refused, reads go on, and it recovers by itself. Three kinds of
 * it: a limit on the size of files (for anyone), a small file system (for root), and SQLite's own
 * word for it (in the contract suite, by the driver's `refuse`). */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adapter/sqlite/admin.h"
#include "child.h"
#include "driver_sqlite.h"
#include "kit.h"
#include "scratch.h"

#define TEXT_BYTES 8000
#define SENDS_MAX  20000

static char dir[SCRATCH_SIZE];

static int setup(void **state)
{
    (void)state;
    kit_driver = &driver_sqlite;
    scratch_make(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static enum err say_much(struct kit *k)
{
    char text[TEXT_BYTES + 1];
    memset(text, 'x', TEXT_BYTES);
    text[TEXT_BYTES] = '\0';
    return kit_send(kit_message(k, 1, 1, text, NULL))->err;
}

static unsigned count(struct kit *k)
{
    unsigned n = 0;
    uint64_t head;
    struct uuid channel = kit_channel_id(1);
    struct message_store *s = k->driver->messages;
    return s->ops->missed(s, &channel, 0, SENDS_MAX, &n, &head) == ERR_OK ? n : UINT32_MAX;
}

static struct kit *kit_in_dir(void)
{
    struct kit *k = kit_new();
    k->driver = driver_sqlite_open_in(dir, &k->setup);
    return k;
}

static bool is_writable(struct kit *k)
{
    char detail[96] = "";
    bool writable = sqlite_store_is_writable(driver_sqlite_store(k->driver), detail, sizeof detail);
    return writable == (detail[0] == '\0') && writable;
}

/* Sends until it is refused; the number accepted, or 0 when it never is. */
static unsigned fill(struct kit *k)
{
    for (unsigned n = 0; n < SENDS_MAX; n++) {
        enum err e = say_much(k);
        if (e != ERR_OK)
            return e == ERR_UNAVAILABLE ? n : 0;
    }
    return 0;
}

/* With nobody writing, the store finds out itself that it can write again. */
static bool becomes_writable(struct kit *k)
{
    for (int i = 0; i < 50 && !is_writable(k); i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    return is_writable(k);
}

/* Returns 0, or the number of the expectation that failed. */
static int full_and_room_again(struct kit *k, void (*make_room)(void))
{
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    unsigned n = fill(k);
    if (n == 0)
        return 1;
    if (is_writable(k))
        return 2;
    if (count(k) != n)
        return 3;
    make_room();
    if (!becomes_writable(k))
        return 4;
    if (say_much(k) != ERR_OK || kit_join(k, 2, 1) != ERR_OK)
        return 5;
    return count(k) == n + 1 ? 0 : 6;
}

static void *closed(struct kit *k)
{
    void *state = k;
    kit_teardown(&state);
    return NULL;
}

/* ---- Files must not become larger ---- */

static void lift_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static int run_limited(void *arg, int to)
{
    (void)arg;
    (void)to;
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 3 * 1024 * 1024;
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    struct kit *k = kit_in_dir();
    int failed = full_and_room_again(k, lift_limit);
    closed(k);
    return failed;
}

static void assert_sound(void)
{
    struct sqlite_verify_result r;
    char reason[256];
    assert_int_equal(sqlite_verify(dir, NULL, NULL, &r, reason, sizeof reason), ERR_OK);
    assert_int_equal(r.problems, 0);
}

static void files_at_their_limit(void **state)
{
    (void)state;
    struct child c = child_start(run_limited, NULL);
    int status = child_wait(&c);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_sound();
}

/* ---- A file system of 8 MiB ---- */

static char ballast[SCRATCH_SIZE + 16];

static void remove_ballast(void)
{
    unlink(ballast);
}

#define CANNOT_MOUNT 77

static int run_on_small_disk(void *arg, int to)
{
    (void)arg;
    (void)to;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", dir, "tmpfs", 0, "size=8m") != 0)
        return CANNOT_MOUNT;
    snprintf(ballast, sizeof ballast, "%s/ballast", dir);
    FILE *f = fopen(ballast, "w");
    static const char block[3 * 1024 * 1024];
    if (f == NULL || fwrite(block, sizeof block, 1, f) > 1 || fclose(f) != 0)
        return CANNOT_MOUNT;
    struct kit *k = kit_in_dir();
    int failed = full_and_room_again(k, remove_ballast);
    closed(k);
    struct sqlite_verify_result r;
    char reason[256];
    if (failed == 0 &&
        (sqlite_verify(dir, NULL, NULL, &r, reason, sizeof reason) != ERR_OK || r.problems != 0))
        failed = 7;
    return failed;
}

static void disk_without_room(void **state)
{
    (void)state;
    struct child c = child_start(run_on_small_disk, NULL);
    int status = child_wait(&c);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CANNOT_MOUNT)
        print_message("# no right to mount: not tried\n");
    else
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_at_their_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(disk_without_room, setup, teardown),
    };
    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}

/* Asking for a password, on a terminal of our own and from a pipe. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/password.h"

enum { GIVEN = 10, NONE = 11, OTHER = 12 };

/* In the child: says by its exit status what was read. */
static void ask(const char *want)
{
    struct password_line p;
    bool given = password_ask(&p);
    bool is_wanted = str_eq(password_str(&p), str_of(want));
    password_wipe(&p);
    _exit(!given ? NONE : is_wanted ? GIVEN : OTHER);
}

static int exit_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int ask_pipe(const char *input, size_t n, const char *want)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[1]);
        dup2(ends[0], STDIN_FILENO);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        ask(want);
    }
    close(ends[0]);
    assert_int_equal(write(ends[1], input, n), n);
    close(ends[1]);
    return exit_of(pid);
}

static void test_first_line_of_a_pipe(void **state)
{
    char longest[PASSWORD_LINE_SIZE + 1];
    (void)state;
    assert_int_equal(ask_pipe("secret one\nmore", 15, "secret one"), GIVEN);
    assert_int_equal(ask_pipe("secret", 6, "secret"), GIVEN);
    assert_int_equal(ask_pipe(" a b ", 5, " a b "), GIVEN);
    assert_int_equal(ask_pipe("", 0, ""), NONE);
    assert_int_equal(ask_pipe("\n", 1, ""), NONE);
    memset(longest, 'x', sizeof longest);
    assert_int_equal(ask_pipe(longest, sizeof longest, ""), NONE);
}

struct terminal {
    int fd;
    pid_t pid;
    char shown[4096]; /* everything the terminal showed */
    size_t n;
};

static bool echoes(const struct terminal *t)
{
    struct termios now;
    assert_int_equal(tcgetattr(t->fd, &now), 0);
    return (now.c_lflag & ECHO) != 0;
}

/* Reads until `text` was shown, at most 10 s. */
static void wait_for(struct terminal *t, const char *text)
{
    struct pollfd p = {t->fd, POLLIN, 0};
    while (memmem(t->shown, t->n, text, strlen(text)) == NULL) {
        assert_int_equal(poll(&p, 1, 10000), 1);
        ssize_t got = read(t->fd, t->shown + t->n, sizeof t->shown - t->n);
        assert_true(got > 0);
        t->n += (size_t)got;
    }
}

static void type(struct terminal *t, const char *text)
{
    assert_int_equal(write(t->fd, text, strlen(text)), strlen(text));
}

static void terminal_open(struct terminal *t, const char *want)
{
    t->n = 0;
    t->pid = forkpty(&t->fd, NULL, NULL, NULL);
    assert_true(t->pid >= 0);
    if (t->pid == 0)
        ask(want);
    wait_for(t, "Password: ");
    assert_false(echoes(t));
}

/* The terminal as it is left, and the exit status. Waits for the child without reaping it first,
 * since a terminal without a process has no settings to look at on some systems. */
static int terminal_close(struct terminal *t)
{
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)t->pid, &info, WEXITED | WNOWAIT), 0);
    assert_true(echoes(t));
    int status = exit_of(t->pid);
    close(t->fd);
    return status;
}

static void test_a_terminal_is_asked_twice_and_shows_nothing(void **state)
{
    struct terminal t;
    (void)state;
    terminal_open(&t, "secret one");
    type(&t, "secret one\n");
    wait_for(&t, "again: ");
    type(&t, "secret one\n");
    assert_int_equal(terminal_close(&t), GIVEN);
    assert_null(memmem(t.shown, t.n, "secret", 6));
}

static void test_two_that_differ(void **state)
{
    struct terminal t;
    (void)state;
    terminal_open(&t, "");
    type(&t, "secret one\n");
    wait_for(&t, "again: ");
    type(&t, "secret two\n");
    wait_for(&t, "not the same");
    assert_int_equal(terminal_close(&t), NONE);
}

static void test_an_interrupt_leaves_the_terminal_as_it_was(void **state)
{
    struct terminal t;
    (void)state;
    terminal_open(&t, "");
    type(&t, "secr\x03");
    wait_for(&t, "no password was read");
    assert_int_equal(terminal_close(&t), NONE);
    terminal_open(&t, "");
    assert_int_equal(kill(t.pid, SIGTERM), 0);
    wait_for(&t, "no password was read");
    assert_int_equal(terminal_close(&t), NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_line_of_a_pipe),
        cmocka_unit_test(test_a_terminal_is_asked_twice_and_shows_nothing),
        cmocka_unit_test(test_two_that_differ),
        cmocka_unit_test(test_an_interrupt_leaves_the_terminal_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

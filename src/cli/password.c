#include "cli/password.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

void password_wipe(struct password_line *p)
{
    explicit_bzero(p, sizeof *p);
}

/* Waits for a byte, with only the signals of `mask` held back. 0 at the end of the input, -1 when
 * it is broken or a signal came. */
static int read_byte(const sigset_t *mask, char *c)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    int ready;
    do
        ready = ppoll(&input, 1, NULL, mask);
    while (ready < 0 && errno == EINTR && !interrupted);
    return ready < 0 ? -1 : (int)read(STDIN_FILENO, c, 1);
}

/* The bytes up to the end of the line, or of the input. False: interrupted, broken, too long. */
static bool read_line(const sigset_t *mask, struct password_line *out)
{
    out->n = 0;
    for (;;) {
        char c;
        int got = read_byte(mask, &c);
        if (got < 0 || out->n == sizeof out->p)
            return false;
        if (got == 0 || c == '\n')
            return true;
        out->p[out->n++] = c;
    }
}

static bool prompt(const char *text, const sigset_t *mask, struct password_line *out)
{
    fputs(text, stderr);
    bool good = read_line(mask, out);
    fputc('\n', stderr); /* the one that was not echoed */
    return good;
}

static bool ask_twice(const sigset_t *mask, struct password_line *out)
{
    struct password_line again = {.n = 0};
    bool good = prompt("Password: ", mask, out) && prompt("The same again: ", mask, &again);
    bool is_same = str_eq(password_str(out), password_str(&again));
    password_wipe(&again);
    if (!good)
        fputs("parley user: no password was read\n", stderr);
    else if (!is_same)
        fputs("parley user: the two are not the same\n", stderr);
    return good && is_same;
}

/* A signal ends the asking instead of the program, so that the terminal echoes again. It is held
 * back but while we wait, or it could come between looking for it and waiting. */
static bool ask_terminal(const struct termios *shown, struct password_line *out)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    enum { SIGNALS = sizeof signals / sizeof signals[0] };
    struct sigaction ours = {.sa_handler = on_signal}, before[SIGNALS];
    struct termios hidden = *shown;
    sigset_t held, open;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    interrupted = 0;
    sigemptyset(&held);
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaddset(&held, signals[i]);
        sigaction(signals[i], &ours, &before[i]);
    }
    sigprocmask(SIG_BLOCK, &held, &open);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    bool good = ask_twice(&open, out);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, shown);
    sigprocmask(SIG_SETMASK, &open, NULL);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    return good;
}

bool password_ask(struct password_line *out)
{
    struct termios shown;
    *out = (struct password_line){.n = 0};
    if (tcgetattr(STDIN_FILENO, &shown) == 0)
        return ask_terminal(&shown, out);
    if (read_line(NULL, out) && out->n > 0)
        return true;
    fputs("parley user: the password is expected as the first line of standard input\n", stderr);
    return false;
}

/* A password from the person at the keyboard, or from a pipe; never from the command line, where
 * every process of the machine could read it. */
#ifndef PARLEY_CLI_PASSWORD_H
#define PARLEY_CLI_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define PASSWORD_LINE_SIZE 1024

struct password_line {
    char p[PASSWORD_LINE_SIZE];
    size_t n;
};

/* On a terminal asks twice, without echo; elsewhere takes the first line of standard input. False
 * with a sentence on stderr when there is none. The caller wipes it, whatever the answer. */
bool password_ask(struct password_line *out);
void password_wipe(struct password_line *p);

static inline struct str password_str(const struct password_line *p)
{
    return (struct str){p->p, p->n};
}

#endif

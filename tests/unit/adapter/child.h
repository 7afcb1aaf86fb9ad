/* A store in a process of its own, to be killed, starved or stopped by its own doing. */
#ifndef PARLEY_ADAPTER_TEST_CHILD_H
#define PARLEY_ADAPTER_TEST_CHILD_H

#include <sys/types.h>

struct child {
    pid_t pid;
    int from; /* the child writes its end of it */
};

/* Runs `run(arg, to)` in a child whose standard error is quiet; it ends with what `run` returns. */
struct child child_start(int (*run)(void *arg, int to), void *arg);
/* Waits; the status as of waitpid. */
int child_wait(struct child *c);

#endif

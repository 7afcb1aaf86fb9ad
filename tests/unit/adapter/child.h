/* A store in a process of its own, to be killed, starved or stopped by its own doing. */
#ifndef PARLEY_ADAPTER_TEST_CHILD_H
#define PARLEY_ADAPTER_TEST_CHILD_H

#include <sys/types.h>

struct child {
    pid_t pid;
    int from; /* what the child writes, and where child_go writes */
};

/* Runs `run(arg, to)` in a child whose standard error is quiet and whose failed assertions end it;
 * it ends with what `run` returns. To be called while this process has one thread. */
struct child child_start(int (*run)(void *arg, int to), void *arg);
/* In the child: waits for child_go. */
void child_wait_go(int to);
void child_go(struct child *c);
/* Waits; the status as of waitpid. */
int child_wait(struct child *c);

#endif

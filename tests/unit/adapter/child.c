#include "child.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct child child_start(int (*run)(void *arg, int to), void *arg)
{
    int ends[2];
    if (pipe(ends) != 0)
        abort();
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        close(ends[0]);
        dup2(null, STDERR_FILENO);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        _exit(run(arg, ends[1]));
    }
    close(ends[1]);
    return (struct child){pid, ends[0]};
}

int child_wait(struct child *c)
{
    int status = 0;
    waitpid(c->pid, &status, 0);
    close(c->from);
    return status;
}

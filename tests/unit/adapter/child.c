#include "child.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct child child_start(int (*run)(void *arg, int to), void *arg)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        abort();
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        close(ends[0]);
        dup2(null, STDERR_FILENO);
        setenv("CMOCKA_TEST_ABORT", "1", 1);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        _exit(run(arg, ends[1]));
    }
    close(ends[1]);
    return (struct child){pid, ends[0]};
}

void child_wait_go(int to)
{
    char go;
    if (read(to, &go, 1) != 1)
        _exit(99);
}

void child_go(struct child *c)
{
    if (write(c->from, "g", 1) != 1)
        abort();
}

int child_wait(struct child *c)
{
    int status = 0;
    waitpid(c->pid, &status, 0);
    close(c->from);
    return status;
}

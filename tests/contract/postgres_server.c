#include "postgres_server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "postgres_rig.h"
#include "scratch.h"

#define PROCESSES_MAX 64
#define READY_TRIES   400

static char dir[SCRATCH_SIZE], bin[256], port[8];
static pid_t server;

static void stop(const char *what)
{
    perror(what);
    abort();
}

static bool find_programs(void)
{
    glob_t found;
    bool is = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0;
    if (is)
        snprintf(bin, sizeof bin, "%.*s", (int)(strlen(found.gl_pathv[0]) - strlen("/initdb")),
                 found.gl_pathv[0]);
    globfree(&found);
    return is;
}

static void choose_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s, (struct sockaddr *)&at, sizeof at) != 0 ||
        getsockname(s, (struct sockaddr *)&at, &size) != 0)
        stop("a free port");
    close(s);
    snprintf(port, sizeof port, "%u", (unsigned)ntohs(at.sin_port));
}

/* PostgreSQL refuses to run as root. */
static void become_somebody(void)
{
    const struct passwd *who = getpwnam("postgres");
    if (who == NULL)
        who = getpwnam("nobody");
    if (geteuid() != 0)
        return;
    if (who == NULL || setgroups(0, NULL) != 0 || setgid(who->pw_gid) != 0 ||
        setuid(who->pw_uid) != 0)
        stop("another user");
}

static pid_t run(const char *const *argv)
{
    char path[512];
    pid_t pid = fork();
    if (pid < 0)
        stop("fork");
    if (pid > 0)
        return pid;
    snprintf(path, sizeof path, "%s/%s", bin, argv[0]);
    if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
        _exit(1);
    become_somebody();
    if (chdir("/") == 0)
        execv(path, (char *const *)argv);
    _exit(127);
}

static void make_cluster(void)
{
    const char *const initdb[] = {"initdb", "-D", dir,    "-U",         "parley", "-A",
                                  "trust",  "-E", "UTF8", "--locale=C", "-N",     NULL};
    const struct passwd *who = getpwnam("postgres");
    int status = 0;
    scratch_make(dir);
    if (geteuid() == 0 && who != NULL && chown(dir, who->pw_uid, who->pw_gid) != 0)
        stop(dir);
    waitpid(run(initdb), &status, 0);
    if (status != 0)
        stop("initdb");
}

void postgres_server_again(void)
{
    const char *const argv[] = {"postgres",
                                "-D",
                                dir,
                                "-p",
                                port,
                                "-c",
                                "listen_addresses=127.0.0.1",
                                "-c",
                                "unix_socket_directories=",
                                NULL};
    server = run(argv);
    for (int i = 0; i < READY_TRIES; i++) {
        if (PQping(getenv(RIG_VARIABLE)) == PQPING_OK)
            return;
        usleep(25 * 1000);
    }
    stop("the server does not come up");
}

bool postgres_server_start(void)
{
    char conninfo[128];
    if (!find_programs())
        return false;
    choose_port();
    make_cluster();
    snprintf(conninfo, sizeof conninfo, "host=127.0.0.1 port=%s user=parley dbname=postgres", port);
    setenv(RIG_VARIABLE, conninfo, 1);
    postgres_server_again();
    return true;
}

/* Its children; they are in sessions of their own. */
static size_t children(pid_t *out)
{
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    size_t n = 0;
    while (proc != NULL && (entry = readdir(proc)) != NULL && n < PROCESSES_MAX) {
        char path[300];
        int pid = 0, parent = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *stat = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        if (stat == NULL)
            continue;
        if (fscanf(stat, "%d (%*[^)]) %*c %d", &pid, &parent) == 2 && parent == server)
            out[n++] = pid;
        fclose(stat);
    }
    closedir(proc);
    return n;
}

static void tell_all(int signal)
{
    pid_t all[PROCESSES_MAX];
    if (signal != SIGCONT)
        kill(server, signal);
    for (size_t i = children(all); i-- > 0;)
        kill(all[i], signal);
    if (signal == SIGCONT)
        kill(server, signal);
}

void postgres_server_kill(void)
{
    pid_t all[PROCESSES_MAX];
    kill(server, SIGSTOP); /* it starts nothing more */
    size_t n = children(all);
    for (size_t i = 0; i < n; i++)
        kill(all[i], SIGKILL);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

void postgres_server_pause(bool pause)
{
    tell_all(pause ? SIGSTOP : SIGCONT);
}

void postgres_server_remove(void)
{
    postgres_server_kill();
    scratch_remove(dir);
}

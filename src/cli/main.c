/* parley: the program. Finds the subcommand and hands over. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"serve", cli_serve, "run the chat server"},
    {"migrate", cli_migrate, "bring the store's tables up or down, or show where they are"},
    {"user", cli_user, "add and list accounts, set passwords"},
    {"backup", cli_backup, "copy the store into one file, while the server runs"},
    {"restore", cli_restore, "make a data directory from a backup"},
    {"verify", cli_verify, "walk the store and prove that it is sound"},
    {"bench", cli_bench, "load a chat server and check every delivery"},
    {"dlq", cli_dlq, "look at what was tried in vain, and try it again"},
    {"version", cli_version, "say what this build is made of"},
};

#define N_COMMANDS (sizeof commands / sizeof commands[0])

static void say(const char *name, const char *fmt, va_list ap)
{
    fprintf(stderr, "parley %s: ", name);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

int cli_misuse(const char *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(name, fmt, ap);
    va_end(ap);
    return CLI_MISUSE;
}

int cli_fail(const char *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(name, fmt, ap);
    va_end(ap);
    return CLI_FAILED;
}

static void help(FILE *out)
{
    fputs("parley, a chat server for teams that run their own\n\n"
          "  parley COMMAND [OPTIONS]\n\n",
          out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`parley COMMAND --help` tells more. To begin: parley serve\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return CLI_MISUSE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0)
        return cli_version(1, argv + 1);
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "parley: there is no command '%s'; `parley --help` lists them\n", argv[1]);
    return CLI_MISUSE;
}

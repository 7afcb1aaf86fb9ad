/* The command line: one file a subcommand. Each takes its own argv (argv[0] is the subcommand's
 * name) and returns the exit status: CLI_OK, CLI_FAILED or CLI_MISUSE. Talk goes to stderr, data to
 * stdout. */
#ifndef PARLEY_CLI_CLI_H
#define PARLEY_CLI_CLI_H

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_MISUSE = 2 };

int cli_serve(int argc, char **argv);
int cli_migrate(int argc, char **argv);
int cli_user(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_restore(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_dlq(int argc, char **argv);
int cli_version(int argc, char **argv);

/* "parley NAME: " and a printf sentence with a newline on stderr; returns CLI_MISUSE. */
int cli_misuse(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, returns CLI_FAILED. */
int cli_fail(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif

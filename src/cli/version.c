/* parley version: what this build is made of, for bug reports. */
#include <stdio.h>

#include "cli/cli.h"
#include "delivery/web/pages.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const char help_text[] = "parley version: say what this build is made of\n\n"
                                "  parley version\n";

int cli_version(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return fputs(help_text, stdout), CLI_OK;
    printf("parley %s\n"
           "compiler: %s\n"
           "engines: embedded (SQLite); cluster: not in this build\n"
           "web client: %s\n",
           PARLEY_VERSION, COMPILER, web_builtin_count > 0 ? "built in" : "not in this build");
    return CLI_OK;
}

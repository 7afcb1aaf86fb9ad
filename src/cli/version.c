/* parley version: what this build is made of, for bug reports. */
#include <stdio.h>

#include "cli/cli.h"

int cli_version(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return puts("parley version: say what this build is made of\n\n  parley version"), CLI_OK;
    printf("parley %s\n"
           "compiler: %s\n"
           "engines: embedded (SQLite)\n",
           PARLEY_VERSION,
#if defined(__clang__)
           "clang " __clang_version__
#else
           "gcc " __VERSION__
#endif
    );
    return CLI_OK;
}

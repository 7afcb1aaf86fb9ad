/* parley version: what this build is made of, for bug reports. */
#include <stdio.h>

#include "cli/cli.h"
#include "delivery/web/pages.h"
#include "node/module.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const char help_text[] = "parley version: say what this build is made of\n\n"
                                "  parley version\n";

/* Looks at each module, which runs what its libraries run when they are loaded, and no more. */
static void print_drivers(void)
{
    char reason[1024];
    for (size_t i = 0; i < module_count; i++) {
        const struct driver_module *m;
        enum err e = module_load(module_names[i], 0, &m, reason, sizeof reason);
        printf("%s%s: %s\n", i == 0 ? "modules:\n  " : "  ", module_names[i],
               e == ERR_OK          ? m->library()
               : e == ERR_NOT_FOUND ? "not in this build"
                                    : reason);
    }
}

int cli_version(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return fputs(help_text, stdout), CLI_OK;
    printf("parley %s\n"
           "compiler: %s\n"
           "engines: embedded (SQLite), cluster\n"
           "web client: %s\n",
           PARLEY_VERSION, COMPILER, web_builtin_count > 0 ? "built in" : "not in this build");
    print_drivers();
    return CLI_OK;
}

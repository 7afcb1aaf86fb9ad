#include "cli/store_options.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cli/cli.h"

extern char **environ;

int store_config_load(const char *file, const char *data, struct config *config)
{
    struct config_report report;
    struct config_override flag = {"--data", "data.dir", data};
    config_report_init(&report);
    enum err e = config_load(config, file, environ, &flag, data != NULL, &report);
    for (size_t i = 0; i < report.n; i++)
        if (report.problems[i].is_error)
            fprintf(stderr, "%s\n", report.problems[i].text);
    config_report_fini(&report);
    return e == ERR_OK ? -1 : CLI_FAILED;
}

int store_options_parse_any(int argc, char **argv, const char *help, const char *argument,
                            struct store_options *o)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"data", required_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *file = NULL, *data = NULL;
    int c;
    *o = (struct store_options){.argument = NULL};
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'c')
            file = optarg;
        else if (c == 'd')
            data = optarg;
        else if (c == 'h')
            return fputs(help, stdout), CLI_OK;
        else
            return cli_misuse(argv[0], "see `parley %s --help`", argv[0]);
    }
    if (argument != NULL && optind == argc)
        return cli_misuse(argv[0], "%s is missing; see `parley %s --help`", argument, argv[0]);
    if (argument != NULL)
        o->argument = argv[optind++];
    if (optind < argc)
        return cli_misuse(argv[0], "'%s' is too much; see `parley %s --help`", argv[optind],
                          argv[0]);
    log_setup(LOG_WARN, -1);
    umask(077);
    return store_config_load(file, data, &o->config);
}

int store_options_parse(int argc, char **argv, const char *help, const char *argument,
                        struct store_options *o)
{
    int status = store_options_parse_any(argc, argv, help, argument, o);
    if (status < 0 && o->config.server.engine != ENGINE_EMBEDDED)
        return cli_fail(argv[0], "this works on the embedded engine's store only");
    return status;
}

void store_options_fini(struct store_options *o)
{
    config_fini(&o->config);
}

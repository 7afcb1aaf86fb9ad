/* parley verify: walks the store and proves that it is sound. */
#include <stdio.h>

#include "adapter/sqlite/admin.h"
#include "cli/cli.h"
#include "cli/store_options.h"

static const char help_text[] =
    "parley verify: walk the store and prove that it is sound\n\n"
    "  parley verify [OPTIONS]\n\n"
    "Works while the server runs. Problems go to stderr, one a line; the exit status is 1 when\n"
    "there is one.\n\n"
    "  --config FILE   read the configuration from FILE\n"
    "  --data DIR      the data directory (./data)\n"
    "  --help          this text\n";

static void print_problem(const char *sentence, void *arg)
{
    (void)arg;
    fprintf(stderr, "%s\n", sentence);
}

static int verify(const char *dir)
{
    struct sqlite_verify_result r;
    char reason[STORE_REASON_SIZE];
    if (sqlite_verify(dir, print_problem, NULL, &r, reason, sizeof reason) != ERR_OK)
        return cli_fail("verify", "%s", reason);
    printf("events %llu\nusers %llu\nchannels %llu\nmemberships %llu\nclient ids %llu\n"
           "problems %llu\n",
           (unsigned long long)r.events, (unsigned long long)r.users,
           (unsigned long long)r.channels, (unsigned long long)r.memberships,
           (unsigned long long)r.client_ids, (unsigned long long)r.problems);
    return r.problems == 0 ? CLI_OK : CLI_FAILED;
}

int cli_verify(int argc, char **argv)
{
    struct store_options o;
    int status = store_options_parse(argc, argv, help_text, NULL, &o);
    if (status < 0)
        status = verify(o.config.data.dir);
    store_options_fini(&o);
    return status;
}

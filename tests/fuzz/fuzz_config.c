/* Any bytes as parley.yaml: the reader must come to an end, report at most one error for what it
 * cannot read and never touch what is not its own. What was accepted must print, and a second
 * loading of the same bytes must come to the same configuration. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err load(const uint8_t *data, size_t size, struct config *c, struct config_report *r)
{
    static char host[] = "HOST=127.0.0.1", empty[] = "EMPTY=", loops[] = "PARLEY_SERVER_LOOPS=1";
    char *env[] = {host, empty, loops, NULL};
    char path[64];
    int fd = memfd_create("parley.yaml", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    config_report_init(r);
    enum err e = config_load(c, path, env, NULL, 0, r);
    close(fd);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config a, b;
    struct config_report ra, rb;
    struct buf printed;
    enum err ea = load(data, size, &a, &ra), eb = load(data, size, &b, &rb);
    if (ea != eb || (ea == ERR_OK) != (ra.errors == 0) || ra.n != rb.n ||
        ra.n > CONFIG_PROBLEMS_MAX + 1)
        abort();
    buf_init(&printed, 8u << 20);
    config_print(&a, &printed);
    if (printed.failed)
        abort();
    buf_fini(&printed);
    if (config_compare(&a, &b, &rb) != 0 || rb.n != ra.n)
        abort();
    config_fini(&a);
    config_fini(&b);
    config_report_fini(&ra);
    config_report_fini(&rb);
    return 0;
}

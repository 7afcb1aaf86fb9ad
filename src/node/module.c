#include "node/module.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/driver_abi.h"

const char *const module_names[] = {"kafka",   "cassandra", "postgres", "redis",
                                    "webhook", "otlp",      "grpc"};
const size_t module_count = sizeof module_names / sizeof module_names[0];

#define PLACES_MAX 3

struct places {
    char paths[PLACES_MAX][PATH_MAX];
    size_t n;
};

/* A path that does not fit is no place. */
__attribute__((format(printf, 2, 3))) static void add_place(struct places *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(p->paths[p->n], PATH_MAX, fmt, ap);
    va_end(ap);
    if (n > 0 && n < PATH_MAX)
        p->n++;
}

static void find_places(const char *name, struct places *p)
{
    char program[PATH_MAX];
    const char *folder = getenv("PARLEY_MODULES");
    p->n = 0;
    if (folder != NULL && folder[0] != '\0') {
        add_place(p, "%s/parley-%s.so", folder, name);
        return;
    }
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0)
        return;
    program[n] = '\0';
    *strrchr(program, '/') = '\0';
    add_place(p, "%s/parley-%s.so", program, name);
    add_place(p, "%s/../adapter/%s/parley-%s.so", program, name, name);
    add_place(p, "%s/../lib/parley/parley-%s.so", program, name);
}

static const char *find_file(const struct places *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (access(p->paths[i], F_OK) == 0)
            return p->paths[i];
    return NULL;
}

/* Bounded prints: a sentence that does not fit is cut, which still names the driver. */
static enum err missing(const char *name, const struct places *p, char *reason, size_t size)
{
    snprintf(reason, size,
             "this build has no driver for %s: there is no %s (see docs/cluster.md; PARLEY_MODULES "
             "names another folder)",
             name, p->n > 0 ? p->paths[p->n - 1] : "place to look for it");
    return ERR_NOT_FOUND;
}

static enum err check(const struct driver_module *m, const char *name, size_t config_size,
                      const char *path, char *reason, size_t size)
{
    if (m == NULL) {
        snprintf(reason, size, "%s is no driver of parley's", path);
        return ERR_UNAVAILABLE;
    }
    if (strcmp(m->abi, DRIVER_ABI) != 0 || strcmp(m->name, name) != 0 ||
        (config_size != 0 && m->config_size != config_size)) {
        snprintf(reason, size, "%s is of another build (%.20s %.60s, this is %s)", path, m->name,
                 m->abi, DRIVER_ABI);
        return ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

enum err module_load(const char *name, size_t config_size, const struct driver_module **out,
                     char *reason, size_t reason_size)
{
    struct places places;
    find_places(name, &places);
    const char *path = find_file(&places);
    if (path == NULL)
        return missing(name, &places, reason, reason_size);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) {
        snprintf(reason, reason_size, "the driver for %s cannot be loaded: %s", name, dlerror());
        return ERR_UNAVAILABLE;
    }
    const struct driver_module *m = dlsym(module, DRIVER_SYMBOL);
    enum err e = check(m, name, config_size, path, reason, reason_size);
    if (e == ERR_OK)
        *out = m;
    return e;
}

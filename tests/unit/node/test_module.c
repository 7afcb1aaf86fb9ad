/* The loader of drivers: what is taken, and what each refusal says. MODULE_FOLDER holds redis (as
 * it should be), kafka (of another build), postgres (which says it is redis), cassandra (no
 * driver). */
#include "node/module.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define REASON_SIZE 512

static enum err load(const char *name, size_t size, const struct driver_module **out, char *reason)
{
    reason[0] = '\0';
    *out = NULL;
    return module_load(name, size, out, reason, REASON_SIZE);
}

static void assert_refused(const char *name, size_t size, enum err expected, const char *word)
{
    const struct driver_module *m;
    char reason[REASON_SIZE];
    assert_int_equal(load(name, size, &m, reason), expected);
    assert_null(m);
    if (strstr(reason, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", reason, word);
}

static void test_loads_and_shares_the_memory(void **state)
{
    const struct driver_module *m;
    char reason[REASON_SIZE];
    int config = 7;
    struct driver *d = NULL;
    (void)state;
    assert_int_equal(load("redis", sizeof(int), &m, reason), ERR_OK);
    assert_string_equal(m->library(), "double 1.0");
    assert_int_equal(m->open(&config, &d, reason, sizeof reason), ERR_OK);
    assert_int_equal((uintptr_t)d->cache, 7);
    assert_null(d->bus);
    m->close(d);
}

static void test_to_be_looked_at_only(void **state)
{
    const struct driver_module *m;
    char reason[REASON_SIZE];
    (void)state;
    assert_int_equal(load("redis", 0, &m, reason), ERR_OK);
    assert_string_equal(m->name, "redis");
}

static void test_refuses_another_build(void **state)
{
    (void)state;
    assert_refused("kafka", sizeof(int), ERR_UNAVAILABLE, "another build");
    assert_refused("kafka", 0, ERR_UNAVAILABLE, "another build");
}

static void test_refuses_another_configuration(void **state)
{
    (void)state;
    assert_refused("redis", sizeof(int) + 1, ERR_UNAVAILABLE, "another build");
}

static void test_refuses_another_driver(void **state)
{
    (void)state;
    assert_refused("postgres", sizeof(int), ERR_UNAVAILABLE, "another build");
}

static void test_refuses_what_is_no_driver(void **state)
{
    (void)state;
    assert_refused("cassandra", sizeof(int), ERR_UNAVAILABLE, "no driver of parley's");
}

static void test_refuses_what_is_no_library(void **state)
{
    char folder[] = "/tmp/parley-module-XXXXXX", path[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/parley-redis.so", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("not a library", f);
    fclose(f);
    setenv("PARLEY_MODULES", folder, 1);
    assert_refused("redis", sizeof(int), ERR_UNAVAILABLE, "cannot be loaded");
    setenv("PARLEY_MODULES", MODULE_FOLDER, 1);
    unlink(path);
    rmdir(folder);
}

static void test_says_what_is_missing_and_where(void **state)
{
    (void)state;
    assert_refused("webhook", sizeof(int), ERR_NOT_FOUND, "no driver for webhook");
    assert_refused("webhook", sizeof(int), ERR_NOT_FOUND, MODULE_FOLDER "/parley-webhook.so");
}

static void test_looks_beside_the_program(void **state)
{
    const struct driver_module *m;
    char reason[REASON_SIZE];
    (void)state;
    unsetenv("PARLEY_MODULES");
    assert_int_equal(load("redis", sizeof(int), &m, reason), ERR_OK);
    assert_refused("webhook", sizeof(int), ERR_NOT_FOUND, "../lib/parley/parley-webhook.so");
    setenv("PARLEY_MODULES", MODULE_FOLDER, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loads_and_shares_the_memory),
        cmocka_unit_test(test_to_be_looked_at_only),
        cmocka_unit_test(test_refuses_another_build),
        cmocka_unit_test(test_refuses_another_configuration),
        cmocka_unit_test(test_refuses_another_driver),
        cmocka_unit_test(test_refuses_what_is_no_driver),
        cmocka_unit_test(test_refuses_what_is_no_library),
        cmocka_unit_test(test_says_what_is_missing_and_where),
        cmocka_unit_test(test_looks_beside_the_program),
    };
    setenv("PARLEY_MODULES", MODULE_FOLDER, 1);
    return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}

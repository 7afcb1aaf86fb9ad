/* Readiness: every service is named, one that is away is enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "delivery/ops/ready.h"

static bool well(void *arg, char *detail)
{
    (void)arg, (void)detail;
    return true;
}

static bool ill(void *arg, char *detail)
{
    snprintf(detail, READY_DETAIL_SIZE, "%s", (const char *)arg);
    return false;
}

static void assert_rendered(const struct ready_check *checks, size_t n, bool draining, bool ready,
                            const char *text)
{
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(ready_render(checks, n, draining, &out), ready);
    buf_putc(&out, '\0');
    assert_string_equal(out.p, text);
    buf_fini(&out);
}

static void test_ready(void **state)
{
    (void)state;
    char why[] = "the disk is \"full\"";
    const struct ready_check good[] = {{"journal", well, NULL}, {"store", well, NULL}};
    const struct ready_check bad[] = {{"journal", ill, why}, {"store", well, NULL}};
    assert_rendered(NULL, 0, false, true, ",\"draining\":false,\"services\":{}");
    assert_rendered(good, 2, false, true,
                    ",\"draining\":false,\"services\":{\"journal\":{\"ready\":true},"
                    "\"store\":{\"ready\":true}}");
    assert_rendered(good, 1, true, false,
                    ",\"draining\":true,\"services\":{\"journal\":{\"ready\":true}}");
    assert_rendered(bad, 2, false, false,
                    ",\"draining\":false,\"services\":{\"journal\":{\"ready\":false,"
                    "\"detail\":\"the disk is \\\"full\\\"\"},\"store\":{\"ready\":true}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ready)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

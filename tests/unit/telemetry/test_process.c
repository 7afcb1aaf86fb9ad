#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "telemetry/process.h"

static void the_figures_are_those_of_this_process(void **state)
{
    (void)state;
    struct process p;
    struct rlimit files;
    process_read(&p);
    assert_true(p.virtual_bytes > p.resident_bytes && p.resident_bytes > 100000);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(p.max_fds, files.rlim_cur);
    assert_true(p.open_fds >= 3);
    int64_t age_ms = (int64_t)time(NULL) * 1000 - p.started_ms;
    assert_true(age_ms > -2000 && age_ms < 60000);
}

static void they_follow_what_happens(void **state)
{
    (void)state;
    struct process before, after;
    int fds[10];
    volatile unsigned spin = 0;
    process_read(&before);
    for (int i = 0; i < 10; i++)
        assert_true((fds[i] = open("/dev/null", O_RDONLY)) >= 0);
    clock_t end = clock() + CLOCKS_PER_SEC / 50;
    while (clock() < end)
        spin++;
    size_t n = 32u << 20;
    volatile char *p = malloc(n);
    for (size_t i = 0; i < n; i += 4096)
        p[i] = 1;
    process_read(&after);
    assert_int_equal(after.open_fds, before.open_fds + 10);
    assert_true(after.cpu_us >= before.cpu_us + 15000);
    assert_true(after.resident_bytes >= before.resident_bytes + (int64_t)n / 2);
    assert_int_equal(after.started_ms, before.started_ms);
    for (int i = 0; i < 10; i++)
        close(fds[i]);
    free((char *)p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_figures_are_those_of_this_process),
        cmocka_unit_test(they_follow_what_happens),
    };
    return cmocka_run_group_tests_name("telemetry/process", tests, NULL, NULL);
}

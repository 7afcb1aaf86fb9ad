#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telemetry/metrics.h"

static struct buf page;

static void render(bool openmetrics)
{
    buf_clear(&page);
    metrics_render(&page, openmetrics);
    assert_false(page.failed);
    buf_putc(&page, '\0');
}

/* Does `line` stand on the page, whole? */
static bool has_line(const char *line)
{
    size_t n = strlen(line);
    for (const char *p = page.p; (p = strstr(p, line)) != NULL; p++)
        if ((p == page.p || p[-1] == '\n') && p[n] == '\n')
            return true;
    return false;
}

static void assert_line(const char *line)
{
    if (!has_line(line))
        fail_msg("no line: %s", line);
}

static void values_of_every_kind(void **state)
{
    (void)state;
    metric_add(M_HTTP_4XX, 3);
    metric_set(M_WAL_BYTES, -1);
    metric_observe(M_ACK_LATENCY, 64);
    metric_observe(M_ACK_LATENCY, 65);
    metric_observe(M_ACK_LATENCY, 1500000);
    metric_observe(M_ACK_LATENCY, 68000000);
    metric_observe(M_JOURNAL_BATCH, 1);
    metric_observe(M_JOURNAL_BATCH, 64);
    metric_observe(M_JOURNAL_BATCH, 100000);
    render(false);
    assert_line("# HELP parley_http_responses_total HTTP answers by class of status.");
    assert_line("# TYPE parley_http_responses_total counter");
    assert_line("parley_http_responses_total{class=\"2xx\"} 0");
    assert_line("parley_http_responses_total{class=\"4xx\"} 3");
    assert_line("# TYPE parley_wal_bytes gauge");
    assert_line("parley_wal_bytes -1");
    assert_line("# TYPE parley_ack_seconds histogram");
    assert_line("parley_ack_seconds_bucket{le=\"0.000064\"} 1");
    assert_line("parley_ack_seconds_bucket{le=\"0.000128\"} 2");
    assert_line("parley_ack_seconds_bucket{le=\"1.048576\"} 2");
    assert_line("parley_ack_seconds_bucket{le=\"2.097152\"} 3");
    assert_line("parley_ack_seconds_bucket{le=\"67.108864\"} 3");
    assert_line("parley_ack_seconds_bucket{le=\"+Inf\"} 4");
    assert_line("parley_ack_seconds_sum 69.500129");
    assert_line("parley_ack_seconds_count 4");
    assert_line("parley_journal_batch_events_bucket{le=\"1.0\"} 1");
    assert_line("parley_journal_batch_events_bucket{le=\"64.0\"} 2");
    assert_line("parley_journal_batch_events_bucket{le=\"65536.0\"} 2");
    assert_line("parley_journal_batch_events_bucket{le=\"+Inf\"} 3");
    assert_line("parley_journal_batch_events_sum 100065");
    assert_false(has_line("# EOF"));
}

static void openmetrics_names_counters_otherwise(void **state)
{
    (void)state;
    render(true);
    assert_line("# HELP parley_http_responses HTTP answers by class of status.");
    assert_line("# TYPE parley_http_responses counter");
    assert_true(strstr(page.p, "\nparley_http_responses_total{class=\"2xx\"} ") != NULL);
    assert_line("# TYPE parley_ack_seconds histogram");
    assert_line("# TYPE process_cpu_seconds counter");
    assert_string_equal(page.p + page.n - 1 - strlen("\n# EOF\n"), "\n# EOF\n");
}

static void the_program_and_its_process(void **state)
{
    (void)state;
    static const char *const figures[] = {"process_cpu_seconds_total",
                                          "process_resident_memory_bytes",
                                          "process_virtual_memory_bytes",
                                          "process_open_fds",
                                          "process_max_fds",
                                          "process_start_time_seconds"};
    metrics_set_engine("cluster");
    render(false);
    metrics_set_engine("embedded");
    const char *info = strstr(page.p, "\nparley_build_info{version=\"");
    assert_non_null(info);
    assert_non_null(strstr(info, ",compiler=\""));
    assert_non_null(strstr(info, ",engine=\"cluster\"} 1\n"));
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        char sample[64];
        snprintf(sample, sizeof sample, "\n%s ", figures[i]);
        const char *p = strstr(page.p, sample);
        assert_non_null(p);
        assert_true(strtod(p + strlen(sample), NULL) > 0);
    }
}

/* Each family is introduced once, before its samples, and each sample stands there once. */
static void every_line_is_in_its_place(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++) {
        char family[100] = "", *line, *rest;
        render(form);
        for (char *p = page.p; (line = strtok_r(p, "\n", &rest)) != NULL; p = NULL) {
            assert_true(strlen(line) < 400);
            if (strncmp(line, "# HELP ", 7) == 0) {
                snprintf(family, sizeof family, "%.*s", (int)strcspn(line + 7, " "), line + 7);
                continue;
            }
            if (strcmp(line, "# EOF") == 0)
                continue;
            const char *name = strncmp(line, "# TYPE ", 7) == 0 ? line + 7 : line;
            if (strncmp(name, family, strlen(family)) != 0)
                fail_msg("%s stands under %s", line, family);
        }
    }
}

static void each_family_and_sample_once(void **state)
{
    (void)state;
    static char *seen[2000];
    size_t n = 0;
    char *line, *rest;
    render(false);
    for (char *p = page.p; (line = strtok_r(p, "\n", &rest)) != NULL; p = NULL) {
        char *end = line[0] == '#' ? NULL : strrchr(line, ' ');
        if (end != NULL)
            *end = '\0';
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(seen[i], line);
        assert_true(n < 2000);
        seen[n++] = line;
    }
    assert_true(n > 200);
}

static void a_page_too_large_for_its_buffer_fails(void **state)
{
    (void)state;
    struct buf small;
    buf_init(&small, 1000);
    metrics_render(&small, true);
    assert_true(small.failed && small.n <= 1000);
    buf_fini(&small);
}

static int page_make(void **state)
{
    (void)state;
    buf_init(&page, 1 << 20);
    return 0;
}

static int page_drop(void **state)
{
    (void)state;
    buf_fini(&page);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind),
        cmocka_unit_test(openmetrics_names_counters_otherwise),
        cmocka_unit_test(the_program_and_its_process),
        cmocka_unit_test(every_line_is_in_its_place),
        cmocka_unit_test(each_family_and_sample_once),
        cmocka_unit_test(a_page_too_large_for_its_buffer_fails),
    };
    return cmocka_run_group_tests_name("telemetry/page", tests, page_make, page_drop);
}

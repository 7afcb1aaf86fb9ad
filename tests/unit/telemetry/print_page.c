/* Prints the page of metrics, in OpenMetrics' form when given an argument, after a little of
 * everything was counted: what check_page.py hands to Prometheus' own tools. */
#include <stdio.h>

#include "telemetry/metrics.h"

int main(int argc, char **argv)
{
    struct buf page;
    (void)argv;
    for (enum metric m = 0; m < METRIC_COUNT; m++) {
        if (metric_row(m)->type < METRIC_HISTOGRAM_US)
            metric_add(m, (int64_t)m);
        else
            metric_observe(m, 1000 * (uint64_t)m);
    }
    buf_init(&page, 1 << 20);
    metrics_render(&page, argc > 1);
    int failed = page.failed || fwrite(page.p, 1, page.n, stdout) != page.n;
    buf_fini(&page);
    return failed;
}

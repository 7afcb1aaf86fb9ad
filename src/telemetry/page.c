/* The page of metrics.h in its two forms. OpenMetrics differs in little: a counter's family has
 * its name without "_total", and the page says where it ends. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "telemetry/metrics.h"
#include "telemetry/process.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* The bounds shown, as powers of two: 64 us to 67 s, and 1 to 65,536. */
#define US_BITS_MIN   6
#define US_BITS_MAX   HISTOGRAM_VALUE_BITS
#define SIZE_BITS_MIN 0
#define SIZE_BITS_MAX 16

static const char *engine = "embedded";

void metrics_set_engine(const char *name)
{
    engine = name;
}

static void family_put(struct buf *out, const char *family, const char *type, const char *help,
                       bool openmetrics)
{
    const struct str total = STR("_total");
    struct str name = str_of(family);
    if (openmetrics && strcmp(type, "counter") == 0) {
        assert(name.n > total.n);
        name.n -= total.n;
    }
    buf_printf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", STR_FMT(name), help, STR_FMT(name), type);
}

/* A millionth, as a number with a point and no zeros behind that say nothing. */
static void millionths_put(struct buf *out, uint64_t v)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%" PRIu64 ".%06" PRIu64, v / 1000000, v % 1000000);
    while (text[n - 1] == '0' && text[n - 2] != '.')
        n--;
    buf_put(out, text, (size_t)n);
}

static void value_put(struct buf *out, const struct metric_row *row, int64_t value)
{
    buf_puts(out, row->family);
    if (row->labels[0] != '\0')
        buf_printf(out, "{%s}", row->labels);
    buf_putc(out, ' ');
    if (row->type == METRIC_GAUGE_US)
        millionths_put(out, (uint64_t)value);
    else
        buf_printf(out, "%" PRId64, value);
    buf_putc(out, '\n');
}

static void bucket_open(struct buf *out, const struct metric_row *row)
{
    buf_printf(out, "%s_bucket{%s%sle=\"", row->family, row->labels,
               row->labels[0] != '\0' ? "," : "");
}

/* `_sum` and `_count`, which carry the labels but for `le`. */
static void total_open(struct buf *out, const struct metric_row *row, const char *suffix)
{
    buf_printf(out, "%s_%s", row->family, suffix);
    if (row->labels[0] != '\0')
        buf_printf(out, "{%s}", row->labels);
    buf_putc(out, ' ');
}

static void histogram_put(struct buf *out, enum metric m)
{
    const struct metric_row *row = metric_row(m);
    bool is_time = row->type == METRIC_HISTOGRAM_US;
    unsigned last = is_time ? US_BITS_MAX : SIZE_BITS_MAX;
    struct histogram h;
    metric_histogram(m, &h);
    for (unsigned bits = is_time ? US_BITS_MIN : SIZE_BITS_MIN; bits <= last; bits++) {
        bucket_open(out, row);
        millionths_put(out, (UINT64_C(1) << bits) * (is_time ? 1 : 1000000));
        buf_printf(out, "\"} %" PRIu64 "\n", histogram_count_below(&h, bits));
    }
    bucket_open(out, row);
    buf_printf(out, "+Inf\"} %" PRIu64 "\n", histogram_count(&h));
    total_open(out, row, "sum");
    if (is_time)
        millionths_put(out, h.sum);
    else
        buf_printf(out, "%" PRIu64, h.sum);
    buf_putc(out, '\n');
    total_open(out, row, "count");
    buf_printf(out, "%" PRIu64 "\n", histogram_count(&h));
}

static void row_put(struct buf *out, enum metric m, bool openmetrics)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter",          [METRIC_GAUGE] = "gauge",
        [METRIC_GAUGE_US] = "gauge",           [METRIC_HISTOGRAM_US] = "histogram",
        [METRIC_HISTOGRAM_SIZE] = "histogram",
    };
    const struct metric_row *row = metric_row(m);
    if (m == 0 || strcmp(metric_row(m - 1)->family, row->family) != 0)
        family_put(out, row->family, types[row->type], row->help, openmetrics);
    if (row->type < METRIC_HISTOGRAM_US)
        value_put(out, row, metric_value(m));
    else
        histogram_put(out, m);
}

/* One figure, in millionths; left out where the kernel does not tell. */
static void figure_put(struct buf *out, const char *name, const char *type, const char *help,
                       int64_t value, int64_t millionths, bool openmetrics)
{
    if (value < 0)
        return;
    family_put(out, name, type, help, openmetrics);
    buf_printf(out, "%s ", name);
    if (millionths == 1000000)
        buf_printf(out, "%" PRId64, value);
    else
        millionths_put(out, (uint64_t)(value * millionths));
    buf_putc(out, '\n');
}

static void process_put(struct buf *out, bool om)
{
    struct process p;
    process_read(&p);
    figure_put(out, "process_cpu_seconds_total", "counter",
               "User and system CPU time spent, in seconds.", p.cpu_us, 1, om);
    figure_put(out, "process_resident_memory_bytes", "gauge", "Resident memory.", p.resident_bytes,
               1000000, om);
    figure_put(out, "process_virtual_memory_bytes", "gauge", "Virtual memory.", p.virtual_bytes,
               1000000, om);
    figure_put(out, "process_open_fds", "gauge", "Open file descriptors.", p.open_fds, 1000000, om);
    figure_put(out, "process_max_fds", "gauge", "The most file descriptors that may be open.",
               p.max_fds, 1000000, om);
    figure_put(out, "process_start_time_seconds", "gauge",
               "When the process started, in seconds since 1970.", p.started_ms, 1000, om);
}

void metrics_render(struct buf *out, bool openmetrics)
{
    for (enum metric m = 0; m < METRIC_COUNT; m++)
        row_put(out, m, openmetrics);
    family_put(out, "parley_build_info", "gauge", "What this program is built from and runs as.",
               openmetrics);
    buf_printf(out, "parley_build_info{version=\"%s\",compiler=\"%s\",engine=\"%s\"} 1\n",
               PARLEY_VERSION, COMPILER, engine);
    process_put(out, openmetrics);
    if (openmetrics)
        buf_puts(out, "# EOF\n");
}

#include "delivery/ops/ready.h"

#include <assert.h>

#include "wire/frame.h"

static bool check_render(const struct ready_check *check, struct buf *out)
{
    char detail[READY_DETAIL_SIZE] = "";
    bool ready = check->is_ready(check->arg, detail);
    json_put_string(out, str_of(check->name));
    buf_puts(out, ready ? ":{\"ready\":true" : ":{\"ready\":false");
    if (detail[0] != '\0') {
        buf_puts(out, ",\"detail\":");
        json_put_string(out, str_of(detail));
    }
    buf_putc(out, '}');
    return ready;
}

bool ready_render(const struct ready_check *checks, size_t n, bool draining, struct buf *out)
{
    assert(n <= READY_CHECKS_MAX);
    bool ready = !draining;
    buf_printf(out, ",\"draining\":%s,\"services\":{", draining ? "true" : "false");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(out, ',');
        ready &= check_render(&checks[i], out);
    }
    buf_putc(out, '}');
    return ready;
}

#include "delivery/grpc/status.h"

#include <assert.h>

#include "wire/proto.h"

#define TYPE_PREFIX "type.googleapis.com/"

enum { STATUS_CODE = 1, STATUS_MESSAGE = 2, STATUS_DETAILS = 3 };
enum { ANY_TYPE_URL = 1, ANY_VALUE = 2 };
enum { ERROR_INFO_REASON = 1, ERROR_INFO_DOMAIN = 2 };
enum { RETRY_INFO_DELAY = 1, DURATION_SECONDS = 1, DURATION_NANOS = 2 };
enum { RESUME_POSITIONS_RESUME = 1, ENTRY_KEY = 1, ENTRY_VALUE = 2 };

static void put_error_info(struct buf *out, const struct fault *f)
{
    size_t detail = proto_begin(out, STATUS_DETAILS);
    proto_put_text(out, ANY_TYPE_URL, STR(TYPE_PREFIX "google.rpc.ErrorInfo"));
    size_t value = proto_begin(out, ANY_VALUE);
    proto_put_text(out, ERROR_INFO_REASON, str_of(err_code(f->err)));
    proto_put_text(out, ERROR_INFO_DOMAIN, STR("parley"));
    proto_end(out, value);
    proto_end(out, detail);
}

static void put_retry_info(struct buf *out, uint32_t ms)
{
    size_t detail = proto_begin(out, STATUS_DETAILS);
    proto_put_text(out, ANY_TYPE_URL, STR(TYPE_PREFIX "google.rpc.RetryInfo"));
    size_t value = proto_begin(out, ANY_VALUE);
    size_t delay = proto_begin(out, RETRY_INFO_DELAY);
    proto_put_u64(out, DURATION_SECONDS, ms / 1000);
    proto_put_u64(out, DURATION_NANOS, ms % 1000 * UINT64_C(1000000));
    proto_end(out, delay);
    proto_end(out, value);
    proto_end(out, detail);
}

static void put_positions(struct buf *out, const struct resume_point *points, size_t n)
{
    size_t detail = proto_begin(out, STATUS_DETAILS);
    proto_put_text(out, ANY_TYPE_URL, STR(TYPE_PREFIX "parley.v1.ResumePositions"));
    size_t value = proto_begin(out, ANY_VALUE);
    for (size_t i = 0; i < n; i++) {
        size_t entry = proto_begin(out, RESUME_POSITIONS_RESUME);
        proto_put_uuid(out, ENTRY_KEY, &points[i].channel);
        proto_put_u64(out, ENTRY_VALUE, points[i].seq);
        proto_end(out, entry);
    }
    proto_end(out, value);
    proto_end(out, detail);
}

void status_put_details(struct buf *out, const struct fault *f, const struct resume_point *points,
                        size_t n)
{
    assert(n <= STATUS_POINTS_MAX);
    proto_put_u64(out, STATUS_CODE, err_rpc(f->err));
    proto_put_text(out, STATUS_MESSAGE, str_of(fault_text(f)));
    put_error_info(out, f);
    if (f->retry_after_ms > 0)
        put_retry_info(out, f->retry_after_ms);
    if (n > 0)
        put_positions(out, points, n);
}

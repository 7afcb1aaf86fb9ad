/* What the server says to websocket clients, as JSON text: the encoder of the hot path. The same
 * object bodies serve HTTP. Every function appends to `out`.
 *
 * All frames look like {"action":A,...,"status":S,"message":M,...,"data":{...}} with `data` last,
 * so that an ack, a replay and a push of one message share the bytes of their data.
 */
#ifndef PARLEY_WIRE_FRAME_H
#define PARLEY_WIRE_FRAME_H

#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"

struct frame_post {
    struct uuid channel, user;
    uint64_t message_id; /* of the message, or the message that is replied to */
    uint64_t reply_id;   /* 0: a message */
    uint64_t seq, prev_seq;
    int64_t created_us;
    struct str content, username, client_msg_id;
    bool has_reply_count; /* pages tell it */
    uint64_t reply_count;
};

/* A JSON string with quotes; `s` is valid UTF-8. */
void json_put_string(struct buf *out, struct str s);
void json_put_u64(struct buf *out, uint64_t v);
void json_put_uuid(struct buf *out, const struct uuid *u);
/* RFC 3339, quoted, with `digits` of fraction. */
void json_put_time(struct buf *out, int64_t us, int digits);

/* {"channel_id":...,"message_id":...,...}: the data of a message or reply. */
void frame_put_post(struct buf *out, const struct frame_post *p);
/* {"id":...,"name":...,"user_id":...,"created_at":...} */
void frame_put_channel(struct buf *out, const struct uuid *id, struct str name,
                       const struct uuid *owner, int64_t created_us);
/* Everything up to and with `"data":`. `ref` is raw JSON or empty; `flag` is "", or
 * "duplicate" or "replay", set to true. */
void frame_put_success(struct buf *out, const char *action, struct str ref, const char *flag,
                       const char *message);
/* A whole Fail frame, `data` included. `retry_after_ms` 0: left out. */
void frame_put_fail(struct buf *out, struct str ref, const char *code, const char *message,
                    uint32_t retry_after_ms);

#endif

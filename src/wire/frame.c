#include "wire/frame.h"

#include <assert.h>

#include "base/clock.h"
#include "wire/json_scan.h"

/* The parts between strings are put together here and appended in one go. The longest holds two
 * names, two ids, a time and two numbers. */
#define PART_BYTES 256
#define U64_DIGITS 20

/* Copies a literal, returns behind it. The compiler makes moves of it. */
#define LIT_PUT(at, literal) \
    ((char *)memcpy((at), (literal), sizeof(literal) - 1) + sizeof(literal) - 1)

static char *u64_put(char *at, uint64_t v)
{
    char digits[U64_DIGITS];
    int n = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static char *uuid_put(char *at, const struct uuid *u)
{
    *at++ = '"';
    uuid_to_text(u, at);
    at += UUID_TEXT_LEN;
    *at++ = '"';
    return at;
}

static char *time_put(char *at, int64_t us, int digits)
{
    *at++ = '"';
    at += clock_rfc3339(us, digits, at);
    *at++ = '"';
    return at;
}

static void part_append(struct buf *out, const char *part, const char *end)
{
    assert(end - part <= PART_BYTES);
    buf_put(out, part, (size_t)(end - part));
}

/* The escape of a character that may not stand for itself in a JSON string. */
static char *escape_put(char *at, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_names[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    *at++ = '\\';
    if (c >= 0x20) {
        *at++ = (char)c;
    } else if (short_names[c] != '\0') {
        *at++ = short_names[c];
    } else {
        at = LIT_PUT(at, "u00");
        *at++ = hex[c >> 4];
        *at++ = hex[c & 15];
    }
    return at;
}

static void string_escape(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < s.n;) {
        size_t run = json_scan_plain(s.p + i, s.n - i);
        buf_put(out, s.p + i, run);
        i += run;
        if (i < s.n) {
            char escape[8];
            char *end = escape_put(escape, (unsigned char)s.p[i++]);
            buf_put(out, escape, (size_t)(end - escape));
        }
    }
    buf_putc(out, '"');
}

void json_put_string(struct buf *out, struct str s)
{
    if (json_scan_plain(s.p, s.n) < s.n) {
        string_escape(out, s);
        return;
    }
    char *at = buf_reserve(out, s.n + 2);
    if (at == NULL)
        return;
    at[0] = '"';
    if (s.n > 0)
        memcpy(at + 1, s.p, s.n);
    at[s.n + 1] = '"';
    out->n += s.n + 2;
}

void json_put_u64(struct buf *out, uint64_t v)
{
    char part[PART_BYTES];
    part_append(out, part, u64_put(part, v));
}

void json_put_uuid(struct buf *out, const struct uuid *u)
{
    char part[PART_BYTES];
    part_append(out, part, uuid_put(part, u));
}

void json_put_time(struct buf *out, int64_t us, int digits)
{
    char part[PART_BYTES];
    part_append(out, part, time_put(part, us, digits));
}

void frame_put_post(struct buf *out, const struct frame_post *p)
{
    char part[PART_BYTES], *at = part;
    at = uuid_put(LIT_PUT(at, "{\"channel_id\":"), &p->channel);
    at = u64_put(LIT_PUT(at, ",\"message_id\":"), p->message_id);
    if (p->reply_id != 0)
        at = u64_put(LIT_PUT(at, ",\"reply_id\":"), p->reply_id);
    part_append(out, part, LIT_PUT(at, ",\"content\":"));
    json_put_string(out, p->content);
    at = uuid_put(LIT_PUT(part, ",\"user_id\":"), &p->user);
    part_append(out, part, LIT_PUT(at, ",\"username\":"));
    json_put_string(out, p->username);
    at = time_put(LIT_PUT(part, ",\"created_at\":"), p->created_us, 3);
    at = u64_put(LIT_PUT(at, ",\"seq\":"), p->seq);
    at = u64_put(LIT_PUT(at, ",\"prev_seq\":"), p->prev_seq);
    part_append(out, part, at);
    if (p->client_msg_id.n > 0) {
        buf_puts(out, ",\"client_msg_id\":");
        json_put_string(out, p->client_msg_id);
    }
    at = part;
    if (p->has_reply_count)
        at = u64_put(LIT_PUT(at, ",\"reply_count\":"), p->reply_count);
    *at++ = '}';
    part_append(out, part, at);
}

void frame_put_channel(struct buf *out, const struct uuid *id, struct str name,
                       const struct uuid *owner, int64_t created_us)
{
    char part[PART_BYTES], *at = uuid_put(LIT_PUT(part, "{\"id\":"), id);
    part_append(out, part, LIT_PUT(at, ",\"name\":"));
    json_put_string(out, name);
    at = uuid_put(LIT_PUT(part, ",\"user_id\":"), owner);
    at = time_put(LIT_PUT(at, ",\"created_at\":"), created_us, 6);
    *at++ = '}';
    part_append(out, part, at);
}

static void ref_put(struct buf *out, struct str ref)
{
    if (ref.n == 0)
        return;
    buf_puts(out, ",\"ref\":");
    buf_put(out, ref.p, ref.n);
}

void frame_put_success(struct buf *out, const char *action, struct str ref, const char *flag,
                       const char *message)
{
    buf_puts(out, "{\"action\":");
    json_put_string(out, str_of(action));
    ref_put(out, ref);
    if (flag[0] != '\0') {
        buf_putc(out, ',');
        json_put_string(out, str_of(flag));
        buf_puts(out, ":true");
    }
    buf_puts(out, ",\"status\":\"success\",\"message\":");
    json_put_string(out, str_of(message));
    buf_puts(out, ",\"data\":");
}

void frame_put_fail(struct buf *out, struct str ref, const char *code, const char *message,
                    uint32_t retry_after_ms)
{
    buf_puts(out, "{\"action\":\"Fail\"");
    ref_put(out, ref);
    buf_puts(out, ",\"status\":\"fail\",\"message\":");
    json_put_string(out, str_of(message));
    buf_puts(out, ",\"code\":");
    json_put_string(out, str_of(code));
    if (retry_after_ms > 0) {
        buf_puts(out, ",\"retry_after_ms\":");
        json_put_u64(out, retry_after_ms);
    }
    buf_puts(out, ",\"data\":{}}");
}

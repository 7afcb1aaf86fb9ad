#include "consumer/note.h"

#include <assert.h>
#include <inttypes.h>

#include "base/clock.h"

#define PARTS_FEW  16
#define PARTS_MANY 256

unsigned note_parts(size_t members)
{
    if (members <= NOTE_PART_MEMBERS)
        return 1;
    return members <= (size_t)NOTE_PART_MEMBERS * PARTS_FEW / 2 ? PARTS_FEW : PARTS_MANY;
}

unsigned note_part_of(const struct uuid *user, unsigned parts)
{
    return user->b[15] % parts; /* random, like the rest of an id */
}

struct uuid note_id(const struct event *post, unsigned part)
{
    /* Version 8 and the variant of RFC 9562; ids have 53 bits, which leaves the variant's place
     * free. */
    struct uuid u = {{'p', 'a', 'r', 'l', 'e', 'y', 0x80, (uint8_t)part}};
    assert(post->id < UINT64_C(1) << 53);
    for (int i = 0; i < 8; i++)
        u.b[8 + i] = (uint8_t)(post->id >> (56 - 8 * i));
    u.b[8] |= 0x80;
    return u;
}

/* One character of a JSON text: `n` bytes at `p`, 0 for what is no UTF-8. Returns how many bytes
 * it makes at most six. */
static size_t put_char(char out[6], const char *p, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)*p;
    if (n == 0) {
        memcpy(out, "\\ufffd", 6);
        return 6;
    }
    if (c == '"' || c == '\\') {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    if (c < 0x20) {
        memcpy(out, "\\u00", 4);
        out[4] = hex[c >> 4];
        out[5] = hex[c & 15];
        return 6;
    }
    memcpy(out, p, n);
    return n;
}

/* `s` in quotes, at most `max` bytes between them. True when it was cut. */
static bool put_text(struct buf *b, struct str s, size_t max)
{
    size_t left = max;
    buf_putc(b, '"');
    while (s.n > 0) {
        char piece[6];
        size_t taken = str_utf8_first(s);
        size_t n = put_char(piece, s.p, taken);
        if (n > left)
            break;
        buf_put(b, piece, n);
        left -= n;
        taken = taken == 0 ? 1 : taken;
        s = (struct str){s.p + taken, s.n - taken};
    }
    buf_putc(b, '"');
    return s.n > 0;
}

static void put_post(struct buf *b, const struct event *post)
{
    bool is_reply = post->kind == EVENT_REPLY;
    buf_printf(b, "\"channel_id\":\"%s\",\"message_id\":%" PRIu64, uuid_text(&post->channel).s,
               is_reply ? post->parent : post->id);
    if (is_reply)
        buf_printf(b, ",\"reply_id\":%" PRIu64, post->id);
    buf_printf(b, ",\"seq\":%" PRIu64 ",\"user_id\":\"%s\",\"username\":", post->seq,
               uuid_text(&post->user).s);
    put_text(b, post->username, NOTE_CONTENT_MAX / 16);
    buf_puts(b, ",\"content\":");
    if (put_text(b, post->content, NOTE_CONTENT_MAX))
        buf_puts(b, ",\"truncated\":true");
}

void note_encode(const struct event *post, const struct uuid *users, size_t n,
                 bool presence_is_known, struct buf *out)
{
    char time[CLOCK_RFC3339_SIZE];
    assert(n <= NOTE_USERS_MAX);
    clock_rfc3339(post->at_us, 3, time);
    buf_printf(out, "{\"type\":\"%s.created\",\"timestamp\":\"%s\",\"data\":{",
               post->kind == EVENT_REPLY ? "reply" : "message", time);
    put_post(out, post);
    if (!presence_is_known)
        buf_puts(out, ",\"presence\":\"unknown\"");
    buf_puts(out, ",\"users\":[");
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s\"%s\"", i == 0 ? "" : ",", uuid_text(&users[i]).s);
    buf_puts(out, "]}}");
}

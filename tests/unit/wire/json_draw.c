#include "json_draw.h"

#include <string.h>

#define PICK(r, array) ((array)[rand_next_below((r), sizeof(array) / sizeof(array)[0])])

static bool one_in(struct rand_seeded *r, uint64_t n)
{
    return rand_next_below(r, n) == 0;
}

static void draw_space(struct rand_seeded *r, struct buf *out)
{
    static const char *const spaces[] = {" ", "\n", "\t", "\r", "  \r\n", "\v", "\xC2\xA0"};
    if (one_in(r, 12))
        buf_puts(out, spaces[rand_next_below(r, one_in(r, 50) ? 7 : 5)]);
}

static void draw_string(struct rand_seeded *r, struct buf *out)
{
    static const char *const good[] = {"a",
                                       "bc",
                                       "0",
                                       " ",
                                       "plain text of some length",
                                       "/",
                                       "\\\"",
                                       "\\\\",
                                       "\\/",
                                       "\\b",
                                       "\\f",
                                       "\\n",
                                       "\\r",
                                       "\\t",
                                       "\\u0000",
                                       "\\u0061",
                                       "\\u00e9",
                                       "\\u20AC",
                                       "\\ud83d\\ude00",
                                       "\xC3\xA9",
                                       "\xE4\xBD\xA0",
                                       "\xF0\x9F\x98\x80",
                                       "\xED\x9F\xBF",
                                       "\x7F"};
    static const char *const bad[] = {
        "\\x",      "\\u12",    "\\u12g4",          "\\ud800",  "\\udc00",
        "\\",       "\\ud83dx", "\\ud83d\\u0041",   "\xC0\x80", "\xED\xA0\x80",
        "\x80",     "\xFF",     "\xF4\x90\x80\x80", "\n",       "\x01",
        "\xE4\xBD", "\\U0041"};
    buf_putc(out, '"');
    for (uint64_t n = rand_next_below(r, 6); n > 0; n--)
        buf_puts(out, one_in(r, 400) ? PICK(r, bad) : PICK(r, good));
    buf_putc(out, '"');
}

static void draw_number(struct rand_seeded *r, struct buf *out)
{
    static const char *const edges[] = {"0",
                                        "-0",
                                        "1",
                                        "-1",
                                        "9007199254740991",
                                        "9007199254740992",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "1e5",
                                        "1E+2",
                                        "1.5",
                                        "-0.0",
                                        "0e0",
                                        "1e-400",
                                        "0.1e308",
                                        "1.7976931348623157e308",
                                        "123456789012345678901234567890.0"};
    static const char *const bad[] = {"9223372036854775808",
                                      "-9223372036854775809",
                                      "1e309",
                                      "1.7976931348623159e308",
                                      "-1e400",
                                      "01",
                                      "-",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "+1",
                                      "0x1",
                                      "NaN",
                                      "Infinity",
                                      "00",
                                      "1.e1",
                                      "99999999999999999999999"};
    if (one_in(r, 100))
        buf_puts(out, PICK(r, bad));
    else if (one_in(r, 2))
        buf_puts(out, PICK(r, edges));
    else
        buf_printf(out, "%llu",
                   (unsigned long long)(rand_next(r) >> (11 + rand_next_below(r, 50))));
}

static void draw_uuid(struct rand_seeded *r, struct buf *out)
{
    static const char *const some[] = {
        "0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e", "0190F5A8-7B9E-4C1A-9D3E-6F2B8A1C4D5E",
        "00000000-0000-0000-0000-000000000000", "\\u0030190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5f"};
    if (one_in(r, 2))
        buf_printf(out, "\"%s\"", PICK(r, some));
    else
        buf_printf(out, "\"%08x-0000-4000-8000-0000%08x\"", (unsigned)rand_next(r),
                   (unsigned)rand_next(r));
}

static void draw_members(struct rand_seeded *r, struct buf *out, unsigned depth, bool is_object)
{
    uint64_t n = one_in(r, 20) ? 18 + rand_next_below(r, 20) : rand_next_below(r, 5);
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(out, one_in(r, 300) ? ';' : ',');
        draw_space(r, out);
        if (is_object) {
            if (one_in(r, 10))
                draw_string(r, out);
            else
                buf_printf(out, one_in(r, 100) ? "\"\\u006b%d\"" : "\"k%d\"",
                           (int)(one_in(r, 200) ? 0 : i));
            draw_space(r, out);
            buf_putc(out, one_in(r, 300) ? '=' : ':');
        }
        draw_value(r, out, depth);
    }
    if (one_in(r, 200))
        buf_putc(out, ',');
}

void draw_value(struct rand_seeded *r, struct buf *out, unsigned depth)
{
    static const char *const words[] = {"true", "false", "null"};
    static const char *const bad_words[] = {"True", "nul", "truex", "undefined", "", "'a'", "//"};
    uint64_t kind = rand_next_below(r, depth > 0 ? 6 : 4);
    draw_space(r, out);
    if (one_in(r, 500)) {
        buf_puts(out, PICK(r, bad_words));
    } else if (kind == 0) {
        buf_puts(out, PICK(r, words));
    } else if (kind == 1) {
        draw_number(r, out);
    } else if (kind <= 3) {
        draw_string(r, out);
    } else {
        buf_putc(out, kind == 4 ? '{' : '[');
        draw_members(r, out, depth - 1, kind == 4);
        buf_putc(out, kind == 4 ? '}' : ']');
    }
    draw_space(r, out);
}

/* `channels`, `resume` or `watch`. */
static void draw_channels(struct rand_seeded *r, struct buf *out, bool is_object)
{
    uint64_t n = one_in(r, 300) ? 998 + rand_next_below(r, 5) : rand_next_below(r, 4);
    buf_putc(out, is_object ? '{' : '[');
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(out, ',');
        draw_uuid(r, out);
        if (is_object) {
            buf_putc(out, ':');
            buf_printf(out, one_in(r, 3) ? "\"%d\"" : "%d", (int)rand_next_below(r, 100000));
        }
    }
    buf_putc(out, is_object ? '}' : ']');
}

static void draw_id(struct rand_seeded *r, struct buf *out)
{
    static const char *const texts[] = {
        "\"12\"",  "\"9007199254740991\"", "\"9007199254740992\"", "\"\"", "\"-1\"",
        "\"1.0\"", "\"\\u0031\""};
    if (one_in(r, 5))
        buf_puts(out, PICK(r, texts));
    else
        draw_number(r, out);
}

static void draw_field(struct rand_seeded *r, struct buf *out, const char *name)
{
    buf_printf(out, "\"%s\":", name);
    if (one_in(r, 40))
        draw_value(r, out, 2);
    else if (one_in(r, 40))
        buf_puts(out, "null");
    else if (strcmp(name, "channel_id") == 0 || strcmp(name, "channel") == 0)
        draw_uuid(r, out);
    else if (strcmp(name, "message_id") == 0 || strcmp(name, "seq") == 0)
        draw_id(r, out);
    else if (strcmp(name, "protocol") == 0)
        buf_puts(out, "1");
    else if (strcmp(name, "watch") == 0 || strcmp(name, "resume") == 0)
        draw_channels(r, out, name[0] == 'r');
    else if (strcmp(name, "channels") == 0)
        draw_channels(r, out, one_in(r, 2));
    else
        draw_string(r, out);
}

static void draw_data(struct rand_seeded *r, struct buf *out)
{
    static const char *const names[] = {
        "channel_id", "channel", "message_id", "content", "client_msg_id", "seq",    "protocol",
        "resume",     "watch",   "channels",   "user_id", "username",      "unknown"};
    bool first = true;
    buf_putc(out, '{');
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!one_in(r, 3))
            continue;
        if (!first)
            buf_putc(out, ',');
        first = false;
        draw_space(r, out);
        draw_field(r, out, names[one_in(r, 200) ? 0 : i]);
        draw_space(r, out);
    }
    buf_putc(out, '}');
}

static void draw_part(struct rand_seeded *r, struct buf *out, uint64_t part)
{
    static const char *const actions[] = {"CreateMessage", "CreateReply", "Hello", "Resume",
                                          "Watch",         "Typing",      "Read",  "Ping",
                                          "Dance",         "\\u0050ing"};
    if (part == 0) {
        buf_printf(out, "\"action\":\"%s\"", PICK(r, actions));
    } else if (part == 1) {
        buf_puts(out, "\"data\":");
        if (one_in(r, 30))
            draw_value(r, out, 2);
        else
            draw_data(r, out);
    } else {
        buf_puts(out, part == 2 ? "\"ref\":" : "\"other\":");
        draw_value(r, out, one_in(r, 10) ? 1 : 0);
    }
}

void draw_command(struct rand_seeded *r, struct buf *out)
{
    uint64_t order = rand_next_below(r, 4), parts = one_in(r, 20) ? 2 : 4;
    draw_space(r, out);
    buf_putc(out, '{');
    for (uint64_t i = 0; i < parts; i++) {
        if (i > 0)
            buf_putc(out, ',');
        draw_part(r, out, (i + order) % 4);
    }
    buf_putc(out, '}');
    draw_space(r, out);
}

void draw_damage(struct rand_seeded *r, struct buf *text)
{
    static const char likely[] = "\"\\{}[]:,0123456789-+.eEtfnu \n\x00\x1F\x7F\x80\xBF\xC3\xED\xFF";
    for (uint64_t n = 1 + rand_next_below(r, 3); n > 0 && text->n > 0; n--) {
        size_t at = rand_next_below(r, text->n);
        char c = one_in(r, 2) ? likely[rand_next_below(r, sizeof likely - 1)] : (char)rand_next(r);
        switch (rand_next_below(r, 5)) {
        case 0:
            text->p[at] = c;
            break;
        case 1:
            text->p[at] = (char)(text->p[at] ^ (1 << rand_next_below(r, 8)));
            break;
        case 2:
            memmove(text->p + at, text->p + at + 1, text->n - at - 1);
            text->n--;
            break;
        case 3:
            buf_putc(text, c);
            memmove(text->p + at + 1, text->p + at, text->n - at - 1);
            text->p[at] = c;
            break;
        default:
            text->n = one_in(r, 4) ? at : text->n;
        }
    }
}

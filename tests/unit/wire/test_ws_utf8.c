/* Text frames of every kind of valid and invalid UTF-8: the sequences of Markus Kuhn's stress test,
 * as section 6 of the Autobahn test suite has them, and all strings of boundary bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/ws.h"
#include "wire/ws_utf8.h"
#include "ws_script.h"

static const struct ws_config server = {.message_max = 65536, .fragments_max = 1000};

struct utf8_case {
    const char *section;
    bool valid;
    const char *text;
    size_t n;
};
#define VALID(section, text)                  \
    {                                         \
        section, true, text, sizeof(text) - 1 \
    }
#define INVALID(section, text)                 \
    {                                          \
        section, false, text, sizeof(text) - 1 \
    }

static const struct utf8_case cases[] = {
    VALID("6.2 various", "Hello-\xC2\xB5@\xC3\x9F\xC3\xB6\xC3\xA4\xC3\xBC\xC3\xA0\xC3\xA1-UTF-8!!"),
    INVALID("6.3 a surrogate in the middle",
            "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80"
            "edited"),
    INVALID("6.4 above U+10FFFF in the middle",
            "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF4\x90\x80\x80"
            "edited"),
    VALID("6.5 kosme", "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5"),
    INVALID("6.6 cut by 1", "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE"),
    VALID("6.6 cut by 2", "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC"),
    INVALID("6.6 cut by 3", "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE"),
    VALID("6.6 cut by 4", "\xCE\xBA\xE1\xBD\xB9\xCF\x83"),
    INVALID("6.6 cut by 5", "\xCE\xBA\xE1\xBD\xB9\xCF"),
    VALID("6.6 cut by 6", "\xCE\xBA\xE1\xBD\xB9"),
    INVALID("6.6 cut by 7", "\xCE\xBA\xE1\xBD"),
    INVALID("6.6 cut by 8", "\xCE\xBA\xE1"),
    VALID("6.6 cut by 9", "\xCE\xBA"),
    INVALID("6.6 cut by 10", "\xCE"),
    VALID("6.7 first of 1", "\0"),
    VALID("6.7 first of 2", "\xC2\x80"),
    VALID("6.7 first of 3", "\xE0\xA0\x80"),
    VALID("6.7 first of 4", "\xF0\x90\x80\x80"),
    INVALID("6.8 first of 5", "\xF8\x88\x80\x80\x80"),
    INVALID("6.8 first of 6", "\xFC\x84\x80\x80\x80\x80"),
    VALID("6.9 last of 1", "\x7F"),
    VALID("6.9 last of 2", "\xDF\xBF"),
    VALID("6.9 last of 3", "\xEF\xBF\xBF"),
    VALID("6.9 last of 4", "\xF4\x8F\xBF\xBF"),
    INVALID("6.10 last of 4 bits-wise", "\xF7\xBF\xBF\xBF"),
    INVALID("6.10 last of 5", "\xFB\xBF\xBF\xBF\xBF"),
    INVALID("6.10 last of 6", "\xFD\xBF\xBF\xBF\xBF\xBF"),
    VALID("6.11 before the surrogates", "\xED\x9F\xBF"),
    VALID("6.11 after the surrogates", "\xEE\x80\x80"),
    VALID("6.11 the replacement character", "\xEF\xBF\xBD"),
    VALID("6.11 U+10FFFF", "\xF4\x8F\xBF\xBF"),
    INVALID("6.11 U+110000", "\xF4\x90\x80\x80"),
    INVALID("6.12 continuation 80", "\x80"),
    INVALID("6.12 continuation BF", "\xBF"),
    INVALID("6.12 two", "\x80\xBF"),
    INVALID("6.12 three", "\x80\xBF\x80"),
    INVALID("6.12 four", "\x80\xBF\x80\xBF"),
    INVALID("6.12 five", "\x80\xBF\x80\xBF\x80"),
    INVALID("6.12 six", "\x80\xBF\x80\xBF\x80\xBF"),
    INVALID("6.13 C0 alone", "\xC0 "),
    INVALID("6.13 DF alone", "\xDF "),
    INVALID("6.13 E0 alone", "\xE0 "),
    INVALID("6.13 EF alone", "\xEF "),
    INVALID("6.13 F0 alone", "\xF0 "),
    INVALID("6.13 F7 alone", "\xF7 "),
    INVALID("6.13 F8 alone", "\xF8 "),
    INVALID("6.13 FC alone", "\xFC "),
    INVALID("6.14 2 without the last", "\xC0"),
    INVALID("6.14 3 without the last", "\xE0\x80"),
    INVALID("6.14 4 without the last", "\xF0\x80\x80"),
    INVALID("6.14 5 without the last", "\xF8\x80\x80\x80"),
    INVALID("6.14 6 without the last", "\xFC\x80\x80\x80\x80"),
    INVALID("6.14 last of 2 without its last", "\xDF"),
    INVALID("6.14 last of 3 without its last", "\xEF\xBF"),
    INVALID("6.14 last of 4 without its last", "\xF7\xBF\xBF"),
    INVALID("6.14 last of 5 without its last", "\xFB\xBF\xBF\xBF"),
    INVALID("6.14 last of 6 without its last", "\xFD\xBF\xBF\xBF\xBF"),
    INVALID("6.15 all of them",
            "\xC0\xE0\x80\xF0\x80\x80\xF8\x80\x80\x80\xFC\x80\x80\x80\x80\xDF\xEF\xBF\xF7\xBF\xBF"),
    INVALID("6.16 FE", "\xFE"),
    INVALID("6.16 FF", "\xFF"),
    INVALID("6.16 FE FE FF FF", "\xFE\xFE\xFF\xFF"),
    INVALID("6.17 overlong / in 2", "\xC0\xAF"),
    INVALID("6.17 overlong / in 3", "\xE0\x80\xAF"),
    INVALID("6.17 overlong / in 4", "\xF0\x80\x80\xAF"),
    INVALID("6.17 overlong / in 5", "\xF8\x80\x80\x80\xAF"),
    INVALID("6.17 overlong / in 6", "\xFC\x80\x80\x80\x80\xAF"),
    INVALID("6.18 longest overlong of 2", "\xC1\xBF"),
    INVALID("6.18 longest overlong of 3", "\xE0\x9F\xBF"),
    INVALID("6.18 longest overlong of 4", "\xF0\x8F\xBF\xBF"),
    INVALID("6.18 longest overlong of 5", "\xF8\x87\xBF\xBF\xBF"),
    INVALID("6.18 longest overlong of 6", "\xFC\x83\xBF\xBF\xBF\xBF"),
    INVALID("6.19 NUL in 2", "\xC0\x80"),
    INVALID("6.19 NUL in 3", "\xE0\x80\x80"),
    INVALID("6.19 NUL in 4", "\xF0\x80\x80\x80"),
    INVALID("6.19 NUL in 5", "\xF8\x80\x80\x80\x80"),
    INVALID("6.19 NUL in 6", "\xFC\x80\x80\x80\x80\x80"),
    INVALID("6.20 U+D800", "\xED\xA0\x80"),
    INVALID("6.20 U+DB7F", "\xED\xAD\xBF"),
    INVALID("6.20 U+DB80", "\xED\xAE\x80"),
    INVALID("6.20 U+DBFF", "\xED\xAF\xBF"),
    INVALID("6.20 U+DC00", "\xED\xB0\x80"),
    INVALID("6.20 U+DF80", "\xED\xBE\x80"),
    INVALID("6.20 U+DFFF", "\xED\xBF\xBF"),
    INVALID("6.21 U+D800 U+DC00", "\xED\xA0\x80\xED\xB0\x80"),
    INVALID("6.21 U+D800 U+DFFF", "\xED\xA0\x80\xED\xBF\xBF"),
    INVALID("6.21 U+DB7F U+DC00", "\xED\xAD\xBF\xED\xB0\x80"),
    INVALID("6.21 U+DB7F U+DFFF", "\xED\xAD\xBF\xED\xBF\xBF"),
    INVALID("6.21 U+DB80 U+DC00", "\xED\xAE\x80\xED\xB0\x80"),
    INVALID("6.21 U+DB80 U+DFFF", "\xED\xAE\x80\xED\xBF\xBF"),
    INVALID("6.21 U+DBFF U+DC00", "\xED\xAF\xBF\xED\xB0\x80"),
    INVALID("6.21 U+DBFF U+DFFF", "\xED\xAF\xBF\xED\xBF\xBF"),
    VALID("6.22 U+FFFE", "\xEF\xBF\xBE"),
    VALID("6.22 U+FFFF", "\xEF\xBF\xBF"),
    VALID("6.22 U+1FFFE", "\xF0\x9F\xBF\xBE"),
    VALID("6.22 U+8FFFF", "\xF2\x8F\xBF\xBF"),
    VALID("6.22 U+FFFFE", "\xF3\xBF\xBF\xBE"),
    VALID("6.22 U+10FFFE", "\xF4\x8F\xBF\xBE"),
    VALID("6.23 U+FFF9", "\xEF\xBF\xB9"),
    VALID("6.23 U+FFFA", "\xEF\xBF\xBA"),
    VALID("6.23 U+FFFB", "\xEF\xBF\xBB"),
    VALID("6.23 U+FFFC", "\xEF\xBF\xBC"),
    VALID("6.23 U+FFFD", "\xEF\xBF\xBD"),
};

static void verdict_check(const struct utf8_case *c, const struct buf *stream,
                          struct script_cut cut, const char *how)
{
    struct buf got;
    buf_init(&got, 65536);
    script_run(&server, true, buf_str(stream), cut, &got);
    bool valid = strncmp(got.p, "text(", 5) == 0;
    if (valid != c->valid || (!valid && strcmp(got.p, "error(1007)") != 0))
        fail_msg("%s, %s: %s", c->section, how, got.p);
    buf_fini(&got);
}

/* In one frame, in fragments of a byte, and compressed; each of them whole and byte by byte. */
static void test_sequences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct utf8_case *c = &cases[i];
        struct buf one, many, deflated;
        buf_init(&one, 65536);
        buf_init(&many, 65536);
        buf_init(&deflated, 65536);
        script_put_frame(&one, 0x81, true, c->text, c->n);
        for (size_t k = 0; k < c->n; k++)
            script_put_frame(&many, (k == 0 ? 1 : 0) | (k + 1 == c->n ? 0x80 : 0), true,
                             c->text + k, 1);
        script_put_deflated(&deflated, 0xC1, true, (struct str){c->text, c->n});
        for (size_t every = 0; every <= 1; every++) {
            verdict_check(c, &one, (struct script_cut){.every = every}, "one frame");
            verdict_check(c, &many, (struct script_cut){.every = every}, "fragments");
            verdict_check(c, &deflated, (struct script_cut){.every = every}, "compressed");
        }
        buf_fini(&one);
        buf_fini(&many);
        buf_fini(&deflated);
    }
}

/* Section 6.4: the end of neither the frame nor the message is waited for. */
static void test_bad_byte_fails_at_once(void **state)
{
    (void)state;
    struct ws_decoder d;
    ws_decoder_init(&d, &server, false);
    struct buf stream;
    buf_init(&stream, 4096);
    script_put_frame(&stream, 0x01, true, "\xCE\xBA\xE1\xBD\xB9", 5);
    script_put_frame(&stream, 0x80, true, "ok\xF4\x90\x80\x80 and a lot to come", 23);
    size_t used, bad = 11 + 6 + 3; /* the 0x90 */
    struct ws_item item;
    assert_int_equal(ws_decode(&d, stream.p, bad, &used, &item), WS_MORE);
    assert_int_equal(ws_decode(&d, stream.p + bad, 1, &used, &item), WS_ERROR);
    assert_int_equal(item.code, WS_CLOSE_BAD_DATA);
    assert_null(d.gather);
    ws_decoder_fini(&d);
    buf_fini(&stream);
}

/* ---- The checker against arithmetic on code points ---- */

/* Is there a code point that UTF-8 may encode in `len` bytes and that lies in [from, to]? */
static bool range_has_valid(unsigned len, uint32_t from, uint32_t to)
{
    static const uint32_t min[] = {0, 0, 0x80, 0x800, 0x10000};
    static const uint32_t max[] = {0, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
    from = from < min[len] ? min[len] : from;
    to = to > max[len] ? max[len] : to;
    if (from > to)
        return false;
    return !(from >= 0xD800 && to <= 0xDFFF);
}

/* How many bytes of `p` are the beginning of some valid text; `*whole`: the text may end there. */
static size_t good_prefix(const uint8_t *p, size_t n, bool *whole)
{
    size_t i = 0;
    while (i < n) {
        unsigned len = p[i] < 0x80    ? 1
                       : p[i] >= 0xF8 ? 0
                       : p[i] >= 0xF0 ? 4
                       : p[i] >= 0xE0 ? 3
                       : p[i] >= 0xC0 ? 2
                                      : 0;
        *whole = false;
        if (len == 0)
            return i;
        uint32_t point = len == 1 ? p[i] : p[i] & (0x7Fu >> len);
        for (unsigned k = 0; k < len; k++) {
            if (k > 0) {
                if (i + k == n)
                    return n;
                if ((p[i + k] & 0xC0) != 0x80)
                    return i + k;
                point = point << 6 | (p[i + k] & 0x3F);
            }
            unsigned rest = 6 * (len - 1 - k);
            if (!range_has_valid(len, point << rest, (point << rest) + (1u << rest) - 1))
                return i + k;
        }
        i += len;
    }
    *whole = true;
    return n;
}

static void test_all_strings_of_boundary_bytes(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                    0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                    0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFF};
    enum { N = sizeof bytes };
    (void)state;
    for (unsigned v = 0; v < N * N * N * N; v++) {
        uint8_t s[4] = {bytes[v % N], bytes[v / N % N], bytes[v / N / N % N], bytes[v / N / N / N]};
        bool whole = true;
        size_t good = good_prefix(s, 4, &whole), at = 0;
        struct ws_utf8 u = {0};
        while (at < 4 && ws_utf8_feed(&u, (const char *)s + at, 1))
            at++;
        struct ws_utf8 at_once = {0};
        bool ok = ws_utf8_feed(&at_once, (const char *)s, 4);
        if (at != good || ok != (good == 4) || (ok && ws_utf8_is_whole(&at_once) != whole))
            fail_msg("%02x %02x %02x %02x: %zu bytes are good, not %zu", s[0], s[1], s[2], s[3],
                     good, at);
    }
}

/* A bad byte at each place of a long run of ASCII, which is looked at in words. */
static void test_bad_byte_anywhere_in_ascii(void **state)
{
    (void)state;
    for (size_t bad = 0; bad < 200; bad++) {
        char s[200];
        memset(s, 'x', sizeof s);
        s[bad] = (char)0x80;
        struct ws_utf8 u = {0};
        assert_true(ws_utf8_feed(&u, s, bad));
        assert_false(ws_utf8_feed(&u, s, sizeof s));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_bad_byte_fails_at_once),
        cmocka_unit_test(test_all_strings_of_boundary_bytes),
        cmocka_unit_test(test_bad_byte_anywhere_in_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

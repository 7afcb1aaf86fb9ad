/* The decoder against the library wslay: the same seeded streams, valid and damaged, must give the
 * same messages and the same refusals. Where the two differ on purpose, `differences` says why; a
 * difference that is not there fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <wslay/wslay.h>

#include "base/mem.h"
#include "ws_script.h"

#define STREAMS 20000

static const struct ws_config server = {.message_max = 4096, .fragments_max = 1000};

/* ---- wslay as a decoder with transcripts ---- */

struct judge {
    struct str stream;
    size_t at, piece;
    struct buf *out;
    unsigned close_code; /* of the close frame that it answers with */
    struct buf sent;
};

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *arg)
{
    struct judge *j = arg;
    (void)flags;
    size_t n = j->stream.n - j->at;
    n = n < len ? n : len;
    n = n < j->piece ? n : j->piece;
    if (n == 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buf, j->stream.p + j->at, n);
    j->at += n;
    return (ssize_t)n;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
                       void *arg)
{
    struct judge *j = arg;
    (void)ctx;
    (void)flags;
    buf_put(&j->sent, data, len);
    return (ssize_t)len;
}

static void on_msg(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *msg,
                   void *arg)
{
    struct judge *j = arg;
    (void)ctx;
    struct ws_item item = {.opcode = msg->opcode,
                           .payload = {(const char *)msg->msg, msg->msg_length}};
    if (item.opcode == WS_CLOSE) {
        item.code = msg->status_code == 0 ? WS_CLOSE_NO_STATUS : msg->status_code;
        item.payload =
            msg->msg_length < 2 ? STR_NONE : (struct str){item.payload.p + 2, msg->msg_length - 2};
    }
    script_put_item(j->out, item.opcode >= WS_CLOSE ? WS_CONTROL : WS_MESSAGE, &item);
}

/* The last frame that it sent, if that is a close frame: pongs to pings come before it. */
static unsigned sent_close_code(const struct buf *sent)
{
    unsigned code = 0;
    for (size_t at = 0; at + 2 <= sent->n;) {
        const uint8_t *p = (const uint8_t *)sent->p + at;
        assert_true(p[1] <= 125);
        if ((p[0] & 0x0F) == WS_CLOSE)
            code = p[1] >= 2 ? p[2] * 256u + p[3] : WS_CLOSE_NO_STATUS;
        at += 2u + p[1];
    }
    return code;
}

static void wslay_run(struct str stream, size_t piece, struct buf *out)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .on_msg_recv_callback = on_msg,
    };
    struct judge j = {.stream = stream, .piece = piece, .out = out};
    buf_init(&j.sent, 1 << 20);
    wslay_event_context_ptr ctx;
    assert_int_equal(wslay_event_context_server_init(&ctx, &callbacks, &j), 0);
    wslay_event_config_set_max_recv_msg_length(ctx, server.message_max);
    int r = 0;
    size_t before;
    do { /* it returns wherever the input stops in a head */
        before = j.at;
        r = wslay_event_recv(ctx);
    } while (r == 0 && j.at > before && wslay_event_get_read_enabled(ctx));
    bool closed = wslay_event_get_close_received(ctx) != 0;
    bool refused = r != 0 || (!wslay_event_get_read_enabled(ctx) && !closed);
    assert_int_equal(wslay_event_send(ctx), 0);
    if (refused) {
        struct ws_item item = {.opcode = WS_CLOSE, .code = (uint16_t)sent_close_code(&j.sent)};
        script_put_item(out, WS_ERROR, &item);
    }
    wslay_event_context_free(ctx);
    buf_fini(&j.sent);
    buf_putc(out, '\0');
}

/* ---- The comparison ---- */

/* What differs on purpose: `ours` may stand at the end of our transcript where `theirs` stands at
 * the end of wslay's, the items before being the same. */
static const struct difference {
    const char *why, *ours, *theirs;
} differences[] = {
    {"a frame that is malformed in itself: wslay closes without a code, we say 1002", "error(1002)",
     "error(1005)"},
    {"a close code that may not be on the wire is an error of protocol, not of text", "error(1002)",
     "error(1007)"},
    {"a close frame of one byte: RFC 6455 section 5.5.1 wants two", "error(1002)", "close(1005,"},
    {"wslay does not look at the text of a close frame: section 5.5.1 wants UTF-8", "error(1007)",
     "close(1"},
    {"wslay knows no code that was registered after 2011: 1012 to 1014", "close(101",
     "error(1002)"},
};
enum { DIFFERENCES = sizeof differences / sizeof *differences };

static bool starts_with(const char *s, const char *start)
{
    return strncmp(s, start, strlen(start)) == 0;
}

/* Where the last item of a transcript begins. */
static size_t last_item(const char *transcript)
{
    size_t last = 0;
    for (size_t i = 0; transcript[i] != '\0'; i++)
        if (transcript[i] == ')' && transcript[i + 1] == ' ')
            last = i + 2;
    return last;
}

/* The row that explains how `ours` and `theirs` differ, DIFFERENCES when none does. */
static size_t difference_find(const char *ours, const char *theirs)
{
    size_t same = last_item(ours);
    if (same != last_item(theirs) || strncmp(ours, theirs, same) != 0)
        return DIFFERENCES;
    size_t i = 0;
    while (i < DIFFERENCES && !(starts_with(ours + same, differences[i].ours) &&
                                starts_with(theirs + same, differences[i].theirs)))
        i++;
    return i;
}

static void test_same_verdicts(void **state)
{
    (void)state;
    size_t refusals = 0, seen[DIFFERENCES] = {0};
    for (uint64_t seed = 1; seed <= STREAMS; seed++) {
        struct rand_seeded r;
        rand_seed(&r, seed);
        struct buf stream, ours, theirs;
        buf_init(&stream, 1 << 16);
        buf_init(&ours, 1 << 20);
        buf_init(&theirs, 1 << 20);
        script_put_random(&stream, &r, seed % 3 != 0);
        /* wslay looks at some heads, and we at control frames, only when more bytes come. */
        for (int i = 0; i < 12; i++)
            script_put_frame(&stream, 0x8A, true, "the end", 7);
        script_run(&server, false, buf_str(&stream), (struct script_cut){.rand = &r}, &ours);
        wslay_run(buf_str(&stream), 1 + seed % 50, &theirs);
        if (strcmp(ours.p, theirs.p) != 0) {
            size_t i = difference_find(ours.p, theirs.p);
            if (i == DIFFERENCES)
                fail_msg("seed %llu: %s, but wslay: %s", (unsigned long long)seed, ours.p,
                         theirs.p);
            seen[i]++;
        }
        refusals += strstr(ours.p, "error(") != NULL;
        buf_fini(&stream);
        buf_fini(&ours);
        buf_fini(&theirs);
    }
    /* The streams reach both sides of every promise, and every row is there for a reason. */
    assert_in_range(refusals, STREAMS / 5, STREAMS / 2);
    for (size_t i = 0; i < DIFFERENCES; i++)
        if (seen[i] == 0 || seen[i] > STREAMS / 50)
            fail_msg("seen %zu times: %s", seen[i], differences[i].why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

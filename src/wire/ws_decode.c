/* The decoder is a loop over frames: a head, then the payload. Two ways lead through it.
 *
 * The short way: the frame lies whole in the input and is a message of its own, or a control
 * frame. It is unmasked and handed out where it lies; nothing is allocated.
 *
 * The long way: whatever is in pieces (a head cut by the end of the input, a payload, a message in
 * fragments, a compressed message) goes through `struct ws_gather`, piece by piece: unmasked,
 * inflated, checked, appended. The gather appears with the first piece. It goes when the input is
 * used up and nothing is pending, and at once after an error; so an idle connection has none.
 */
#include <assert.h>

#include "base/mem.h"
#include "wire/ws.h"
#include "wire/ws_mask.h"
#include "wire/ws_utf8.h"
#include "wire/ws_zip.h"

#define CONTROL_MAX 125
/* What a message of `message_max` bytes may take when compressed: deflate's worst case is below
 * this, so only a stream that inflates to nothing ends here. */
#define COMPRESSED_MAX(message_max) ((message_max) + (message_max) / 4 + 256)

struct frame {
    uint8_t opcode;
    bool fin, rsv1, rsv23, masked;
    bool bad_len; /* not in the shortest form, or above 2^63 */
    uint64_t len;
    uint8_t key[4];
};

struct ws_gather {
    char head[WS_HEAD_MAX];
    uint8_t n_head; /* bytes of a head that is cut by the end of the input */

    bool in_frame; /* between a head and the end of its payload */
    struct frame frame;
    uint64_t taken; /* bytes of the payload so far */

    uint8_t n_control;
    char control[CONTROL_MAX];

    uint8_t message; /* the opcode of the message under way, 0: none */
    bool lent;       /* the message is whole, and handed out */
    unsigned fragments;
    size_t compressed; /* bytes before inflating */
    struct ws_inflate *inflate;
    struct ws_utf8 utf8;
    struct buf data;
};

/* ---- The gather ---- */

static struct ws_gather *gather_of(struct ws_decoder *d)
{
    if (d->gather == NULL) {
        d->gather = MEM_NEW(struct ws_gather);
        buf_init(&d->gather->data, d->config->message_max);
    }
    return d->gather;
}

static void message_drop(struct ws_gather *g)
{
    ws_inflate_give(g->inflate);
    g->inflate = NULL;
    buf_fini(&g->data);
    g->message = 0;
    g->lent = false;
}

static void gather_drop(struct ws_decoder *d)
{
    if (d->gather == NULL)
        return;
    message_drop(d->gather);
    mem_free(d->gather);
    d->gather = NULL;
}

static void gather_drop_if_idle(struct ws_decoder *d)
{
    const struct ws_gather *g = d->gather;
    if (g != NULL && g->n_head == 0 && !g->in_frame && g->message == 0)
        gather_drop(d);
}

/* ---- Heads ---- */

/* How long the head is that begins with these two bytes. */
static size_t head_len(const char *p)
{
    uint8_t len = (uint8_t)p[1] & 0x7F;
    return 2u + (len == 126 ? 2u : len == 127 ? 8u : 0u) + ((p[1] & 0x80) != 0 ? 4u : 0u);
}

static void head_parse(const char *head, struct frame *f)
{
    const uint8_t *p = (const uint8_t *)head;
    *f = (struct frame){
        .opcode = p[0] & 0x0F,
        .fin = (p[0] & 0x80) != 0,
        .rsv1 = (p[0] & 0x40) != 0,
        .rsv23 = (p[0] & 0x30) != 0,
        .masked = (p[1] & 0x80) != 0,
        .len = p[1] & 0x7F,
    };
    p += 2;
    if (f->len == 126) {
        f->len = (uint64_t)p[0] << 8 | p[1];
        f->bad_len = f->len <= CONTROL_MAX;
        p += 2;
    } else if (f->len == 127) {
        f->len = 0;
        for (size_t i = 0; i < 8; i++)
            f->len = f->len << 8 | p[i];
        f->bad_len = f->len <= UINT16_MAX || f->len > INT64_MAX;
        p += 8;
    }
    if (f->masked)
        memcpy(f->key, p, sizeof f->key);
}

/* Reads a head from `p`, and from what an earlier call left of it. Returns how many bytes of `p`
 * it took; `*whole` says whether the head is complete. */
static size_t head_take(struct ws_decoder *d, const char *p, size_t n, struct frame *f, bool *whole)
{
    bool begun = d->gather != NULL && d->gather->n_head > 0;
    if (!begun && n >= 2 && n >= head_len(p)) {
        head_parse(p, f);
        *whole = true;
        return head_len(p);
    }
    *whole = false;
    if (n == 0)
        return 0;
    struct ws_gather *g = gather_of(d);
    size_t at = 0;
    while (at < n && (g->n_head < 2 || g->n_head < head_len(g->head)))
        g->head[g->n_head++] = p[at++];
    if (g->n_head >= 2 && g->n_head == head_len(g->head)) {
        head_parse(g->head, f);
        g->n_head = 0;
        *whole = true;
    }
    return at;
}

/* ---- What a frame may be ---- */

static uint16_t control_check(const struct frame *f)
{
    bool known = f->opcode == WS_CLOSE || f->opcode == WS_PING || f->opcode == WS_PONG;
    if (!known || !f->fin || f->rsv1 || f->len > CONTROL_MAX)
        return WS_CLOSE_PROTOCOL;
    return 0;
}

static uint16_t data_check(const struct ws_decoder *d, const struct frame *f)
{
    const struct ws_gather *g = d->gather;
    bool first = g == NULL || g->message == 0;
    if (f->opcode > WS_BINARY || first != (f->opcode != WS_CONTINUATION))
        return WS_CLOSE_PROTOCOL;
    if (f->rsv1 && !(first && d->deflate))
        return WS_CLOSE_PROTOCOL;
    if ((first ? 0 : g->fragments) >= d->config->fragments_max)
        return WS_CLOSE_TOO_BIG;
    bool compressed = first ? f->rsv1 : g->inflate != NULL;
    size_t max = compressed ? COMPRESSED_MAX(d->config->message_max) : d->config->message_max;
    size_t have = first ? 0 : compressed ? g->compressed : g->data.n;
    return f->len > max - have ? WS_CLOSE_TOO_BIG : 0;
}

/* 0, or the close code of what is wrong with this head here and now. */
static uint16_t frame_check(const struct ws_decoder *d, const struct frame *f)
{
    if (f->rsv23 || f->bad_len || f->masked == d->config->client)
        return WS_CLOSE_PROTOCOL;
    return f->opcode >= WS_CLOSE ? control_check(f) : data_check(d, f);
}

/* ---- Items ---- */

static enum ws_result fail(struct ws_decoder *d, uint16_t code, struct ws_item *item)
{
    gather_drop(d);
    d->failed = code;
    *item = (struct ws_item){.opcode = WS_CLOSE, .code = code};
    return WS_ERROR;
}

/* A control frame is whole, unmasked, in `p`. */
static enum ws_result control_item(struct ws_decoder *d, uint8_t opcode, char *p, size_t n,
                                   struct ws_item *item)
{
    *item = (struct ws_item){.opcode = opcode, .payload = {p, n}};
    if (opcode != WS_CLOSE)
        return WS_CONTROL;
    item->code = WS_CLOSE_NO_STATUS;
    if (n > 0) {
        item->code = n < 2 ? 0 : (uint16_t)((uint8_t)p[0] * 256u + (uint8_t)p[1]);
        if (!ws_close_code_is_valid(item->code))
            return fail(d, WS_CLOSE_PROTOCOL, item);
        item->payload = (struct str){p + 2, n - 2};
        if (!str_is_utf8(item->payload))
            return fail(d, WS_CLOSE_BAD_DATA, item);
    }
    d->closed = true;
    return WS_CONTROL;
}

/* The short way, for a frame whose payload lies whole in `p`. */
static enum ws_result whole_item(struct ws_decoder *d, const struct frame *f, char *p,
                                 struct ws_item *item)
{
    size_t n = (size_t)f->len;
    if (f->masked)
        ws_mask(p, n, f->key, 0);
    if (f->opcode >= WS_CLOSE)
        return control_item(d, f->opcode, p, n, item);
    struct ws_utf8 utf8 = {0};
    if (f->opcode == WS_TEXT && !(ws_utf8_feed(&utf8, p, n) && ws_utf8_is_whole(&utf8)))
        return fail(d, WS_CLOSE_BAD_DATA, item);
    *item = (struct ws_item){.opcode = f->opcode, .payload = {p, n}};
    return WS_MESSAGE;
}

/* ---- The long way ---- */

static void frame_begin(struct ws_gather *g, const struct frame *f)
{
    g->frame = *f;
    g->in_frame = true;
    g->taken = 0;
    g->n_control = 0;
    if (f->opcode >= WS_CLOSE)
        return;
    if (f->opcode != WS_CONTINUATION) {
        g->message = f->opcode;
        g->fragments = 0;
        g->compressed = 0;
        g->utf8 = (struct ws_utf8){0};
        if (f->rsv1)
            g->inflate = ws_inflate_take();
    }
    g->fragments++;
}

/* Checks the text that was appended since the message had `from` bytes. */
static uint16_t text_check(struct ws_gather *g, size_t from)
{
    if (g->message != WS_TEXT || g->data.n == from)
        return 0;
    return ws_utf8_feed(&g->utf8, g->data.p + from, g->data.n - from) ? 0 : WS_CLOSE_BAD_DATA;
}

static uint16_t data_add(struct ws_gather *g, const char *p, size_t n)
{
    size_t from = g->data.n;
    uint16_t code = 0;
    if (g->inflate != NULL) {
        code = ws_inflate_feed(g->inflate, (struct str){p, n}, &g->data);
        g->compressed += n;
    } else if (n > 0) {
        buf_put(&g->data, p, n);
        assert(!g->data.failed);
    }
    /* A bad byte that came before the bomb went off is the earlier fault. */
    uint16_t text = text_check(g, from);
    return text != 0 ? text : code;
}

static enum ws_result message_end(struct ws_decoder *d, struct ws_item *item)
{
    struct ws_gather *g = d->gather;
    uint16_t code = 0;
    if (g->inflate != NULL) {
        size_t from = g->data.n;
        code = ws_inflate_end(g->inflate, &g->data);
        uint16_t text = text_check(g, from);
        code = text != 0 ? text : code;
        ws_inflate_give(g->inflate);
        g->inflate = NULL;
    }
    if (code == 0 && g->message == WS_TEXT && !ws_utf8_is_whole(&g->utf8))
        code = WS_CLOSE_BAD_DATA;
    if (code != 0)
        return fail(d, code, item);
    *item = (struct ws_item){.opcode = g->message, .payload = buf_str(&g->data)};
    g->lent = true;
    return WS_MESSAGE;
}

/* Takes what the input has of the frame's payload; returns how much. `*result` is WS_MORE when the
 * frame has not ended, or ended without ending anything. */
static size_t payload_take(struct ws_decoder *d, char *p, size_t n, struct ws_item *item,
                           enum ws_result *result)
{
    struct ws_gather *g = d->gather;
    struct frame *f = &g->frame;
    uint64_t left = f->len - g->taken;
    size_t take = left < n ? (size_t)left : n;
    if (f->masked)
        ws_mask(p, take, f->key, g->taken % 4);
    g->taken += take;
    g->in_frame = g->taken < f->len;
    *result = WS_MORE;
    if (f->opcode >= WS_CLOSE) {
        memcpy(g->control + g->n_control, p, take);
        g->n_control = (uint8_t)(g->n_control + take);
        if (!g->in_frame)
            *result = control_item(d, f->opcode, g->control, g->n_control, item);
        return take;
    }
    uint16_t code = data_add(g, p, take);
    if (code != 0)
        *result = fail(d, code, item);
    else if (!g->in_frame && f->fin)
        *result = message_end(d, item);
    return take;
}

/* ---- The loop ---- */

static bool is_short_way(const struct frame *f, size_t n)
{
    return f->len <= n &&
           (f->opcode >= WS_CLOSE || (f->opcode != WS_CONTINUATION && f->fin && !f->rsv1));
}

/* One head, or one stretch of payload. Returns how many bytes of `p` it took; `*go_on` is false
 * when the input is used up. */
static size_t step(struct ws_decoder *d, char *p, size_t n, struct ws_item *item,
                   enum ws_result *result, bool *go_on)
{
    size_t at = 0;
    *go_on = true;
    if (d->gather == NULL || !d->gather->in_frame) {
        struct frame f;
        at = head_take(d, p, n, &f, go_on);
        if (!*go_on)
            return at;
        uint16_t code = frame_check(d, &f);
        if (code != 0) {
            *result = fail(d, code, item);
            return at;
        }
        if (is_short_way(&f, n - at)) {
            *result = whole_item(d, &f, p + at, item);
            return at + (size_t)f.len;
        }
        frame_begin(gather_of(d), &f);
    }
    at += payload_take(d, p + at, n - at, item, result);
    *go_on = *result != WS_MORE || !d->gather->in_frame;
    return at;
}

void ws_decoder_init(struct ws_decoder *d, const struct ws_config *config, bool deflate)
{
    assert(config->message_max < ((size_t)1 << 30) && config->fragments_max > 0);
    *d = (struct ws_decoder){.config = config, .deflate = deflate};
}

void ws_decoder_fini(struct ws_decoder *d)
{
    gather_drop(d);
}

enum ws_result ws_decode(struct ws_decoder *d, char *p, size_t n, size_t *used,
                         struct ws_item *item)
{
    *used = n;
    if (d->failed != 0)
        return fail(d, d->failed, item);
    if (d->closed) {
        gather_drop(d);
        return WS_MORE;
    }
    if (d->gather != NULL && d->gather->lent)
        message_drop(d->gather);

    enum ws_result result = WS_MORE;
    size_t at = 0;
    bool go_on = true;
    while (result == WS_MORE && go_on)
        at += step(d, p + at, n - at, item, &result, &go_on);
    *used = at;
    if (result == WS_MORE)
        gather_drop_if_idle(d);
    return result;
}

/* Any bytes as websocket frames, for either role, with and without compression: whole and in pieces
 * they must be the same items; what is handed out keeps its promises; an error is final. The first
 * byte chooses the decoder, the next two how the rest is cut. */
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "wire/ws.h"

#define MESSAGE_MAX 3000
#define PIECE_MAX   20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void item_check(enum ws_result result, const struct ws_item *item)
{
    if (result == WS_ERROR) {
        check(item->code == WS_CLOSE_PROTOCOL || item->code == WS_CLOSE_BAD_DATA ||
              item->code == WS_CLOSE_TOO_BIG);
    } else if (result == WS_MESSAGE) {
        check(item->opcode == WS_BINARY || item->opcode == WS_TEXT);
        check(item->payload.n <= MESSAGE_MAX);
        check(item->opcode == WS_BINARY || str_is_utf8(item->payload));
    } else {
        check(item->opcode >= WS_CLOSE && item->opcode <= WS_PONG && item->payload.n <= 125);
        check(item->opcode != WS_CLOSE || item->code == WS_CLOSE_NO_STATUS ||
              (ws_close_code_is_valid(item->code) && str_is_utf8(item->payload)));
    }
}

/* Appends what must not depend on the cut. */
static void item_note(struct buf *notes, enum ws_result result, const struct ws_item *item)
{
    struct {
        uint64_t result, opcode, code, len, sum;
    } note = {result, item->opcode, item->code, item->payload.n,
              crc32_z(0, (const Bytef *)(const void *)item->payload.p, item->payload.n)};
    buf_put(notes, &note, sizeof note);
}

static bool piece_feed(struct ws_decoder *d, const uint8_t *data, size_t n, struct buf *notes)
{
    char *piece = mem_alloc(n + 1);
    if (n > 0)
        memcpy(piece, data, n);
    size_t at = 0;
    enum ws_result result;
    do {
        struct ws_item item;
        size_t used;
        result = ws_decode(d, piece + at, n - at, &used, &item);
        check(used <= n - at);
        at += used;
        if (result != WS_MORE) {
            item_check(result, &item);
            item_note(notes, result, &item);
        }
    } while (result != WS_MORE && result != WS_ERROR);
    check(result == WS_ERROR ? d->gather == NULL : at == n);
    mem_free(piece);
    return result != WS_ERROR;
}

static void stream_run(const struct ws_config *config, bool deflate, const uint8_t *data,
                       size_t size, struct rand_seeded *cut, struct buf *notes)
{
    struct ws_decoder d;
    ws_decoder_init(&d, config, deflate);
    bool alive = true;
    for (size_t at = 0, n; alive && at < size; at += n) {
        n = cut == NULL ? size : (size_t)rand_next_below(cut, PIECE_MAX);
        n = n < size - at ? n : size - at;
        alive = piece_feed(&d, data + at, n, notes);
    }
    ws_decoder_fini(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    struct ws_config config = {
        .client = (data[0] & 1) != 0, .message_max = MESSAGE_MAX, .fragments_max = 8};
    bool deflate = (data[0] & 2) != 0;
    struct rand_seeded r;
    rand_seed(&r, data[1] * 256u + data[2]);
    struct buf whole, cut;
    buf_init(&whole, 64u << 20);
    buf_init(&cut, 64u << 20);
    stream_run(&config, deflate, data + 3, size - 3, NULL, &whole);
    stream_run(&config, deflate, data + 3, size - 3, &r, &cut);
    check(str_eq(buf_str(&whole), buf_str(&cut)));
    buf_fini(&whole);
    buf_fini(&cut);
    return 0;
}

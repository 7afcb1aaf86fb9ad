#include "wire/ws_zip.h"

#include <assert.h>
#include <pthread.h>
#include <zlib.h>

#include "base/mem.h"
#include "wire/ws.h"

/* Speed over size: a frame of a few hundred bytes leaves little to find. 32 KiB of memory. */
#define DEFLATE_LEVEL     1
#define DEFLATE_MEM_LEVEL 5
#define INFLATE_STEP      4096

/* The end of what Z_SYNC_FLUSH writes, which RFC 7692 section 7.2.1 leaves out. */
static const char flush_tail[4] = {0, 0, (char)0xFF, (char)0xFF};

struct ws_inflate {
    z_stream z;
    bool ended; /* the last block said that it is the last, and nothing followed */
};

/* ---- What a thread keeps ---- */

struct thread_streams {
    struct ws_inflate *spare;
    bool has_deflate;
    z_stream deflate;
};

static pthread_key_t streams_key;
static pthread_once_t streams_once = PTHREAD_ONCE_INIT;

static void *zlib_alloc(void *opaque, unsigned n, unsigned size)
{
    (void)opaque;
    return mem_array(n, size);
}

static void zlib_free(void *opaque, void *p)
{
    (void)opaque;
    mem_free(p);
}

static void inflate_free(struct ws_inflate *w)
{
    if (w == NULL)
        return;
    inflateEnd(&w->z);
    mem_free(w);
}

static void streams_free(void *p)
{
    struct thread_streams *t = p;
    inflate_free(t->spare);
    if (t->has_deflate)
        deflateEnd(&t->deflate);
    mem_free(t);
}

static void streams_key_make(void)
{
    int r = pthread_key_create(&streams_key, streams_free);
    assert(r == 0);
    (void)r;
}

static struct thread_streams *streams_of_thread(void)
{
    pthread_once(&streams_once, streams_key_make);
    struct thread_streams *t = pthread_getspecific(streams_key);
    if (t == NULL) {
        t = MEM_NEW(struct thread_streams);
        int r = pthread_setspecific(streams_key, t);
        assert(r == 0);
        (void)r;
    }
    return t;
}

/* ---- Inflating ---- */

struct ws_inflate *ws_inflate_take(void)
{
    struct thread_streams *t = streams_of_thread();
    struct ws_inflate *w = t->spare;
    t->spare = NULL;
    if (w == NULL) {
        w = MEM_NEW(struct ws_inflate);
        w->z.zalloc = zlib_alloc;
        w->z.zfree = zlib_free;
        int r = inflateInit2(&w->z, -MAX_WBITS);
        assert(r == Z_OK);
        (void)r;
    } else {
        inflateReset(&w->z);
        w->ended = false;
    }
    return w;
}

void ws_inflate_give(struct ws_inflate *w)
{
    if (w == NULL)
        return;
    struct thread_streams *t = streams_of_thread();
    if (t->spare == NULL)
        t->spare = w;
    else
        inflate_free(w);
}

/* One call of inflate() into what room `out` has. At the limit it gets a single byte elsewhere: a
 * message of exactly the limit may still have blocks to come that hold nothing. */
static int inflate_step(z_stream *z, struct buf *out, bool *too_big)
{
    char spill = 0;
    size_t left = out->max - out->n;
    char *room = &spill;
    size_t size = 1;
    if (left > 0) {
        room = buf_reserve(out, left < INFLATE_STEP ? left : INFLATE_STEP);
        size = out->cap - out->n;
    }
    z->next_out = (Bytef *)room;
    z->avail_out = (uInt)size;
    int r = inflate(z, Z_SYNC_FLUSH);
    size_t made = size - z->avail_out;
    *too_big = left == 0 && made > 0;
    if (left > 0)
        out->n += made;
    return r;
}

uint16_t ws_inflate_feed(struct ws_inflate *w, struct str in, struct buf *out)
{
    z_stream *z = &w->z;
    if (in.n == 0)
        return 0;
    z->next_in = (z_const Bytef *)(const void *)in.p;
    z->avail_in = (uInt)in.n;
    w->ended = false;
    for (;;) {
        bool too_big;
        int r = inflate_step(z, out, &too_big);
        if (too_big)
            return WS_CLOSE_TOO_BIG;
        if (r == Z_STREAM_END) {
            /* A last block may be followed by others (RFC 7692 section 7.2.3.5). */
            inflateReset(z);
            w->ended = z->avail_in == 0;
            if (w->ended)
                return 0;
        } else if (r != Z_OK && r != Z_BUF_ERROR) {
            return WS_CLOSE_BAD_DATA;
        } else if (z->avail_in == 0 && z->avail_out > 0) {
            return 0;
        }
    }
}

uint16_t ws_inflate_end(struct ws_inflate *w, struct buf *out)
{
    if (w->ended)
        return 0;
    uint16_t code = ws_inflate_feed(w, (struct str){flush_tail, sizeof flush_tail}, out);
    if (code != 0)
        return code;
    /* Bit 7: between two blocks; the lower six: bits of the last byte that nobody read yet. */
    bool between_blocks = (w->z.data_type & 128) != 0 && (w->z.data_type & 63) == 0;
    return between_blocks ? 0 : WS_CLOSE_BAD_DATA;
}

/* ---- Deflating ---- */

static z_stream *deflate_of_thread(void)
{
    struct thread_streams *t = streams_of_thread();
    if (t->has_deflate) {
        deflateReset(&t->deflate);
        return &t->deflate;
    }
    t->deflate.zalloc = zlib_alloc;
    t->deflate.zfree = zlib_free;
    int r = deflateInit2(&t->deflate, DEFLATE_LEVEL, Z_DEFLATED, -WS_DEFLATE_WINDOW_BITS,
                         DEFLATE_MEM_LEVEL, Z_DEFAULT_STRATEGY);
    assert(r == Z_OK);
    (void)r;
    t->has_deflate = true;
    return &t->deflate;
}

bool ws_put_frame_deflated(struct buf *out, struct str payload)
{
    /* The head has the place that the longest result needs, and moves up for a shorter one. */
    size_t head_n = ws_head_len(payload.n);
    size_t room = payload.n + sizeof flush_tail;
    if (payload.n == 0 || payload.n > UINT32_MAX / 2 || out->failed ||
        head_n + room > out->max - out->n)
        return false;
    char *frame = buf_reserve(out, head_n + room);
    z_stream *z = deflate_of_thread();
    z->next_in = (z_const Bytef *)(const void *)payload.p;
    z->avail_in = (uInt)payload.n;
    z->next_out = (Bytef *)frame + head_n;
    z->avail_out = (uInt)room;
    int r = deflate(z, Z_SYNC_FLUSH);
    size_t n = room - z->avail_out;
    if (r != Z_OK || z->avail_out == 0 || n - sizeof flush_tail >= payload.n)
        return false;
    n -= sizeof flush_tail;
    assert(memcmp(frame + head_n + n, flush_tail, sizeof flush_tail) == 0);

    size_t short_n = ws_head(WS_TEXT, true, n, frame);
    if (short_n < head_n)
        memmove(frame + short_n, frame + head_n, n);
    out->n += short_n + n;
    return true;
}

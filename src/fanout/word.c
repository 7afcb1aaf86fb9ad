#include "fanout/word.h"

#include <assert.h>
#include <string.h>

#define VERSION 1

enum field {
    HAS_USER = 1,
    HAS_CHANNEL = 2,
    HAS_NUMBER = 4,
    HAS_SLICE = 8,
    HAS_NAME = 16,
    HAS_LIST = 32
};

static const unsigned fields[] = {
    [WORD_READ] = HAS_USER | HAS_CHANNEL | HAS_NUMBER,
    [WORD_REVOKED] = HAS_USER | HAS_CHANNEL | HAS_NUMBER,
    [WORD_TYPING] = HAS_USER | HAS_CHANNEL | HAS_NAME,
    [WORD_ONLINE] = HAS_USER | HAS_NAME | HAS_LIST,
    [WORD_OFFLINE] = HAS_USER | HAS_NAME | HAS_LIST,
    [WORD_SLICE] = HAS_SLICE | HAS_LIST,
    [WORD_ASK] = 0,
    [WORD_BYE] = 0,
};

#define N_KINDS (sizeof fields / sizeof fields[0])

/* ---- Writing ---- */

static char *put_bytes(char *at, const void *p, size_t n)
{
    if (n > 0)
        memcpy(at, p, n);
    return at + n;
}

static char *put_number(char *at, uint64_t number, unsigned bytes)
{
    while (bytes-- > 0)
        *at++ = (char)(number >> (8 * bytes) & 0xff);
    return at;
}

size_t word_encode(const struct word *w, char out[BUS_NOTE_MAX])
{
    const unsigned has = fields[w->kind];
    assert(w->name.n <= WORD_NAME_MAX && w->n <= WORD_LIST_MAX && w->part <= WORD_PART_MAX);
    char *at = put_number(out, VERSION, 1);
    at = put_number(at, w->kind, 1);
    at = put_bytes(at, &w->node, sizeof w->node);
    if (has & HAS_USER)
        at = put_bytes(at, &w->user, sizeof w->user);
    if (has & HAS_CHANNEL)
        at = put_bytes(at, &w->channel, sizeof w->channel);
    if (has & HAS_NUMBER)
        at = put_number(at, w->number, 8);
    if (has & HAS_SLICE) {
        at = put_number(at, w->slice, 1);
        at = put_number(at, w->part | (w->is_last ? 0x8000u : 0), 2);
    }
    if (has & HAS_NAME) {
        at = put_number(at, w->name.n, 1);
        at = put_bytes(at, w->name.p, w->name.n);
    }
    if (has & HAS_LIST)
        at = put_bytes(at, w->list, w->n * sizeof *w->list);
    return (size_t)(at - out);
}

/* ---- Reading ---- */

struct reader {
    struct str left;
    bool failed;
};

static const char *take_bytes(struct reader *r, size_t n)
{
    const char *at = r->left.p;
    if (r->failed || r->left.n < n) {
        r->failed = true;
        return NULL;
    }
    r->left.p += n;
    r->left.n -= n;
    return at;
}

static void take_uuid(struct reader *r, struct uuid *out)
{
    const char *at = take_bytes(r, sizeof *out);
    if (at != NULL)
        memcpy(out, at, sizeof *out);
}

static uint64_t take_number(struct reader *r, unsigned bytes)
{
    const char *at = take_bytes(r, bytes);
    uint64_t number = 0;
    for (unsigned i = 0; at != NULL && i < bytes; i++)
        number = number << 8 | (uint8_t)at[i];
    return number;
}

static void take_slice(struct reader *r, struct word *w)
{
    w->slice = (unsigned)take_number(r, 1);
    w->part = (unsigned)take_number(r, 2);
    w->is_last = (w->part & 0x8000) != 0;
    w->part &= WORD_PART_MAX;
    r->failed = r->failed || w->slice >= WORD_SLICES;
}

static void take_name(struct reader *r, struct word *w)
{
    w->name.n = (size_t)take_number(r, 1);
    w->name.p = take_bytes(r, w->name.n);
    r->failed = r->failed || w->name.n > WORD_NAME_MAX || !str_is_utf8(w->name);
}

static void take_list(struct reader *r, struct word *w)
{
    w->n = r->left.n / sizeof *w->list;
    r->failed = r->failed || w->n > WORD_LIST_MAX;
    w->list = (const struct uuid *)(const void *)take_bytes(r, w->n * sizeof *w->list);
}

bool word_decode(struct str note, struct word *out)
{
    struct reader r = {.left = note};
    *out = (struct word){0};
    const uint64_t version = take_number(&r, 1), kind = take_number(&r, 1);
    if (r.failed || version != VERSION || kind < WORD_READ || kind >= N_KINDS)
        return false;
    const unsigned has = fields[kind];
    out->kind = (enum word_kind)kind;
    take_uuid(&r, &out->node);
    if (has & HAS_USER)
        take_uuid(&r, &out->user);
    if (has & HAS_CHANNEL)
        take_uuid(&r, &out->channel);
    if (has & HAS_NUMBER)
        out->number = take_number(&r, 8);
    if (has & HAS_SLICE)
        take_slice(&r, out);
    if (has & HAS_NAME)
        take_name(&r, out);
    if (has & HAS_LIST)
        take_list(&r, out);
    return !r.failed && r.left.n == 0;
}

#include "cluster/record.h"

#include <assert.h>
#include <endian.h>

#include "domain/id.h"
#include "domain/message.h"
#include "domain/user.h"

#define VERSION_MAX (UINT64_C(1) << 53)

static void put_u64(struct buf *out, uint64_t v)
{
    v = htole64(v);
    buf_put(out, &v, sizeof v);
}

static void put_u16(struct buf *out, size_t v)
{
    uint16_t le = htole16((uint16_t)v);
    buf_put(out, &le, sizeof le);
}

static void put_short(struct buf *out, struct str s)
{
    assert(s.n <= UINT8_MAX);
    buf_putc(out, (char)s.n);
    buf_put(out, s.p, s.n);
}

static void put_long(struct buf *out, struct str s)
{
    assert(s.n <= UINT16_MAX);
    put_u16(out, s.n);
    buf_put(out, s.p, s.n);
}

static void put_post(struct buf *out, const struct event *e)
{
    put_u64(out, e->kind == EVENT_REPLY ? e->parent : 0);
    put_short(out, e->username);
    put_short(out, e->client_msg_id);
    put_long(out, e->content);
}

static void put_change(struct buf *out, const struct event *e, uint64_t version)
{
    uint32_t members = htole32(e->members);
    put_u64(out, version);
    buf_put(out, &members, sizeof members);
    buf_put(out, e->channel_info.owner.b, sizeof e->channel_info.owner.b);
    put_u64(out, (uint64_t)e->channel_info.created_us);
    put_short(out, e->username);
    put_long(out, e->channel_info.name);
}

void record_encode(const struct event *e, uint64_t version, struct buf *out)
{
    buf_putc(out, RECORD_VERSION);
    buf_putc(out, (char)e->kind);
    buf_put(out, e->channel.b, sizeof e->channel.b);
    buf_put(out, e->user.b, sizeof e->user.b);
    if (event_is_post(e))
        put_post(out, e);
    else
        put_change(out, e, version);
}

/* What is left to decode; `ok` once something was missing stays false. */
struct rest {
    const char *p;
    size_t n;
    bool ok;
};

static const char *take(struct rest *r, size_t n)
{
    static const char nothing[16];
    assert(n <= sizeof nothing || r->n >= n);
    if (r->n < n) {
        r->ok = false;
        return nothing;
    }
    const char *p = r->p;
    r->p += n;
    r->n -= n;
    return p;
}

static uint64_t take_u64(struct rest *r)
{
    uint64_t v;
    memcpy(&v, take(r, sizeof v), sizeof v);
    return le64toh(v);
}

static struct uuid take_uuid(struct rest *r)
{
    struct uuid u;
    memcpy(u.b, take(r, sizeof u.b), sizeof u.b);
    return u;
}

static struct str take_bytes(struct rest *r, size_t n)
{
    if (r->n < n) {
        r->ok = false;
        return STR_NONE;
    }
    return (struct str){take(r, n), n};
}

static struct str take_short(struct rest *r)
{
    return take_bytes(r, (unsigned char)*take(r, 1));
}

static struct str take_long(struct rest *r)
{
    uint16_t n;
    memcpy(&n, take(r, sizeof n), sizeof n);
    return take_bytes(r, le16toh(n));
}

static bool take_post(struct rest *r, struct event *e)
{
    e->parent = take_u64(r);
    e->username = take_short(r);
    e->client_msg_id = take_short(r);
    e->content = take_long(r);
    if (!r->ok || r->n > 0)
        return false;
    bool has_parent = e->parent >= 1 && e->parent <= ID_MAX;
    return (e->kind == EVENT_REPLY ? has_parent : e->parent == 0) &&
           user_name_is_valid(e->username) &&
           message_content_is_valid(e->content, RECORD_CONTENT_MAX) &&
           (e->client_msg_id.n == 0 || client_msg_id_is_valid(e->client_msg_id));
}

static bool take_change(struct rest *r, struct record *out)
{
    struct event *e = &out->event;
    uint32_t members;
    out->version = take_u64(r);
    memcpy(&members, take(r, sizeof members), sizeof members);
    e->members = le32toh(members);
    e->channel_info.id = e->channel;
    e->channel_info.owner = take_uuid(r);
    e->channel_info.created_us = (int64_t)take_u64(r);
    e->username = take_short(r);
    e->channel_info.name = take_long(r);
    return r->ok && r->n == 0 && out->version >= 1 && out->version <= VERSION_MAX &&
           e->channel_info.created_us >= 0 && user_name_is_valid(e->username) &&
           channel_name_is_valid(e->channel_info.name);
}

bool record_decode(struct str value, struct record *out)
{
    struct rest r = {value.p, value.n, true};
    *out = (struct record){.version = 0};
    struct event *e = &out->event;
    if (*take(&r, 1) != RECORD_VERSION)
        return false;
    e->kind = (enum event_kind)(unsigned char)*take(&r, 1);
    e->channel = take_uuid(&r);
    e->user = take_uuid(&r);
    e->origin.shard = ORIGIN_NO_SHARD;
    if (!r.ok || e->kind < EVENT_MESSAGE || e->kind > EVENT_CREATED)
        return false;
    return event_is_post(e) ? take_post(&r, e) : take_change(&r, out);
}

#include "cluster/recent.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>

#include "cluster/record.h"
#include "domain/id.h"
#include "telemetry/metrics.h"

#define KEY_BYTES 64

/* An entry's value: id and prev_seq, 8 bytes each, little-endian, and the record. */
#define STAMP_BYTES 16

static struct str key_of(const struct uuid *channel, char out[KEY_BYTES])
{
    int n = snprintf(out, KEY_BYTES, "recent:%s", uuid_text(channel).s);
    return (struct str){out, (size_t)n};
}

static struct str post_encode(const struct event *e, struct arena *arena)
{
    struct buf b;
    uint64_t stamps[2] = {htole64(e->id), htole64(e->prev_seq)};
    buf_init(&b, STAMP_BYTES + RECORD_BYTES_MAX);
    buf_put(&b, stamps, sizeof stamps);
    record_encode(e, 0, &b);
    struct str value = arena_str(arena, buf_str(&b));
    buf_fini(&b);
    return value;
}

void recent_push(struct cache *cache, const struct event *posts, size_t n)
{
    char key[KEY_BYTES];
    struct arena arena;
    assert(n >= 1 && n <= RECENT_POSTS);
    arena_init(&arena);
    struct cache_entry *entries = arena_alloc(&arena, n * sizeof *entries);
    for (size_t i = 0; i < n; i++)
        entries[i] = (struct cache_entry){posts[i].seq, post_encode(&posts[i], &arena)};
    (void)cache->ops->window_push(cache, key_of(&posts[0].channel, key), posts[0].prev_seq, entries,
                                  n, RECENT_POSTS, RECENT_TTL_MS);
    arena_fini(&arena);
}

static bool post_decode(const struct cache_entry *entry, const struct uuid *channel,
                        struct event *out)
{
    struct record r;
    uint64_t stamps[2];
    if (entry->value.n < STAMP_BYTES)
        return false;
    memcpy(stamps, entry->value.p, sizeof stamps);
    const struct str rest = {entry->value.p + STAMP_BYTES, entry->value.n - STAMP_BYTES};
    if (!record_decode(rest, &r) || !event_is_post(&r.event) || !uuid_eq(&r.event.channel, channel))
        return false;
    *out = r.event;
    out->seq = entry->seq;
    out->id = le64toh(stamps[0]);
    out->prev_seq = le64toh(stamps[1]);
    if (out->id == 0 || out->id > ID_MAX || out->prev_seq >= out->seq)
        return false;
    out->at_us = id_time_ms(out->id) * 1000;
    return true;
}

/* Is it a chain, from the floor to the last? */
static bool posts_decode(const struct cache_entry *entries, size_t n, const struct uuid *channel,
                         struct event *out)
{
    for (size_t i = 0; i < n; i++)
        if (!post_decode(&entries[i], channel, &out[i]) ||
            (i > 0 && (out[i].prev_seq != out[i - 1].seq || out[i].id <= out[i - 1].id)))
            return false;
    return true;
}

bool recent_read(struct cache *cache, const struct uuid *channel, uint64_t last_seq,
                 struct arena *arena, struct event **out, size_t *n, uint64_t *floor)
{
    char key[KEY_BYTES];
    struct cache_entry *entries;
    bool hit = cache->ops->window_read(cache, key_of(channel, key), last_seq + 1, RECENT_POSTS,
                                       arena, &entries, n, floor) == ERR_OK &&
               *n > 0 && *n <= RECENT_POSTS && entries[*n - 1].seq == last_seq;
    if (hit) {
        *out = arena_alloc(arena, *n * sizeof **out);
        hit = posts_decode(entries, *n, channel, *out);
    }
    if (hit)
        *floor = (*out)[0].prev_seq; /* of those read; the window's own may be lower */
    metric_inc(hit ? M_WINDOW_HIT : M_WINDOW_MISS);
    return hit;
}

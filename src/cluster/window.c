#include "cluster/window.h"

#include <assert.h>

#include "base/mem.h"
#include "domain/id.h"

#define CAP_FIRST 64
#define SLOT_USED (UINT32_C(1) << 31)

void window_init(struct window *w, int64_t ms, uint32_t entries_max, uint32_t others_max)
{
    assert((entries_max & (entries_max - 1)) == 0 && entries_max > 0 && entries_max < SLOT_USED);
    assert((others_max & (others_max - 1)) == 0 && others_max > 0);
    uint32_t cap = entries_max < CAP_FIRST ? entries_max : CAP_FIRST;
    uint32_t others = others_max < CAP_FIRST ? others_max : CAP_FIRST;
    *w = (struct window){.ms = ms,
                         .entries_max = entries_max,
                         .others_max = others_max,
                         .cap = cap,
                         .mask = 2 * cap - 1,
                         .others_cap = others};
    w->ring = mem_array(w->cap, sizeof *w->ring);
    w->slots = mem_array(w->mask + 1, sizeof *w->slots);
    w->others = mem_array(w->others_cap, sizeof *w->others);
}

void window_fini(struct window *w)
{
    mem_free(w->ring);
    mem_free(w->slots);
    mem_free(w->others);
}

static struct window_entry *entry_at(const struct window *w, uint32_t i)
{
    return &w->ring[(w->first + i) & (w->cap - 1)];
}

const struct window_entry *window_entry_at(const struct window *w, uint32_t i)
{
    return entry_at(w, i);
}

struct window_other *window_other_at(const struct window *w, uint32_t i)
{
    return &w->others[(w->others_first + i) & (w->others_cap - 1)];
}

/* ---- The index: linear probing, entries moved back on removal ---- */

static uint32_t home_of(const struct window *w, const struct window_entry *e)
{
    return (uint32_t)e->hash.low64 & w->mask;
}

static struct window_entry *slot_entry(const struct window *w, uint32_t at)
{
    return &w->ring[w->slots[at] & ~SLOT_USED];
}

static void index_add(struct window *w, const struct window_entry *e)
{
    uint32_t at = home_of(w, e);
    while (w->slots[at] != 0)
        at = (at + 1) & w->mask;
    w->slots[at] = (uint32_t)(e - w->ring) | SLOT_USED;
}

static void index_remove(struct window *w, const struct window_entry *e)
{
    uint32_t hole = home_of(w, e);
    while (slot_entry(w, hole) != e)
        hole = (hole + 1) & w->mask;
    for (uint32_t at = (hole + 1) & w->mask; w->slots[at] != 0; at = (at + 1) & w->mask) {
        uint32_t home = home_of(w, slot_entry(w, at));
        /* it may move into the hole if its home is not between the two */
        if (((at - home) & w->mask) >= ((at - hole) & w->mask)) {
            w->slots[hole] = w->slots[at];
            hole = at;
        }
    }
    w->slots[hole] = 0;
}

struct window_entry *window_find(const struct window *w, XXH128_hash_t hash,
                                 const struct uuid *user, uint32_t channel)
{
    for (uint32_t at = (uint32_t)hash.low64 & w->mask; w->slots[at] != 0; at = (at + 1) & w->mask) {
        struct window_entry *e = slot_entry(w, at);
        if (e->channel == channel && XXH128_isEqual(e->hash, hash) && uuid_eq(&e->user, user))
            return e;
    }
    return NULL;
}

/* ---- The ends ---- */

static void others_forget(struct window *w)
{
    while (w->n_others > 0 && window_other_at(w, 0)->offset < w->from) {
        w->others_first = (w->others_first + 1) & (w->others_cap - 1);
        w->n_others--;
    }
}

static void entry_forget(struct window *w)
{
    const struct window_entry *e = entry_at(w, 0);
    w->from = w->gone = e->offset + 1;
    w->from_id = w->gone_id = e->id;
    index_remove(w, e);
    w->first = (w->first + 1) & (w->cap - 1);
    w->n--;
}

void window_advance(struct window *w, int64_t now_ms, uint64_t next, uint64_t last_id)
{
    bool forgets = false;
    while (w->n > 0 && id_time_ms(entry_at(w, 0)->id) < now_ms - w->ms) {
        entry_forget(w);
        forgets = true;
    }
    if (w->n == 0) {
        w->from = next;
        w->from_id = last_id;
        forgets = true;
    }
    if (forgets)
        others_forget(w);
}

static void ring_grow(struct window *w)
{
    struct window_entry *ring = mem_array(2 * (size_t)w->cap, sizeof *ring);
    for (uint32_t i = 0; i < w->n; i++)
        ring[i] = *entry_at(w, i);
    mem_free(w->ring);
    mem_free(w->slots);
    w->ring = ring;
    w->first = 0;
    w->cap *= 2;
    w->mask = 2 * w->cap - 1;
    w->slots = mem_array(w->mask + 1, sizeof *w->slots);
    for (uint32_t i = 0; i < w->n; i++)
        index_add(w, entry_at(w, i));
}

void window_add(struct window *w, const struct window_entry *e)
{
    if (w->n == w->entries_max) {
        entry_forget(w);
        others_forget(w);
    } else if (w->n == w->cap) {
        ring_grow(w);
    }
    struct window_entry *place = entry_at(w, w->n);
    *place = *e;
    w->n++;
    index_add(w, place);
}

static void others_grow(struct window *w)
{
    struct window_other *others = mem_array(2 * (size_t)w->others_cap, sizeof *others);
    for (uint32_t i = 0; i < w->n_others; i++)
        others[i] = *window_other_at(w, i);
    mem_free(w->others);
    w->others = others;
    w->others_first = 0;
    w->others_cap *= 2;
}

void window_add_other(struct window *w, uint64_t offset, uint64_t last_id)
{
    if (w->n_others == w->others_max) {
        const struct window_other oldest = *window_other_at(w, 0);
        while (w->n > 0 && entry_at(w, 0)->offset < oldest.offset)
            entry_forget(w);
        w->from = w->gone = oldest.offset + 1;
        w->from_id = w->gone_id = oldest.last_id;
        others_forget(w);
    } else if (w->n_others == w->others_cap) {
        others_grow(w);
    }
    *window_other_at(w, w->n_others++) = (struct window_other){offset, last_id};
}

bool window_is_other(const struct window *w, uint64_t offset)
{
    uint32_t low = 0, high = w->n_others;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (window_other_at(w, middle)->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->n_others && window_other_at(w, low)->offset == offset;
}

uint32_t window_count_before(const struct window *w, int64_t ms)
{
    uint32_t low = 0, high = w->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (id_time_ms(entry_at(w, middle)->id) < ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void window_clear(struct window *w, uint64_t next, uint64_t last_id)
{
    while (w->n > 0)
        entry_forget(w);
    w->from = w->gone = next;
    w->from_id = w->gone_id = last_id;
    others_forget(w);
}

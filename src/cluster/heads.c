#include "cluster/heads.h"

#include <xxhash.h>

#include "base/mem.h"

#define CAP_FIRST 64

void heads_init(struct heads *h, uint64_t seed)
{
    *h = (struct heads){.seed = seed, .cap = CAP_FIRST, .mask = 2 * CAP_FIRST - 1};
    h->all = mem_array(h->cap, sizeof *h->all);
    h->is_changed = mem_array(h->cap, sizeof *h->is_changed);
    h->changed = mem_array(h->cap, sizeof *h->changed);
    h->slots = mem_array(h->mask + 1, sizeof *h->slots);
}

void heads_fini(struct heads *h)
{
    mem_free(h->all);
    mem_free(h->is_changed);
    mem_free(h->changed);
    mem_free(h->slots);
}

/* Where `channel` is, or belongs. */
static uint32_t slot_of(const struct heads *h, const struct uuid *channel)
{
    uint32_t at = (uint32_t)XXH3_64bits_withSeed(channel->b, sizeof channel->b, h->seed) & h->mask;
    while (h->slots[at] != 0 && !uuid_eq(&h->all[h->slots[at] - 1].channel, channel))
        at = (at + 1) & h->mask;
    return at;
}

uint32_t heads_find(const struct heads *h, const struct uuid *channel)
{
    return h->slots[slot_of(h, channel)] - 1; /* a free one is 0 */
}

static void heads_grow(struct heads *h)
{
    h->cap *= 2;
    h->mask = 2 * h->cap - 1;
    h->all = mem_realloc(h->all, h->cap * sizeof *h->all);
    h->changed = mem_realloc(h->changed, h->cap * sizeof *h->changed);
    h->is_changed = mem_realloc(h->is_changed, h->cap * sizeof *h->is_changed);
    mem_free(h->slots);
    h->slots = mem_array(h->mask + 1, sizeof *h->slots);
    for (uint32_t i = 0; i < h->n; i++)
        h->slots[slot_of(h, &h->all[i].channel)] = i + 1;
}

uint32_t heads_get(struct heads *h, const struct uuid *channel)
{
    uint32_t at = slot_of(h, channel);
    if (h->slots[at] != 0)
        return h->slots[at] - 1;
    if (h->n == h->cap) {
        heads_grow(h);
        at = slot_of(h, channel);
    }
    h->all[h->n] = (struct channel_head){.channel = *channel};
    h->is_changed[h->n] = false;
    h->slots[at] = ++h->n;
    return h->n - 1;
}

void heads_mark(struct heads *h, uint32_t index)
{
    if (h->is_changed[index])
        return;
    h->is_changed[index] = true;
    h->changed[h->n_changed++] = index;
}

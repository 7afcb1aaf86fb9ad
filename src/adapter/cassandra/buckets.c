#include "adapter/cassandra/buckets.h"

#include <xxhash.h>

#include "base/mem.h"

void buckets_init(struct buckets *b)
{
    pthread_mutex_init(&b->mutex, NULL);
    b->places = mem_array(BUCKETS_MAX, sizeof *b->places);
}

void buckets_fini(struct buckets *b)
{
    mem_free(b->places);
    pthread_mutex_destroy(&b->mutex);
}

static struct bucket *place_of(struct buckets *b, const struct uuid *channel, int32_t number)
{
    uint64_t hash = XXH64(channel->b, sizeof channel->b, (uint64_t)(uint32_t)number);
    return &b->places[hash & (BUCKETS_MAX - 1)];
}

static bool is_of(const struct bucket *place, const struct uuid *channel, int32_t number)
{
    return place->first_seq != 0 && place->number == number && uuid_eq(&place->channel, channel);
}

bool buckets_has(struct buckets *b, const struct uuid *channel, int32_t number, uint64_t seq)
{
    pthread_mutex_lock(&b->mutex);
    const struct bucket *place = place_of(b, channel, number);
    bool has = is_of(place, channel, number) && place->first_seq <= seq;
    pthread_mutex_unlock(&b->mutex);
    return has;
}

void buckets_note(struct buckets *b, const struct uuid *channel, int32_t number, uint64_t seq)
{
    pthread_mutex_lock(&b->mutex);
    struct bucket *place = place_of(b, channel, number);
    if (!is_of(place, channel, number) || place->first_seq > seq)
        *place = (struct bucket){*channel, number, seq};
    pthread_mutex_unlock(&b->mutex);
}

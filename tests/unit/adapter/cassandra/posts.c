#include "posts.h"

#include "domain/id.h"

static uint64_t last_seq = UINT64_C(1) << 41;

struct posts posts_of_new_channel(void)
{
    return (struct posts){.channel = uuid_random()};
}

struct uuid posts_user(unsigned n)
{
    return (struct uuid){
        {0xaa, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

struct event posts_next(struct posts *p, unsigned user, uint64_t parent, int64_t at_ms,
                        const char *text)
{
    p->prev_seq = p->seq;
    p->seq = ++last_seq;
    p->last_id = id_next(p->last_id, at_ms, 5);
    return (struct event){.kind = parent == 0 ? EVENT_MESSAGE : EVENT_REPLY,
                          .seq = p->seq,
                          .prev_seq = p->prev_seq,
                          .id = p->last_id,
                          .parent = parent,
                          .channel = p->channel,
                          .user = posts_user(user),
                          .username = STR("somebody"),
                          .content = str_of(text)};
}

#include "log_rig.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/rand.h"

static struct uuid made_up(unsigned kind, unsigned n)
{
    return (struct uuid){{(uint8_t)kind, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0,
                          (uint8_t)(n >> 8), (uint8_t)n}};
}

struct uuid log_rig_user(unsigned n)
{
    return made_up(0xaa, n);
}

struct uuid log_rig_channel(unsigned n)
{
    return made_up(0xcc, n);
}

struct event log_rig_message(unsigned user, unsigned channel, const char *content,
                             const char *client_msg_id)
{
    return (struct event){.kind = EVENT_MESSAGE,
                          .channel = log_rig_channel(channel),
                          .user = log_rig_user(user),
                          .username = STR("somebody"),
                          .content = str_of(content),
                          .client_msg_id = str_of(client_msg_id)};
}

struct event log_rig_joined(unsigned user, unsigned channel, uint32_t members)
{
    return (struct event){.kind = EVENT_JOINED,
                          .channel = log_rig_channel(channel),
                          .user = log_rig_user(user),
                          .username = STR("somebody"),
                          .channel_info = {log_rig_channel(channel), STR("a channel"),
                                           log_rig_user(1), LOG_RIG_START_MS * 1000},
                          .members = members};
}

struct str log_rig_encode(struct arena *arena, const struct event *e, uint64_t version)
{
    struct buf b;
    buf_init(&b, RECORD_BYTES_MAX);
    record_encode(e, version, &b);
    struct str value = arena_str(arena, buf_str(&b));
    buf_fini(&b);
    return value;
}

struct maker {
    struct rand_seeded rand;
    uint64_t versions[4];
};

static unsigned below(struct maker *m, unsigned bound)
{
    return (unsigned)rand_next_below(&m->rand, bound);
}

static struct str post_make(struct maker *m, struct arena *arena, unsigned channel)
{
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    static const char *const contents[] = {"one", "two"};
    struct event e =
        log_rig_message(below(m, 4), channel, contents[below(m, 8) == 0],
                        below(m, 4) == 0 ? NULL : ids[below(m, sizeof ids / sizeof ids[0])]);
    if (below(m, 5) == 0) {
        e.kind = EVENT_REPLY;
        e.parent = 1 + below(m, 3);
    }
    return log_rig_encode(arena, &e, 0);
}

static struct str change_make(struct maker *m, struct arena *arena, unsigned channel)
{
    struct event e = log_rig_joined(below(m, 4), channel, below(m, 100));
    static const enum event_kind kinds[] = {EVENT_JOINED, EVENT_LEFT, EVENT_CREATED};
    e.kind = kinds[below(m, 3)];
    uint64_t version = m->versions[channel] + 1;
    if (below(m, 3) == 0 && version > 2)
        version -= 1 + below(m, 2);
    else
        m->versions[channel] = version;
    return log_rig_encode(arena, &e, version);
}

static struct str garbage_make(struct maker *m, struct arena *arena, unsigned channel)
{
    struct str value = post_make(m, arena, channel);
    char *bytes = (char *)value.p;
    if (below(m, 2) == 0)
        value.n = below(m, (unsigned)value.n);
    else
        bytes[below(m, (unsigned)value.n)] ^= (char)(1 + below(m, 255));
    return value;
}

void log_rig_make(struct log_rig *l, uint64_t seed, size_t n, unsigned partition)
{
    struct maker m = {.versions = {0}};
    int64_t time_ms = LOG_RIG_START_MS;
    uint64_t offset = 0;
    rand_seed(&m.rand, seed);
    arena_init(&l->arena);
    l->n = n;
    l->records = mem_array(n, sizeof *l->records);
    for (size_t i = 0; i < n; i++) {
        unsigned channel = 1 + below(&m, 3), dice = below(&m, 100);
        offset += below(&m, 20) == 0 ? 1 + below(&m, 5) : 0;
        time_ms += below(&m, 3) == 0 ? below(&m, 400) : 0;
        if (below(&m, 100) == 0)
            time_ms += (int64_t)below(&m, 20000) - 8000;
        l->records[i] = (struct log_record){
            .partition = partition,
            .offset = offset++,
            .time_ms = below(&m, 300) == 0 ? INT64_MAX : time_ms,
            .key = log_rig_channel(below(&m, 50) == 0 ? 9 : channel),
            .value = dice < 75   ? post_make(&m, &l->arena, channel)
                     : dice < 90 ? change_make(&m, &l->arena, channel)
                                 : garbage_make(&m, &l->arena, channel),
        };
    }
}

void log_rig_free(struct log_rig *l)
{
    arena_fini(&l->arena);
    mem_free(l->records);
}

#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

static struct uuid made_up(unsigned kind, unsigned n)
{
    return (struct uuid){{(uint8_t)kind, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0,
                          (uint8_t)(n >> 8), (uint8_t)n}};
}

struct uuid kit_user_id(unsigned n)
{
    return made_up(0xaa, n);
}

struct uuid kit_channel_id(unsigned n)
{
    return made_up(0xcc, n);
}

struct postgres_store *kit_open(const char *conninfo)
{
    struct postgres_store *s = NULL;
    char reason[256];
    const struct postgres_config config = {.conninfo = conninfo,
                                           .connections_max = 4,
                                           .connect_timeout_ms = 500,
                                           .statement_timeout_ms = 500,
                                           .relay_idle_ms = 800};
    assert_int_equal(postgres_open(&config, &s, reason, sizeof reason), ERR_OK);
    return s;
}

void kit_add_users(struct postgres_store *s, unsigned n)
{
    struct account_store *a = postgres_accounts(s);
    for (unsigned i = 1; i <= n; i++) {
        char name[32], email[48];
        snprintf(name, sizeof name, "user-%u", i);
        snprintf(email, sizeof email, "user-%u@example.org", i);
        const struct user u = {kit_user_id(i), str_of(name), str_of(email), 1};
        assert_int_equal(a->ops->add(a, &u, STR("hash")), ERR_OK);
    }
}

enum err kit_create(struct postgres_store *s, unsigned channel, unsigned owner)
{
    struct channel_table *t = postgres_channels(s);
    const struct channel c = {kit_channel_id(channel), STR("channel"), kit_user_id(owner), 1};
    uint64_t version;
    return t->ops->create(t, &c, 1000, &version);
}

enum err kit_join(struct postgres_store *s, unsigned user, unsigned channel)
{
    struct channel_table *t = postgres_channels(s);
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    uint64_t version;
    return t->ops->join(t, &u, &c, 1000, &version);
}

enum err kit_leave(struct postgres_store *s, unsigned user, unsigned channel)
{
    struct channel_table *t = postgres_channels(s);
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    uint64_t version;
    return t->ops->leave(t, &u, &c, &version);
}

enum err kit_membership(struct postgres_store *s, unsigned user, unsigned channel,
                        struct membership_row *out)
{
    struct channel_table *t = postgres_channels(s);
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    struct arena arena;
    arena_init(&arena);
    enum err e = t->ops->membership(t, &u, &c, &arena, out);
    arena_fini(&arena);
    out->channel.name = STR_NONE;
    return e;
}

int64_t kit_now_ms(void)
{
    return clock_steady_us(&clock_system) / 1000;
}

void kit_sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

int kit_run(const struct CMUnitTest *tests, size_t n)
{
    log_setup(LOG_ERROR, 0);
    if (getenv(RIG_VARIABLE) == NULL) {
        printf("1..0 # SKIP %s is not set\n", RIG_VARIABLE);
        return 0;
    }
    return _cmocka_run_group_tests("postgres", tests, n, NULL, NULL);
}

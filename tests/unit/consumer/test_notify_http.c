/* Notify, the web hook over HTTP and a receiver that does not behave: whatever it does, every post
 * is either taken or in the retry log, once, and the log is committed. */
#include <string.h>

#include "adapter/webhook/webhook.h"
#include "hook_server.h"
#include "notify_rig.h"

#define POSTS    12
#define TOTAL_MS 300

struct http_rig {
    struct rig rig;
    struct hook_server server;
    struct webhook *webhook;
};

static int set_up(void **state)
{
    static struct http_rig h;
    char reason[160];
    hook_server_start(&h.server);
    rig_init(&h.rig);
    const struct webhook_config config = {.url = h.server.url,
                                          .secret = "a secret",
                                          .clock = &clock_system,
                                          .connect_ms = TOTAL_MS,
                                          .total_ms = TOTAL_MS};
    assert_int_equal(webhook_open(&config, &h.webhook, reason, sizeof reason), ERR_OK);
    h.rig.config.hook = webhook_port(h.webhook);
    *state = &h;
    return 0;
}

static int tear_down(void **state)
{
    struct http_rig *h = *state;
    rig_fini(&h->rig);
    webhook_close(h->webhook);
    hook_server_stop(&h->server);
    return 0;
}

/* Sends POSTS and waits until they are handed over. */
static void talk(struct http_rig *h)
{
    rig_start(&h->rig);
    for (int i = 0; i < POSTS; i++)
        rig_say(&h->rig, 1, 1, 0, "x", NULL);
    rig_persist(&h->rig);
    rig_committed(&h->rig);
}

/* The ids in the retry log are all different. */
static void assert_left(struct http_rig *h, size_t n)
{
    struct uuid ids[POSTS];
    assert_int_equal(rig_left(&h->rig), n);
    for (size_t i = 0; i < n; i++) {
        ids[i] = rig_envelope(&h->rig, i).id;
        for (size_t j = 0; j < i; j++)
            assert_false(uuid_eq(&ids[i], &ids[j]));
    }
}

static void a_receiver_that_behaves_gets_all(void **state)
{
    struct http_rig *h = *state;
    talk(h);
    assert_int_equal(hook_server_count(&h->server), POSTS);
    assert_left(h, 0);
    for (size_t i = 1; i <= POSTS; i++) {
        const char *request = hook_server_wait(&h->server, i);
        assert_non_null(strstr(hook_body(request), "\"type\":\"message.created\""));
    }
}

static void a_receiver_that_does_not_gets_another_try_each(void **state)
{
    static const enum hook_manner manners[] = {HOOK_ERROR, HOOK_REDIRECT, HOOK_HANGS,
                                               HOOK_DRIPS, HOOK_CLOSES,   HOOK_GARBAGE};
    for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
        set_up(state);
        struct http_rig *h = *state;
        atomic_store(&h->server.manner, (int)manners[i]);
        int64_t began_us = clock_steady_us(&clock_system);
        talk(h);
        assert_left(h, POSTS);
        /* Eight waited at once, then the hook rested. */
        assert_true(clock_steady_us(&clock_system) - began_us < INT64_C(1000) * (TOTAL_MS + 2000));
        tear_down(state);
    }
}

static void a_receiver_that_is_not_there_gets_another_try_each(void **state)
{
    struct http_rig *h = *state;
    char reason[160];
    const struct webhook_config config = {
        .url = "http://127.0.0.1:1/", .secret = "s", .clock = &clock_system};
    webhook_close(h->webhook);
    assert_int_equal(webhook_open(&config, &h->webhook, reason, sizeof reason), ERR_OK);
    h->rig.config.hook = webhook_port(h->webhook);
    talk(h);
    assert_left(h, POSTS);
}

static void a_flood_after_its_yes_is_a_yes(void **state)
{
    struct http_rig *h = *state;
    atomic_store(&h->server.manner, HOOK_FLOODS);
    talk(h);
    assert_left(h, 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_receiver_that_behaves_gets_all),
        cmocka_unit_test(a_receiver_that_does_not_gets_another_try_each),
        TEST(a_receiver_that_is_not_there_gets_another_try_each),
        TEST(a_flood_after_its_yes_is_a_yes),
    };
    return cmocka_run_group_tests_name("notify_http", tests, NULL, NULL);
}

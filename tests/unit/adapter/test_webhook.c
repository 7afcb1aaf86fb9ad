/* The web hook against receivers that behave and receivers that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapter/webhook/signature.h"
#include "adapter/webhook/webhook.h"
#include "hook_server.h"

#define TOTAL_MS 400
#define SECRET   "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define BODY     "{\"test\": 2432232314}"
#define TIME_S   1614265330

static const struct uuid id = {
    {0x70, 0x61, 0x72, 0x6c, 0x65, 0x79, 0x80, 0, 0x80, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0}};

struct rig {
    struct hook_server server;
    struct clock_manual clock;
    struct webhook *webhook;
    char reason[160];
};

static struct web_hook *rig_open(struct rig *r, const char *url, const char *secret)
{
    clock_manual_init(&r->clock, INT64_C(1000000) * TIME_S);
    const struct webhook_config config = {.url = url,
                                          .secret = secret,
                                          .clock = &r->clock.super,
                                          .connect_ms = TOTAL_MS,
                                          .total_ms = TOTAL_MS};
    assert_int_equal(webhook_open(&config, &r->webhook, r->reason, sizeof r->reason), ERR_OK);
    return webhook_port(r->webhook);
}

static int rig_init(void **state)
{
    static struct rig r;
    hook_server_start(&r.server);
    rig_open(&r, r.server.url, SECRET);
    *state = &r;
    return 0;
}

static int rig_fini(void **state)
{
    struct rig *r = *state;
    webhook_close(r->webhook);
    hook_server_stop(&r->server);
    return 0;
}

static enum err post(struct rig *r)
{
    struct web_hook *w = webhook_port(r->webhook);
    return w->ops->post(w, &id, STR(BODY), r->reason, sizeof r->reason);
}

/* Vectors made with Python's hmac; docs/internals/notify.md verifies the same ones. */
static void the_signature_is_that_of_the_standard(void **state)
{
    struct signature_key k;
    char out[SIGNATURE_SIZE];
    struct str name = STR("70617264-6c65-8000-8000-00e8d4a51000");
    (void)state;
    assert_true(signature_key_init(&k, STR(SECRET)));
    assert_true(signature_make(&k, name, TIME_S, STR(BODY), out));
    assert_string_equal(out, "v1,SOT+OkyPxZlpRf8TQ5k3rdum3pxcmHnCq9RNwyl8ocA=");
    assert_true(signature_key_init(&k, STR("a plain secret")));
    assert_true(signature_make(&k, name, TIME_S, STR(BODY), out));
    assert_string_equal(out, "v1,duxdDDwL831Qrbv0BqYBRvtf8dElsI8h+NgSXSdJMIM=");
}

static void a_secret_that_is_none_is_refused(void **state)
{
    static const char *const secrets[] = {"",           "whsec_",    "whsec_a",   "whsec_!!!!",
                                          "whsec_====", "whsec_MfK", "whsec_Mf=K"};
    struct signature_key k;
    char long_one[SIGNATURE_KEY_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        assert_false(signature_key_init(&k, str_of(secrets[i])));
    memset(long_one, 'x', sizeof long_one);
    assert_false(signature_key_init(&k, (struct str){long_one, sizeof long_one}));
    assert_true(signature_key_init(&k, (struct str){long_one, sizeof long_one - 1}));
}

static void an_address_that_is_none_is_refused(void **state)
{
    static const char *const urls[] = {
        NULL,     "", "nonsense", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/",
        "http://"};
    struct webhook *w;
    char reason[160];
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        const struct webhook_config c = {.url = urls[i], .secret = "s", .clock = &clock_system};
        assert_int_equal(webhook_open(&c, &w, reason, sizeof reason), ERR_BAD_REQUEST);
    }
    const struct webhook_config c = {.url = "http://127.0.0.1/", .clock = &clock_system};
    assert_int_equal(webhook_open(&c, &w, reason, sizeof reason), ERR_BAD_REQUEST);
}

static void a_post_carries_id_time_and_signature(void **state)
{
    struct rig *r = *state;
    char got[128], wanted[SIGNATURE_SIZE];
    struct signature_key k;
    struct uuid_text name = uuid_text(&id);
    assert_int_equal(post(r), ERR_OK);
    const char *request = hook_server_wait(&r->server, 1);
    assert_non_null(request);
    assert_ptr_equal(strstr(request, "POST /hook HTTP/1.1\r\n"), request);
    hook_header(request, "webhook-id", got, sizeof got);
    assert_string_equal(got, name.s);
    hook_header(request, "webhook-timestamp", got, sizeof got);
    assert_string_equal(got, "1614265330");
    hook_header(request, "content-type", got, sizeof got);
    assert_string_equal(got, "application/json");
    assert_true(signature_key_init(&k, STR(SECRET)));
    assert_true(signature_make(&k, str_of(name.s), TIME_S, STR(BODY), wanted));
    hook_header(request, "webhook-signature", got, sizeof got);
    assert_string_equal(got, wanted);
    assert_string_equal(hook_body(request), BODY);

    clock_manual_advance(&r->clock, 5000000); /* a later try is dated and signed anew */
    assert_int_equal(post(r), ERR_OK);
    request = hook_server_wait(&r->server, 2);
    hook_header(request, "webhook-timestamp", got, sizeof got);
    assert_string_equal(got, "1614265335");
    hook_header(request, "webhook-signature", got, sizeof got);
    assert_string_not_equal(got, wanted);
    hook_header(request, "webhook-id", got, sizeof got);
    assert_string_equal(got, name.s);
}

static void what_is_not_2xx_is_no_success(void **state)
{
    struct rig *r = *state;
    atomic_store(&r->server.manner, HOOK_ERROR);
    assert_int_equal(post(r), ERR_UNAVAILABLE);
    assert_string_equal(r->reason, "answered 500");
    atomic_store(&r->server.manner, HOOK_GARBAGE);
    assert_int_equal(post(r), ERR_UNAVAILABLE);
    atomic_store(&r->server.manner, HOOK_CLOSES);
    assert_int_equal(post(r), ERR_UNAVAILABLE);
    atomic_store(&r->server.manner, HOOK_OK);
    assert_int_equal(post(r), ERR_OK);
}

static void a_redirect_is_not_followed(void **state)
{
    struct rig *r = *state;
    atomic_store(&r->server.manner, HOOK_REDIRECT);
    assert_int_equal(post(r), ERR_UNAVAILABLE);
    assert_string_equal(r->reason, "answered 302");
    assert_int_equal(hook_server_count(&r->server), 1);
}

static void time_is_limited(void **state)
{
    struct rig *r = *state;
    static const enum hook_manner slow[] = {HOOK_HANGS, HOOK_DRIPS};
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        atomic_store(&r->server.manner, (int)slow[i]);
        int64_t began_us = clock_steady_us(&clock_system);
        assert_int_equal(post(r), ERR_UNAVAILABLE);
        int64_t took_ms = (clock_steady_us(&clock_system) - began_us) / 1000;
        assert_in_range(took_ms, TOTAL_MS - 50, TOTAL_MS + 1000);
    }
}

static void an_endless_answer_is_cut(void **state)
{
    struct rig *r = *state;
    atomic_store(&r->server.manner, HOOK_FLOODS);
    int64_t began_us = clock_steady_us(&clock_system);
    assert_int_equal(post(r), ERR_OK); /* it said 200 */
    assert_true(clock_steady_us(&clock_system) - began_us < TOTAL_MS * 1000);
}

static void nobody_there_is_no_success(void **state)
{
    struct rig r;
    (void)state;
    struct web_hook *w = rig_open(&r, "http://127.0.0.1:1/hook", "s");
    assert_int_equal(w->ops->post(w, &id, STR(BODY), r.reason, sizeof r.reason), ERR_UNAVAILABLE);
    assert_non_null(strstr(r.reason, "connect"));
    webhook_close(r.webhook);
}

static void tls_is_not_spoken_with_who_speaks_none(void **state)
{
    struct rig *r = *state, second;
    char url[64];
    snprintf(url, sizeof url, "https%s", r->server.url + strlen("http"));
    struct web_hook *w = rig_open(&second, url, "s");
    assert_int_equal(w->ops->post(w, &id, STR(BODY), second.reason, sizeof second.reason),
                     ERR_UNAVAILABLE);
    assert_int_equal(hook_server_count(&r->server), 0);
    webhook_close(second.webhook);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, rig_init, rig_fini)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_is_that_of_the_standard),
        cmocka_unit_test(a_secret_that_is_none_is_refused),
        cmocka_unit_test(an_address_that_is_none_is_refused),
        TEST(a_post_carries_id_time_and_signature),
        TEST(what_is_not_2xx_is_no_success),
        TEST(a_redirect_is_not_followed),
        TEST(time_is_limited),
        TEST(an_endless_answer_is_cut),
        cmocka_unit_test(nobody_there_is_no_success),
        TEST(tls_is_not_spoken_with_who_speaks_none),
    };
    return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/ws.h"

static void test_accept(void **state)
{
    (void)state;
    char out[WS_ACCEPT_SIZE];
    ws_accept(STR("dGhlIHNhbXBsZSBub25jZQ=="), out); /* RFC 6455 section 1.3 */
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    ws_accept(STR("x3JJHMbDL1EzLkh9GBhXDw=="), out); /* another one that is widely quoted */
    assert_string_equal(out, "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

static void test_keys(void **state)
{
    (void)state;
    assert_true(ws_key_is_valid(STR("dGhlIHNhbXBsZSBub25jZQ==")));
    assert_true(ws_key_is_valid(STR("++++////AAAAzzzz999900==")));
    assert_false(ws_key_is_valid(STR_NONE));
    assert_false(ws_key_is_valid(STR("dGhlIHNhbXBsZSBub25jZQ=")));   /* 23 */
    assert_false(ws_key_is_valid(STR("dGhlIHNhbXBsZSBub25jZQ==A"))); /* 25 */
    assert_false(ws_key_is_valid(STR("dGhlIHNhbXBsZSBub25jZQA=")));  /* 17 bytes */
    assert_false(ws_key_is_valid(STR("dGhlIHNhbXBsZSBub25jZQAA")));  /* 18 bytes */
    assert_false(ws_key_is_valid(STR("dGhlIHNhbXBsZSBub25j=Q==")));
    assert_false(ws_key_is_valid(STR("dGhlIHNhbXBsZS-ub25jZQ==")));
    assert_false(ws_key_is_valid(STR("dGhlIHNhbXBsZS ub25jZQ==")));
}

#define NO_TAKEOVER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define WINDOW      NO_TAKEOVER "; server_max_window_bits=12"

/* RFC 7692 sections 5 and 7.1; NULL: no offer that we can keep. */
static const struct {
    const char *offer, *response;
} offers[] = {
    {"permessage-deflate", NO_TAKEOVER},
    {"permessage-deflate; client_max_window_bits", NO_TAKEOVER}, /* what Chrome sends */
    {"permessage-deflate;client_max_window_bits=15", NO_TAKEOVER},
    {"permessage-deflate; client_max_window_bits=\"8\"", NO_TAKEOVER},
    {"permessage-deflate ; server_no_context_takeover\t; client_no_context_takeover", NO_TAKEOVER},
    {"permessage-deflate; server_max_window_bits=15", WINDOW},
    {"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", WINDOW},
    {"permessage-deflate; server_max_window_bits=\"1\\2\"", WINDOW},
    {"permessage-deflate; server_max_window_bits = 13", WINDOW},
    {"x-webkit-deflate-frame, permessage-deflate", NO_TAKEOVER},
    {"foo; a=\"x, y; permessage-deflate\", , permessage-deflate;server_max_window_bits=14", WINDOW},
    /* the first of several that we can keep */
    {"permessage-deflate; server_max_window_bits=9, permessage-deflate", NO_TAKEOVER},
    {"permessage-deflate; server_no_context_takeover; server_max_window_bits=13, "
     "permessage-deflate",
     WINDOW},
    {"permessage-deflate; unknown, permessage-deflate; server_max_window_bits=15", WINDOW},
    /* declined */
    {"", NULL},
    {",", NULL},
    {"foo", NULL},
    {"foo; permessage-deflate", NULL},
    {"Permessage-Deflate", NULL},
    {"permessage-deflate2", NULL},
    {"permessage-deflate client_max_window_bits", NULL},
    {"permessage-deflate; server_max_window_bits=11", NULL},
    {"permessage-deflate; server_max_window_bits", NULL},
    {"permessage-deflate; server_max_window_bits=", NULL},
    {"permessage-deflate; server_max_window_bits=\"\"", NULL},
    {"permessage-deflate; server_max_window_bits=16", NULL},
    {"permessage-deflate; server_max_window_bits=012", NULL},
    {"permessage-deflate; server_max_window_bits=+12", NULL},
    {"permessage-deflate; server_max_window_bits=12x", NULL},
    {"permessage-deflate; server_max_window_bits=\"12", NULL},
    {"permessage-deflate; server_max_window_bits=\"12\\\"", NULL},
    {"permessage-deflate; server_max_window_bits=99999999999999999999", NULL},
    {"permessage-deflate; client_max_window_bits=7", NULL},
    {"permessage-deflate; client_max_window_bits=0", NULL},
    {"permessage-deflate; client_max_window_bits=", NULL},
    {"permessage-deflate; server_no_context_takeover=1", NULL},
    {"permessage-deflate; client_no_context_takeover=\"\"", NULL},
    {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", NULL},
    {"permessage-deflate; client_max_window_bits; client_max_window_bits=10", NULL},
    {"permessage-deflate; server_max_window_bits=12; server_max_window_bits=12", NULL},
    {"permessage-deflate; unknown", NULL},
    {"permessage-deflate; unknown=1", NULL},
    {"permessage-deflate;", NULL},
    {"permessage-deflate; =12", NULL},
};

static void test_offers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++) {
        char response[WS_EXTENSION_SIZE] = "untouched";
        bool accepted = ws_offers_deflate(str_of(offers[i].offer), response);
        if (accepted != (offers[i].response != NULL))
            fail_msg("%s: %s", offers[i].offer, accepted ? response : "declined");
        assert_string_equal(response, accepted ? offers[i].response : "untouched");
    }
    assert_false(ws_offers_deflate(STR_NONE, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

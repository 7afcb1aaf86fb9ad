#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <assert.h>
#include <cmocka.h>
#include <stdio.h>

#include "domain/limits.h"
#include "json_draw.h"
#include "json_judge.h"

#define CHANNEL "0190f5a8-7b9e-4c1a-9d3e-6f2b8a1c4d5e"

/* The limits of the protocol, which the codec may not include. */
static_assert(READER_DEPTH_MAX == LIMIT_JSON_DEPTH, "depth");
static_assert(READER_TEXT_MAX == LIMIT_WS_MESSAGE_BYTES, "length");
static_assert(COMMAND_REF_CHARS_MAX == LIMIT_REF_CHARS, "ref");
static_assert(COMMAND_CHANNELS_MAX >= LIMIT_WATCHED_CHANNELS, "watch");

static struct command_parser *parser;
static struct command c;
static const char *reason;

static bool parse(const char *text)
{
    return command_parse(parser, str_of(text), &c, &reason);
}

/* `data` of any action. */
static bool parse_data(const char *data)
{
    static char text[300]; /* what was parsed points into it */
    snprintf(text, sizeof text, "{\"action\":\"Ping\",\"data\":{%s}}", data);
    judge_command(parser, str_of(text));
    return parse(text);
}

static void a_message_as_old_clients_send_it(void **state)
{
    (void)state;
    assert_true(
        parse("{\"action\":\"CreateMessage\",\"data\":{\"channel_id\":\"" CHANNEL
              "\",\"user_id\":\"u\",\"username\":\"bob\",\"content\":\"hi \\\"there\\\"\"}}"));
    assert_int_equal(c.action, COMMAND_CREATE_MESSAGE);
    assert_int_equal(c.ref.n, 0);
    assert_true(c.has_channel && c.has_content);
    assert_string_equal(uuid_text(&c.channel).s, CHANNEL);
    assert_true(str_eq(c.content, STR("hi \"there\"")));
    assert_false(c.has_message_id || c.has_client_msg_id || c.has_seq || c.has_protocol ||
                 c.has_resume || c.has_watch);
}

static void every_action_by_its_name(void **state)
{
    (void)state;
    static const char *const names[] = {"?",     "CreateMessage", "CreateReply", "Hello", "Resume",
                                        "Watch", "Typing",        "Read",        "Ping"};
    for (int i = 0; i < 9; i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"action\":\"%s\"}", names[i]);
        assert_true(parse(text));
        assert_int_equal((int)c.action, i);
    }
    assert_true(parse("{\"action\":\"ping\"}"));
    assert_int_equal(c.action, COMMAND_UNKNOWN);
}

static void hello_with_everything(void **state)
{
    (void)state;
    assert_true(
        parse("{\"data\":{\"watch\":[\"" CHANNEL "\",\"0190F5A8-7B9E-4C1A-9D3E-6F2B8A1C4D5E\"],"
              "\"resume\":{\"" CHANNEL "\":41,\"00000000-0000-0000-0000-000000000001\":"
              "\"9007199254740991\"},\"protocol\":1},\"ref\":\"r\\u0031\",\"action\":\"Hello\"}"));
    assert_int_equal(c.action, COMMAND_HELLO);
    assert_true(str_eq(c.ref, STR("\"r\\u0031\"")));
    assert_true(c.has_protocol && c.protocol == 1);
    assert_true(c.has_watch && c.n_watch == 1);
    assert_string_equal(uuid_text(&c.watch[0]).s, CHANNEL);
    assert_true(c.has_resume && c.n_resume == 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(c.resume[i].seq == (c.resume[i].channel.b[15] == 1 ? 9007199254740991u : 41));
    assert_true(parse_data("\"resume\":{},\"watch\":[]"));
    assert_true(c.has_resume && c.n_resume == 0 && c.has_watch && c.n_watch == 0);
}

static void channels_of_resume_and_of_watch(void **state)
{
    (void)state;
    assert_true(parse_data("\"channels\":{\"" CHANNEL "\":7}"));
    assert_true(c.has_resume && c.n_resume == 1 && c.resume[0].seq == 7 && !c.has_watch);
    assert_true(parse_data("\"channels\":[\"" CHANNEL "\"]"));
    assert_true(c.has_watch && c.n_watch == 1 && !c.has_resume);
    assert_true(parse_data("\"channels\":[],\"resume\":{}"));
    assert_false(parse_data("\"channels\":{},\"resume\":{}"));
    assert_string_equal(reason, "data.channels cannot stand beside data.resume or data.watch");
    assert_false(parse_data("\"watch\":[],\"channels\":[]"));
}

static void channel_serves_where_channel_id_is_missing(void **state)
{
    (void)state;
    const char other[] = "\"channel\":\"00000000-0000-0000-0000-000000000001\"";
    char both[200];
    assert_true(parse_data(other));
    assert_int_equal(c.channel.b[15], 1);
    snprintf(both, sizeof both, "%s,\"channel_id\":\"" CHANNEL "\"", other);
    assert_true(parse_data(both));
    assert_string_equal(uuid_text(&c.channel).s, CHANNEL);
    snprintf(both, sizeof both, "\"channel_id\":\"" CHANNEL "\",%s", other);
    assert_true(parse_data(both));
    assert_string_equal(uuid_text(&c.channel).s, CHANNEL);
    snprintf(both, sizeof both, "\"channel_id\":null,%s", other);
    assert_true(parse_data(both));
    assert_int_equal(c.channel.b[15], 1);
    assert_false(parse_data("\"channel_id\":\"" CHANNEL "\",\"channel\":{}"));
    assert_string_equal(reason, "data.channel must be a UUID");
}

static void ids_are_numbers_or_their_digits(void **state)
{
    (void)state;
    assert_true(parse_data("\"message_id\":9007199254740991,\"seq\":0"));
    assert_true(c.has_message_id && c.message_id == 9007199254740991u && c.has_seq && c.seq == 0);
    assert_true(parse_data("\"message_id\":\"12\",\"seq\":\"34\""));
    assert_true(c.message_id == 12 && c.seq == 34);
    static const char *const bad[] = {"9007199254740992",
                                      "\"9007199254740992\"",
                                      "-1",
                                      "\"-1\"",
                                      "1.0",
                                      "1e3",
                                      "\"\"",
                                      "\" 1\"",
                                      "true",
                                      "[]",
                                      "{}",
                                      "\"0x1\"",
                                      "\"99999999999999999999999\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char data[100];
        snprintf(data, sizeof data, "\"message_id\":%s", bad[i]);
        assert_false(parse_data(data));
        assert_string_equal(reason,
                            "data.message_id must be a whole number from 0 to 9007199254740991");
        snprintf(data, sizeof data, "\"seq\":%s", bad[i]);
        assert_false(parse_data(data));
        snprintf(data, sizeof data, "\"resume\":{\"" CHANNEL "\":%s}", bad[i]);
        assert_false(parse_data(data));
    }
    assert_false(parse_data("\"protocol\":\"1\""));
    assert_string_equal(reason, "data.protocol must be a whole number");
}

static void a_field_of_the_wrong_kind_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *data, *reason;
    } wrong[] = {
        {"\"channel_id\":1", "data.channel_id must be a UUID"},
        {"\"channel_id\":\"x\"", "data.channel_id must be a UUID"},
        {"\"channel_id\":\"\"", "data.channel_id must be a UUID"},
        {"\"channel\":true", "data.channel must be a UUID"},
        {"\"content\":1", "data.content must be a string"},
        {"\"content\":[\"a\"]", "data.content must be a string"},
        {"\"client_msg_id\":7", "data.client_msg_id must be a string"},
        {"\"watch\":{}", "data.watch must be a list of at most 1000 channel ids"},
        {"\"watch\":[1]", "data.watch must be a list of at most 1000 channel ids"},
        {"\"watch\":[null]", "data.watch must be a list of at most 1000 channel ids"},
        {"\"resume\":[]",
         "data.resume must name at most 1000 channels, each once, with the last seq seen"},
        {"\"resume\":{\"x\":1}",
         "data.resume must name at most 1000 channels, each once, with the last seq seen"},
        {"\"resume\":{\"" CHANNEL "\":1,\"0190F5A8-7b9e-4c1a-9d3e-6f2b8a1c4d5e\":1}",
         "data.resume must name at most 1000 channels, each once, with the last seq seen"},
        {"\"channels\":1",
         "data.channels must name at most 1000 channels, each once, with the last seq seen"},
        {"\"channels\":[2]", "data.channels must be a list of at most 1000 channel ids"},
        {"\"content\":1,\"channel_id\":2", "data.content must be a string"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(parse_data(wrong[i].data));
        assert_string_equal(reason, wrong[i].reason);
    }
    assert_true(parse_data("\"user_id\":1,\"username\":[{\"a\":null}],\"extra\":{}"));
}

static void null_is_absent(void **state)
{
    (void)state;
    assert_true(parse("{\"action\":\"Ping\",\"ref\":null,\"data\":null}"));
    assert_int_equal(c.ref.n, 0);
    assert_true(parse_data("\"channel_id\":null,\"message_id\":null,\"content\":null,\"seq\":null,"
                           "\"client_msg_id\":null,\"protocol\":null,\"resume\":null,"
                           "\"watch\":null,\"channels\":null"));
    assert_false(c.has_channel || c.has_message_id || c.has_content || c.has_seq ||
                 c.has_client_msg_id || c.has_protocol || c.has_resume || c.has_watch);
}

static void the_envelope(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } wrong[] = {
        {"", "The message must be a JSON object"},
        {"[]", "The message must be a JSON object"},
        {"\"x\"", "The message must be a JSON object"},
        {"Authorization: Bearer x", "The text is not valid JSON"},
        {"{}", "action is missing"},
        {"{\"data\":{}}", "action is missing"},
        {"{\"action\":null}", "action must be a string"},
        {"{\"action\":1}", "action must be a string"},
        {"{\"action\":\"Ping\",\"data\":[]}", "data must be an object"},
        {"{\"action\":\"Ping\",\"data\":\"x\"}", "data must be an object"},
        {"{\"action\":\"Ping\"", "The JSON text ends too early"},
        {"{\"action\":\"Ping\"}}", "The text is not valid JSON"},
        {"{\"action\":\"\xFF\"}", "The text is not valid UTF-8"},
        {"{\"action\":\"Ping\",\"x\":1,\"x\":1}",
         "A key stands twice in one object of the JSON text"},
        {"{\"action\":\"Ping\",\"x\":1e999}", "A number in the JSON text is too large"},
        {"{\"action\":\"Ping\",\"data\":{\"content\":1},}", "The text is not valid JSON"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(parse(wrong[i].text));
        if (wrong[i].text[0] != '\0')
            assert_string_equal(reason, wrong[i].reason);
    }
}

/* What a `ref` may be, by its decoded characters; raw text goes back. */
static void refs(void **state)
{
    (void)state;
    char text[2000], ref[1500];
    for (int n = 62; n <= 66; n++)
        for (int kind = 0; kind < 4; kind++) {
            static const char *const unit[] = {"a", "\xF0\x9F\x98\x80", "\\ud83d\\ude00", "9"};
            size_t at = 0;
            for (int i = 0; i < n; i++)
                at += (size_t)snprintf(ref + at, sizeof ref - at, "%s", unit[kind]);
            bool is_number = kind == 3;
            if (is_number) /* a real of n characters */
                ref[1] = '.';
            snprintf(text, sizeof text,
                     is_number ? "{\"ref\":%s,\"action\":\"Ping\"}"
                               : "{\"ref\":\"%s\",\"action\":\"Ping\"}",
                     ref);
            judge_command(parser, str_of(text));
            assert_int_equal(parse(text), n <= COMMAND_REF_CHARS_MAX);
            assert_int_equal(c.ref.n, n > COMMAND_REF_CHARS_MAX ? 0 : at + (is_number ? 0 : 2));
            if (n > COMMAND_REF_CHARS_MAX)
                assert_string_equal(reason,
                                    "ref must be a string or number of at most 64 characters");
        }
    static const char *const bad[] = {"true", "[]", "{}", "{\"a\":[1]}"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "{\"ref\":%s,\"action\":\"Ping\"}", bad[i]);
        assert_false(parse(text));
        assert_string_equal(reason, "ref must be a string or number of at most 64 characters");
    }
    assert_true(parse("{\"action\":\"Ping\",\"ref\": -1.50e1 }"));
    assert_true(str_eq(c.ref, STR("-1.50e1")));
    assert_true(parse("{\"action\":\"Ping\",\"ref\":\"\"}"));
    assert_true(str_eq(c.ref, STR("\"\"")));
}

/* A fault of a field does not keep the ref behind it from being read; a fault of the text does. */
static void the_ref_of_a_refused_command(void **state)
{
    (void)state;
    assert_false(parse("{\"action\":1,\"data\":{\"content\":[1,{\"a\":2}]},\"ref\":\"r7\"}"));
    assert_string_equal(reason, "action must be a string");
    assert_true(str_eq(c.ref, STR("\"r7\"")));
    assert_false(parse("{\"ref\":5,\"action\":oops}"));
    assert_true(str_eq(c.ref, STR("5")));
    assert_false(parse("{\"action\":oops,\"ref\":5}"));
    assert_int_equal(c.ref.n, 0);
}

static void lists_are_bounded(void **state)
{
    (void)state;
    for (unsigned n = 999; n <= 1001; n++)
        for (int kind = 0; kind < 2; kind++) {
            struct buf b;
            buf_init(&b, 65536);
            buf_printf(&b, "{\"action\":\"Watch\",\"data\":{\"channels\":%c", kind ? '{' : '[');
            for (unsigned i = 0; i < n; i++)
                buf_printf(&b, "%s\"00000000-0000-0000-0000-%012x\"%s", i > 0 ? "," : "", i,
                           kind ? ":1" : "");
            buf_printf(&b, "%c}}", kind ? '}' : ']');
            assert_int_equal(judge_command(parser, buf_str(&b)), n <= COMMAND_CHANNELS_MAX);
            buf_fini(&b);
        }
}

static void content_of_any_characters(void **state)
{
    (void)state;
    assert_true(
        parse_data("\"content\":\"\\u0000\\\"\\n\\t\\\\\xF0\x9F\x98\x80\\ud83d\\ude00\\u007f\""));
    assert_true(str_eq(c.content, STR("\0\"\n\t\\\xF0\x9F\x98\x80\xF0\x9F\x98\x80\x7F")));
    assert_true(parse_data("\"content\":\"\""));
    assert_true(c.has_content && c.content.n == 0);
    assert_true(parse_data("\"\\u0063ontent\":\"escaped key\""));
    assert_true(str_eq(c.content, STR("escaped key")));
}

static void drawn_commands_as_jansson(void **state)
{
    (void)state;
    struct rand_seeded r;
    unsigned taken = 0, rounds = 60000;
    rand_seed(&r, 20261125);
    for (unsigned i = 0; i < rounds; i++) {
        struct buf b;
        buf_init(&b, 200000);
        draw_command(&r, &b);
        if (i % 3 == 0)
            draw_damage(&r, &b);
        taken += judge_command(parser, buf_str(&b));
        buf_fini(&b);
    }
    assert_true(taken > rounds / 4 && taken < rounds * 3 / 4);
}

static int parser_make(void **state)
{
    (void)state;
    parser = command_parser_new();
    return 0;
}

static int parser_drop(void **state)
{
    (void)state;
    command_parser_free(parser);
    command_parser_free(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_as_old_clients_send_it),
        cmocka_unit_test(every_action_by_its_name),
        cmocka_unit_test(hello_with_everything),
        cmocka_unit_test(channels_of_resume_and_of_watch),
        cmocka_unit_test(channel_serves_where_channel_id_is_missing),
        cmocka_unit_test(ids_are_numbers_or_their_digits),
        cmocka_unit_test(a_field_of_the_wrong_kind_is_named),
        cmocka_unit_test(null_is_absent),
        cmocka_unit_test(the_envelope),
        cmocka_unit_test(refs),
        cmocka_unit_test(the_ref_of_a_refused_command),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test(content_of_any_characters),
        cmocka_unit_test(drawn_commands_as_jansson),
    };
    return cmocka_run_group_tests_name("wire/command", tests, parser_make, parser_drop);
}

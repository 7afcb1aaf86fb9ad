#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/bench/sight.h"

#define CHANNEL                   "0b7e3e5c-8f0f-4d3a-9c1e-2f6a4c1d2e3f"
#define EXPECT_STR(got, expected) assert_true(str_eq((got), STR(expected)))

static struct sight_memory memory;

static struct sight look(const char *frame)
{
    struct sight s;
    sight_read(&memory, str_of(frame), &s);
    return s;
}

static int teardown(void **state)
{
    (void)state;
    sight_memory_fini(&memory);
    memory = (struct sight_memory){0};
    return 0;
}

static void a_frame_of_ours_is_scanned(void **state)
{
    (void)state;
    struct sight s =
        look("{\"action\":\"Message\",\"status\":\"success\",\"message\":\"send message "
             "successfully\",\"data\":{\"channel_id\":\"" CHANNEL "\",\"message_id\":4123456789012,"
             "\"content\":\"hello\",\"user_id\":\"u\",\"username\":\"n\",\"created_at\":\"t\","
             "\"seq\":17,\"prev_seq\":0}}");
    assert_int_equal(s.kind, SIGHT_PUSH);
    EXPECT_STR(s.channel_id, CHANNEL);
    EXPECT_STR(s.content, "hello");
    assert_int_equal(s.message_id, 4123456789012);
    assert_true(s.has_seq);
    assert_int_equal(s.seq, 17);
    assert_int_equal(s.prev_seq, 0);
    assert_int_equal(memory.parsed_frames, 0);
}

/* As Go marshals chat-app's: other order, no positions. */
static void a_frame_of_part_1_is_scanned(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct sight s =
            look("{\"status\":\"success\",\"message\":\"create message successfully\",\"data\":{"
                 "\"content\":\"longer text\",\"channel_id\":\"" CHANNEL "\",\"username\":\"n\","
                 "\"message_id\":9007199254740993}}");
        assert_int_equal(s.kind, SIGHT_ACK);
        EXPECT_STR(s.content, "longer text");
        assert_true(s.message_id == 9007199254740993);
        assert_false(s.has_seq);
    }
    assert_int_equal(memory.parsed_frames, 0);
}

static void white_space_and_escapes_are_parsed(void **state)
{
    (void)state;
    struct sight s = look("{ \"status\": \"success\", \"message\": \"send message successfully\",\n"
                          "\"data\": { \"channel_id\": \"" CHANNEL "\", \"message_id\": 5, "
                          "\"content\": \"a\\u0062c\", \"seq\": 2, \"prev_seq\": 1 } }");
    assert_int_equal(s.kind, SIGHT_PUSH);
    EXPECT_STR(s.content, "abc");
    assert_int_equal(s.message_id, 5);
    assert_true(s.has_seq);
    assert_int_equal(memory.parsed_frames, 1);
}

/* Frames of another shape in between: the remembered places must not deceive. */
static void shapes_may_alternate(void **state)
{
    (void)state;
    static const char *frames[] = {
        "{\"message\":\"send message "
        "successfully\",\"data\":{\"channel_id\":\"a\",\"message_id\":1,"
        "\"content\":\"one\"}}",
        "{\"x\":1,\"message\":\"send message successfully\",\"data\":{\"channel_id\":\"b\","
        "\"message_id\":22,\"content\":\"two\"}}",
        "{\"yyyy\":1,\"message\":\"create message successfully\",\"data\":{\"channel_id\":\"c\","
        "\"message_id\":333,\"content\":\"three3\"}}",
    };
    for (int i = 0; i < 9; i++) {
        struct sight s = look(frames[i % 3]);
        assert_int_equal(s.kind, i % 3 == 2 ? SIGHT_ACK : SIGHT_PUSH);
        assert_int_equal(s.message_id, i % 3 == 0 ? 1 : i % 3 == 1 ? 22 : 333);
        assert_true(str_eq(s.content, str_of(i % 3 == 0 ? "one" : i % 3 == 1 ? "two" : "three3")));
    }
}

static void other_frames_are_told_apart(void **state)
{
    (void)state;
    struct sight s = look("{\"status\":\"fail\",\"message\":\"Too many\",\"code\":\"x\"}");
    assert_int_equal(s.kind, SIGHT_FAIL);
    EXPECT_STR(s.reason, "Too many");
    assert_int_equal(look("{\"action\":\"Hello\",\"status\":\"success\",\"message\":\"hello\","
                          "\"data\":{}}")
                         .kind,
                     SIGHT_HELLO);
    assert_int_equal(look("{\"action\":\"Joined\",\"status\":\"success\",\"message\":\"x\"}").kind,
                     SIGHT_OTHER);
    assert_int_equal(look("not json \"message\":\"").kind, SIGHT_OTHER);
    assert_int_equal(look("").kind, SIGHT_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_frame_of_ours_is_scanned, teardown),
        cmocka_unit_test_teardown(a_frame_of_part_1_is_scanned, teardown),
        cmocka_unit_test_teardown(white_space_and_escapes_are_parsed, teardown),
        cmocka_unit_test_teardown(shapes_may_alternate, teardown),
        cmocka_unit_test_teardown(other_frames_are_told_apart, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

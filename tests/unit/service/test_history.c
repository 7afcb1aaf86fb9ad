#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "service/history.h"

static struct {
    enum err member, channel_of, read;
    struct uuid home;    /* the channel that message 7 is in */
    struct uuid checked; /* the channel membership was asked of */
    unsigned reads, limit;
    uint64_t from;
} d;

static enum err on_is_member(struct channel_store *self, const struct uuid *user,
                             const struct uuid *channel)
{
    (void)self;
    (void)user;
    d.checked = *channel;
    return d.member;
}

static enum err note_read(uint64_t from, unsigned limit, struct post_page *out)
{
    d.reads++;
    d.from = from;
    d.limit = limit;
    *out = (struct post_page){.next_id = 99};
    return d.read;
}

static enum err on_messages(struct message_store *self, const struct uuid *channel,
                            uint64_t from_id, unsigned limit, struct arena *arena,
                            struct post_page *out)
{
    (void)self;
    (void)arena;
    assert_true(uuid_eq(channel, &d.checked));
    return note_read(from_id, limit, out);
}

static enum err on_replies(struct message_store *self, uint64_t message_id, uint64_t from_id,
                           unsigned limit, struct arena *arena, struct post_page *out)
{
    (void)self;
    (void)arena;
    assert_int_equal(message_id, 7);
    return note_read(from_id, limit, out);
}

static enum err on_channel_of(struct message_store *self, uint64_t message_id, struct uuid *channel)
{
    (void)self;
    assert_int_equal(message_id, 7);
    *channel = d.home;
    return d.channel_of;
}

static const struct channel_store_ops channel_ops = {.is_member = on_is_member};
static const struct message_store_ops message_ops = {.messages = on_messages,
                                                     .replies = on_replies,
                                                     .after = on_messages,
                                                     .channel_of = on_channel_of};
static struct channel_store channels = {&channel_ops};
static struct message_store messages = {&message_ops};
static const struct history history = {&channels, &messages};

static enum err read_way(int way, struct post_page *out)
{
    struct uuid user = {{1}};
    switch (way) {
    case 0:
        return history_messages(&history, &user, &d.home, 5, 10, NULL, out);
    case 1:
        return history_replies(&history, &user, 7, 5, 10, NULL, out);
    default:
        return history_after(&history, &user, &d.home, 5, 10, NULL, out);
    }
}

static int setup(void **state)
{
    (void)state;
    memset(&d, 0, sizeof d);
    d.home = uuid_random();
    return 0;
}

static void test_members_read(void **state)
{
    struct post_page page;
    (void)state;
    for (int way = 0; way < 3; way++) {
        assert_int_equal(read_way(way, &page), ERR_OK);
        assert_int_equal(d.reads, way + 1);
        assert_int_equal(d.from, 5);
        assert_int_equal(d.limit, 10);
        assert_int_equal(page.next_id, 99);
        assert_true(uuid_eq(&d.checked, &d.home));
    }
}

static void test_nobody_else_reads(void **state)
{
    static const enum err answers[] = {ERR_NOT_MEMBER, ERR_CHANNEL_NOT_FOUND, ERR_UNAVAILABLE};
    struct post_page page;
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        for (int way = 0; way < 3; way++) {
            d.member = answers[i];
            assert_int_equal(read_way(way, &page), answers[i]);
        }
    assert_int_equal(d.reads, 0);
}

static void test_replies_to_no_message(void **state)
{
    struct post_page page;
    (void)state;
    d.channel_of = ERR_MESSAGE_NOT_FOUND;
    assert_int_equal(read_way(1, &page), ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(d.reads, 0);
}

static void test_store_down(void **state)
{
    struct post_page page;
    (void)state;
    d.read = ERR_UNAVAILABLE;
    for (int way = 0; way < 3; way++)
        assert_int_equal(read_way(way, &page), ERR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_members_read, setup),
        cmocka_unit_test_setup(test_nobody_else_reads, setup),
        cmocka_unit_test_setup(test_replies_to_no_message, setup),
        cmocka_unit_test_setup(test_store_down, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

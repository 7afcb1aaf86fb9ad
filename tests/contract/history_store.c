/* What port/history_store.h promises of what is written; the reading side's pages are in
 * history_pages.c. */
#include "base/mem.h"
#include "domain/id.h"
#include "history_kit.h"

static void posts_may_be_written_again(void **state)
{
    struct history_kit *k = *state;
    history_kit_write(k, 0, 40);
    history_kit_write(k, 20, 60);
    history_kit_write(k, 0, 60);
    for (unsigned c = 0; c < HISTORY_CHANNELS; c++)
        history_kit_assert_channel(k, c, 60);
}

static void order_of_writing_does_not_matter(void **state)
{
    struct history_kit *k = *state;
    history_kit_write(k, 30, 60);
    history_kit_write(k, 0, 30);
    for (unsigned c = 0; c < HISTORY_CHANNELS; c++)
        history_kit_assert_channel(k, c, 60);
}

static void post_comes_back_whole(void **state)
{
    struct history_kit *k = *state;
    static char text[8192];
    memset(text, 'x', sizeof text);
    memcpy(text, "a\0b\"\\\n\xF0\x9F\x98\x80", 10);
    struct event e = k->posts[2];
    e.content = (struct str){text, sizeof text};
    e.client_msg_id = STR_NONE;
    assert_int_equal(k->store->ops->write(k->store, &e, 1), ERR_OK);
    struct post_page page;
    struct message_store *m = k->store->messages;
    assert_int_equal(m->ops->after(m, &e.channel, e.seq - 1, 1, &k->arena, &page), ERR_OK);
    assert_int_equal(page.n, 1);
    const struct event *got = &page.rows[0].event;
    assert_int_equal(got->kind, e.kind);
    assert_int_equal(got->seq, e.seq);
    assert_int_equal(got->prev_seq, e.prev_seq);
    assert_int_equal(got->id, e.id);
    assert_int_equal(got->parent, e.parent);
    assert_int_equal(got->at_us, id_time_ms(e.id) * 1000);
    assert_true(uuid_eq(&got->channel, &e.channel) && uuid_eq(&got->user, &e.user));
    assert_true(str_eq(got->username, e.username));
    assert_true(str_eq(got->content, e.content));
    assert_int_equal(got->client_msg_id.n, 0);
}

static void post_is_found_by_its_client_id(void **state)
{
    struct history_kit *k = *state;
    struct event got;
    history_kit_write(k, 0, 60);
    for (size_t i = 0; i < 60; i++) {
        const struct event *e = &k->posts[i];
        assert_int_equal(k->store->ops->by_client_id(k->store, &e->user, &e->channel,
                                                     e->client_msg_id, &k->arena, &got),
                         ERR_OK);
        assert_int_equal(got.kind, e->kind);
        assert_int_equal(got.seq, e->seq);
        assert_int_equal(got.prev_seq, e->prev_seq);
        assert_int_equal(got.id, e->id);
        assert_int_equal(got.parent, e->parent);
        assert_true(str_eq(got.content, e->content));
        assert_true(str_eq(got.client_msg_id, e->client_msg_id));
    }
}

static void client_id_is_one_users_in_one_channel(void **state)
{
    struct history_kit *k = *state;
    struct event got;
    history_kit_write(k, 0, 60);
    const struct event *e = &k->posts[0];
    struct uuid other_user = history_kit_user(9), other_channel = history_kit_channel(9);
    const struct history_store_ops *ops = k->store->ops;
    assert_int_equal(
        ops->by_client_id(k->store, &other_user, &e->channel, e->client_msg_id, &k->arena, &got),
        ERR_NOT_FOUND);
    assert_int_equal(
        ops->by_client_id(k->store, &e->user, &other_channel, e->client_msg_id, &k->arena, &got),
        ERR_NOT_FOUND);
    assert_int_equal(
        ops->by_client_id(k->store, &e->user, &e->channel, STR("C-0"), &k->arena, &got),
        ERR_NOT_FOUND);
}

/* ---- Snapshots and heads ---- */

static struct log_snapshot snapshot_of(uint32_t epoch, unsigned partition, uint64_t next,
                                       struct str not_first)
{
    return (struct log_snapshot){epoch, partition, next, ID_MAX - next, next / 2, not_first};
}

static void assert_snapshot(struct history_kit *k, const struct log_snapshot *wanted)
{
    struct log_snapshot got;
    assert_int_equal(
        k->store->ops->read_snapshot(k->store, wanted->epoch, wanted->partition, &k->arena, &got),
        ERR_OK);
    assert_int_equal(got.epoch, wanted->epoch);
    assert_int_equal(got.partition, wanted->partition);
    assert_int_equal(got.next_offset, wanted->next_offset);
    assert_int_equal(got.last_id, wanted->last_id);
    assert_int_equal(got.window_from, wanted->window_from);
    assert_true(str_eq(got.not_first, wanted->not_first));
}

static void snapshot_is_the_latest(void **state)
{
    struct history_kit *k = *state;
    struct log_snapshot got;
    const struct history_store_ops *ops = k->store->ops;
    assert_int_equal(ops->read_snapshot(k->store, 1, 0, &k->arena, &got), ERR_NOT_FOUND);
    char *large = mem_zalloc(LOG_NOT_FIRST_MAX / 2);
    large[7] = 7;
    const struct log_snapshot a = snapshot_of(1, 0, 100, STR("a\0b")),
                              b = snapshot_of(1, 1, 7, STR_NONE),
                              c = snapshot_of(2, 0, 3, STR("other epoch")),
                              a2 = snapshot_of(1, 0, 200,
                                               (struct str){large, LOG_NOT_FIRST_MAX / 2});
    assert_int_equal(ops->write_snapshot(k->store, &a), ERR_OK);
    assert_int_equal(ops->write_snapshot(k->store, &b), ERR_OK);
    assert_int_equal(ops->write_snapshot(k->store, &c), ERR_OK);
    assert_snapshot(k, &a);
    assert_int_equal(ops->write_snapshot(k->store, &a2), ERR_OK);
    /* a writer that lost its partition comes late */
    assert_int_equal(ops->write_snapshot(k->store, &a), ERR_OK);
    assert_snapshot(k, &a2);
    assert_snapshot(k, &b);
    assert_snapshot(k, &c);
    mem_free(large);
}

enum { HEADS = 300 };

struct heads {
    struct channel_head all[HEADS + 1];
    size_t n, stop_at;
};

static bool head_take(const struct channel_head *h, void *arg)
{
    struct heads *heads = arg;
    assert_true(heads->n <= HEADS);
    heads->all[heads->n++] = *h;
    return heads->n != heads->stop_at;
}

static struct channel_head head_of(unsigned n, uint64_t at)
{
    return (struct channel_head){
        .channel = history_kit_channel(n), .seq = at - 1, .id = at * 64, .version = n, .at = at};
}

static void heads_come_back(void **state)
{
    struct history_kit *k = *state;
    const struct history_store_ops *ops = k->store->ops;
    struct channel_head all[HEADS];
    struct heads got = {.n = 0};
    for (unsigned i = 0; i < HEADS; i++)
        all[i] = head_of(i, 1000 + i);
    assert_int_equal(ops->write_heads(k->store, 1, 3, all, HEADS), ERR_OK);
    assert_int_equal(ops->write_heads(k->store, 1, 4, all, 1), ERR_OK);
    assert_int_equal(ops->read_heads(k->store, 1, 3, head_take, &got), ERR_OK);
    assert_int_equal(got.n, HEADS);
    for (size_t i = 0; i < HEADS; i++) {
        size_t n = 0;
        while (n < HEADS && !uuid_eq(&all[n].channel, &got.all[i].channel))
            n++;
        assert_true(n < HEADS);
        assert_memory_equal(&all[n], &got.all[i], sizeof all[n]);
    }
    got = (struct heads){.stop_at = 5};
    assert_int_equal(ops->read_heads(k->store, 1, 3, head_take, &got), ERR_OK);
    assert_int_equal(got.n, 5);
    got = (struct heads){.n = 0};
    assert_int_equal(ops->read_heads(k->store, 2, 3, head_take, &got), ERR_OK);
    assert_int_equal(got.n, 0);
}

static void head_that_comes_late_changes_nothing(void **state)
{
    struct history_kit *k = *state;
    const struct history_store_ops *ops = k->store->ops;
    struct heads got = {.n = 0};
    const struct channel_head old = head_of(1, 100), new = head_of(1, 200), same = head_of(1, 200);
    assert_int_equal(ops->write_heads(k->store, 1, 0, &old, 1), ERR_OK);
    assert_int_equal(ops->write_heads(k->store, 1, 0, &new, 1), ERR_OK);
    assert_int_equal(ops->write_heads(k->store, 1, 0, &old, 1), ERR_OK);
    assert_int_equal(ops->write_heads(k->store, 1, 0, &same, 1), ERR_OK);
    assert_int_equal(ops->read_heads(k->store, 1, 0, head_take, &got), ERR_OK);
    assert_int_equal(got.n, 1);
    assert_memory_equal(&got.all[0], &new, sizeof new);
}

/* ---- Of one user ---- */

static uint64_t own[HISTORY_CHANNELS];

static void own_take(const struct uuid *channel, uint64_t seq, void *arg)
{
    (void)arg;
    for (unsigned c = 0; c < HISTORY_CHANNELS; c++) {
        struct uuid id = history_kit_channel(c);
        if (uuid_eq(&id, channel))
            own[c] = seq;
    }
}

static void own_heads_are_the_last_own_posts(void **state)
{
    struct history_kit *k = *state;
    uint64_t wanted[HISTORY_CHANNELS] = {0};
    struct uuid user = history_kit_user(1), nobody = history_kit_user(9);
    /* in two writes, the later one first: the last one written is not the last one posted */
    history_kit_write(k, 20, 60);
    history_kit_write(k, 0, 20);
    for (size_t i = 0; i < 60; i++)
        for (unsigned c = 0; c < HISTORY_CHANNELS; c++) {
            struct uuid id = history_kit_channel(c);
            if (uuid_eq(&k->posts[i].channel, &id) && uuid_eq(&k->posts[i].user, &user))
                wanted[c] = k->posts[i].seq;
        }
    memset(own, 0, sizeof own);
    assert_int_equal(k->store->ops->own_heads(k->store, &nobody, own_take, NULL), ERR_OK);
    for (unsigned c = 0; c < HISTORY_CHANNELS; c++)
        assert_int_equal(own[c], 0);
    assert_int_equal(k->store->ops->own_heads(k->store, &user, own_take, NULL), ERR_OK);
    for (unsigned c = 0; c < HISTORY_CHANNELS; c++)
        assert_int_equal(own[c], wanted[c]);
}

static unsigned unread_of(const struct history_kit *k, const struct uuid *user,
                          const struct uuid *channel, uint64_t seq)
{
    unsigned n = 0;
    for (size_t i = 0; i < 60; i++)
        n += uuid_eq(&k->posts[i].channel, channel) && !uuid_eq(&k->posts[i].user, user) &&
             k->posts[i].seq > seq;
    return n;
}

static void unread_are_others_posts(void **state)
{
    struct history_kit *k = *state;
    struct uuid user = history_kit_user(1), channel = history_kit_channel(0);
    history_kit_write(k, 0, 60);
    for (size_t i = 0; i < 60; i += 7) {
        unsigned n = 99, wanted = unread_of(k, &user, &channel, k->posts[i].seq);
        uint64_t seq = k->posts[i].seq;
        assert_int_equal(k->store->ops->unread(k->store, &user, &channel, seq, 100, &n), ERR_OK);
        assert_int_equal(n, wanted);
        assert_int_equal(k->store->ops->unread(k->store, &user, &channel, seq, 3, &n), ERR_OK);
        assert_int_equal(n, wanted < 3 ? wanted : 3);
    }
}

/* ---- What can go wrong ---- */

static void store_that_is_away_says_so(void **state)
{
    struct history_kit *k = *state;
    const struct history_store_ops *ops = k->store->ops;
    struct message_store *m = k->store->messages;
    const struct log_snapshot s = snapshot_of(1, 0, 100, STR_NONE);
    struct log_snapshot snapshot;
    struct post_page page;
    struct event e;
    struct heads heads = {.n = 0};
    char detail[128] = "";
    uint64_t head;
    unsigned n;
    struct uuid user = history_kit_user(1), channel = history_kit_channel(0);
    history_kit_write(k, 0, 60);
    assert_true(ops->is_ready(k->store, detail, sizeof detail));
    history_kit_driver->cut(k->store, true);
    assert_int_equal(ops->write(k->store, k->posts, 1), ERR_UNAVAILABLE);
    assert_int_equal(ops->write_snapshot(k->store, &s), ERR_UNAVAILABLE);
    assert_int_equal(ops->read_snapshot(k->store, 1, 0, &k->arena, &snapshot), ERR_UNAVAILABLE);
    assert_int_equal(ops->read_heads(k->store, 1, 0, head_take, &heads), ERR_UNAVAILABLE);
    assert_int_equal(ops->by_client_id(k->store, &user, &channel, STR("c-0"), &k->arena, &e),
                     ERR_UNAVAILABLE);
    assert_int_equal(ops->own_heads(k->store, &user, own_take, NULL), ERR_UNAVAILABLE);
    assert_int_equal(ops->unread(k->store, &user, &channel, 0, 10, &n), ERR_UNAVAILABLE);
    assert_int_equal(m->ops->messages(m, &channel, 0, 10, &k->arena, &page), ERR_UNAVAILABLE);
    assert_int_equal(m->ops->replies(m, k->posts[0].id, 0, 10, &k->arena, &page), ERR_UNAVAILABLE);
    assert_int_equal(m->ops->after(m, &channel, 0, 10, &k->arena, &page), ERR_UNAVAILABLE);
    assert_int_equal(m->ops->missed(m, &channel, 0, 10, &n, &head), ERR_UNAVAILABLE);
    assert_int_equal(m->ops->channel_of(m, k->posts[0].id, &channel), ERR_UNAVAILABLE);
    assert_false(ops->is_ready(k->store, detail, sizeof detail));
    assert_true(detail[0] != '\0');
    history_kit_driver->cut(k->store, false);
    history_kit_assert_channel(k, 0, 60);
    assert_true(ops->is_ready(k->store, detail, sizeof detail));
}

int contract_history_store(const struct history_driver *driver)
{
    history_kit_driver = driver;
#define HISTORY_TEST(f) cmocka_unit_test_setup_teardown(f, history_kit_open, history_kit_close)
    const struct CMUnitTest tests[] = {
        HISTORY_TEST(posts_may_be_written_again),
        HISTORY_TEST(order_of_writing_does_not_matter),
        HISTORY_TEST(post_comes_back_whole),
        HISTORY_TEST(post_is_found_by_its_client_id),
        HISTORY_TEST(client_id_is_one_users_in_one_channel),
        HISTORY_TEST(snapshot_is_the_latest),
        HISTORY_TEST(heads_come_back),
        HISTORY_TEST(head_that_comes_late_changes_nothing),
        HISTORY_TEST(own_heads_are_the_last_own_posts),
        HISTORY_TEST(unread_are_others_posts),
        HISTORY_TEST(history_test_messages_are_newest_first),
        HISTORY_TEST(history_test_replies_are_newest_first),
        HISTORY_TEST(history_test_missed_is_counted_to_a_limit),
        HISTORY_TEST(history_test_channel_of_knows_messages_only),
        HISTORY_TEST(history_test_unknown_has_empty_pages),
        HISTORY_TEST(store_that_is_away_says_so),
    };
    /* The last one is for drivers that can be cut off. */
    size_t n = sizeof tests / sizeof tests[0] - (history_kit_driver->cut == NULL);
    return _cmocka_run_group_tests("history_store", tests, n, NULL, NULL);
}

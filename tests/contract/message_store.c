/* What port/message_store.h promises. */
#include <stdio.h>
#include <string.h>

#include "domain/id.h"
#include "kit.h"
#include "suites.h"

enum { N = 25 };

struct said {
    uint64_t id, seq;
};

/* Channel 1 with N messages "m0".."m24" by users 1 and 2 in turn, and much between them that is
 * none: another channel's messages, joins, replies to m3. */
struct history {
    struct kit *k;
    struct message_store *s;
    struct arena arena;
    struct uuid c1, c2;
    struct said messages[N], replies[N];
    size_t n_replies;
};

static int history_setup(void **state)
{
    kit_setup(state);
    struct history *h = MEM_NEW(struct history);
    struct kit *k = h->k = *state;
    arena_init(&h->arena);
    h->s = k->driver->messages;
    h->c1 = kit_channel_id(1);
    h->c2 = kit_channel_id(2);
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    kit_add_channel(k, 2, 1);
    for (unsigned i = 0; i < N; i++) {
        char text[16];
        snprintf(text, sizeof text, "m%u", i);
        const struct append *a = kit_send(kit_message(k, 1 + i % 2, 1, text, text));
        h->messages[i] = (struct said){a->id, a->seq};
        kit_say(k, 1, 2, "elsewhere");
        assert_int_equal(i % 2 == 0 ? kit_join(k, 2, 1) : kit_leave(k, 2, 1), ERR_OK);
        if (i % 3 == 0 && i >= 3) {
            a = kit_send(kit_reply(k, 2, 1, h->messages[3].id, "re", NULL));
            h->replies[h->n_replies++] = (struct said){a->id, a->seq};
        }
        clock_manual_advance(&k->clock, 1000 * i);
    }
    *state = h;
    return 0;
}

static int history_teardown(void **state)
{
    struct history *h = *state;
    arena_fini(&h->arena);
    *state = h->k;
    mem_free(h);
    return kit_teardown(state);
}

static struct post_page page(struct history *h, uint64_t from_id, unsigned limit)
{
    struct post_page p;
    assert_int_equal(h->s->ops->messages(h->s, &h->c1, from_id, limit, &h->arena, &p), ERR_OK);
    return p;
}

/* Does `p` hold messages `newest` down to `newest` - n + 1? */
static void assert_messages(const struct history *h, const struct post_page *p, unsigned newest,
                            unsigned n)
{
    assert_int_equal(p->n, n);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(p->rows[i].event.id, h->messages[newest - i].id);
    assert_int_equal(p->next_id, newest + 1 > n ? h->messages[newest - n].id : 0);
}

static void messages_are_newest_first(void **state)
{
    struct history *h = *state;
    struct post_page p = page(h, 0, 10);
    assert_messages(h, &p, 24, 10);
    p = page(h, p.next_id, 10);
    assert_messages(h, &p, 14, 10);
    p = page(h, p.next_id, 10);
    assert_messages(h, &p, 4, 5);
    /* a page that ends exactly at the first message is the last one */
    p = page(h, h->messages[9].id, 10);
    assert_messages(h, &p, 9, 10);
    p = page(h, h->messages[0].id, 1);
    assert_messages(h, &p, 0, 1);
}

static void page_may_begin_at_any_id(void **state)
{
    struct history *h = *state;
    struct post_page p = page(h, h->messages[7].id - 1, 2);
    assert_messages(h, &p, 6, 2);
    p = page(h, h->replies[1].id, 2); /* of a reply between m6 and m7 */
    assert_messages(h, &p, 6, 2);
    p = page(h, ID_MAX, 3);
    assert_messages(h, &p, 24, 3);
    p = page(h, UINT64_MAX, 3);
    assert_messages(h, &p, 24, 3);
    p = page(h, h->messages[0].id - 1, 3);
    assert_int_equal(p.n, 0);
    assert_int_equal(p.next_id, 0);
    p = page(h, 1, 3);
    assert_int_equal(p.n, 0);
}

static void row_has_all_of_the_message(void **state)
{
    struct history *h = *state;
    struct post_page p = page(h, h->messages[3].id, 1);
    const struct event *e = &p.rows[0].event;
    struct uuid u2 = kit_user_id(2);
    assert_int_equal(e->kind, EVENT_MESSAGE);
    assert_int_equal(e->seq, h->messages[3].seq);
    assert_int_equal(e->prev_seq, h->messages[2].seq);
    assert_int_equal(e->parent, 0);
    assert_int_equal(e->at_us, id_time_ms(e->id) * 1000);
    assert_true(uuid_eq(&e->channel, &h->c1) && uuid_eq(&e->user, &u2));
    assert_true(str_eq(e->username, STR("user-2")));
    assert_true(str_eq(e->content, STR("m3")));
    assert_true(str_eq(e->client_msg_id, STR("m3")));
    assert_int_equal(p.rows[0].reply_count, h->n_replies);
    assert_int_equal(page(h, h->messages[4].id, 1).rows[0].reply_count, 0);
}

static void unknown_and_empty_have_empty_pages(void **state)
{
    struct history *h = *state;
    struct uuid c3 = kit_channel_id(3), c9 = kit_channel_id(9);
    struct post_page p;
    unsigned count = 9;
    uint64_t head = 9;
    kit_add_channel(h->k, 3, 1);
    for (int i = 0; i < 2; i++) {
        const struct uuid *c = i == 0 ? &c3 : &c9;
        assert_int_equal(h->s->ops->messages(h->s, c, 0, 10, &h->arena, &p), ERR_OK);
        assert_int_equal(p.n + p.next_id, 0);
        assert_int_equal(h->s->ops->after(h->s, c, 0, 10, &h->arena, &p), ERR_OK);
        assert_int_equal(p.n, 0);
        assert_false(p.more);
        assert_int_equal(h->s->ops->missed(h->s, c, 0, 10, &count, &head), ERR_OK);
        assert_int_equal(count + head, 0);
    }
}

static void replies_are_newest_first(void **state)
{
    struct history *h = *state;
    struct post_page p;
    uint64_t parent = h->messages[3].id, from = 0;
    size_t left = h->n_replies;
    assert_int_equal(left, 8);
    while (left > 0) {
        assert_int_equal(h->s->ops->replies(h->s, parent, from, 3, &h->arena, &p), ERR_OK);
        assert_int_equal(p.n, left < 3 ? left : 3);
        for (size_t i = 0; i < p.n; i++) {
            assert_int_equal(p.rows[i].event.kind, EVENT_REPLY);
            assert_int_equal(p.rows[i].event.id, h->replies[left - 1 - i].id);
            assert_int_equal(p.rows[i].event.parent, parent);
        }
        left -= p.n;
        from = p.next_id;
        assert_int_equal(from, left > 0 ? h->replies[left - 1].id : 0);
    }
    assert_int_equal(h->s->ops->replies(h->s, h->messages[4].id, 0, 3, &h->arena, &p), ERR_OK);
    assert_int_equal(p.n, 0);
    assert_int_equal(h->s->ops->replies(h->s, UINT64_MAX, 0, 3, &h->arena, &p), ERR_OK);
    assert_int_equal(p.n, 0);
}

static void reply_count_grows(void **state)
{
    struct history *h = *state;
    for (unsigned i = 1; i <= 150; i++) {
        kit_send(kit_reply(h->k, 1, 1, h->messages[5].id, "re", NULL));
        if (i % 10 == 0)
            assert_int_equal(page(h, h->messages[5].id, 1).rows[0].reply_count, i);
    }
}

static struct post_page after(struct history *h, uint64_t seq, unsigned limit)
{
    struct post_page p;
    assert_int_equal(h->s->ops->after(h->s, &h->c1, seq, limit, &h->arena, &p), ERR_OK);
    return p;
}

static void after_is_messages_and_replies_oldest_first(void **state)
{
    struct history *h = *state;
    uint64_t seq = 0;
    size_t total = 0, replies = 0;
    bool more = true;
    while (more) {
        struct post_page p = after(h, seq, 4);
        more = p.more;
        assert_int_equal(p.n, more ? 4 : (N + h->n_replies) % 4);
        for (size_t i = 0; i < p.n; i++) {
            const struct event *e = &p.rows[i].event;
            assert_true(uuid_eq(&e->channel, &h->c1));
            assert_int_equal(e->prev_seq, seq); /* the chain: nothing is missing between */
            assert_true(e->kind == EVENT_MESSAGE || e->parent == h->messages[3].id);
            replies += e->kind == EVENT_REPLY;
            seq = e->seq;
        }
        total += p.n;
    }
    assert_int_equal(total, N + h->n_replies);
    assert_int_equal(replies, h->n_replies);
}

static void after_ends_where_nothing_follows(void **state)
{
    struct history *h = *state;
    struct post_page p = after(h, h->messages[N - 1].seq - 1, 1);
    assert_int_equal(p.n, 1);
    assert_true(p.more); /* the reply to m3 after m24 */
    p = after(h, h->messages[N - 1].seq, 1);
    assert_int_equal(p.n, 1);
    assert_false(p.more);
    assert_int_equal(after(h, h->replies[h->n_replies - 1].seq, 10).n, 0);
    assert_int_equal(after(h, UINT64_MAX, 10).n, 0);
}

static void missed_is_counted_to_a_limit(void **state)
{
    struct history *h = *state;
    unsigned count;
    uint64_t head, last = h->replies[h->n_replies - 1].seq;
    assert_int_equal(h->s->ops->missed(h->s, &h->c1, 0, 1000, &count, &head), ERR_OK);
    assert_int_equal(count, N + h->n_replies);
    assert_int_equal(head, last);
    assert_int_equal(h->s->ops->missed(h->s, &h->c1, 0, 10, &count, &head), ERR_OK);
    assert_int_equal(count, 10);
    assert_int_equal(h->s->ops->missed(h->s, &h->c1, h->messages[N - 2].seq, 10, &count, &head),
                     ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(h->s->ops->missed(h->s, &h->c1, last + 5, 10, &count, &head), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(head, last);
}

static void channel_of_knows_messages_only(void **state)
{
    struct history *h = *state;
    struct uuid c = UUID_NIL;
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(h->s->ops->channel_of(h->s, h->messages[i].id, &c), ERR_OK);
        assert_true(uuid_eq(&c, &h->c1));
    }
    const uint64_t none[] = {0,      1,          h->replies[0].id,     h->messages[0].id - 1,
                             ID_MAX, UINT64_MAX, h->messages[9].id - 1};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(h->s->ops->channel_of(h->s, none[i], &c), ERR_MESSAGE_NOT_FOUND);
}

static void history_survives_a_restart(void **state)
{
    struct history *h = *state;
    kit_reopen(h->k);
    h->s = h->k->driver->messages;
    struct post_page p = page(h, 0, 25);
    assert_messages(h, &p, 24, 25);
    assert_int_equal(p.rows[21].reply_count, h->n_replies);
}

int contract_message_store(void)
{
#define MESSAGE_TEST(f) cmocka_unit_test_setup_teardown(f, history_setup, history_teardown)
    const struct CMUnitTest tests[] = {
        MESSAGE_TEST(messages_are_newest_first),
        MESSAGE_TEST(page_may_begin_at_any_id),
        MESSAGE_TEST(row_has_all_of_the_message),
        MESSAGE_TEST(unknown_and_empty_have_empty_pages),
        MESSAGE_TEST(replies_are_newest_first),
        MESSAGE_TEST(reply_count_grows),
        MESSAGE_TEST(after_is_messages_and_replies_oldest_first),
        MESSAGE_TEST(after_ends_where_nothing_follows),
        MESSAGE_TEST(missed_is_counted_to_a_limit),
        MESSAGE_TEST(channel_of_knows_messages_only),
        MESSAGE_TEST(history_survives_a_restart),
    };
    return KIT_RUN("message_store", tests, 1, 0);
}

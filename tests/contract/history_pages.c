/* The posts of the kit, and what the reading side makes of them. */
#include <stdio.h>

#include "base/mem.h"
#include "domain/id.h"
#include "history_kit.h"

#define START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define STEP_MS  (INT64_C(6) * 24 * 3600 * 1000)

const struct history_driver *history_kit_driver;

static struct uuid made_up(unsigned kind, unsigned n)
{
    return (struct uuid){{(uint8_t)kind, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, (uint8_t)(n >> 24),
                          (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

struct uuid history_kit_user(unsigned n)
{
    return made_up(0xaa, n);
}

struct uuid history_kit_channel(unsigned n)
{
    return made_up(0xcc, n);
}

/* The i-th post: channels in turn, every other one in a channel by another user; a channel's
 * second and third of three are replies to the first of them. */
static void post_make(struct history_kit *k, size_t i, uint64_t *last_id)
{
    struct event *e = &k->posts[i];
    size_t of_channel = i / HISTORY_CHANNELS;
    snprintf(k->texts[i], sizeof k->texts[i], "text %zu", i);
    snprintf(k->client_ids[i], sizeof k->client_ids[i], "c-%zu", i);
    *last_id = id_next(*last_id, START_MS + (int64_t)i * STEP_MS, 5);
    *e = (struct event){
        .kind = of_channel % 3 == 0 ? EVENT_MESSAGE : EVENT_REPLY,
        .seq = (UINT64_C(1) << 41) + 10 + i,
        .prev_seq = of_channel == 0 ? 0 : k->posts[i - HISTORY_CHANNELS].seq,
        .id = *last_id,
        .at_us = id_time_ms(*last_id) * 1000,
        .channel = history_kit_channel((unsigned)(i % HISTORY_CHANNELS)),
        .user = history_kit_user((unsigned)(1 + of_channel % 2)),
        .username = of_channel % 2 == 0 ? STR("first") : STR("second"),
        .content = str_of(k->texts[i]),
        .client_msg_id = str_of(k->client_ids[i]),
    };
    if (e->kind == EVENT_REPLY)
        e->parent = k->posts[i - of_channel % 3 * HISTORY_CHANNELS].id;
}

int history_kit_open(void **state)
{
    struct history_kit *k = MEM_NEW(struct history_kit);
    uint64_t last_id = 0;
    arena_init(&k->arena);
    for (size_t i = 0; i < HISTORY_POSTS; i++)
        post_make(k, i, &last_id);
    k->store = history_kit_driver->open();
    *state = k;
    return 0;
}

int history_kit_close(void **state)
{
    struct history_kit *k = *state;
    history_kit_driver->close(k->store);
    arena_fini(&k->arena);
    mem_free(k);
    return 0;
}

void history_kit_write(struct history_kit *k, size_t from, size_t to)
{
    assert_int_equal(k->store->ops->write(k->store, &k->posts[from], to - from), ERR_OK);
}

void history_kit_assert_channel(struct history_kit *k, unsigned c, size_t n)
{
    struct message_store *m = k->store->messages;
    struct uuid channel = history_kit_channel(c);
    struct post_page page = {.more = true};
    uint64_t seq = 0;
    size_t i = c;
    while (page.more) {
        assert_int_equal(m->ops->after(m, &channel, seq, 7, &k->arena, &page), ERR_OK);
        for (size_t row = 0; row < page.n; row++, i += HISTORY_CHANNELS) {
            assert_true(i < n);
            assert_int_equal(page.rows[row].event.seq, k->posts[i].seq);
            assert_int_equal(page.rows[row].event.id, k->posts[i].id);
            seq = k->posts[i].seq;
        }
    }
    assert_true(i >= n);
}

/* Reads all messages (`parent` 0) of channel 1 or replies back, `limit` a page, and compares them
 * with the kit's. */
static void assert_read_back(struct history_kit *k, uint64_t parent, unsigned limit)
{
    struct message_store *m = k->store->messages;
    struct uuid channel = history_kit_channel(1);
    struct post_page page = {.next_id = 0};
    size_t row = 0;
    for (size_t i = HISTORY_POSTS; i-- > 0;) {
        const struct event *e = &k->posts[i];
        if (parent == 0 ? e->kind != EVENT_MESSAGE || !uuid_eq(&e->channel, &channel)
                        : e->parent != parent)
            continue;
        if (row == page.n) {
            enum err got =
                parent == 0 ? m->ops->messages(m, &channel, page.next_id, limit, &k->arena, &page)
                            : m->ops->replies(m, parent, page.next_id, limit, &k->arena, &page);
            assert_int_equal(got, ERR_OK);
            row = 0;
        }
        assert_true(row < page.n);
        assert_int_equal(page.rows[row].event.id, e->id);
        assert_int_equal(page.rows[row].event.seq, e->seq);
        /* the last one has the two posts that the kit ends with */
        assert_int_equal(page.rows[row].reply_count, parent != 0 ? 0
                                                     : i + 2 * HISTORY_CHANNELS < HISTORY_POSTS
                                                         ? 2
                                                         : 1);
        row++;
    }
    assert_int_equal(row, page.n);
    assert_int_equal(page.next_id, 0);
}

void history_test_messages_are_newest_first(void **state)
{
    struct history_kit *k = *state;
    history_kit_write(k, 0, HISTORY_POSTS);
    for (unsigned limit = 1; limit <= 10; limit++)
        assert_read_back(k, 0, limit);
}

void history_test_replies_are_newest_first(void **state)
{
    struct history_kit *k = *state;
    history_kit_write(k, 0, HISTORY_POSTS);
    assert_int_equal(k->posts[1].kind, EVENT_MESSAGE);
    for (unsigned limit = 1; limit <= 3; limit++)
        assert_read_back(k, k->posts[1].id, limit);
}

void history_test_missed_is_counted_to_a_limit(void **state)
{
    struct history_kit *k = *state;
    struct message_store *m = k->store->messages;
    struct uuid channel = history_kit_channel(0);
    unsigned count = 0;
    uint64_t head = 0, last = k->posts[HISTORY_POSTS - HISTORY_CHANNELS].seq;
    history_kit_write(k, 0, HISTORY_POSTS);
    for (size_t i = 0; i < HISTORY_POSTS; i += HISTORY_CHANNELS) {
        unsigned after = (unsigned)((HISTORY_POSTS - i) / HISTORY_CHANNELS) - 1;
        assert_int_equal(m->ops->missed(m, &channel, k->posts[i].seq, 100, &count, &head), ERR_OK);
        assert_int_equal(count, after);
        assert_int_equal(head, last);
        assert_int_equal(m->ops->missed(m, &channel, k->posts[i].seq, 4, &count, &head), ERR_OK);
        assert_int_equal(count, after < 4 ? after : 4);
    }
    assert_int_equal(m->ops->missed(m, &channel, last + 9, 4, &count, &head), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(head, last);
}

void history_test_channel_of_knows_messages_only(void **state)
{
    struct history_kit *k = *state;
    struct message_store *m = k->store->messages;
    history_kit_write(k, 0, HISTORY_POSTS);
    for (size_t i = 0; i < HISTORY_POSTS; i++) {
        struct uuid c = UUID_NIL;
        enum err e = m->ops->channel_of(m, k->posts[i].id, &c);
        assert_int_equal(e, k->posts[i].kind == EVENT_MESSAGE ? ERR_OK : ERR_MESSAGE_NOT_FOUND);
        assert_true(e != ERR_OK || uuid_eq(&c, &k->posts[i].channel));
        assert_int_equal(m->ops->channel_of(m, k->posts[i].id + 1, &c), ERR_MESSAGE_NOT_FOUND);
    }
    struct uuid c;
    assert_int_equal(m->ops->channel_of(m, 0, &c), ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(m->ops->channel_of(m, ID_MAX, &c), ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(m->ops->channel_of(m, UINT64_MAX, &c), ERR_MESSAGE_NOT_FOUND);
}

void history_test_unknown_has_empty_pages(void **state)
{
    struct history_kit *k = *state;
    struct message_store *m = k->store->messages;
    struct uuid channel = history_kit_channel(9);
    struct post_page page;
    unsigned count = 9;
    uint64_t head = 9;
    history_kit_write(k, 0, HISTORY_POSTS);
    assert_int_equal(m->ops->messages(m, &channel, 0, 10, &k->arena, &page), ERR_OK);
    assert_int_equal(page.n + page.next_id, 0);
    assert_int_equal(m->ops->after(m, &channel, 0, 10, &k->arena, &page), ERR_OK);
    assert_int_equal(page.n, 0);
    assert_false(page.more);
    assert_int_equal(m->ops->replies(m, ID_MAX, 0, 10, &k->arena, &page), ERR_OK);
    assert_int_equal(page.n + page.next_id, 0);
    assert_int_equal(m->ops->missed(m, &channel, 0, 10, &count, &head), ERR_OK);
    assert_int_equal(count + head, 0);
}

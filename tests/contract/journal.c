/* What port/journal.h promises. */
#include <stdio.h>
#include <string.h>

#include "domain/id.h"
#include "domain/limits.h"
#include "kit.h"
#include "suites.h"

/* Users 1 and 2, channels 1 and 2; user 1 is in both. */
static struct kit *kit_ready(void **state)
{
    struct kit *k = *state;
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    kit_add_channel(k, 2, 1);
    return k;
}

static struct sent *queued(struct sent *s)
{
    assert_int_equal(kit_queue(s), ERR_OK);
    return s;
}

static struct append sent(struct sent *s)
{
    return *kit_send(s);
}

static void assert_text(struct str got, const char *wanted)
{
    assert_int_equal(got.n, strlen(wanted));
    assert_memory_equal(got.p, wanted, got.n);
}

static void first_message_is_stamped_and_published(void **state)
{
    struct kit *k = kit_ready(state);
    size_t before = kit_published(k);
    struct sent *s = kit_message(k, 1, 1, "hello", "c-1");
    s->a.origin = (struct origin){3, 77, STR("\"ref\"")};
    struct append a = sent(s);
    assert_int_equal(a.err, ERR_OK);
    assert_false(a.duplicate);
    assert_true(a.seq > 0);
    assert_int_equal(a.prev_seq, 0);
    assert_int_equal(id_time_ms(a.id), KIT_START_US / 1000);
    assert_int_equal(kit_published(k), before + 1);
    struct event e = kit_event(k, before);
    assert_int_equal(e.kind, EVENT_MESSAGE);
    assert_int_equal(e.seq, a.seq);
    assert_int_equal(e.prev_seq, 0);
    assert_int_equal(e.id, a.id);
    assert_int_equal(e.parent, 0);
    assert_int_equal(e.at_us, KIT_START_US);
    struct uuid channel = kit_channel_id(1), user = kit_user_id(1);
    assert_true(uuid_eq(&e.channel, &channel));
    assert_true(uuid_eq(&e.user, &user));
    assert_text(e.username, "user-1");
    assert_text(e.content, "hello");
    assert_text(e.client_msg_id, "c-1");
    assert_int_equal(e.origin.shard, 3);
    assert_int_equal(e.origin.session, 77);
    assert_text(e.origin.ref, "\"ref\"");
}

static void reply_names_its_message(void **state)
{
    struct kit *k = kit_ready(state);
    struct append m = sent(kit_message(k, 1, 1, "question", NULL));
    struct append r = sent(kit_reply(k, 2, 1, m.id, "answer", NULL));
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.prev_seq, m.seq);
    assert_true(r.id > m.id);
    struct event e = kit_event(k, kit_published(k) - 1);
    assert_int_equal(e.kind, EVENT_REPLY);
    assert_int_equal(e.parent, m.id);
    assert_int_equal(e.id, r.id);
}

/* Joins and leaves have positions, but are no links of the chain. */
static void posts_of_a_channel_are_a_chain(void **state)
{
    struct kit *k = kit_ready(state);
    struct append a = sent(kit_message(k, 1, 1, "a", NULL));
    struct append other = sent(kit_message(k, 1, 2, "other", NULL));
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    struct append b = sent(kit_reply(k, 2, 1, a.id, "b", NULL));
    assert_int_equal(kit_leave(k, 2, 1), ERR_OK);
    struct append c = sent(kit_message(k, 1, 1, "c", NULL));
    assert_int_equal(other.prev_seq, 0);
    assert_int_equal(b.prev_seq, a.seq);
    assert_int_equal(c.prev_seq, b.seq);
    assert_true(a.seq < b.seq && b.seq < c.seq);
    if (kit_partition(k, 1) == kit_partition(k, 2))
        assert_true(a.seq < other.seq && other.seq < b.seq);
    struct event joined = kit_event(k, kit_published(k) - 4);
    assert_int_equal(joined.kind, EVENT_JOINED);
    assert_int_equal(joined.prev_seq, a.seq);
}

enum { BATCH = 200 };

static void batch_is_published_in_order_before_done(void **state)
{
    struct kit *k = kit_ready(state);
    struct sent *all[BATCH];
    kit_hold(k);
    size_t before = kit_published(k);
    for (int i = 0; i < BATCH; i++)
        all[i] = queued(kit_message(k, 1, 1 + (unsigned)i % 2, "text", NULL));
    size_t batches = k->sink.prepared;
    kit_release(k);
    uint64_t seq[2] = {0}, id[2] = {0}; /* of each channel */
    size_t order = 0;
    for (int i = 0; i < BATCH; i++) {
        kit_wait(all[i]);
        assert_true(all[i]->published_first);
        assert_true(all[i]->done_order > order);
        order = all[i]->done_order;
        struct append a = *kit_finish(all[i]);
        assert_int_equal(a.err, ERR_OK);
        assert_true(a.seq > seq[i % 2] && a.id > id[i % 2]);
        seq[i % 2] = a.seq;
        id[i % 2] = a.id;
        assert_int_equal(kit_event(k, before + (size_t)i).seq, a.seq);
    }
    assert_int_equal(kit_published(k), before + BATCH);
    if (!kit_driver->follows) /* there the log says in how many pieces it comes back */
        assert_int_equal(k->sink.prepared, batches + 1);
}

static void assert_same_stamps(const struct append *a, const struct append *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->prev_seq, b->prev_seq);
    assert_int_equal(a->id, b->id);
}

static void retry_gets_the_first_answer(void **state)
{
    struct kit *k = kit_ready(state);
    sent(kit_message(k, 1, 1, "before", NULL));
    struct append m = sent(kit_message(k, 1, 1, "text", "same"));
    struct append r = sent(kit_reply(k, 1, 1, m.id, "re", "reply"));
    size_t published = kit_published(k);
    clock_manual_advance(&k->clock, 5000000);
    struct append m2 = sent(kit_message(k, 1, 1, "text", "same"));
    struct append r2 = sent(kit_reply(k, 1, 1, m.id, "re", "reply"));
    assert_int_equal(m2.err, ERR_OK);
    assert_int_equal(r2.err, ERR_OK);
    assert_true(m2.duplicate && r2.duplicate);
    assert_same_stamps(&m2, &m);
    assert_same_stamps(&r2, &r);
    assert_int_equal(kit_published(k), published);
}

static void retry_within_one_batch(void **state)
{
    struct kit *k = kit_ready(state);
    kit_hold(k);
    size_t before = kit_published(k);
    struct sent *a = queued(kit_message(k, 1, 1, "text", "same"));
    struct sent *b = queued(kit_message(k, 1, 1, "text", "same"));
    struct sent *c = queued(kit_message(k, 1, 1, "other", "same"));
    kit_release(k);
    kit_wait(b);
    assert_true(b->published_first);
    struct append first = *kit_finish(a), second = *kit_finish(b), third = *kit_finish(c);
    assert_int_equal(first.err, ERR_OK);
    assert_false(first.duplicate);
    assert_int_equal(second.err, ERR_OK);
    assert_true(second.duplicate);
    assert_same_stamps(&first, &second);
    assert_int_equal(third.err, ERR_CLIENT_ID_CONFLICT);
    assert_int_equal(kit_published(k), before + 1);
}

static void other_content_under_the_same_id_is_a_conflict(void **state)
{
    struct kit *k = kit_ready(state);
    struct append m = sent(kit_message(k, 1, 1, "text", "same"));
    struct append m2 = sent(kit_message(k, 1, 1, "two", NULL));
    struct append r = sent(kit_reply(k, 1, 1, m.id, "re", "reply"));
    assert_int_equal(r.err, ERR_OK);
    size_t published = kit_published(k);
    assert_int_equal(sent(kit_message(k, 1, 1, "text!", "same")).err, ERR_CLIENT_ID_CONFLICT);
    assert_int_equal(sent(kit_reply(k, 1, 1, m.id, "text", "same")).err, ERR_CLIENT_ID_CONFLICT);
    assert_int_equal(sent(kit_reply(k, 1, 1, m2.id, "re", "reply")).err, ERR_CLIENT_ID_CONFLICT);
    assert_int_equal(kit_published(k), published);
    /* and the first still answers */
    assert_true(sent(kit_message(k, 1, 1, "text", "same")).duplicate);
}

static void scope_of_a_client_id_is_one_user_in_one_channel(void **state)
{
    struct kit *k = kit_ready(state);
    struct append a = sent(kit_message(k, 1, 1, "one", "same"));
    struct append b = sent(kit_message(k, 2, 1, "two", "same"));
    struct append c = sent(kit_message(k, 1, 2, "three", "same"));
    struct append d = sent(kit_message(k, 1, 1, "four", "Same"));
    assert_int_equal(a.err | b.err | c.err | d.err, ERR_OK);
    assert_false(a.duplicate || b.duplicate || c.duplicate || d.duplicate);
}

static void reply_needs_a_message_of_its_channel(void **state)
{
    struct kit *k = kit_ready(state);
    struct append m = sent(kit_message(k, 1, 1, "m", NULL));
    struct append r = sent(kit_reply(k, 1, 1, m.id, "r", NULL));
    size_t published = kit_published(k);
    assert_int_equal(sent(kit_reply(k, 1, 2, m.id, "x", NULL)).err, ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(sent(kit_reply(k, 1, 1, r.id, "x", NULL)).err, ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(sent(kit_reply(k, 1, 1, 0, "x", NULL)).err, ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(sent(kit_reply(k, 1, 1, m.id - 1, "x", NULL)).err, ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(sent(kit_reply(k, 1, 1, m.id + 1, "x", NULL)).err, ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(sent(kit_reply(k, 1, 1, ID_MAX, "x", NULL)).err, ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(sent(kit_reply(k, 1, 1, UINT64_MAX, "x", NULL)).err, ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(kit_published(k), published);
}

static void unknown_channel_or_user_is_refused(void **state)
{
    struct kit *k = kit_ready(state);
    size_t published = kit_published(k);
    if (kit_driver->follows)
        return; /* who asked for the membership has asked that */
    assert_int_equal(sent(kit_message(k, 1, 9, "x", NULL)).err, ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(sent(kit_message(k, 9, 1, "x", NULL)).err, ERR_USER_NOT_FOUND);
    assert_int_equal(kit_published(k), published);
}

/* NUL and all other code points, and as many bytes as there may be. */
static void text_survives(void **state)
{
    struct kit *k = kit_ready(state);
    static char text[8192];
    memset(text, 'x', sizeof text);
    memcpy(text, "a\0b\"\\\n\xF0\x9F\x98\x80", 10);
    struct sent *s = kit_message(k, 1, 1, "", NULL);
    struct str empty = s->a.content;
    s->a.content = (struct str){text, sizeof text};
    assert_int_equal(kit_queue(s), ERR_OK);
    kit_wait(s);
    s->a.content = empty;
    struct append a = *kit_finish(s);
    assert_int_equal(a.err, ERR_OK);
    struct event e = kit_event(k, kit_published(k) - 1);
    assert_int_equal(e.content.n, sizeof text);
    assert_memory_equal(e.content.p, text, sizeof text);
    struct arena arena;
    struct post_page page;
    struct uuid channel = kit_channel_id(1);
    arena_init(&arena);
    struct message_store *messages = k->driver->messages;
    assert_int_equal(messages->ops->messages(messages, &channel, 0, 10, &arena, &page), ERR_OK);
    assert_int_equal(page.n, 1);
    assert_int_equal(page.rows[0].event.content.n, sizeof text);
    assert_memory_equal(page.rows[0].event.content.p, text, sizeof text);
    arena_fini(&arena);
}

static size_t history_size(struct kit *k, unsigned channel)
{
    unsigned count;
    uint64_t head;
    struct uuid id = kit_channel_id(channel);
    struct message_store *messages = k->driver->messages;
    assert_int_equal(messages->ops->missed(messages, &id, 0, 1000000, &count, &head), ERR_OK);
    return count;
}

static void batch_that_is_not_durable_is_never_seen(void **state)
{
    struct kit *k = kit_ready(state);
    struct append first = sent(kit_message(k, 1, 1, "first", "c-1"));
    size_t published = kit_published(k);
    uint64_t position = kit_position(k, 1);
    kit_driver->refuse(k->driver, true);
    struct append a = sent(kit_message(k, 1, 1, "a", "c-2"));
    struct append b = sent(kit_message(k, 1, 1, "b", NULL));
    assert_int_equal(a.err, ERR_UNAVAILABLE);
    assert_int_equal(b.err, ERR_UNAVAILABLE);
    assert_int_equal(a.seq | a.prev_seq | a.id, 0);
    assert_int_equal(kit_join(k, 2, 1), ERR_UNAVAILABLE);
    /* reads go on, and see nothing of it */
    assert_int_equal(history_size(k, 1), 1);
    assert_int_equal(kit_published(k), published);
    assert_int_equal(kit_position(k, 1), position);

    kit_driver->refuse(k->driver, false);
    struct append again = sent(kit_message(k, 1, 1, "a", "c-2"));
    assert_int_equal(again.err, ERR_OK);
    assert_false(again.duplicate);
    assert_int_equal(again.prev_seq, first.seq);
    assert_true(again.id > first.id);
    struct append r = sent(kit_reply(k, 1, 1, again.id, "r", NULL));
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.prev_seq, again.seq);
    assert_true(sent(kit_message(k, 1, 1, "first", "c-1")).duplicate);
    assert_int_equal(history_size(k, 1), 3);
    assert_int_equal(kit_published(k), published + 2);
}

static void batch_that_fails_fails_whole(void **state)
{
    struct kit *k = kit_ready(state);
    struct append first = sent(kit_message(k, 1, 1, "first", "c-1"));
    kit_hold(k);
    kit_driver->refuse(k->driver, true);
    struct sent *all[] = {
        queued(kit_message(k, 1, 1, "a", "c-2")),     queued(kit_message(k, 1, 1, "first", "c-1")),
        queued(kit_message(k, 1, 1, "other", "c-1")), queued(kit_message(k, 1, 2, "b", NULL)),
        queued(kit_message(k, 1, 1, "a", "c-2")),
    };
    size_t discarded = k->sink.discarded;
    kit_release(k);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct append a = *kit_finish(all[i]);
        assert_int_equal(a.err, ERR_UNAVAILABLE);
        assert_false(a.duplicate);
    }
    assert_true(k->sink.discarded > discarded || kit_driver->follows);
    kit_driver->refuse(k->driver, false);
    assert_true(sent(kit_message(k, 1, 1, "first", "c-1")).duplicate);
    assert_int_equal(sent(kit_message(k, 1, 2, "b", NULL)).prev_seq, 0);
    struct append a = sent(kit_message(k, 1, 1, "a", "c-2"));
    assert_false(a.duplicate);
    assert_true(a.prev_seq > first.seq); /* what kept the journal busy */
}

static void queue_is_bounded(void **state)
{
    struct kit *k = *state;
    kit_driver->close(k->driver);
    k->setup.appends_max = 10;
    k->driver = kit_driver->open(&k->setup);
    kit_ready(state);
    kit_hold(k);
    struct sent *all[10];
    for (int i = 0; i < 10; i++)
        all[i] = queued(kit_message(k, 1, 1, "x", NULL));
    struct sent *refused = kit_message(k, 1, 1, "too many", NULL);
    assert_int_equal(kit_queue(refused), ERR_UNAVAILABLE);
    kit_release(k);
    for (int i = 0; i < 10; i++)
        assert_int_equal(kit_finish(all[i])->err, ERR_OK);
    assert_false(refused->done);
    assert_int_equal(sent(refused).err, ERR_OK);
}

static void stop_answers_what_is_queued_and_refuses_more(void **state)
{
    struct kit *k = kit_ready(state);
    struct sent *a = queued(kit_message(k, 1, 1, "a", NULL));
    kit_driver->stop(k->driver);
    assert_int_equal(kit_finish(a)->err, ERR_OK);
    struct sent *b = kit_message(k, 1, 1, "b", NULL);
    assert_int_equal(kit_queue(b), ERR_UNAVAILABLE);
    assert_false(b->done);
    b->done = true;
    kit_finish(b);
    assert_int_equal(kit_join(k, 2, 1), ERR_UNAVAILABLE);
    assert_int_equal(history_size(k, 1), 1);
}

/* ---- Many threads ---- */

enum { THREADS = 4, EACH = 300 };

struct sender {
    pthread_t thread;
    struct kit *k;
    unsigned user;
    unsigned first; /* it sends ids first .. first + EACH - 1 */
    unsigned duplicates, failed;
};

static void *send_many(void *arg)
{
    struct sender *s = arg;
    for (unsigned i = 0; i < EACH; i++) {
        char id[32];
        snprintf(id, sizeof id, "id-%u", s->first + i);
        struct sent *m = kit_message(s->k, s->user, 1, id, id);
        if (kit_queue(m) != ERR_OK)
            s->failed++;
        const struct append *a = kit_finish(m);
        s->failed += a->err != ERR_OK;
        s->duplicates += a->duplicate;
    }
    return NULL;
}

/* Two devices of each of two users send the same: each text is stored once. */
static void concurrent_retries_make_one_message_each(void **state)
{
    struct kit *k = kit_ready(state);
    size_t before = kit_published(k);
    struct sender all[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        all[i] = (struct sender){.k = k, .user = 1 + i / 2, .first = i % 2 * (EACH / 2)};
        assert_int_equal(pthread_create(&all[i].thread, NULL, send_many, &all[i]), 0);
    }
    unsigned duplicates = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(all[i].thread, NULL);
        assert_int_equal(all[i].failed, 0);
        duplicates += all[i].duplicates;
    }
    assert_int_equal(duplicates, EACH); /* half of what each pair sent overlaps */
    assert_int_equal(kit_published(k), before + THREADS * EACH - EACH);
    uint64_t prev = 0;
    for (size_t i = before; i < kit_published(k); i++) {
        assert_int_equal(kit_event(k, i).prev_seq, prev);
        prev = kit_event(k, i).seq;
    }
}

/* ---- After a restart ---- */

static void everything_goes_on_after_a_restart(void **state)
{
    struct kit *k = kit_ready(state);
    struct append m = sent(kit_message(k, 1, 1, "m", "c-1"));
    assert_int_equal(kit_join(k, 2, 1), ERR_OK); /* the last event is no post */
    uint64_t position = kit_position(k, 1);
    clock_manual_step(&k->clock, -86400 * INT64_C(1000000));
    kit_reopen(k);
    assert_int_equal(kit_position(k, 1), position);
    struct append again = sent(kit_message(k, 1, 1, "m", "c-1"));
    assert_true(again.duplicate);
    assert_same_stamps(&again, &m);
    assert_int_equal(sent(kit_message(k, 1, 1, "x", "c-1")).err, ERR_CLIENT_ID_CONFLICT);
    struct append r = sent(kit_reply(k, 2, 1, m.id, "r", NULL));
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.prev_seq, m.seq);
    /* where the retry and the conflict went through the log, they are positions too */
    assert_true(r.seq == position + 1 || (kit_driver->follows && r.seq > position));
    assert_true(r.id > m.id);
}

int contract_journal(void)
{
#define JOURNAL_TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(first_message_is_stamped_and_published),
        JOURNAL_TEST(reply_names_its_message),
        JOURNAL_TEST(posts_of_a_channel_are_a_chain),
        JOURNAL_TEST(batch_is_published_in_order_before_done),
        JOURNAL_TEST(retry_gets_the_first_answer),
        JOURNAL_TEST(retry_within_one_batch),
        JOURNAL_TEST(other_content_under_the_same_id_is_a_conflict),
        JOURNAL_TEST(scope_of_a_client_id_is_one_user_in_one_channel),
        JOURNAL_TEST(reply_needs_a_message_of_its_channel),
        JOURNAL_TEST(unknown_channel_or_user_is_refused),
        JOURNAL_TEST(journal_ids_survive_a_clock_that_goes_back),
        JOURNAL_TEST(journal_more_than_a_millisecond_holds_borrows_from_the_next),
        JOURNAL_TEST(text_survives),
        JOURNAL_TEST(batch_that_is_not_durable_is_never_seen),
        JOURNAL_TEST(batch_that_fails_fails_whole),
        JOURNAL_TEST(queue_is_bounded),
        JOURNAL_TEST(stop_answers_what_is_queued_and_refuses_more),
        JOURNAL_TEST(journal_position_is_the_last_published),
        JOURNAL_TEST(journal_channel_stays_in_its_partition),
        JOURNAL_TEST(concurrent_retries_make_one_message_each),
        JOURNAL_TEST(everything_goes_on_after_a_restart),
    };
    return KIT_RUN("journal", tests, 1, 1);
}

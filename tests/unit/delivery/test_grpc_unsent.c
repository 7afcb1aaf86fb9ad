/* What a subscription has still to write: order, the size of messages, replays apart, positions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/grpc/edge.h"
#include "delivery/grpc/unsent.h"
#include "delivery/ws/edge.h"
#include "domain/id.h"
#include "fanout/run_builder.h"

static struct run_encoder encoder;

static int setup(void **state)
{
    (void)state;
    encoder = ws_run_encoder;
    encoder.rpc = grpc_event_encode;
    return 0;
}

/* A run of `n` posts of `bytes` each, in channel `c`, at positions from `seq` on. */
static struct run *run_of(uint8_t c, uint64_t seq, unsigned n, size_t bytes)
{
    static char text[32768];
    struct run_builder b;
    memset(text, 'x', sizeof text);
    assert_true(bytes <= sizeof text);
    run_builder_init(&b, &encoder);
    for (unsigned i = 0; i < n; i++)
        run_builder_add(&b,
                        &(struct event){.kind = EVENT_MESSAGE,
                                        .seq = seq + i,
                                        .id = id_next(0, INT64_C(1700000000123), 0),
                                        .channel = {{c}},
                                        .username = STR("ada"),
                                        .content = {text, bytes}},
                        RUN_PUSH);
    struct run *r = run_builder_finish(&b);
    run_builder_fini(&b);
    return r;
}

static size_t release_all(const struct rpc_piece *pieces, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += pieces[i].n;
        if (pieces[i].release != NULL)
            pieces[i].release(pieces[i].owner);
    }
    return bytes;
}

static void what_waits_leaves_as_one_message(void **state)
{
    (void)state;
    struct unsent u;
    struct rpc_piece pieces[UNSENT_PIECES_MAX];
    struct run *r = run_of(1, 10, 3, 100);
    unsent_init(&u);
    assert_int_equal(unsent_take(&u, pieces), 0);
    unsent_put_run(&u, r, 0, 2, false);
    unsent_put_run(&u, r, 2, 3, false);
    assert_int_equal(u.bytes, r->rpc->bytes->len);
    assert_int_equal(u.frames, 3);
    size_t n = unsent_take(&u, pieces);
    assert_int_equal(n, 2);
    assert_int_equal(unsent_take(&u, pieces + n), 0); /* one at a time */
    assert_int_equal(u.frames, 3);                    /* until it is written */
    assert_int_equal(release_all(pieces, n), r->rpc->bytes->len);
    unsent_written(&u);
    assert_int_equal(u.bytes + u.frames, 0);
    unsent_fini(&u);
    run_unref(r);
}

static void a_message_has_a_size(void **state)
{
    (void)state;
    struct unsent u;
    struct rpc_piece pieces[UNSENT_PIECES_MAX];
    struct run *r = run_of(1, 10, 6, 30000);
    unsigned taken = 0;
    unsent_init(&u);
    for (unsigned i = 0; i < r->n; i++)
        unsent_put_run(&u, r, i, i + 1, false);
    for (size_t n; (n = unsent_take(&u, pieces)) > 0; taken += (unsigned)n) {
        assert_true(release_all(pieces, n) <= UNSENT_MESSAGE_BYTES);
        unsent_written(&u);
    }
    assert_int_equal(taken, r->n);
    for (unsigned i = 0; i < 200; i++)
        unsent_put_own(&u, bytes_copy("x", 1));
    assert_int_equal(unsent_take(&u, pieces), UNSENT_PIECES_MAX - 1);
    release_all(pieces, UNSENT_PIECES_MAX - 1);
    unsent_fini(&u); /* with some under way, and some waiting */
    run_unref(r);
}

static void a_replay_is_marked_and_stands_alone(void **state)
{
    (void)state;
    struct unsent u;
    struct rpc_piece pieces[UNSENT_PIECES_MAX];
    struct run *r = run_of(1, 10, 3, 10);
    unsent_init(&u);
    unsent_put_own(&u, bytes_copy("hello", 5));
    unsent_put_run(&u, r, 0, 2, true);
    unsent_put_run(&u, r, 2, 3, false);
    assert_int_equal(unsent_take(&u, pieces), 1);
    release_all(pieces, 1);
    unsent_written(&u);
    assert_int_equal(unsent_take(&u, pieces), 2);
    assert_memory_equal(pieces[1].p, "\x10\x01", 2);
    release_all(pieces, 2);
    unsent_written(&u);
    assert_int_equal(unsent_take(&u, pieces), 1);
    release_all(pieces, 1);
    unsent_fini(&u);
    run_unref(r);
}

static void positions_are_those_before_what_waits(void **state)
{
    (void)state;
    struct unsent u;
    struct rpc_piece pieces[UNSENT_PIECES_MAX];
    struct resume_point points[3];
    struct run *one = run_of(1, 10, 3, 10), *two = run_of(2, 500, 2, 10);
    unsent_init(&u);
    assert_int_equal(unsent_positions(&u, points, 3), 0);
    unsent_put_own(&u, bytes_copy("hello", 5));
    unsent_put_run(&u, one, 1, 3, false);
    size_t n = unsent_take(&u, pieces);
    unsent_put_run(&u, two, 0, 2, false);
    unsent_put_run(&u, one, 0, 1, false);
    assert_int_equal(unsent_positions(&u, points, 3), 2);
    assert_int_equal(points[0].channel.b[0], 1);
    assert_int_equal(points[0].seq, 10); /* what is being written counts as unsent */
    assert_int_equal(points[1].seq, 499);
    assert_int_equal(unsent_positions(&u, points, 1), 1);
    release_all(pieces, n);
    unsent_fini(&u);
    run_unref(one);
    run_unref(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_leaves_as_one_message),
        cmocka_unit_test(a_message_has_a_size),
        cmocka_unit_test(a_replay_is_marked_and_stands_alone),
        cmocka_unit_test(positions_are_those_before_what_waits),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

/* Values on their way there and back, and rows that cannot be ours. */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapter/cassandra/request.h"
#include "adapter/cassandra/row.h"
#include "domain/id.h"

#define COLUMNS_MAX 16

/* What was bound, read as if it were a row. */
struct mirror {
    struct request request;
    struct bridge_cell cells[COLUMNS_MAX];
    struct row row;
};

static void mirror_turn(struct mirror *m)
{
    const uint8_t *p = (const uint8_t *)m->request.values.p, *end = p + m->request.values.n;
    size_t n = 0;
    while (p < end) {
        uint32_t be;
        memcpy(&be, p, sizeof be);
        p += sizeof be;
        int32_t length = (int32_t)be32toh(be);
        m->cells[n++] = (struct bridge_cell){p, length < 0 ? -1 : length};
        p += length < 0 ? 0 : length;
    }
    assert_ptr_equal(p, end);
    m->row = (struct row){.cells = m->cells, .n = n};
}

static void post_survives_the_way(void **state)
{
    (void)state;
    struct mirror m;
    struct arena arena;
    const struct uuid user = {{1, 2, 3}};
    const struct str text = STR("a\0b\xF0\x9F\x98\x80");
    uint64_t id = id_next(0, INT64_C(1767225600000), 5);
    arena_init(&arena);
    request_init(&m.request);
    request_item(&m.request, ST_TIMELINE_ADD);
    request_u64(&m.request, UINT64_C(1) << 41);
    request_u64(&m.request, 0);
    request_uuid(&m.request, &user);
    request_text(&m.request, STR("name"));
    request_bytes(&m.request, text);
    request_text(&m.request, STR_NONE);
    request_u64(&m.request, id);
    mirror_turn(&m);
    struct event e = row_post(&m.row, &arena);
    assert_false(m.row.bad);
    assert_int_equal(e.seq, UINT64_C(1) << 41);
    assert_int_equal(e.id, id);
    assert_int_equal(e.at_us, id_time_ms(id) * 1000);
    assert_int_equal(e.partition, 5);
    assert_true(uuid_eq(&e.user, &user));
    assert_true(str_eq(e.username, STR("name")) && str_eq(e.content, text));
    assert_int_equal(e.client_msg_id.n, 0);
    request_fini(&m.request);
    arena_fini(&arena);
}

static void large_numbers_are_the_largest(void **state)
{
    (void)state;
    struct mirror m;
    request_init(&m.request);
    request_u64(&m.request, UINT64_MAX);
    request_int(&m.request, -7);
    mirror_turn(&m);
    assert_int_equal(row_u64(&m.row, 0), INT64_MAX);
    assert_int_equal(row_int(&m.row, 1), -7);
    assert_false(m.row.bad);
    request_fini(&m.request);
}

static void null_is_nothing(void **state)
{
    (void)state;
    const struct bridge_cell null = {NULL, -1};
    struct row r = {.cells = &null, .n = 1};
    struct uuid u = row_uuid(&r, 0), nil = UUID_NIL;
    assert_true(row_is_null(&r, 0));
    assert_int_equal(row_u64(&r, 0) + (uint64_t)row_int(&r, 0) + row_str(&r, 0).n, 0);
    assert_true(uuid_eq(&u, &nil));
    assert_false(r.bad);
}

static void other_sizes_are_bad(void **state)
{
    (void)state;
    static const uint8_t bytes[17] = {0};
    for (int32_t n = 0; n <= 17; n++) {
        const struct bridge_cell cell = {bytes, n};
        struct row number = {.cells = &cell, .n = 1}, small = number, uuid = number;
        row_u64(&number, 0);
        row_int(&small, 0);
        row_uuid(&uuid, 0);
        assert_int_equal(number.bad, n != 8);
        assert_int_equal(small.bad, n != 4);
        assert_int_equal(uuid.bad, n != 16);
    }
}

static void missing_columns_and_negatives_are_bad(void **state)
{
    (void)state;
    static const uint8_t negative[8] = {0xff, 0, 0, 0, 0, 0, 0, 0};
    const struct bridge_cell cell = {negative, 8};
    struct row r = {.cells = &cell, .n = 1}, beyond = r;
    assert_int_equal(row_u64(&r, 0), 0);
    assert_true(r.bad);
    assert_int_equal(row_u64(&beyond, 1), 0);
    assert_int_equal(row_str(&beyond, 1).n, 0);
    assert_true(beyond.bad);
}

static void ids_beyond_ours_are_bad(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (uint64_t id = ID_MAX; id <= ID_MAX + 1; id++) {
        struct mirror m;
        request_init(&m.request);
        for (int i = 0; i < 6; i++)
            request_unset(&m.request);
        request_u64(&m.request, id);
        mirror_turn(&m);
        row_post(&m.row, &arena);
        assert_int_equal(m.row.bad, id > ID_MAX);
        request_fini(&m.request);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(post_survives_the_way),
        cmocka_unit_test(large_numbers_are_the_largest),
        cmocka_unit_test(null_is_nothing),
        cmocka_unit_test(other_sizes_are_bad),
        cmocka_unit_test(missing_columns_and_negatives_are_bad),
        cmocka_unit_test(ids_beyond_ours_are_bad),
    };
    return cmocka_run_group_tests_name("cassandra row", tests, NULL, NULL);
}

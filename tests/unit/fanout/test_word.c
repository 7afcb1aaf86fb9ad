/* Words on the bus: what is written reads back, and nothing else reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rand.h"
#include "fanout/word.h"

static struct uuid uuid_n(uint8_t n)
{
    return (struct uuid){{'w', [15] = n}};
}

static struct uuid list[WORD_LIST_MAX];

static const char full_name[WORD_NAME_MAX + 1] =
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
    "nnnnnn"
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
    "nnnnnn";

/* One of every kind, the largest of its kind. */
static struct word word_sample(enum word_kind kind)
{
    struct word w = {.kind = kind, .node = uuid_n(1)};
    if (kind == WORD_READ || kind == WORD_REVOKED || kind == WORD_TYPING) {
        w.user = uuid_n(2);
        w.channel = uuid_n(3);
    }
    if (kind == WORD_READ || kind == WORD_REVOKED)
        w.number = UINT64_C(0x8123456789abcdef);
    if (kind == WORD_ONLINE || kind == WORD_OFFLINE)
        w.user = uuid_n(2);
    if (kind == WORD_TYPING || kind == WORD_ONLINE || kind == WORD_OFFLINE)
        w.name = (struct str){full_name, WORD_NAME_MAX};
    if (kind == WORD_SLICE) {
        w.slice = WORD_SLICES - 1;
        w.part = WORD_PART_MAX;
        w.is_last = true;
    }
    if (kind == WORD_ONLINE || kind == WORD_OFFLINE || kind == WORD_SLICE) {
        w.list = list;
        w.n = WORD_LIST_MAX;
    }
    return w;
}

static void assert_same(const struct word *a, const struct word *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(uuid_eq(&a->node, &b->node));
    assert_true(uuid_eq(&a->user, &b->user));
    assert_true(uuid_eq(&a->channel, &b->channel));
    assert_true(a->number == b->number);
    assert_int_equal(a->slice, b->slice);
    assert_int_equal(a->part, b->part);
    assert_int_equal(a->is_last, b->is_last);
    assert_true(str_eq(a->name, b->name));
    assert_int_equal(a->n, b->n);
    assert_true(a->n == 0 || memcmp(a->list, b->list, a->n * sizeof *a->list) == 0);
}

static void test_every_kind_reads_back(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < WORD_LIST_MAX; i++)
        list[i] = uuid_n(i);
    for (enum word_kind kind = WORD_READ; kind <= WORD_BYE; kind++) {
        char note[BUS_NOTE_MAX];
        const struct word w = word_sample(kind);
        struct word back;
        const size_t n = word_encode(&w, note);
        assert_true(n <= BUS_NOTE_MAX);
        assert_true(word_decode((struct str){note, n}, &back));
        assert_same(&back, &w);
    }
}

static void test_empty_fields_read_back(void **state)
{
    (void)state;
    char note[BUS_NOTE_MAX];
    const struct word w = {.kind = WORD_OFFLINE, .node = uuid_n(1), .user = uuid_n(2)};
    struct word back;
    assert_true(word_decode((struct str){note, word_encode(&w, note)}, &back));
    assert_same(&back, &w);
}

/* In memory of just its length, so that a read past the end is seen. */
static bool reads(const char *note, size_t n)
{
    struct word w;
    char *copy = mem_alloc(n);
    memcpy(copy, note, n);
    const bool ok = word_decode((struct str){copy, n}, &w);
    mem_free(copy);
    return ok;
}

static void test_short_and_long_notes_are_refused(void **state)
{
    (void)state;
    for (enum word_kind kind = WORD_READ; kind <= WORD_BYE; kind++) {
        char note[BUS_NOTE_MAX + 1] = {0};
        const struct word w = word_sample(kind);
        const size_t n = word_encode(&w, note);
        const bool has_list = w.n > 0;
        for (size_t cut = 0; cut < n; cut++) {
            const bool is_shorter_list = has_list && cut >= n - w.n * 16 && (n - cut) % 16 == 0;
            assert_int_equal(reads(note, cut), is_shorter_list);
        }
        assert_false(reads(note, n + 1));
    }
}

static void refuse_with(const struct word *w, size_t at, char byte)
{
    char note[BUS_NOTE_MAX];
    const size_t n = word_encode(w, note);
    assert_true(reads(note, n));
    note[at] = byte;
    assert_false(reads(note, n));
}

static void test_what_is_out_of_range_is_refused(void **state)
{
    (void)state;
    const struct word typing = word_sample(WORD_TYPING), slice = word_sample(WORD_SLICE);
    refuse_with(&typing, 0, 2); /* version */
    refuse_with(&typing, 1, 0); /* kind */
    refuse_with(&typing, 1, WORD_BYE + 1);
    refuse_with(&typing, 1, (char)0xff);
    refuse_with(&typing, 50, (char)(WORD_NAME_MAX + 1)); /* length of the name */
    refuse_with(&typing, 51, (char)0xff);                /* not UTF-8 */
    refuse_with(&slice, 18, WORD_SLICES);
}

static void test_a_list_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    char note[BUS_NOTE_MAX + 16] = {0};
    const struct word w = word_sample(WORD_SLICE);
    const size_t n = word_encode(&w, note);
    assert_true(reads(note, n));
    assert_false(reads(note, n + 16));
}

static void test_noise_never_harms(void **state)
{
    (void)state;
    struct rand_seeded rand;
    rand_seed(&rand, 7);
    for (unsigned i = 0; i < 100000; i++) {
        char note[300];
        const size_t n = rand_next_below(&rand, sizeof note);
        for (size_t j = 0; j < n; j++)
            note[j] = (char)rand_next_below(&rand, 256);
        if (n > 2 && rand_next_below(&rand, 2)) {
            note[0] = 1;
            note[1] = (char)(1 + rand_next_below(&rand, 8));
        }
        reads(note, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_reads_back),
        cmocka_unit_test(test_empty_fields_read_back),
        cmocka_unit_test(test_short_and_long_notes_are_refused),
        cmocka_unit_test(test_what_is_out_of_range_is_refused),
        cmocka_unit_test(test_a_list_beyond_the_limit_is_refused),
        cmocka_unit_test(test_noise_never_harms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

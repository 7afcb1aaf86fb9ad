#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/rand.h"
#include "wire/cursor.h"

#define ID_LAST ((UINT64_C(1) << 53) - 1)

/* From memory of just that size, so that a read past the end is seen. */
static bool decodes(const char *key, const char *cursor, size_t n, uint64_t *id)
{
    char *copy = mem_alloc(n);
    memcpy(copy, cursor, n);
    bool taken = cursor_decode(key, (struct str){copy, n}, id);
    mem_free(copy);
    return taken;
}

static bool taken(const char *cursor)
{
    uint64_t id = 77;
    bool yes = decodes("message_id", cursor, strlen(cursor), &id);
    if (!yes)
        assert_int_equal(id, 77);
    return yes;
}

/* As chat-app gave them out. */
static void the_known_form(void **state)
{
    (void)state;
    char out[CURSOR_TEXT_SIZE];
    uint64_t id;
    cursor_encode("message_id", 1, out);
    assert_string_equal(out, "eydtZXNzYWdlX2lkJzogMX0=");
    cursor_encode("message_id", 12, out);
    assert_string_equal(out, "eydtZXNzYWdlX2lkJzogMTJ9");
    cursor_encode("reply_id", 1234567890123456, out);
    assert_string_equal(out, "eydyZXBseV9pZCc6IDEyMzQ1Njc4OTAxMjM0NTZ9");
    assert_true(decodes("reply_id", out, strlen(out), &id));
    assert_int_equal(id, 1234567890123456);
    assert_false(decodes("message_id", out, strlen(out), &id));
}

static void there_and_back(void **state)
{
    (void)state;
    struct rand_seeded r;
    rand_seed(&r, 5);
    for (int i = 0; i < 20000; i++) {
        char out[CURSOR_TEXT_SIZE];
        const char *key = i % 2 ? "message_id" : "reply_id";
        uint64_t id = 0, made = (rand_next(&r) >> (11 + rand_next_below(&r, 50))) | 1;
        if (i == 0)
            made = ID_LAST;
        cursor_encode(key, made, out);
        size_t n = strlen(out), digits = strcspn(out, "=");
        assert_int_equal(n % 4, 0);
        assert_true(decodes(key, out, n, &id) && id == made);
        assert_true(decodes(key, out, digits, &id) && id == made);
    }
}

static void the_longest_fits(void **state)
{
    (void)state;
    char out[CURSOR_TEXT_SIZE];
    cursor_encode("message_id", UINT64_MAX, out);
    assert_true(strlen(out) < sizeof out);
    assert_false(taken(out));
    cursor_encode("message_id", ID_LAST + 1, out);
    assert_false(taken(out));
    cursor_encode("message_id", 0, out);
    assert_false(taken(out));
}

/* Texts that are base64 of something else. */
static void only_that_text(void **state)
{
    (void)state;
    assert_true(taken("eydtZXNzYWdlX2lkJzogMX0="));  /* {'message_id': 1} */
    assert_false(taken("eydtZXNzYWdlX2lkJzogMDF9")); /* {'message_id': 01} */
    assert_false(taken("eydtZXNzYWdlX2lkJzogLTF9")); /* {'message_id': -1} */
    assert_false(taken("eydtZXNzYWdlX2lkJzogfQ==")); /* {'message_id': } */
    assert_false(taken("eydtZXNzYWdlX2lkJzoxfQ==")); /* {'message_id':1} */
    assert_false(taken("eyJtZXNzYWdlX2lkIjogMX0=")); /* {"message_id": 1} */
    assert_false(taken("eydtZXNzYWdlX2lkJzogMX0g")); /* a space behind */
    assert_false(taken("IHsnbWVzc2FnZV9pZCc6IDF9")); /* a space before */
    assert_false(taken("eydtZXNzYWdlX2lkJzogMX1h")); /* a letter behind */
    assert_false(taken("eydtZXNzYWdlX2lkJzogMSB9")); /* a space inside */
    assert_false(taken("MQ=="));
    assert_false(taken(""));
}

static void only_that_base64(void **state)
{
    (void)state;
    assert_true(taken("eydtZXNzYWdlX2lkJzogMX0"));
    assert_false(taken("eydtZXNzYWdlX2lkJzogMX0=="));
    assert_false(taken("eydtZXNzYWdlX2lkJzogMX0=x"));
    assert_false(taken("eydtZXNzYWdlX2lkJzogMX1=")); /* stray bits */
    assert_false(taken("=eydtZXNzYWdlX2lkJzogMX0="));
    assert_false(taken("eydtZXNzYWdlX2lkJzogMX0\n"));
    assert_false(taken("eydtZXNzYWdlX2lkJzogMX0%3D"));
    assert_false(taken("eydtZXNzYWdl_2lkJzogMX0="));
    uint64_t id;
    assert_false(decodes("message_id", "eydtZXNzYWdlX2lkJzogMX0\0", 24, &id));
    assert_false(cursor_decode("message_id", STR_NONE, &id));
    char longest[200];
    memset(longest, 'e', sizeof longest);
    for (size_t n = 0; n < sizeof longest; n++)
        assert_false(decodes("message_id", longest, n, &id));
}

/* A cursor with one byte changed anywhere is another id's cursor or none. */
static void one_changed_byte(void **state)
{
    (void)state;
    const char good[] = "eydtZXNzYWdlX2lkJzogMTIzNDU2Nzg5fQ==";
    for (size_t at = 0; at < sizeof good - 1; at++)
        for (int c = 0; c < 256; c++) {
            char text[sizeof good], again[CURSOR_TEXT_SIZE];
            uint64_t id;
            memcpy(text, good, sizeof good);
            text[at] = (char)c;
            if (!decodes("message_id", text, sizeof good - 1, &id))
                continue;
            cursor_encode("message_id", id, again);
            assert_memory_equal(again, text, sizeof good - 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_form),   cmocka_unit_test(there_and_back),
        cmocka_unit_test(the_longest_fits), cmocka_unit_test(only_that_text),
        cmocka_unit_test(only_that_base64), cmocka_unit_test(one_changed_byte),
    };
    return cmocka_run_group_tests_name("wire/cursor", tests, NULL, NULL);
}

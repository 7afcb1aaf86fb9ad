/* The file: what YAML may say and may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config_rig.h"
#include "node/config_yaml.h"

static void test_nothing_is_fine(void **state)
{
    static const char *const texts[] = {"",
                                        "# only a comment\n",
                                        "---\n",
                                        "~\n",
                                        "---\n...\n",
                                        "server:\n",
                                        "server: {}\n",
                                        "server:\n  workers:\n",
                                        "server: ~\ntls: null\n"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rig r;
        rig_load(&r, texts[i], NULL, NULL, 0);
        assert_int_equal(r.err, ERR_OK);
        assert_int_equal(r.report.n, 0);
        assert_int_equal(r.config.server.workers, 8);
        rig_fini(&r);
    }
}

static void test_lists_in_each_form(void **state)
{
    static const char *const texts[] = {
        "server:\n  origins: [https://a.example, \"https://b.example\"]\n",
        "server:\n  origins:\n    - https://a.example\n    - https://b.example\n",
        "server:\n  origins: https://a.example , https://b.example,\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rig r;
        rig_load(&r, texts[i], NULL, NULL, 0);
        assert_int_equal(r.err, ERR_OK);
        assert_int_equal(r.config.server.origins.n, 2);
        assert_string_equal(r.config.server.origins.items[0], "https://a.example");
        assert_string_equal(r.config.server.origins.items[1], "https://b.example");
        rig_fini(&r);
    }
    struct rig r;
    rig_load(&r, "server:\n  origins: []\n  roles: [persist]\n", NULL, NULL, 0);
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.config.server.origins.n, 0);
    assert_int_equal(r.config.server.roles, ROLE_PERSIST);
    rig_fini(&r);
}

static void test_what_is_not_yaml(void **state)
{
    (void)state;
    expect_error("server:\n  workers: [1\n", "parley.yaml:3: did not find expected ',' or ']'");
    expect_error("server:\n\tworkers: 1\n",
                 "parley.yaml:2: found character that cannot start any token");
    expect_error("server:\n  workers: \"\xff\"\n", "parley.yaml:1: invalid leading UTF-8 octet");
    expect_error("data:\n  dir: b: c\n",
                 "parley.yaml:2: mapping values are not allowed in this context");
}

static void test_what_is_not_sections(void **state)
{
    (void)state;
    expect_error("- server\n", "parley.yaml:1: sections with keys are expected");
    expect_error("server\n", "parley.yaml:1: sections with keys are expected");
    expect_error("server:\n  workers: {a: 1}\n",
                 "parley.yaml:2: server.workers: a value is expected, not a section");
    expect_error("server:\n  workers: [1]\n",
                 "parley.yaml:2: server.workers: one value is expected, not a list");
    expect_error("server:\n  origins: [[a], {b: c}]\n",
                 "parley.yaml:2: server.origins: a list may hold plain values only");
    expect_error("? [a, b]\n: 1\n",
                 "parley.yaml:1: a key may have letters, digits and _ only, and not too many");
    expect_error("server.workers: 4\n",
                 "parley.yaml:1: a key may have letters, digits and _ only, and not too many");
}

static void test_several_documents(void **state)
{
    (void)state;
    expect_error("server:\n  workers: 4\n---\nserver:\n  workers: 5\n",
                 "parley.yaml:3: one document is expected, not several");
}

static void test_twice(void **state)
{
    (void)state;
    expect_error("server:\n  workers: 4\n  loops: 1\n  workers: 5\n",
                 "parley.yaml:4: server.workers: stands twice; first on line 2");
    expect_error("server:\n  workers: 4\ntls: {}\nserver:\n  loops: 1\n",
                 "parley.yaml:4: server: stands twice; first on line 1");
    expect_error("kafka:\n  producer:\n    idempotence: true\n    idepotence: true\n",
                 "parley.yaml:4: kafka.producer.idepotence: was said on line 3 as well");
}

static void test_anchors_aliases_tags(void **state)
{
    (void)state;
    expect_error("server: &a\n  workers: 4\n",
                 "parley.yaml:1: anchors and aliases are not allowed");
    expect_error("server:\n  listen: &a x:1\n  host: *a\n",
                 "parley.yaml:2: anchors and aliases are not allowed");
    expect_error("server:\n  origins: [&a x]\n",
                 "parley.yaml:2: anchors and aliases are not allowed");
    expect_error("server:\n  workers: !!int 4\n", "parley.yaml:2: tags are not allowed");
    expect_error(
        "server:\n  <<: {workers: 4}\n",
        "parley.yaml:2: server: a key may have letters, digits and _ only, and not too many");
}

static void test_depth(void **state)
{
    struct rig r;
    struct buf text;
    (void)state;
    rig_load(&r, "a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}\n", NULL, NULL, 0);
    assert_int_equal(r.report.errors, 2);
    assert_true(rig_has(&r, "parley.yaml:1: nested too deeply"));
    rig_fini(&r);
    buf_init(&text, 1 << 20);
    buf_puts(&text, "server:\n  origins: ");
    for (int i = 0; i < 200000; i++)
        buf_putc(&text, '[');
    rig_load_bytes(&r, text.p, text.n);
    assert_int_equal(r.err, ERR_BAD_REQUEST);
    rig_fini(&r);
    buf_fini(&text);
}

static void test_size(void **state)
{
    struct rig r;
    (void)state;
    char *text = mem_alloc(CONFIG_FILE_BYTES_MAX + 1);
    memset(text, '#', CONFIG_FILE_BYTES_MAX + 1);
    rig_load_bytes(&r, text, CONFIG_FILE_BYTES_MAX);
    assert_int_equal(r.err, ERR_OK);
    rig_fini(&r);
    rig_load_bytes(&r, text, CONFIG_FILE_BYTES_MAX + 1);
    assert_int_equal(r.err, ERR_BAD_REQUEST);
    assert_true(rig_has(&r, "parley.yaml: is larger than 1048576 bytes"));
    rig_fini(&r);
    mem_free(text);
}

static void test_number_of_keys_and_of_values(void **state)
{
    struct rig r;
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 20);
    for (unsigned i = 0; i <= CONFIG_YAML_KEYS_MAX; i++)
        buf_printf(&text, "x%u:\n", i);
    rig_load_bytes(&r, text.p, text.n);
    assert_int_equal(r.report.errors, 1);
    assert_true(rig_has(&r, "parley.yaml:1025: too many keys"));
    rig_fini(&r);
    buf_clear(&text);
    buf_puts(&text, "server:\n  origins:\n");
    for (int i = 0; i <= CONFIG_LIST_MAX; i++)
        buf_puts(&text, "    - http://a\n");
    rig_load_bytes(&r, text.p, text.n);
    assert_int_equal(r.report.errors, 1);
    assert_true(rig_has(&r, "parley.yaml:67: server.origins: the list has too many values"));
    rig_fini(&r);
    buf_fini(&text);
}

static void test_nul_in_the_file(void **state)
{
    struct rig r;
    (void)state;
    expect_error("data:\n  dir: \"a\\0b\"\n",
                 "parley.yaml:2: data.dir: the value is not UTF-8 text without NUL");
    rig_load_bytes(&r, "server:\n  workers: 4\0\n", 22);
    assert_int_equal(r.err, ERR_BAD_REQUEST);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_fine),
        cmocka_unit_test(test_lists_in_each_form),
        cmocka_unit_test(test_what_is_not_yaml),
        cmocka_unit_test(test_what_is_not_sections),
        cmocka_unit_test(test_several_documents),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_anchors_aliases_tags),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_number_of_keys_and_of_values),
        cmocka_unit_test(test_nul_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

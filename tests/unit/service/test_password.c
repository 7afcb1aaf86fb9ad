#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "service/password.h"

static const struct hasher *const h = &password_argon2id;

static void test_hash_and_verify(void **state)
{
    char hash[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
    (void)state;
    assert_int_equal(h->hash(STR("correct horse"), hash), ERR_OK);
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_int_equal(h->verify(STR("correct horse"), hash), ERR_OK);
    assert_int_equal(h->verify(STR("correct horsf"), hash), ERR_BAD_PASSWORD);
    assert_int_equal(h->verify(STR("correct hors"), hash), ERR_BAD_PASSWORD);
    assert_int_equal(h->verify(STR(""), hash), ERR_BAD_PASSWORD);
    assert_int_equal(h->hash(STR("correct horse"), again), ERR_OK);
    assert_string_not_equal(hash, again); /* a salt of its own */
}

static void test_nul_is_a_byte_like_any_other(void **state)
{
    char hash[PASSWORD_HASH_SIZE];
    (void)state;
    assert_int_equal(h->hash((struct str){"abc\0def", 7}, hash), ERR_OK);
    assert_int_equal(h->verify((struct str){"abc\0def", 7}, hash), ERR_OK);
    assert_int_equal(h->verify((struct str){"abc\0deg", 7}, hash), ERR_BAD_PASSWORD);
    assert_int_equal(h->verify((struct str){"abc", 3}, hash), ERR_BAD_PASSWORD);
}

static void test_other_parameters_verify_and_are_stale(void **state)
{
    char hash[PASSWORD_HASH_SIZE];
    (void)state;
    assert_int_equal(h->hash(STR("secret"), hash), ERR_OK);
    assert_int_equal(h->inspect(hash), HASH_CURRENT);
    assert_int_equal(
        crypto_pwhash_str_alg(hash, "secret", 6, 1, 8192 * 1024, crypto_pwhash_ALG_ARGON2ID13), 0);
    assert_int_equal(h->inspect(hash), HASH_STALE);
    assert_int_equal(h->verify(STR("secret"), hash), ERR_OK);
    assert_int_equal(
        crypto_pwhash_str_alg(hash, "secret", 6, 3, 8192 * 1024, crypto_pwhash_ALG_ARGON2I13), 0);
    assert_int_equal(h->verify(STR("secret"), hash), ERR_OK);
}

/* The first one was made by Go's library, which is chat-app's; the others are crypt_blowfish's own
 * (wrapper.c). */
static void test_bcrypt_is_verified_and_stale(void **state)
{
    static const struct {
        const char *password, *hash;
    } cases[] = {
        {"allmine", "$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga"},
        {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
        {"U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"},
        {"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72"
         " are ignored",
         "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"},
        {"\xff\xff\xa3", "$2b$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"},
        {"\xff\xff\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(h->inspect(cases[i].hash), HASH_STALE);
        assert_int_equal(h->verify(str_of(cases[i].password), cases[i].hash), ERR_OK);
        assert_int_equal(h->verify(STR("allmind"), cases[i].hash), ERR_BAD_PASSWORD);
        assert_int_equal(h->verify(STR(""), cases[i].hash), ERR_BAD_PASSWORD);
    }
    /* bcrypt's own input ends at a NUL: what lies behind it must not be let in */
    assert_int_equal(h->verify((struct str){"allmine\0x", 9}, cases[0].hash), ERR_BAD_PASSWORD);
}

static void test_no_bcrypt(void **state)
{
    static const char *const hashes[] = {
        "$2a$15$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga", /* hours of work */
        "$2a$31$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga",
        "$2a$03$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga",
        "$2a$1x$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga",
        "$2x$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga",
        "$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDc:a",
        "$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcgaX",
        "$2a$10XXajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga"};
    (void)state;
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        assert_int_equal(h->inspect(hashes[i]), HASH_MALFORMED);
}

static void test_malformed(void **state)
{
    static const char *const hashes[] = {"", "secret", "$argon2id$",
                                         "$2a$10$N9qo8uLOickgx2ZMRZoMye",
                                         "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA"};
    (void)state;
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        assert_int_equal(h->inspect(hashes[i]), HASH_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_and_verify),
        cmocka_unit_test(test_nul_is_a_byte_like_any_other),
        cmocka_unit_test(test_other_parameters_verify_and_are_stale),
        cmocka_unit_test(test_bcrypt_is_verified_and_stale),
        cmocka_unit_test(test_no_bcrypt),
        cmocka_unit_test(test_malformed),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

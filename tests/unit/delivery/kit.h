/* People who use a running edge over the stores in memory: they register, log in, ask and look at
 * what comes back.
 *
 * Texts (paths, bodies, expectations) may hold variables: "$ada" is ada's id, others are saved from
 * answers. An expectation is JSON that the data must match exactly, key for key; of its strings
 * "<uuid>", "<time>", "<time6>", "<token>", "<number>" and "<any>" stand for what cannot be known.
 */
#ifndef TESTS_DELIVERY_KIT_H
#define TESTS_DELIVERY_KIT_H

#include <jansson.h>

#include "adapter/memory/store.h"
#include "fixture.h"

#define KIT_USERS 4
#define KIT_VARS  16

struct kit {
    struct fixture f; /* altered before kit_start */
    struct memory_store *store;
    struct {
        char name[32];
        char token[TOKEN_TEXT_MAX];
    } users[KIT_USERS];
    struct {
        char name[32], value[512];
    } vars[KIT_VARS];
    size_t n_users, n_vars;
    char *answer; /* the last one, raw */
    json_t *json; /* its body; NULL when it is none */
};

/* For cmocka: a kit that runs, one that is to be altered and started, and their end. */
int kit_setup(void **state);
int kit_setup_unstarted(void **state);
int kit_teardown(void **state);
void kit_start(struct kit *k);
#define KIT_RUN(test) cmocka_unit_test_setup_teardown(test, kit_setup, kit_teardown)

/* Registers `name`@example.org with the password "difference engine", and logs in. */
void kit_user(struct kit *k, const char *name);
const char *kit_token(const struct kit *k, const char *name);
void kit_set(struct kit *k, const char *var, const char *value);
/* Saves field `key` of the last answer's data. */
void kit_save(struct kit *k, const char *var, const char *key);

/* Asks as `who` (NULL: nobody); `body` NULL: none. Returns the status. */
int kit_ask(struct kit *k, const char *who, const char *method, const char *path, const char *body);
/* The same with header lines of one's own, each with its CRLF. */
int kit_ask_with(struct kit *k, const char *fields, const char *method, const char *path,
                 const char *body);

/* Asks and expects success with this message. */
void kit_done(struct kit *k, const char *who, const char *method, const char *path,
              const char *body, const char *message);
/* Asks and expects to be refused with exactly this. */
void kit_refused(struct kit *k, const char *who, const char *method, const char *path,
                 const char *body, int status, const char *code, const char *message);
/* The last answer was a refusal with exactly this. */
void kit_assert_fail(struct kit *k, int status, const char *code, const char *message);
/* The data of the last answer matches. */
void kit_data(struct kit *k, const char *expected);
/* Does `actual` match `expected`? Static sentence of where it does not, or NULL. */
const char *json_mismatch(json_t *expected, json_t *actual);

#endif

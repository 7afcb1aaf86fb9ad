/* The table of routes and api/openapi.json say the same; what the file shows as examples is what
 * the server answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "delivery/http/openapi.h"
#include "delivery/http/route.h"
#include "kit.h"

static json_t *document;

static int document_load(void **state)
{
    (void)state;
    document = json_loadb(openapi_json, openapi_json_size, JSON_REJECT_DUPLICATES, NULL);
    return document == NULL;
}

static int document_free(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

/* The operation of a route, NULL when the file has none. */
static json_t *operation_of(const char *method, const char *path)
{
    char lower[16] = "";
    for (size_t i = 0; method[i] != '\0' && i < sizeof lower - 1; i++)
        lower[i] = (char)(method[i] | 0x20);
    return json_object_get(json_object_get(json_object_get(document, "paths"), path), lower);
}

/* Follows "$ref": "#/a/b/c". */
static json_t *resolve(json_t *node)
{
    const char *ref = json_string_value(json_object_get(node, "$ref"));
    if (ref == NULL)
        return node;
    json_t *target = document;
    for (const char *p = ref + 2; p[-1] != '\0';) {
        char key[64];
        size_t n = strcspn(p, "/");
        snprintf(key, sizeof key, "%.*s", (int)n, p);
        target = json_object_get(target, key);
        p += n + 1;
    }
    assert_non_null(target);
    return target;
}

static json_t *response_of(json_t *operation, const char *status)
{
    json_t *response = resolve(json_object_get(json_object_get(operation, "responses"), status));
    return json_object_get(json_object_get(response, "content"), "application/json");
}

/* ---- The table ---- */

static void test_every_route_is_in_the_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &route_table[i];
        json_t *operation = operation_of(r->method, r->path);
        if (operation == NULL)
            fail_msg("%s %s is not in the file", r->method, r->path);
        bool open = json_object_get(operation, "security") != NULL;
        bool says_401 = response_of(operation, "401") != NULL;
        assert_int_equal(open, !r->needs_token);
        if (r->needs_token)
            assert_true(says_401);
        bool waits = r->place == ROUTE_COLD || r->place == ROUTE_HASHING;
        if (waits)
            assert_non_null(response_of(operation, "503"));
    }
}

static void test_every_operation_is_a_route(void **state)
{
    (void)state;
    size_t operations = 0;
    const char *path, *method;
    json_t *methods, *operation;
    json_object_foreach(json_object_get(document, "paths"), path, methods)
    {
        json_object_foreach(methods, method, operation)
        {
            bool known;
            char upper[16] = "";
            for (size_t i = 0; method[i] != '\0' && i < sizeof upper - 1; i++)
                upper[i] = (char)(method[i] & ~0x20);
            if (route_find(str_of(upper), str_of(path), &known) == NULL)
                fail_msg("%s %s is no route", upper, path);
            operations++;
        }
    }
    assert_int_equal(operations, route_count);
}

static void test_find(void **state)
{
    (void)state;
    bool known;
    assert_string_equal(route_find(STR("HEAD"), STR("/api/me"), &known)->path, "/api/me");
    assert_null(route_find(STR("POST"), STR("/api/me"), &known));
    assert_true(known);
    assert_null(route_find(STR("GET"), STR("/api/me/"), &known));
    assert_false(known);
    assert_null(route_find(STR("get"), STR("/api/me"), &known));
    assert_true(known);
}

/* Refusals in the file carry a code and a sentence that belong to their status. */
static bool refusal_is_known(int status, const char *code, const char *message)
{
    bool pair = false;
    for (int e = 1; e < ERR_COUNT; e++) {
        if (err_status((enum err)e) != status || strcmp(err_code((enum err)e), code) != 0)
            continue;
        pair = true;
        if (strcmp(err_text((enum err)e), message) == 0)
            return true;
    }
    return (pair && (status == 400 || status == 413)) ||
           (status == 426 && strcmp(code, "bad_request") == 0) || strcmp(message, "not ready") == 0;
}

static void test_refusals_in_the_file(void **state)
{
    (void)state;
    const char *status, *name;
    json_t *response, *example;
    size_t seen = 0;
    for (size_t i = 0; i < route_count; i++) {
        json_t *operation = operation_of(route_table[i].method, route_table[i].path);
        json_object_foreach(json_object_get(operation, "responses"), status, response)
        {
            json_t *examples = json_object_get(response_of(operation, status), "examples");
            json_object_foreach(examples, name, example)
            {
                json_t *value = json_object_get(example, "value");
                const char *message = json_string_value(json_object_get(value, "message"));
                const char *code = json_string_value(json_object_get(value, "code"));
                if (!refusal_is_known((int)strtol(status, NULL, 10), code, message))
                    fail_msg("%s: %s, %s, %s", route_table[i].path, status, code, message);
                seen++;
            }
        }
    }
    assert_true(seen > 50);
}

/* ---- Examples ---- */

static bool text_may_differ(const char *key, const char *expected, const char *actual)
{
    struct uuid id;
    if (strcmp(key, "token") == 0 || strcmp(key, "next_cursor") == 0)
        return expected[0] != '\0' && actual[0] != '\0';
    if (uuid_from_text(str_of(expected), &id))
        return uuid_from_text(str_of(actual), &id);
    return strlen(expected) == strlen(actual) && strncmp(expected, "2026-", 5) == 0 &&
           strncmp(actual, "2026-", 5) == 0;
}

/* The same keys, types and texts; ids, times, tokens and numbers are of the moment. */
static void assert_example(const char *key, json_t *expected, json_t *actual)
{
    if (actual == NULL || json_typeof(expected) != json_typeof(actual))
        fail_msg("%s has another type, or is missing", key);
    const char *name;
    json_t *value;
    json_object_foreach(expected, name, value)
        assert_example(name, value, json_object_get(actual, name));
    json_object_foreach(actual, name, value) if (json_object_get(expected, name) == NULL)
        fail_msg("%s is not in the example", name);
    size_t n = json_array_size(expected);
    assert_int_equal(json_array_size(actual), n);
    for (size_t i = 0; i < n; i++)
        assert_example(key, json_array_get(expected, i), json_array_get(actual, i));
    const char *text = json_string_value(expected);
    if (text != NULL && !text_may_differ(key, text, json_string_value(actual)))
        assert_string_equal(json_string_value(actual), text);
}

/* The example of the request, with the ids of this run. */
static char *example_body(json_t *operation)
{
    json_t *content = json_object_get(json_object_get(operation, "requestBody"), "content");
    json_t *example = json_object_get(json_object_get(content, "application/json"), "example");
    if (example == NULL)
        return NULL;
    json_t *body = json_copy(example);
    if (json_object_get(body, "channel_id") != NULL)
        json_object_set_new(body, "channel_id", json_string("$c"));
    if (json_object_get(body, "message_id") != NULL)
        json_object_set_new(body, "message_id", json_string("$m"));
    char *text = json_dumps(body, 0);
    json_decref(body);
    return text;
}

/* Does what the example shows, as `who`, and compares. */
static void replay(struct kit *k, const char *who, const char *method, const char *path,
                   const char *query, const char *status)
{
    json_t *operation = operation_of(method, path);
    json_t *expected = json_object_get(response_of(operation, status), "example");
    assert_non_null(expected);
    char *body = example_body(operation), target[512];
    snprintf(target, sizeof target, "%s%s", path, query);
    int got = kit_ask(k, who, method, target, body);
    if (got != (int)strtol(status, NULL, 10))
        fail_msg("%s %s: %s", method, path, answer_body(k->answer));
    assert_example(path, expected, k->json);
    free(body);
}

static bool store_is_well;

static bool journal_ready(void *arg, char *detail)
{
    (void)arg, (void)detail;
    return true;
}

static bool store_ready(void *arg, char *detail)
{
    (void)arg;
    if (!store_is_well)
        snprintf(detail, READY_DETAIL_SIZE, "the disk is full");
    return store_is_well;
}

static void replay_accounts(struct kit *k)
{
    replay(k, NULL, "POST", "/api/register", "", "200");
    replay(k, NULL, "POST", "/api/login", "", "200");
    snprintf(k->users[0].name, sizeof k->users[0].name, "ada");
    snprintf(k->users[0].token, sizeof k->users[0].token, "%s",
             json_string_value(json_object_get(json_object_get(k->json, "data"), "token")));
    k->n_users = 1;
    kit_user(k, "charles");
    replay(k, "ada", "GET", "/api/me", "", "200");
    json_t *id = json_object_get(json_object_get(k->json, "data"), "id");
    assert_true(uuid_from_text(str_of(json_string_value(id)), &k->f.notifier.online));
}

static void replay_talk(struct kit *k)
{
    replay(k, "ada", "POST", "/api/channel", "", "200");
    kit_save(k, "c", "id");
    replay(k, "charles", "POST", "/api/channel/join", "", "200");
    replay(k, "ada", "GET", "/api/channel/member", "?channel_id=$c", "200");
    kit_done(k, "ada", "POST", "/api/message", "{\"channel_id\":\"$c\",\"content\":\"before\"}",
             "create message successfully");
    replay(k, "ada", "POST", "/api/message", "", "200");
    kit_save(k, "m", "message_id");
    replay(k, "charles", "POST", "/api/reply", "", "200");
    replay(k, "ada", "GET", "/api/message", "?channel_id=$c&limit=1", "200");
    replay(k, "ada", "GET", "/api/reply", "?message_id=$m", "200");
    replay(k, "ada", "GET", "/api/channel", "", "200");
    replay(k, "ada", "GET", "/api/user/channel", "", "200");
    replay(k, "ada", "POST", "/api/channel/read", "", "200");
    replay(k, "charles", "POST", "/api/channel/leave", "", "200");
    replay(k, "ada", "POST", "/api/logout", "", "200");
}

static void test_examples(void **state)
{
    struct kit *k = *state;
    static const struct ready_check checks[] = {{"journal", journal_ready, NULL},
                                                {"store", store_ready, NULL}};
    k->f.deps.checks = checks;
    k->f.deps.n_checks = 2;
    store_is_well = true;
    kit_start(k);
    replay_accounts(k);
    replay_talk(k);
    replay(k, NULL, "GET", "/healthz", "", "200");
    replay(k, NULL, "GET", "/readyz", "", "200");
    store_is_well = false;
    replay(k, NULL, "GET", "/readyz", "", "503");
}

/* ---- The file itself, and the metrics, as they are served ---- */

static void test_it_is_served(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_ask(k, NULL, "GET", "/api/openapi.json", NULL), 200);
    assert_true(json_equal(k->json, document));
    const char *version =
        json_string_value(json_object_get(json_object_get(k->json, "info"), "version"));
    assert_string_not_equal(version, "0.0.0"); /* the build puts the program's in */
    kit_ask_with(k, "Accept-Encoding: gzip\r\n", "GET", "/api/openapi.json", NULL);
    assert_string_equal(answer_field(k->answer, "Content-Encoding"), "gzip");
    assert_string_equal(answer_field(k->answer, "Vary"), "Accept-Encoding");
    kit_ask(k, NULL, "HEAD", "/api/openapi.json", NULL);
    assert_int_equal(strtoul(answer_field(k->answer, "Content-Length"), NULL, 10),
                     openapi_json_size);
}

static void test_metrics(void **state)
{
    struct kit *k = *state;
    kit_ask(k, NULL, "GET", "/nope", NULL);
    assert_int_equal(kit_ask(k, NULL, "GET", "/metrics", NULL), 200);
    assert_string_equal(answer_field(k->answer, "Content-Type"),
                        "text/plain; version=0.0.4; charset=utf-8");
    assert_non_null(strstr(k->answer, "\nparley_http_responses_total{class=\"4xx\"} "));
    assert_null(strstr(k->answer, "# EOF"));
    kit_ask_with(k, "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n",
                 "GET", "/metrics", NULL);
    assert_string_equal(answer_field(k->answer, "Content-Type"),
                        "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_non_null(strstr(k->answer, "\n# EOF\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_route_is_in_the_file),
        cmocka_unit_test(test_every_operation_is_a_route),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_refusals_in_the_file),
        cmocka_unit_test_setup_teardown(test_examples, kit_setup_unstarted, kit_teardown),
        KIT_RUN(test_it_is_served),
        KIT_RUN(test_metrics),
    };
    return cmocka_run_group_tests(tests, document_load, document_free);
}

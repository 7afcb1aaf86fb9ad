#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "adapter/otlp/encode.h"
#include "adapter/otlp/otlp.h"
#include "base/clock.h"
#include "hook_server.h"

static const struct trace_context mine = {{0x0af7651916cd43dd, 0x8448eb211c80319c}, 0, 1};
static const struct trace_context theirs = {{1, 2}, 3, 1};

static json_t *encode(const struct trace_span *spans, size_t n)
{
    struct buf out;
    json_error_t e;
    buf_init(&out, OTLP_BODY_MAX);
    otlp_encode(&(struct otlp_resource){"chat \"team\"", "node\x01\\", "1.0"}, spans, n, 1000000,
                &out);
    assert_false(out.failed);
    json_t *root = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, &e);
    if (root == NULL)
        fail_msg("%s at %d: %.*s", e.text, e.position, (int)out.n, out.p);
    buf_fini(&out);
    return root;
}

/* The element at a path of keys and indexes: "resourceSpans/0/scopeSpans/0/spans". */
static json_t *at(json_t *j, const char *path)
{
    char text[128];
    snprintf(text, sizeof text, "%s", path);
    for (char *rest, *key = strtok_r(text, "/", &rest); key != NULL;
         key = strtok_r(NULL, "/", &rest))
        j = json_is_array(j) ? json_array_get(j, (size_t)(key[0] - '0')) : json_object_get(j, key);
    return j;
}

static const char *text_at(json_t *j, const char *path)
{
    const char *s = json_string_value(at(j, path));
    return s == NULL ? "(none)" : s;
}

static void a_span_as_the_mapping_has_it(void **state)
{
    struct trace_span s = {
        .name = "GET /api/message",
        .kind = TRACE_SERVER,
        .is_request = true,
        .begun_us = 5,
        .ended_us = 1234567,
        .error = "503",
        .id = 0xb7ad6b7169203331,
        .parents = {.n = 1, .of = {mine}},
    };
    (void)state;
    trace_add_text(&s, "http.route", "/api/message");
    trace_add_number(&s, "http.response.status_code", 503);
    json_t *root = encode(&s, 1), *span = at(root, "resourceSpans/0/scopeSpans/0/spans/0");
    assert_string_equal(text_at(span, "traceId"), "0af7651916cd43dd8448eb211c80319c");
    assert_string_equal(text_at(span, "spanId"), "b7ad6b7169203331");
    assert_null(json_object_get(span, "parentSpanId"));
    assert_null(json_object_get(span, "links"));
    assert_string_equal(text_at(span, "name"), "GET /api/message");
    assert_int_equal(json_integer_value(at(span, "kind")), 2);
    assert_string_equal(text_at(span, "startTimeUnixNano"), "1000005000");
    assert_string_equal(text_at(span, "endTimeUnixNano"), "2234567000");
    assert_int_equal(json_integer_value(at(span, "status/code")), 2);
    assert_string_equal(text_at(span, "attributes/0/key"), "http.route");
    assert_string_equal(text_at(span, "attributes/0/value/stringValue"), "/api/message");
    assert_string_equal(text_at(span, "attributes/1/value/intValue"), "503");
    assert_string_equal(text_at(span, "attributes/2/key"), "error.type");
    assert_string_equal(text_at(span, "attributes/3/key"), "parley.kept_for");
    assert_string_equal(text_at(root, "resourceSpans/0/resource/attributes/0/value/stringValue"),
                        "chat \"team\"");
    assert_string_equal(text_at(root, "resourceSpans/0/resource/attributes/2/value/stringValue"),
                        "node\x01\\");
    json_decref(root);
}

static void a_batch_is_one_in_each_trace(void **state)
{
    struct trace_span s = {
        .name = "persist",
        .kind = TRACE_CONSUMER,
        .id = 0x10,
        .parents = {.n = 2, .of = {mine, theirs}},
    };
    (void)state;
    json_t *root = encode(&s, 1), *spans = at(root, "resourceSpans/0/scopeSpans/0/spans");
    assert_int_equal(json_array_size(spans), 2);
    assert_string_equal(text_at(spans, "1/traceId"), "00000000000000010000000000000002");
    assert_string_equal(text_at(spans, "1/parentSpanId"), "0000000000000003");
    assert_string_equal(text_at(spans, "1/spanId"), "0000000000000011");
    assert_int_equal(json_array_size(at(spans, "0/links")), 1);
    assert_string_equal(text_at(spans, "0/links/0/spanId"), "0000000000000011");
    assert_string_equal(text_at(spans, "0/links/0/traceId"), text_at(spans, "1/traceId"));
    assert_string_equal(text_at(spans, "1/links/0/spanId"), "0000000000000010");
    json_decref(root);
}

static void a_stranger_is_linked_to(void **state)
{
    struct trace_span s = {
        .name = "GET /x",
        .kind = TRACE_SERVER,
        .has_link = true,
        .id = 8,
        .parents = {.n = 1, .of = {mine, theirs}},
    };
    (void)state;
    json_t *root = encode(&s, 1), *spans = at(root, "resourceSpans/0/scopeSpans/0/spans");
    assert_int_equal(json_array_size(spans), 1);
    assert_string_equal(text_at(spans, "0/links/0/spanId"), "0000000000000003");
    json_decref(root);
}

/* ---- Over HTTP ---- */

static enum err send_to(const char *endpoint, char *reason, size_t size)
{
    struct otlp *o;
    struct trace_span s = {
        .name = "x", .kind = TRACE_INTERNAL, .id = 8, .parents = {.n = 1, .of = {mine}}};
    enum err e = otlp_open(&(struct otlp_config){.endpoint = endpoint,
                                                 .service = "parley",
                                                 .node = "a",
                                                 .connect_ms = 300,
                                                 .total_ms = 300},
                           &o, reason, size);
    if (e != ERR_OK)
        return e;
    e = otlp_port(o)->ops->take(otlp_port(o), &s, 1, reason, size);
    otlp_close(o);
    return e;
}

static void it_is_posted(void **state)
{
    struct hook_server server;
    char reason[128] = "", url[96], type[64];
    (void)state;
    hook_server_start(&server);
    /* the server's own path is in its url: the base is what stands before it */
    snprintf(url, sizeof url, "%.*s", (int)(strchr(server.url + 8, '/') - server.url), server.url);
    assert_int_equal(send_to(url, reason, sizeof reason), ERR_OK);
    const char *request = hook_server_wait(&server, 1);
    assert_non_null(request);
    assert_memory_equal(request, "POST /v1/traces HTTP/1.1\r\n", 26);
    hook_header(request, "Content-Type", type, sizeof type);
    assert_string_equal(type, "application/json");
    json_t *body = json_loads(hook_body(request), 0, NULL);
    assert_non_null(body);
    json_decref(body);
    snprintf(url + strlen(url), 16, "/v1/traces");
    assert_int_equal(send_to(url, reason, sizeof reason), ERR_OK);
    assert_memory_equal(hook_server_wait(&server, 2), "POST /v1/traces HTTP/1.1\r\n", 26);
    hook_server_stop(&server);
}

static void what_comes_of_bad_collectors(void **state)
{
    static const struct {
        enum hook_manner manner;
        enum err err;
    } cases[] = {
        {HOOK_ERROR, ERR_BAD_REQUEST},  {HOOK_REDIRECT, ERR_BAD_REQUEST},
        {HOOK_HANGS, ERR_UNAVAILABLE},  {HOOK_DRIPS, ERR_UNAVAILABLE},
        {HOOK_CLOSES, ERR_UNAVAILABLE}, {HOOK_GARBAGE, ERR_UNAVAILABLE},
        {HOOK_FLOODS, ERR_OK},
    };
    struct hook_server server;
    char reason[128];
    (void)state;
    hook_server_start(&server);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t began_us = clock_steady_us(&clock_system);
        atomic_store(&server.manner, cases[i].manner);
        reason[0] = '\0';
        enum err e = send_to(server.url, reason, sizeof reason);
        if (e != cases[i].err)
            fail_msg("manner %d: %d, %s", (int)cases[i].manner, (int)e, reason);
        assert_true(e == ERR_OK || reason[0] != '\0');
        assert_true(clock_steady_us(&clock_system) - began_us < 5000000);
    }
    assert_int_equal(hook_server_count(&server), sizeof cases / sizeof cases[0]);
    hook_server_stop(&server);
    assert_int_equal(send_to("http://127.0.0.1:9", reason, sizeof reason), ERR_UNAVAILABLE);
}

static void what_is_no_collector(void **state)
{
    static const char *const bad[] = {"", "127.0.0.1:4318", "ftp://x", "http://", "file:///etc"};
    char reason[128];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(send_to(bad[i], reason, sizeof reason), ERR_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_as_the_mapping_has_it),
        cmocka_unit_test(a_batch_is_one_in_each_trace),
        cmocka_unit_test(a_stranger_is_linked_to),
        cmocka_unit_test(it_is_posted),
        cmocka_unit_test(what_comes_of_bad_collectors),
        cmocka_unit_test(what_is_no_collector),
    };
    return cmocka_run_group_tests_name("adapter/otlp", tests, NULL, NULL);
}

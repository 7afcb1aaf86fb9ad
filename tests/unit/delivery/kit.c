#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

#define ASK_BYTES_MAX (1u << 20)

static void kit_init(struct kit *k)
{
    memset(k, 0, sizeof *k);
    struct fixture *f = &k->f;
    fixture_init(f);
    k->store = memory_store_new(&(struct memory_config){.clock = &f->clock.super});
    f->history = (struct history){memory_store_channels(k->store), memory_store_messages(k->store)};
    f->deps.auth = auth_new(&(struct auth_config){.accounts = memory_store_accounts(k->store),
                                                  .notifier = &f->notifier.super,
                                                  .clock = &f->clock.super,
                                                  .limits = &f->limits,
                                                  .session_s = 3600});
    f->deps.channels = channels_new(&(struct channel_config){.store = f->history.channels,
                                                             .notifier = &f->notifier.super,
                                                             .clock = &f->clock.super,
                                                             .limits = &f->limits});
    f->deps.messages = messages_new(&(struct message_config){
        .journal = memory_store_journal(k->store), .clock = &f->clock.super, .limits = &f->limits});
}

void kit_start(struct kit *k)
{
    memory_store_start(k->store, NULL);
    fixture_start(&k->f);
}

static void answer_forget(struct kit *k)
{
    json_decref(k->json);
    k->json = NULL;
    mem_free(k->answer);
    k->answer = NULL;
}

int kit_setup_unstarted(void **state)
{
    static struct kit k;
    kit_init(&k);
    *state = &k;
    return 0;
}

int kit_setup(void **state)
{
    kit_setup_unstarted(state);
    kit_start(*state);
    return 0;
}

int kit_teardown(void **state)
{
    struct kit *k = *state;
    answer_forget(k);
    fixture_stop(&k->f);
    memory_store_free(k->store);
    return 0;
}

/* ---- Variables ---- */

void kit_set(struct kit *k, const char *var, const char *value)
{
    size_t i = 0;
    while (i < k->n_vars && strcmp(k->vars[i].name, var) != 0)
        i++;
    assert_true(i < KIT_VARS);
    if (i == k->n_vars)
        k->n_vars++;
    snprintf(k->vars[i].name, sizeof k->vars[i].name, "%s", var);
    snprintf(k->vars[i].value, sizeof k->vars[i].value, "%s", value);
}

static const char *var_get(const struct kit *k, const char *name, size_t n)
{
    for (size_t i = 0; i < k->n_vars; i++)
        if (strlen(k->vars[i].name) == n && memcmp(k->vars[i].name, name, n) == 0)
            return k->vars[i].value;
    fail_msg("there is no variable %.*s", (int)n, name);
    return NULL;
}

static void expand(const struct kit *k, const char *text, struct buf *out)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "$");
        buf_put(out, text, plain);
        text += plain;
        if (*text != '$')
            break;
        size_t n = strspn(++text, "abcdefghijklmnopqrstuvwxyz0123456789_");
        buf_puts(out, var_get(k, text, n));
        text += n;
    }
}

void kit_save(struct kit *k, const char *var, const char *key)
{
    json_t *value = json_object_get(json_object_get(k->json, "data"), key);
    char text[128];
    assert_non_null(value);
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else
        snprintf(text, sizeof text, "%s", json_string_value(value));
    kit_set(k, var, text);
}

/* ---- Asking ---- */

int kit_ask_with(struct kit *k, const char *fields, const char *method, const char *path,
                 const char *body)
{
    struct buf request, content;
    buf_init(&request, ASK_BYTES_MAX);
    buf_init(&content, ASK_BYTES_MAX);
    if (body != NULL)
        expand(k, body, &content);
    buf_printf(&request, "%s ", method);
    expand(k, path, &request);
    buf_printf(&request, " HTTP/1.1\r\nHost: chat.org\r\n%s", fields);
    if (body != NULL)
        buf_printf(&request, "Content-Length: %zu\r\n", content.n);
    buf_puts(&request, "\r\n");
    buf_put(&request, content.p, content.n);
    answer_forget(k);
    int fd = client_connect(&k->f);
    client_send_bytes(fd, request.p, request.n);
    k->answer = client_read_answer_to(fd, strcmp(method, "HEAD") == 0);
    close(fd);
    buf_fini(&request);
    buf_fini(&content);
    const char *text = answer_body(k->answer);
    k->json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    return answer_status(k->answer);
}

const char *kit_token(const struct kit *k, const char *name)
{
    for (size_t i = 0; i < k->n_users; i++)
        if (strcmp(k->users[i].name, name) == 0)
            return k->users[i].token;
    fail_msg("nobody is called %s", name);
    return NULL;
}

int kit_ask(struct kit *k, const char *who, const char *method, const char *path, const char *body)
{
    char field[TOKEN_TEXT_MAX + 64] = "";
    if (who != NULL)
        snprintf(field, sizeof field, "Authorization: Bearer %s\r\n", kit_token(k, who));
    return kit_ask_with(k, field, method, path, body);
}

static const char *field_of(const struct kit *k, const char *key)
{
    const char *value = json_string_value(json_object_get(k->json, key));
    return value == NULL ? "" : value;
}

void kit_done(struct kit *k, const char *who, const char *method, const char *path,
              const char *body, const char *message)
{
    int status = kit_ask(k, who, method, path, body);
    assert_string_equal(field_of(k, "message"), message);
    assert_string_equal(field_of(k, "status"), "success");
    assert_string_equal(answer_field(k->answer, "Content-Type"), "application/json; charset=utf-8");
    assert_int_equal(status, 200);
}

void kit_assert_fail(struct kit *k, int status, const char *code, const char *message)
{
    assert_string_equal(field_of(k, "message"), message);
    assert_string_equal(field_of(k, "status"), "fail");
    assert_string_equal(field_of(k, "code"), code);
    assert_int_equal(answer_status(k->answer), status);
}

void kit_refused(struct kit *k, const char *who, const char *method, const char *path,
                 const char *body, int status, const char *code, const char *message)
{
    kit_ask(k, who, method, path, body);
    kit_assert_fail(k, status, code, message);
}

void kit_user(struct kit *k, const char *name)
{
    assert_true(k->n_users < KIT_USERS);
    char body[256];
    snprintf(
        body, sizeof body,
        "{\"username\":\"%s\",\"email\":\"%s@example.org\",\"password\":\"difference engine\"}",
        name, name);
    kit_done(k, NULL, "POST", "/api/register", body, "register successfully");
    kit_save(k, name, "id");
    kit_done(k, NULL, "POST", "/api/login", body, "login successfully");
    json_t *token = json_object_get(json_object_get(k->json, "data"), "token");
    snprintf(k->users[k->n_users].name, sizeof k->users[0].name, "%s", name);
    snprintf(k->users[k->n_users++].token, sizeof k->users[0].token, "%s",
             json_string_value(token));
}

/* ---- Looking ---- */

static bool text_has_form(const char *text, const char *form)
{
    struct uuid id;
    int digits = 0, end = 0;
    if (strcmp(form, "<any>") == 0)
        return true;
    if (strcmp(form, "<uuid>") == 0)
        return uuid_from_text(str_of(text), &id);
    if (strcmp(form, "<token>") == 0)
        return strchr(text, '.') != NULL && strlen(text) > 100;
    if (strcmp(form, "<time>") == 0 || strcmp(form, "<time6>") == 0)
        return sscanf(text, "%*4d-%*2d-%*2dT%*2d:%*2d:%*2d.%n%*dZ%n", &digits, &end) >= 0 &&
               text[strlen(text) - 1] == 'Z' &&
               (int)strlen(text) - digits - 1 == (form[5] == '6' ? 6 : 3);
    return strcmp(text, form) == 0;
}

static const char *object_mismatch(json_t *expected, json_t *actual)
{
    const char *key;
    json_t *value;
    json_object_foreach(actual, key, value) if (json_object_get(expected, key) == NULL) return key;
    json_object_foreach(expected, key,
                        value) if (json_mismatch(value, json_object_get(actual, key)) !=
                                   NULL) return key;
    return NULL;
}

const char *json_mismatch(json_t *expected, json_t *actual)
{
    const char *form = json_string_value(expected);
    if (actual != NULL && form != NULL && strcmp(form, "<number>") == 0 && json_is_integer(actual))
        return NULL;
    if (actual == NULL || json_typeof(expected) != json_typeof(actual))
        return "a type";
    if (form != NULL)
        return text_has_form(json_string_value(actual), form) ? NULL : "a text";
    if (json_is_object(expected))
        return object_mismatch(expected, actual);
    if (!json_is_array(expected))
        return json_equal(expected, actual) ? NULL : "a value";
    if (json_array_size(expected) != json_array_size(actual))
        return "a length";
    for (size_t i = 0; i < json_array_size(expected); i++)
        if (json_mismatch(json_array_get(expected, i), json_array_get(actual, i)) != NULL)
            return "an element";
    return NULL;
}

void kit_data(struct kit *k, const char *expected)
{
    struct buf text;
    buf_init(&text, ASK_BYTES_MAX);
    expand(k, expected, &text);
    json_t *wanted = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(wanted);
    const char *where = json_mismatch(wanted, json_object_get(k->json, "data"));
    if (where != NULL)
        fail_msg("%s differs: %s does not match %.*s", where, answer_body(k->answer), (int)text.n,
                 text.p);
    json_decref(wanted);
    buf_fini(&text);
}

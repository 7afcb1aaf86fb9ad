/* Accounts and sessions. */
#include "delivery/http/fields.h"
#include "delivery/http/handlers.h"
#include "delivery/http/identity.h"
#include "wire/frame.h"

#define ACCOUNT_TIME_DIGITS 6 /* users' times have microseconds */

static void user_put(struct buf *out, const struct uuid *id, struct str name, struct str email)
{
    buf_puts(out, "{\"id\":");
    json_put_uuid(out, id);
    buf_puts(out, ",\"name\":");
    json_put_string(out, name);
    buf_puts(out, ",\"email\":");
    json_put_string(out, email);
}

static void user_put_end(struct buf *out, int64_t created_us)
{
    buf_puts(out, ",\"created_at\":");
    json_put_time(out, created_us, ACCOUNT_TIME_DIGITS);
    buf_putc(out, '}');
}

static enum handled user_answer(struct exchange *x, const char *message, const struct user *u)
{
    struct buf *out = response_data_begin(&x->response, message);
    user_put(out, &u->id, u->name, u->email);
    user_put_end(out, u->created_us);
    response_data_end(&x->response);
    return HANDLED;
}

enum handled on_account_register(struct exchange *x)
{
    static const struct field fields[] = {
        {"email", "email", FIELD_TEXT},
        {"username", "username", FIELD_TEXT},
        {"password", "password", FIELD_TEXT},
    };
    struct field_value v[3];
    struct fault f = {0};
    struct user user;
    enum err e = fields_from_body(x, fields, 3, v, &f);
    if (e == ERR_OK)
        e = auth_register(exchange_deps(x)->auth, v[1].text, v[0].text, v[2].text,
                          str_of(x->address), &x->arena, &user, &f);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    return user_answer(x, "register successfully", &user);
}

static enum handled login_answer(struct exchange *x, const struct identity *who)
{
    struct claims claims = {
        .user = who->user,
        .jti = who->jti,
        .issued_s = who->issued_s,
        .expires_s = who->expires_s,
    };
    char token[TOKEN_TEXT_MAX];
    if (!str_copy(who->name, claims.name, sizeof claims.name) ||
        !str_copy(who->email, claims.email, sizeof claims.email) ||
        token_sign(exchange_deps(x)->token_key, &claims, token, sizeof token) != ERR_OK)
        return exchange_fail_err(x, ERR_INTERNAL);
    struct buf *out = response_data_begin(&x->response, "login successfully");
    user_put(out, &who->user, who->name, who->email);
    buf_puts(out, ",\"token\":");
    json_put_string(out, str_of(token));
    user_put_end(out, who->created_us);
    response_data_end(&x->response);
    identity_set_cookie(x, token, who->expires_s - who->issued_s);
    return HANDLED;
}

enum handled on_account_login(struct exchange *x)
{
    static const struct field fields[] = {
        {"email", "email", FIELD_TEXT},
        {"password", "password", FIELD_TEXT},
    };
    struct field_value v[2];
    struct fault f = {0};
    struct identity who;
    enum err e = fields_from_body(x, fields, 2, v, &f);
    if (e == ERR_OK)
        e = auth_login(exchange_deps(x)->auth, v[0].text, v[1].text, str_of(x->address), &x->arena,
                       &who, &f);
    return e == ERR_OK ? login_answer(x, &who) : exchange_refuse(x, e, &f);
}

enum handled on_account_logout(struct exchange *x)
{
    struct fault f = {0};
    enum err e = auth_logout(exchange_deps(x)->auth, &x->identity, &f);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    response_success(&x->response, "logout successfully");
    identity_set_cookie(x, "", 0);
    return HANDLED;
}

enum handled on_account_me(struct exchange *x)
{
    struct user user;
    enum err e = auth_me(exchange_deps(x)->auth, &x->identity, &x->arena, &user);
    return e == ERR_OK ? user_answer(x, "get user successfully", &user) : exchange_fail_err(x, e);
}

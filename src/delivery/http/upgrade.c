#include "delivery/http/upgrade.h"

#include "delivery/http/handlers.h"
#include "delivery/http/identity.h"
#include "wire/ws.h"

/* What was agreed; x->work. */
struct handshake {
    bool identified; /* x->identity is who is asking */
    bool deflate;
};

/* RFC 9110 section 15.5.22: a 426 names the protocol. */
static enum handled upgrade_refuse(struct exchange *x, int status, const char *text)
{
    response_refuse(&x->response, status, text);
    if (status == 426)
        buf_puts(&x->response.fields, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    return HANDLED;
}

/* The offers of all Sec-WebSocket-Extensions fields, as one list. */
static struct str offers_join(struct exchange *x)
{
    struct buf list;
    buf_init(&list, LIMIT_HEAD_BYTES);
    for (size_t i = 0; i < x->request->n_fields; i++) {
        const struct http_field *field = &x->request->fields[i];
        if (!str_eq_nocase(field->name, STR("Sec-WebSocket-Extensions")))
            continue;
        buf_puts(&list, list.n > 0 ? ", " : "");
        buf_put(&list, field->value.p, field->value.n);
    }
    struct str joined = arena_str(&x->arena, buf_str(&list));
    buf_fini(&list);
    return joined;
}

enum handled on_upgrade_handshake(struct exchange *x)
{
    const struct http_request *r = x->request;
    struct str value;
    if (!r->upgrade_websocket)
        return upgrade_refuse(x, 426, "This is a websocket: ask for it with an upgrade");
    if (!http_field_get(r, "Sec-WebSocket-Version", &value) || !str_eq(value, STR("13")))
        return upgrade_refuse(x, 426, "The websocket version should be 13");
    if (!http_field_get(r, "Sec-WebSocket-Key", &value) || !ws_key_is_valid(value))
        return upgrade_refuse(x, 400, "The Sec-WebSocket-Key is missing or malformed");

    char accept[WS_ACCEPT_SIZE], extension[WS_EXTENSION_SIZE];
    struct handshake *h = arena_alloc(&x->arena, sizeof *h);
    x->work = h;
    h->identified = identity_of_handshake(x);
    ws_accept(value, accept);
    x->response.status = 101;
    buf_printf(&x->response.fields,
               "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n", accept);
    h->deflate = ws_offers_deflate(offers_join(x), extension);
    if (h->deflate)
        buf_printf(&x->response.fields, "Sec-WebSocket-Extensions: %s\r\n", extension);
    return HANDLED_UPGRADE;
}

void upgrade_hand_over(struct exchange *x, struct conn *c, char *early, size_t n_early)
{
    const struct handshake *h = x->work;
    const struct http_deps *deps = exchange_deps(x);
    struct http_upgrade u = {
        .conn = c,
        .request = x->request,
        .identity = h->identified ? &x->identity : NULL,
        .address = x->address,
        .deflate = h->deflate,
        .early = early,
        .n_early = n_early,
    };
    deps->upgrade(&u, deps->upgrade_arg);
}

#include "delivery/http/route.h"

#include "delivery/http/handlers.h"

#define ROUTE(method, path, needs_token, place, handler, is_probe)           \
    {                                                                        \
        method, path, method " " path, needs_token, place, handler, is_probe \
    }

const struct route route_table[] = {
    ROUTE("POST", "/api/register", false, ROUTE_HASHING, on_account_register, false),
    ROUTE("POST", "/api/login", false, ROUTE_HASHING, on_account_login, false),
    ROUTE("POST", "/api/logout", true, ROUTE_COLD, on_account_logout, false),
    ROUTE("GET", "/api/me", true, ROUTE_COLD, on_account_me, false),
    ROUTE("GET", "/api/channel", true, ROUTE_COLD, on_channel_list, false),
    ROUTE("POST", "/api/channel", true, ROUTE_COLD, on_channel_create, false),
    ROUTE("POST", "/api/channel/join", true, ROUTE_COLD, on_channel_join, false),
    ROUTE("POST", "/api/channel/leave", true, ROUTE_COLD, on_channel_leave, false),
    ROUTE("GET", "/api/channel/member", true, ROUTE_COLD, on_channel_members, false),
    ROUTE("POST", "/api/channel/read", true, ROUTE_COLD, on_channel_read, false),
    ROUTE("GET", "/api/user/channel", true, ROUTE_COLD, on_channel_of_user, false),
    ROUTE("GET", "/api/message", true, ROUTE_COLD, on_post_messages, false),
    ROUTE("POST", "/api/message", true, ROUTE_COLD, on_post_send_message, false),
    ROUTE("GET", "/api/reply", true, ROUTE_COLD, on_post_replies, false),
    ROUTE("POST", "/api/reply", true, ROUTE_COLD, on_post_send_reply, false),
    ROUTE("GET", "/api/message/ws", false, ROUTE_LOOP, on_upgrade_handshake, false),
    ROUTE("GET", "/api/openapi.json", false, ROUTE_LOOP, on_probe_openapi, false),
    ROUTE("GET", "/healthz", false, ROUTE_LOOP, on_probe_health, true),
    ROUTE("GET", "/readyz", false, ROUTE_LOOP, on_probe_ready, true),
    ROUTE("GET", "/metrics", false, ROUTE_LOOP, on_probe_metrics, true),
};

const size_t route_count = sizeof route_table / sizeof route_table[0];

const struct route *route_find(struct str method, struct str path, bool *path_known)
{
    *path_known = false;
    if (str_eq(method, STR("HEAD")))
        method = STR("GET");
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &route_table[i];
        if (!str_eq(path, str_of(r->path)))
            continue;
        *path_known = true;
        if (str_eq(method, str_of(r->method)))
            return r;
    }
    return NULL;
}

void route_allow(struct str path, struct buf *out)
{
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &route_table[i];
        if (!str_eq(path, str_of(r->path)))
            continue;
        buf_puts(out, r->method);
        buf_puts(out, strcmp(r->method, "GET") == 0 ? ", HEAD, " : ", ");
    }
    buf_puts(out, "OPTIONS");
}

/* The handlers that the table of routes names. Each reads the fields of its request, asks one
 * service and fills the answer. They run where the table says (route.h). */
#ifndef PARLEY_DELIVERY_HTTP_HANDLERS_H
#define PARLEY_DELIVERY_HTTP_HANDLERS_H

#include "delivery/http/exchange.h"

/* account.c */
enum handled account_register(struct exchange *x);
enum handled account_login(struct exchange *x);
enum handled account_logout(struct exchange *x);
enum handled account_me(struct exchange *x);

/* channel.c */
enum handled channel_list(struct exchange *x);
enum handled channel_of_user(struct exchange *x);
enum handled channel_create(struct exchange *x);
enum handled channel_join(struct exchange *x);
enum handled channel_leave(struct exchange *x);
enum handled channel_members(struct exchange *x);
enum handled channel_read(struct exchange *x);

/* history.c */
enum handled post_messages(struct exchange *x);
enum handled post_replies(struct exchange *x);

/* send.c */
enum handled post_send_message(struct exchange *x);
enum handled post_send_reply(struct exchange *x);

/* upgrade.c */
enum handled upgrade_handshake(struct exchange *x);

/* probe.c */
enum handled probe_openapi(struct exchange *x);
enum handled probe_health(struct exchange *x);
enum handled probe_ready(struct exchange *x);
enum handled probe_metrics(struct exchange *x);

#endif

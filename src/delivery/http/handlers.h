/* The handlers that the table of routes names. Each reads the fields of its request, asks one
 * service and fills the answer. They run where the table says (route.h). */
#ifndef PARLEY_DELIVERY_HTTP_HANDLERS_H
#define PARLEY_DELIVERY_HTTP_HANDLERS_H

#include "delivery/http/exchange.h"

/* account.c */
enum handled on_account_register(struct exchange *x);
enum handled on_account_login(struct exchange *x);
enum handled on_account_logout(struct exchange *x);
enum handled on_account_me(struct exchange *x);

/* channel.c */
enum handled on_channel_list(struct exchange *x);
enum handled on_channel_of_user(struct exchange *x);
enum handled on_channel_create(struct exchange *x);
enum handled on_channel_join(struct exchange *x);
enum handled on_channel_leave(struct exchange *x);
enum handled on_channel_members(struct exchange *x);
enum handled on_channel_read(struct exchange *x);

/* history.c */
enum handled on_post_messages(struct exchange *x);
enum handled on_post_replies(struct exchange *x);

/* send.c */
enum handled on_post_send_message(struct exchange *x);
enum handled on_post_send_reply(struct exchange *x);

/* upgrade.c */
enum handled on_upgrade_handshake(struct exchange *x);

/* probe.c */
enum handled on_probe_openapi(struct exchange *x);
enum handled on_probe_health(struct exchange *x);
enum handled on_probe_ready(struct exchange *x);
enum handled on_probe_metrics(struct exchange *x);

#endif

/* Channels: list, create, join, leave, members, read positions. */
#include "delivery/http/fields.h"
#include "delivery/http/handlers.h"
#include "domain/event.h"
#include "wire/frame.h"

static const struct field channel_field[] = {{"channel_id", "channelid", FIELD_UUID}};

static void channel_put(struct buf *out, const struct channel *c)
{
    frame_put_channel(out, &c->id, c->name, &c->owner, c->created_us);
}

/* Puts a comma before all elements of a list but the first. */
static void comma_put(struct buf *out)
{
    if (out->n > 0 && out->p[out->n - 1] != '[')
        buf_putc(out, ',');
}

static void list_each(const struct channel *c, void *arg)
{
    struct buf *out = arg;
    comma_put(out);
    channel_put(out, c);
}

enum handled on_channel_list(struct exchange *x)
{
    struct buf *out = response_data_begin(&x->response, "get channel successfully");
    buf_putc(out, '[');
    enum err e = channels_list(exchange_deps(x)->channels, list_each, out);
    if (e != ERR_OK)
        return exchange_fail_err(x, e);
    buf_putc(out, ']');
    response_data_end(&x->response);
    return HANDLED;
}

static void membership_put(struct buf *out, const struct membership *m)
{
    comma_put(out);
    channel_put(out, &m->channel);
    if (out->failed)
        return;
    out->n--; /* the closing brace: the object goes on */
    buf_puts(out, ",\"head_seq\":");
    json_put_u64(out, m->head_seq);
    buf_puts(out, ",\"read_seq\":");
    json_put_u64(out, m->read_seq);
    buf_puts(out, ",\"unread\":");
    json_put_u64(out, m->unread);
    buf_puts(out, m->unread_is_part ? ",\"unread_is_part\":true}" : "}");
}

enum handled on_channel_of_user(struct exchange *x)
{
    struct memberships list;
    enum err e = channels_of_user(exchange_deps(x)->channels, &x->identity.user, &x->arena, &list);
    if (e != ERR_OK)
        return exchange_fail_err(x, e);
    struct buf *out = response_data_begin(&x->response, "get user channels successfully");
    buf_putc(out, '[');
    for (size_t i = 0; i < list.n; i++)
        membership_put(out, &list.items[i]);
    buf_putc(out, ']');
    response_data_end(&x->response);
    return HANDLED;
}

enum handled on_channel_create(struct exchange *x)
{
    static const struct field fields[] = {{"name", "name", FIELD_TEXT}};
    struct field_value v;
    struct fault f = {0};
    struct channel channel;
    enum err e = fields_from_body(x, fields, 1, &v, &f);
    if (e == ERR_OK)
        e = channels_create(exchange_deps(x)->channels, &x->identity.user, v.text, &x->arena,
                            &channel, &f);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    channel_put(response_data_begin(&x->response, "create channel successfully"), &channel);
    response_data_end(&x->response);
    return HANDLED;
}

/* Join and leave: a user and a channel in, success or a reason out. */
static enum handled membership_change(struct exchange *x, const char *message,
                                      enum err (*change)(struct channels *, const struct uuid *user,
                                                         const struct uuid *channel))
{
    struct field_value v;
    struct fault f = {0};
    enum err e = fields_from_body(x, channel_field, 1, &v, &f);
    if (e == ERR_OK)
        e = change(exchange_deps(x)->channels, &x->identity.user, &v.uuid);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    response_success(&x->response, message);
    return HANDLED;
}

enum handled on_channel_join(struct exchange *x)
{
    return membership_change(x, "user join channel successfully", channels_join);
}

enum handled on_channel_leave(struct exchange *x)
{
    return membership_change(x, "user leave channel successfully", channels_leave);
}

static void member_put(struct buf *out, const struct member *m)
{
    comma_put(out);
    buf_puts(out, "{\"id\":");
    json_put_uuid(out, &m->user.id);
    buf_puts(out, ",\"name\":");
    json_put_string(out, m->user.name);
    buf_puts(out, m->online ? ",\"online\":true}" : ",\"online\":false}");
}

enum handled on_channel_members(struct exchange *x)
{
    struct field_value v;
    struct fault f = {0};
    struct member *members;
    size_t n;
    enum err e = fields_from_query(x, channel_field, 1, &v, &f);
    if (e == ERR_OK)
        e = channels_members(exchange_deps(x)->channels, &x->identity.user, &v.uuid, &x->arena,
                             &members, &n);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    struct buf *out = response_data_begin(&x->response, "get channel members successfully");
    buf_putc(out, '[');
    for (size_t i = 0; i < n; i++)
        member_put(out, &members[i]);
    buf_putc(out, ']');
    response_data_end(&x->response);
    return HANDLED;
}

enum handled on_channel_read(struct exchange *x)
{
    static const struct field fields[] = {
        {"channel_id", "channelid", FIELD_UUID},
        {"seq", "seq", FIELD_SEQ},
    };
    struct field_value v[2];
    struct fault f = {0};
    uint64_t now = 0;
    enum err e = fields_from_body(x, fields, 2, v, &f);
    if (e == ERR_OK)
        e = channels_mark_read(exchange_deps(x)->channels, &x->identity.user, &v[0].uuid,
                               v[1].number, ORIGIN_NO_SHARD, 0, &now);
    if (e != ERR_OK)
        return exchange_refuse(x, e, &f);
    struct buf *out = response_data_begin(&x->response, "read channel successfully");
    buf_puts(out, "{\"channel_id\":");
    json_put_uuid(out, &v[0].uuid);
    buf_puts(out, ",\"read_seq\":");
    json_put_u64(out, now);
    buf_putc(out, '}');
    response_data_end(&x->response);
    return HANDLED;
}

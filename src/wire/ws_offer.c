/* The negotiation of permessage-deflate (RFC 7692 sections 5 and 7.1), for a server.
 *
 * A client lists offers in the order of its preference; the first one that we can keep is taken.
 * We always answer without context takeover in both directions, and with the window that our own
 * streams have (ws_zip.h): an offer that allows us less is declined. The client's window needs no
 * limit: inflating works with any. */
#include <stdio.h>

#include "wire/http_chars.h"
#include "wire/ws.h"
#include "wire/ws_zip.h"

#define WINDOW_BITS_MIN 8
#define WINDOW_BITS_MAX 15

enum param {
    SERVER_NO_TAKEOVER,
    CLIENT_NO_TAKEOVER,
    SERVER_WINDOW,
    CLIENT_WINDOW,
    PARAM_COUNT,
};

static const struct {
    const char *name;
    bool takes_value, needs_value;
} params[PARAM_COUNT] = {
    [SERVER_NO_TAKEOVER] = {"server_no_context_takeover", false, false},
    [CLIENT_NO_TAKEOVER] = {"client_no_context_takeover", false, false},
    [SERVER_WINDOW] = {"server_max_window_bits", true, true},
    [CLIENT_WINDOW] = {"client_max_window_bits", true, false},
};

/* A token, or a quoted string that holds one (RFC 6455 section 9.1). */
static bool value_read(struct str text, char *out, size_t size)
{
    size_t n = 0;
    bool quoted = text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"';
    size_t end = quoted ? text.n - 1 : text.n;
    for (size_t i = quoted ? 1 : 0; i < end; i++) {
        if (quoted && text.p[i] == '\\' && ++i == end)
            return false;
        if (n + 1 >= size || !http_char_is(text.p[i], HTTP_CHAR_TOKEN))
            return false;
        out[n++] = text.p[i];
    }
    out[n] = '\0';
    return n > 0;
}

/* 8 to 15, without leading zeros; 0 for anything else. */
static unsigned window_bits_read(struct str text)
{
    char value[4];
    unsigned long long bits;
    if (!value_read(text, value, sizeof value) || value[0] == '0' ||
        !str_to_u64(str_of(value), &bits))
        return 0;
    return bits >= WINDOW_BITS_MIN && bits <= WINDOW_BITS_MAX ? (unsigned)bits : 0;
}

/* Reads one parameter of an offer. False: the offer cannot be accepted. */
static bool param_accept(struct str text, bool *seen, unsigned *server_bits)
{
    const char *equals = text.n == 0 ? NULL : memchr(text.p, '=', text.n);
    struct str name = text, value = STR_NONE;
    if (equals != NULL) {
        name = http_trim((struct str){text.p, (size_t)(equals - text.p)});
        value = http_trim((struct str){equals + 1, text.n - (size_t)(equals - text.p) - 1});
    }
    unsigned bits = 0;
    for (size_t i = 0; i < PARAM_COUNT; i++) {
        if (!str_eq(name, str_of(params[i].name)))
            continue;
        if (seen[i] || (equals != NULL && !params[i].takes_value) ||
            (equals == NULL && params[i].needs_value))
            return false;
        if (equals != NULL && (bits = window_bits_read(value)) == 0)
            return false;
        seen[i] = true;
        if (i == SERVER_WINDOW)
            *server_bits = bits;
        return i != SERVER_WINDOW || bits >= WS_DEFLATE_WINDOW_BITS;
    }
    return false;
}

static bool offer_accept(struct str offer, unsigned *server_bits)
{
    bool seen[PARAM_COUNT] = {false};
    *server_bits = 0;
    if (!str_eq(http_list_next(&offer, ';'), STR("permessage-deflate")))
        return false;
    while (offer.p != NULL)
        if (!param_accept(http_list_next(&offer, ';'), seen, server_bits))
            return false;
    return true;
}

bool ws_offers_deflate(struct str extensions, char *response)
{
    while (extensions.p != NULL) {
        unsigned server_bits;
        if (!offer_accept(http_list_next(&extensions, ','), &server_bits))
            continue;
        int n = snprintf(response, WS_EXTENSION_SIZE,
                         "permessage-deflate; server_no_context_takeover; "
                         "client_no_context_takeover");
        if (server_bits != 0)
            snprintf(response + n, WS_EXTENSION_SIZE - (size_t)n, "; server_max_window_bits=%d",
                     WS_DEFLATE_WINDOW_BITS);
        return true;
    }
    return false;
}

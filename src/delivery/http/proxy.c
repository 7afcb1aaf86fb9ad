#include "delivery/http/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/mem.h"
#include "delivery/http/edge.h"

static const uint8_t mapped_prefix[12] = {[10] = 0xFF, [11] = 0xFF};

/* `text` is an address without port. Sixteen bytes, IPv4 as ::ffff:a.b.c.d. */
static bool address_parse(const char *text, uint8_t out[16], bool *is_v4)
{
    memcpy(out, mapped_prefix, sizeof mapped_prefix);
    *is_v4 = inet_pton(AF_INET, text, out + 12) == 1;
    return *is_v4 || inet_pton(AF_INET6, text, out) == 1;
}

static void address_print(const uint8_t address[16], char *out)
{
    bool v4 = memcmp(address, mapped_prefix, sizeof mapped_prefix) == 0;
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address + 12 : address, out, HTTP_ADDRESS_SIZE);
}

static bool network_parse(const char *text, struct proxy_network *out)
{
    struct str whole = str_of(text);
    const char *slash = memchr(whole.p, '/', whole.n);
    size_t len = slash == NULL ? whole.n : (size_t)(slash - whole.p);
    char address[HTTP_ADDRESS_SIZE];
    bool v4;
    if (!str_copy((struct str){whole.p, len}, address, sizeof address) ||
        !address_parse(address, out->address, &v4))
        return false;
    unsigned long long bits = v4 ? 32 : 128;
    if (slash != NULL) {
        unsigned long long given;
        if (!str_to_u64((struct str){slash + 1, whole.n - len - 1}, &given) || given > bits)
            return false;
        bits = given;
    }
    out->bits = (unsigned)bits + (v4 ? 96 : 0);
    return true;
}

bool proxies_init(struct proxies *p, const char *const *texts, size_t n, size_t *bad)
{
    *p = (struct proxies){.networks = mem_array(n == 0 ? 1 : n, sizeof *p->networks), .n = n};
    for (size_t i = 0; i < n; i++) {
        if (!network_parse(texts[i], &p->networks[i])) {
            *bad = i;
            return false;
        }
    }
    return true;
}

void proxies_fini(struct proxies *p)
{
    mem_free(p->networks);
    *p = (struct proxies){0};
}

static bool network_holds(const struct proxy_network *n, const uint8_t address[16])
{
    size_t whole = n->bits / 8;
    if (memcmp(n->address, address, whole) != 0)
        return false;
    unsigned rest = n->bits % 8;
    return rest == 0 || ((n->address[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

static bool address_is_trusted(const struct proxies *p, const uint8_t address[16])
{
    for (size_t i = 0; i < p->n; i++)
        if (network_holds(&p->networks[i], address))
            return true;
    return false;
}

bool proxies_trust(const struct proxies *p, const char *peer)
{
    uint8_t address[16];
    bool v4;
    return p->n > 0 && address_parse(peer, address, &v4) && address_is_trusted(p, address);
}

/* One element of X-Forwarded-For: an address, maybe with a port ("1.2.3.4:80", "[::1]:80"). */
static bool element_parse(struct str s, uint8_t out[16])
{
    if (s.n > 0 && s.p[0] == '[') {
        const char *end = memchr(s.p, ']', s.n);
        if (end == NULL)
            return false;
        s = (struct str){s.p + 1, (size_t)(end - s.p) - 1};
    } else if (s.n > 0) {
        const char *colon = memchr(s.p, ':', s.n);
        if (colon != NULL && memchr(s.p, '.', (size_t)(colon - s.p)) != NULL)
            s.n = (size_t)(colon - s.p);
    }
    char text[HTTP_ADDRESS_SIZE];
    bool v4;
    return str_copy(s, text, sizeof text) && address_parse(text, out, &v4);
}

/* Takes the last element off a comma-separated list. */
static struct str list_pop_last(struct str *list)
{
    size_t start = list->n;
    while (start > 0 && list->p[start - 1] != ',')
        start--;
    struct str element = {list->p + start, list->n - start};
    list->n = start > 0 ? start - 1 : 0;
    while (element.n > 0 && (element.p[0] == ' ' || element.p[0] == '\t'))
        element.p++, element.n--;
    while (element.n > 0 && (element.p[element.n - 1] == ' ' || element.p[element.n - 1] == '\t'))
        element.n--;
    return element;
}

/* Walks one X-Forwarded-For from the right. True when the walk ends here. */
static bool forwarded_walk(const struct proxies *p, struct str list, uint8_t client[16])
{
    while (list.n > 0) {
        uint8_t address[16];
        if (!element_parse(list_pop_last(&list), address))
            return true;
        memcpy(client, address, sizeof address);
        if (!address_is_trusted(p, address))
            return true;
    }
    return false;
}

void proxies_client(const struct proxies *p, const char *peer, const struct http_request *r,
                    char *out)
{
    uint8_t client[16];
    bool v4;
    if (!address_parse(peer, client, &v4)) {
        snprintf(out, HTTP_ADDRESS_SIZE, "%s", peer);
        return;
    }
    if (address_is_trusted(p, client)) {
        bool ended = false;
        for (size_t i = r->n_fields; i-- > 0 && !ended;)
            if (str_eq_nocase(r->fields[i].name, STR("X-Forwarded-For")))
                ended = forwarded_walk(p, r->fields[i].value, client);
    }
    address_print(client, out);
}

bool proxies_say_https(const struct proxies *p, const char *peer, const struct http_request *r)
{
    for (size_t i = r->n_fields; i-- > 0;) {
        struct str value = r->fields[i].value;
        if (str_eq_nocase(r->fields[i].name, STR("X-Forwarded-Proto")))
            return proxies_trust(p, peer) && str_eq_nocase(list_pop_last(&value), STR("https"));
    }
    return false;
}

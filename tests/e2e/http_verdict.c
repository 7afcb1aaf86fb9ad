/* What our HTTP parser makes of streams of bytes, for http_oracle.py to compare.
 *
 * On stdin: streams, each with its length before it (four bytes, most significant first). On
 * stdout: a line for each finished request ("R method target body", the last two in hexadecimal),
 * and a line for how the stream ends: "." all was used, "?" a request is unfinished, "! status
 * reason" a refusal. As a server does, it stops at the first refusal, and after a request that
 * closes the connection or upgrades it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wire/http.h"

static const struct http_limits limits = {16384, 100, 65536};

static void put_hex(struct str s)
{
    putchar(' ');
    for (size_t i = 0; i < s.n; i++)
        printf("%02x", (unsigned char)s.p[i]);
}

/* Returns whether the connection goes on. */
static bool request_put(const struct http_request *r)
{
    printf("R %.*s", STR_FMT(r->method));
    put_hex(r->target);
    put_hex(r->body);
    putchar('\n');
    return r->keep_alive && !r->upgrade_websocket;
}

static void stream_judge(const char *p, size_t n)
{
    struct http_parser *parser = http_parser_new(&limits);
    bool open = true;
    const char *end = ".";
    while (open) {
        size_t used;
        enum http_result result = http_parse(parser, p, n, &used);
        p += used;
        n -= used;
        if (result == HTTP_DONE) {
            open = request_put(http_parser_request(parser));
            http_parser_next(parser);
        } else if (result == HTTP_MORE) {
            open = false;
            end = http_parser_is_midway(parser) ? "?" : ".";
        } else if (result == HTTP_ERROR) {
            open = false;
            end = "!";
        }
    }
    if (*end == '!')
        printf("! %d %s\n", http_parser_status(parser), http_parser_reason(parser));
    else
        puts(end);
    http_parser_free(parser);
}

int main(void)
{
    unsigned char head[4];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        char *stream = mem_alloc(n + 1);
        if (fread(stream, 1, n, stdin) != n)
            return EXIT_FAILURE;
        stream_judge(stream, n);
        mem_free(stream);
    }
    return ferror(stdin) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

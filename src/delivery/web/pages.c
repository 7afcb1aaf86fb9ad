#include "delivery/web/pages.h"

#include <stdio.h>

#include "base/mem.h"
#include "delivery/http/exchange.h"
#include "delivery/web/table.h"

#define ETAG_SIZE         32
#define WEB_PAGE_PATH_MAX 256 /* longer ones are no page of ours */

static const char *const coding_names[] = {[WEB_BR] = "br", [WEB_GZIP] = "gzip", [WEB_PLAIN] = ""};

/* The best coding that the client accepts and the file has. */
static enum web_coding choose_coding(const struct web_file *f, const struct http_request *r)
{
    for (enum web_coding c = 0; c < WEB_PLAIN; c++)
        if (f->data[c].p != NULL && http_accepts_coding(r, coding_names[c]))
            return c;
    return WEB_PLAIN;
}

/* Is `etag` in If-None-Match (RFC 9110 section 13.1.2; weak comparison)? */
static bool client_has(const struct http_request *r, const char *etag)
{
    struct str have;
    if (!http_field_get(r, "If-None-Match", &have))
        return false;
    return str_eq(have, STR("*")) || memmem(have.p, have.n, etag, strlen(etag)) != NULL;
}

static void serve_file(struct exchange *x, const struct web_file *f)
{
    char etag[ETAG_SIZE];
    struct response *answer = &x->response;
    enum web_coding coding = choose_coding(f, x->request);
    bool is_asset = f->path.n > 8 && memcmp(f->path.p, "/assets/", 8) == 0;
    snprintf(etag, sizeof etag, "\"%016llx%s%s\"", (unsigned long long)f->hash,
             coding == WEB_PLAIN ? "" : "-", coding_names[coding]);
    answer->type = f->type;
    answer->cache = is_asset ? "public, max-age=31536000, immutable" : "no-cache";
    answer->varies_by_coding = f->data[WEB_BR].p != NULL || f->data[WEB_GZIP].p != NULL;
    buf_printf(&answer->fields, "ETag: %s\r\n", etag);
    if (f->policy !=
        NULL) { /* forms without scripts are judged by their Origin, so it must be sent */
        buf_printf(&answer->fields, "Content-Security-Policy: %s\r\n", f->policy);
        answer->referrer = "same-origin";
    }
    if (client_has(x->request, etag)) {
        answer->status = 304;
        return;
    }
    if (coding != WEB_PLAIN)
        buf_printf(&answer->fields, "Content-Encoding: %s\r\n", coding_names[coding]);
    answer->status = 200;
    answer->shared = bytes_copy(f->data[coding].p, f->data[coding].n);
}

/* A page that was made at build time: "/login" is the file "/login/index.html". */
static const struct web_file *find_page(const struct web_pages *p, struct str path)
{
    char name[WEB_PAGE_PATH_MAX];
    while (path.n > 0 && path.p[path.n - 1] == '/')
        path.n--;
    int n = snprintf(name, sizeof name, "%.*s/index.html", STR_FMT(path));
    const struct web_file *f =
        n > 0 && (size_t)n < sizeof name ? web_table_find(p, (struct str){name, (size_t)n}) : NULL;
    return f != NULL ? f : p->shell;
}

static bool serve(const struct http_pages *self, struct exchange *x)
{
    const struct web_pages *p = (const struct web_pages *)(const void *)self;
    const struct http_request *r = x->request;
    const struct web_file *f = web_table_find(p, r->path);
    if (f == NULL && http_field_has_token(r, "Accept", "text/html"))
        f = find_page(p, r->path);
    if (f == NULL)
        return false;
    serve_file(x, f);
    return true;
}

const struct http_pages *web_pages_http(const struct web_pages *p)
{
    return &p->super;
}

struct web_pages *web_pages_builtin(void)
{
    struct web_pages *p = web_table_new();
    p->super.serve = serve;
    for (size_t i = 0; i < web_builtin_count; i++) {
        const struct web_builtin_file *f = &web_builtin_files[i];
        web_table_add(p, str_of(f->path),
                      (struct str){(const char *)f->begin, (size_t)(f->end - f->begin)});
    }
    if (web_table_finish(p, str_of(web_builtin_csp)))
        return p;
    web_pages_free(p);
    return NULL;
}

enum err web_pages_load(const char *dir, struct web_pages **out, char *reason, size_t reason_size)
{
    struct web_pages *p = web_table_new();
    struct str csp;
    p->super.serve = serve;
    if (!web_folder_read(p, dir, &csp, reason, reason_size)) {
        web_pages_free(p);
        return ERR_UNAVAILABLE;
    }
    if (!web_table_finish(p, csp)) {
        snprintf(reason, reason_size, "%s holds no index.html, or its csp.json is damaged", dir);
        web_pages_free(p);
        return ERR_UNAVAILABLE;
    }
    *out = p;
    return ERR_OK;
}

void web_pages_free(struct web_pages *p)
{
    if (p == NULL)
        return;
    arena_fini(&p->arena);
    mem_free(p->files);
    mem_free(p);
}

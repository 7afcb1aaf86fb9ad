#include "delivery/web/table.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

#define POLICY_BYTES_MAX 16384

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".webmanifest", "application/manifest+json; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *const twin_endings[] = {[WEB_BR] = ".br", [WEB_GZIP] = ".gz"};

static bool ends_with(struct str s, const char *ending)
{
    struct str e = str_of(ending);
    return s.n >= e.n && memcmp(s.p + s.n - e.n, e.p, e.n) == 0;
}

static const char *type_of(struct str path)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (ends_with(path, types[i].ending))
            return types[i].type;
    return "application/octet-stream";
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo): tells versions of a file apart, protects nothing. */
static uint64_t hash_of(struct str s)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001B3);
    return h;
}

struct web_pages *web_table_new(void)
{
    struct web_pages *p = MEM_NEW(struct web_pages);
    arena_init(&p->arena);
    return p;
}

static int by_path(const void *a, const void *b)
{
    struct str x = ((const struct web_file *)a)->path, y = ((const struct web_file *)b)->path;
    int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return order != 0 ? order : x.n < y.n ? -1 : x.n > y.n;
}

/* The entry of `path`, made when it is not there. */
static struct web_file *entry_of(struct web_pages *p, struct str path)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->files[i].path, path))
            return &p->files[i];
    if (p->n == p->cap) {
        p->cap = p->cap == 0 ? 64 : p->cap * 2;
        p->files = mem_realloc(p->files, p->cap * sizeof *p->files);
    }
    p->files[p->n] = (struct web_file){.path = path};
    return &p->files[p->n++];
}

void web_table_add(struct web_pages *p, struct str path, struct str data)
{
    enum web_coding coding = WEB_PLAIN;
    for (enum web_coding c = 0; c < WEB_PLAIN; c++)
        if (ends_with(path, twin_endings[c]))
            coding = c;
    if (coding != WEB_PLAIN)
        path.n -= strlen(twin_endings[coding]);
    if (data.p == NULL)
        data.p = ""; /* an empty file is a file */
    entry_of(p, path)->data[coding] = data;
}

static void put_sources(struct buf *out, const char *directive, const json_t *hashes)
{
    size_t i;
    const json_t *hash;
    buf_printf(out, "; %s 'self'", directive);
    json_array_foreach(hashes, i, hash) if (json_is_string(hash))
        buf_printf(out, " %s", json_string_value(hash));
}

/* What the client needs and nothing else; websockets of the same origin are 'self' (CSP level 3,
 * section 6.7.2.8). */
static const char *policy_of(struct web_pages *p, const json_t *page)
{
    struct buf out;
    buf_init(&out, POLICY_BYTES_MAX);
    buf_puts(&out, "default-src 'none'; base-uri 'none'; connect-src 'self'; font-src 'self'; "
                   "form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; "
                   "manifest-src 'self'; worker-src 'self'");
    put_sources(&out, "script-src", json_object_get(page, "script"));
    put_sources(&out, "style-src", json_object_get(page, "style"));
    const char *policy = out.failed ? NULL : arena_str(&p->arena, buf_str(&out)).p;
    buf_fini(&out);
    return policy;
}

static bool give_policies(struct web_pages *p, struct str csp)
{
    bool given = true;
    json_t *root = csp.n > 0 ? json_loadb(csp.p, csp.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (csp.n > 0 && root == NULL)
        return false;
    const json_t *pages = json_object_get(root, "pages");
    for (size_t i = 0; i < p->n && given; i++) {
        struct web_file *f = &p->files[i];
        if (!ends_with(f->path, ".html"))
            continue;
        f->policy = policy_of(p, json_object_getn(pages, f->path.p + 1, f->path.n - 1));
        given = f->policy != NULL;
    }
    json_decref(root);
    return given;
}

bool web_table_finish(struct web_pages *p, struct str csp)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->files[i].data[WEB_PLAIN].p != NULL) /* else a twin without its file */
            p->files[kept++] = p->files[i];
    p->n = kept;
    if (p->n == 0)
        return false;
    qsort(p->files, p->n, sizeof *p->files, by_path);
    for (size_t i = 0; i < p->n; i++) {
        p->files[i].type = type_of(p->files[i].path);
        p->files[i].hash = hash_of(p->files[i].data[WEB_PLAIN]);
    }
    if (!give_policies(p, csp))
        return false;
    p->shell = web_table_find(p, STR("/__spa-fallback.html"));
    if (p->shell == NULL)
        p->shell = web_table_find(p, STR("/index.html"));
    return p->shell != NULL;
}

const struct web_file *web_table_find(const struct web_pages *p, struct str path)
{
    struct web_file key = {.path = path};
    return path.n == 0 ? NULL : bsearch(&key, p->files, p->n, sizeof key, by_path);
}

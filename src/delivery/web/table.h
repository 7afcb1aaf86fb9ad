/* The table of files and how it is filled. Inside delivery/web only. */
#ifndef PARLEY_DELIVERY_WEB_TABLE_H
#define PARLEY_DELIVERY_WEB_TABLE_H

#include "base/arena.h"
#include "delivery/web/pages.h"

enum web_coding { WEB_BR, WEB_GZIP, WEB_PLAIN, WEB_CODINGS };

struct web_file {
    struct str path;              /* as in a request */
    struct str data[WEB_CODINGS]; /* NULL: not in this coding; WEB_PLAIN always is */
    uint64_t hash;                /* of the plain content: its ETag */
    const char *type;
    const char *policy; /* Content-Security-Policy; NULL: not a page */
};

struct web_pages {
    struct http_pages super;
    struct arena arena;     /* paths, policies, and the contents where they are not built in */
    struct web_file *files; /* by path */
    size_t n, cap;
    const struct web_file *shell;
};

struct web_pages *web_table_new(void);
/* Adds one file; a name that ends in .br or .gz joins the file it is a twin of, which may come
 * later. `path` and `data` must live as long as the table. */
void web_table_add(struct web_pages *p, struct str path, struct str data);
/* Sorts, hashes, gives types and policies (`csp` is the text of csp.json or empty). False when
 * there is no shell page or `csp` is not what it should be. */
bool web_table_finish(struct web_pages *p, struct str csp);
const struct web_file *web_table_find(const struct web_pages *p, struct str path);

/* folder.c: adds the regular files below `dir` (no links, no dot files), their contents in the
 * table's arena, and finds csp.json in `dir` or beside it. False with a sentence in `reason`. */
bool web_folder_read(struct web_pages *p, const char *dir, struct str *csp, char *reason,
                     size_t reason_size);

#endif

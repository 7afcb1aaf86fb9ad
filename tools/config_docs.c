/* Prints docs/configuration.md from the table of keys. With a file: exits with 1 unless it holds
 * just that. */
#include <stdio.h>
#include <string.h>

#include "node/config.h"

#define DOCS_BYTES_MAX (1u << 20)

static int check(const struct buf *want, const char *path)
{
    static char have[DOCS_BYTES_MAX];
    FILE *f = fopen(path, "r");
    size_t n = f == NULL ? 0 : fread(have, 1, sizeof have, f);
    if (f != NULL)
        fclose(f);
    if (n == want->n && memcmp(have, want->p, n) == 0)
        return 0;
    fprintf(stderr, "%s is not what the table says: write it again with config_docs\n", path);
    return 1;
}

int main(int argc, char **argv)
{
    struct buf docs;
    buf_init(&docs, DOCS_BYTES_MAX);
    config_print_docs(&docs);
    int exit_code = 0;
    if (argc > 1)
        exit_code = check(&docs, argv[1]);
    else
        fwrite(docs.p, 1, docs.n, stdout);
    buf_fini(&docs);
    return exit_code;
}

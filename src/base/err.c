#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

static const struct {
    const char *name;
    int status;
    enum rpc_code rpc;
    const char *code;
    const char *text;
} table[ERR_COUNT] = {
#define ERR_ROW(name, status, rpc, code, text) [name] = {#name, status, RPC_##rpc, code, text},
    ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

int err_status(enum err e)
{
    assert(e < ERR_COUNT);
    return table[e].status;
}

enum rpc_code err_rpc(enum err e)
{
    assert(e < ERR_COUNT);
    return table[e].rpc;
}

const char *err_code(enum err e)
{
    assert(e < ERR_COUNT);
    return table[e].code;
}

const char *err_text(enum err e)
{
    assert(e < ERR_COUNT);
    return table[e].text;
}

const char *err_name(enum err e)
{
    assert(e < ERR_COUNT);
    return table[e].name;
}

/* Takes off the character that the end of the room cut in two, so that it stays UTF-8. */
static void text_mend(char *text)
{
    size_t n = strlen(text), begin = n;
    while (begin > 0 && n - begin < 4 && ((unsigned char)text[begin - 1] & 0xC0) == 0x80)
        begin--;
    if (begin > 0 && (unsigned char)text[begin - 1] >= 0xC0)
        begin--;
    if (str_utf8_first((struct str){text + begin, n - begin}) != n - begin)
        text[begin] = '\0';
}

enum err fault_set(struct fault *f, enum err e, const char *fmt, ...)
{
    if (f == NULL)
        return e;
    f->err = e;
    f->retry_after_ms = 0;
    f->text[0] = '\0';
    if (fmt != NULL) {
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(f->text, sizeof f->text, fmt, ap);
        va_end(ap);
        if (n >= (int)sizeof f->text)
            text_mend(f->text);
    }
    return e;
}

const char *fault_text(const struct fault *f)
{
    return f->text[0] != '\0' ? f->text : err_text(f->err);
}

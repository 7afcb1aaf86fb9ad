/* The parser is a machine of states, one function each, that eats bytes until something is to be
 * told. Lines (of the head, of chunk sizes, of trailers) all go through line_read, which knows what
 * a line may hold and how it ends; each byte is looked at once, however the input is cut. A line's
 * text is kept without its CRLF; what points into it is kept as an offset until the head is whole,
 * because the buffer moves while it grows. */
#include "wire/http.h"

#include <assert.h>

#include "base/mem.h"
#include "wire/http_chars.h"
#include "wire/http_head.h"

#define CHUNK_LINE_MAX   256 /* size, extensions, CRLF */
#define CHUNK_DIGITS_MAX 16

enum state {
    STATE_START_LINE,
    STATE_FIELDS,
    STATE_BODY,       /* as long as Content-Length says */
    STATE_CHUNK_SIZE, /* the line that opens a chunk */
    STATE_CHUNK_DATA,
    STATE_CHUNK_END, /* its CRLF */
    STATE_TRAILERS,
    STATE_DONE,
    STATE_ERROR,
};

enum step { STEP_ON, STEP_MORE, STEP_HEAD, STEP_DONE, STEP_ERROR };

struct input {
    const char *p;
    size_t n, at;
};

struct field_at {
    size_t name, name_n, value, value_n;
};

struct http_parser {
    struct http_limits limits;
    enum state state;
    enum http_fault fault;

    bool after_cr;      /* the last byte of a line was CR */
    bool skipped_empty; /* the one empty line that may come before a request */
    uint8_t end_n;      /* bytes seen of the CRLF after a chunk */

    size_t head_left;  /* bytes the head may still have */
    size_t extra_left; /* bytes that chunk extensions and trailers may still have, together */
    size_t line_left;  /* bytes the line of a chunk size may still have */
    size_t trailers;
    unsigned long long body_left; /* of the body, or of the chunk */

    struct buf head; /* the lines, one after the other */
    size_t line;     /* where the current one begins */
    size_t method_n, target_n;
    struct buf fields_at; /* of struct field_at */
    struct http_field *fields;
    struct buf line_text; /* of a chunk size or a trailer */
    struct buf body;

    struct http_request request;
};

/* ---- Lines ---- */

static enum step refuse(struct http_parser *p, enum http_fault fault)
{
    p->fault = fault;
    p->state = STATE_ERROR;
    return STEP_ERROR;
}

static size_t text_run(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && http_char_is(p[i], HTTP_CHAR_TEXT))
        i++;
    return i;
}

static enum http_fault not_text_fault(char c)
{
    return c == '\n' ? HTTP_FAULT_BARE_LF : HTTP_FAULT_CONTROL_CHAR;
}

/* Reads on in a line, appending its text to `into`. STEP_ON: the line is whole. `*left` is what it
 * may still take, line ends included; past it the fault is `too_long`. */
static enum step line_read(struct http_parser *p, struct input *in, struct buf *into, size_t *left,
                           enum http_fault too_long)
{
    while (in->at < in->n) {
        size_t n = in->n - in->at;
        size_t run = p->after_cr ? 0 : text_run(in->p + in->at, n < *left ? n : *left);
        if (run > 0)
            buf_put(into, in->p + in->at, run);
        in->at += run;
        *left -= run;
        if (in->at == in->n)
            break;
        if (*left == 0)
            return refuse(p, too_long);
        char c = in->p[in->at++];
        --*left;
        if (p->after_cr) {
            p->after_cr = false;
            return c == '\n' ? STEP_ON : refuse(p, HTTP_FAULT_BARE_CR);
        }
        if (c != '\r')
            return refuse(p, not_text_fault(c));
        p->after_cr = true;
    }
    assert(!into->failed);
    return STEP_MORE;
}

/* ---- The head ---- */

static enum step on_start_line(struct http_parser *p, struct input *in)
{
    enum step step = line_read(p, in, &p->head, &p->head_left, HTTP_FAULT_LINE_TOO_LONG);
    if (step != STEP_ON)
        return step;
    if (p->head.n == 0) {
        if (p->skipped_empty)
            return refuse(p, HTTP_FAULT_EMPTY_LINES);
        p->skipped_empty = true;
        p->head_left = p->limits.head_bytes;
        return STEP_ON;
    }
    struct http_start_line line;
    enum http_fault fault = http_start_line_read(buf_str(&p->head), &line);
    if (fault != HTTP_FAULT_NONE)
        return refuse(p, fault);
    p->method_n = line.method.n;
    p->target_n = line.target.n;
    p->request.version_1_0 = line.version_1_0;
    p->line = p->head.n;
    p->state = STATE_FIELDS;
    return STEP_ON;
}

static enum step field_add(struct http_parser *p)
{
    struct http_field f;
    struct str line = {p->head.p + p->line, p->head.n - p->line};
    enum http_fault fault = http_field_line_read(line, &f);
    if (fault != HTTP_FAULT_NONE)
        return refuse(p, fault);
    struct field_at at = {(size_t)(f.name.p - p->head.p), f.name.n, (size_t)(f.value.p - p->head.p),
                          f.value.n};
    buf_put(&p->fields_at, &at, sizeof at);
    if (p->fields_at.failed)
        return refuse(p, HTTP_FAULT_TOO_MANY_FIELDS);
    p->line = p->head.n;
    return STEP_ON;
}

/* Makes pointers of the offsets, now that the head stays where it is. */
static void request_build(struct http_parser *p)
{
    struct http_request *r = &p->request;
    const char *base = p->head.p;
    r->method = (struct str){base, p->method_n};
    r->target = (struct str){base + p->method_n + 1, p->target_n};
    r->n_fields = p->fields_at.n / sizeof(struct field_at);
    if (r->n_fields == 0)
        return;
    p->fields = mem_array(r->n_fields, sizeof *p->fields);
    for (size_t i = 0; i < r->n_fields; i++) {
        struct field_at at;
        memcpy(&at, p->fields_at.p + i * sizeof at, sizeof at);
        p->fields[i].name = (struct str){base + at.name, at.name_n};
        p->fields[i].value = (struct str){base + at.value, at.value_n};
    }
    r->fields = p->fields;
    buf_fini(&p->fields_at);
}

static enum step on_fields(struct http_parser *p, struct input *in)
{
    enum step step = line_read(p, in, &p->head, &p->head_left, HTTP_FAULT_HEAD_TOO_LARGE);
    if (step != STEP_ON)
        return step;
    if (p->head.n > p->line)
        return field_add(p);
    request_build(p);
    struct http_framing framing;
    enum http_fault fault = http_head_judge(&p->request, p->limits.body_bytes, &framing);
    if (fault != HTTP_FAULT_NONE)
        return refuse(p, fault);
    p->body_left = framing.length;
    p->state = framing.chunked ? STATE_CHUNK_SIZE : STATE_BODY;
    return STEP_HEAD;
}

/* ---- The body ---- */

static enum step done(struct http_parser *p)
{
    p->request.body = buf_str(&p->body);
    p->state = STATE_DONE;
    return STEP_DONE;
}

/* Takes what the input has of `body_left`; STEP_ON when all of it came. */
static enum step body_take(struct http_parser *p, struct input *in)
{
    size_t n = in->n - in->at;
    if (n > p->body_left)
        n = (size_t)p->body_left;
    if (n > 0)
        buf_put(&p->body, in->p + in->at, n);
    assert(!p->body.failed);
    in->at += n;
    p->body_left -= n;
    return p->body_left == 0 ? STEP_ON : STEP_MORE;
}

static enum step on_body(struct http_parser *p, struct input *in)
{
    enum step step = body_take(p, in);
    return step == STEP_ON ? done(p) : step;
}

/* chunk-size [ chunk-ext ]; the size is checked against what the body may still have. */
static enum http_fault chunk_line_read(struct http_parser *p, struct str line)
{
    unsigned long long size = 0;
    size_t i = 0;
    for (; i < line.n && http_hex_digit(line.p[i]) >= 0; i++) {
        if (i == CHUNK_DIGITS_MAX)
            return HTTP_FAULT_CHUNK_SIZE;
        size = size << 4 | (unsigned)http_hex_digit(line.p[i]);
    }
    if (i == 0 || (i < line.n && line.p[i] != ';'))
        return HTTP_FAULT_CHUNK_SIZE;
    struct str extensions = {line.p + i, line.n - i};
    if (extensions.n > p->extra_left || !http_chunk_extensions_are_valid(extensions))
        return HTTP_FAULT_CHUNK_EXTENSION;
    p->extra_left -= extensions.n;
    if (size > p->limits.body_bytes - p->body.n)
        return HTTP_FAULT_BODY_TOO_LARGE;
    p->body_left = size;
    return HTTP_FAULT_NONE;
}

static enum step on_chunk_size(struct http_parser *p, struct input *in)
{
    enum step step = line_read(p, in, &p->line_text, &p->line_left, HTTP_FAULT_CHUNK_EXTENSION);
    if (step != STEP_ON)
        return step;
    enum http_fault fault = chunk_line_read(p, buf_str(&p->line_text));
    if (fault != HTTP_FAULT_NONE)
        return refuse(p, fault);
    buf_clear(&p->line_text);
    p->line_left = CHUNK_LINE_MAX;
    p->state = p->body_left == 0 ? STATE_TRAILERS : STATE_CHUNK_DATA;
    return STEP_ON;
}

static enum step on_chunk_data(struct http_parser *p, struct input *in)
{
    enum step step = body_take(p, in);
    if (step == STEP_ON)
        p->state = STATE_CHUNK_END;
    return step;
}

static enum step on_chunk_end(struct http_parser *p, struct input *in)
{
    while (p->end_n < 2) {
        if (in->at == in->n)
            return STEP_MORE;
        if (in->p[in->at++] != "\r\n"[p->end_n++])
            return refuse(p, HTTP_FAULT_CHUNK_END);
    }
    p->end_n = 0;
    p->state = STATE_CHUNK_SIZE;
    return STEP_ON;
}

static enum step on_trailers(struct http_parser *p, struct input *in)
{
    enum step step = line_read(p, in, &p->line_text, &p->extra_left, HTTP_FAULT_TRAILERS);
    if (step != STEP_ON)
        return step;
    if (p->line_text.n == 0)
        return done(p);
    enum http_fault fault = http_trailer_line_check(buf_str(&p->line_text));
    if (fault == HTTP_FAULT_NONE && p->trailers++ == p->limits.head_fields)
        fault = HTTP_FAULT_TRAILERS;
    buf_clear(&p->line_text);
    return fault == HTTP_FAULT_NONE ? STEP_ON : refuse(p, fault);
}

/* ---- The machine ---- */

static enum step on_error(struct http_parser *p, struct input *in)
{
    (void)p;
    in->at = in->n;
    return STEP_ERROR;
}

static enum step (*const states[])(struct http_parser *p, struct input *in) = {
    [STATE_START_LINE] = on_start_line,
    [STATE_FIELDS] = on_fields,
    [STATE_BODY] = on_body,
    [STATE_CHUNK_SIZE] = on_chunk_size,
    [STATE_CHUNK_DATA] = on_chunk_data,
    [STATE_CHUNK_END] = on_chunk_end,
    [STATE_TRAILERS] = on_trailers,
    [STATE_ERROR] = on_error,
};

enum http_result http_parse(struct http_parser *p, const char *data, size_t n, size_t *used)
{
    static const enum http_result results[] = {
        [STEP_MORE] = HTTP_MORE,
        [STEP_HEAD] = HTTP_HEAD,
        [STEP_DONE] = HTTP_DONE,
        [STEP_ERROR] = HTTP_ERROR,
    };
    assert(p->state != STATE_DONE); /* http_parser_next was forgotten */
    struct input in = {data, n, 0};
    enum step step = STEP_ON;
    while (step == STEP_ON)
        step = states[p->state](p, &in);
    *used = in.at;
    return results[step];
}

static void parser_reset(struct http_parser *p)
{
    struct http_limits limits = p->limits;
    *p = (struct http_parser){
        .limits = limits,
        .head_left = limits.head_bytes,
        .extra_left = limits.head_bytes,
        .line_left = CHUNK_LINE_MAX,
    };
    buf_init(&p->head, limits.head_bytes);
    buf_init(&p->fields_at, limits.head_fields * sizeof(struct field_at));
    buf_init(&p->line_text, limits.head_bytes + CHUNK_LINE_MAX);
    buf_init(&p->body, limits.body_bytes);
}

static void parser_release(struct http_parser *p)
{
    buf_fini(&p->head);
    buf_fini(&p->fields_at);
    buf_fini(&p->line_text);
    buf_fini(&p->body);
    mem_free(p->fields);
}

struct http_parser *http_parser_new(const struct http_limits *limits)
{
    struct http_parser *p = MEM_NEW(struct http_parser);
    p->limits = *limits;
    parser_reset(p);
    return p;
}

void http_parser_free(struct http_parser *p)
{
    if (p == NULL)
        return;
    parser_release(p);
    mem_free(p);
}

void http_parser_next(struct http_parser *p)
{
    parser_release(p);
    parser_reset(p);
}

const struct http_request *http_parser_request(const struct http_parser *p)
{
    return &p->request;
}

bool http_parser_is_midway(const struct http_parser *p)
{
    return p->state == STATE_START_LINE ? p->head.n > 0 : p->state < STATE_DONE;
}

/* ---- Faults ---- */

static const struct {
    int status;
    const char *reason;
} faults[] = {
#define HTTP_FAULT_ROW(name, status, reason) [name] = {status, reason},
    HTTP_FAULT_TABLE(HTTP_FAULT_ROW)
#undef HTTP_FAULT_ROW
};

int http_parser_status(const struct http_parser *p)
{
    return faults[p->fault].status;
}

const char *http_parser_reason(const struct http_parser *p)
{
    return faults[p->fault].reason;
}

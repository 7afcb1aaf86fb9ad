#include "adapter/redis/reply.h"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include "base/mem.h"

/* What the number of elements is called by, up to 0.14 and since. */
#if HIREDIS_MAJOR >= 1
typedef size_t elements_count;
#else
typedef int elements_count;
#endif

struct reply_reader {
    redisReader *parser;
    struct arena *arena;
    size_t fed;      /* bytes of the answer under way, and of what follows it */
    size_t elements; /* of the answer under way */
};

/* ---- The tree, as the parser meets its parts ---- */

static struct reply *reply_add(const redisReadTask *task, enum reply_type type)
{
    struct reply_reader *r = task->privdata;
    if (r->elements++ >= REPLY_ELEMENTS_MAX)
        return NULL;
    struct reply *made = arena_alloc(r->arena, sizeof *made);
    made->type = type;
    if (task->parent != NULL) {
        struct reply *parent = task->parent->obj;
        parent->elements[task->idx] = made;
    }
    return made;
}

static void *on_string(const redisReadTask *task, char *p, size_t n)
{
    struct reply_reader *r = task->privdata;
    enum reply_type type = task->type == REDIS_REPLY_ERROR    ? REPLY_ERROR
                           : task->type == REDIS_REPLY_STATUS ? REPLY_STATUS
                                                              : REPLY_STRING;
    struct reply *made = reply_add(task, type);
    if (made != NULL)
        made->str = arena_str(r->arena, (struct str){p, n});
    return made;
}

static void *on_array(const redisReadTask *task, elements_count n)
{
    struct reply_reader *r = task->privdata;
    if (n < 0 || (size_t)n > REPLY_ELEMENTS_MAX - r->elements)
        return NULL;
    struct reply *made = reply_add(task, REPLY_ARRAY);
    if (made == NULL)
        return NULL;
    made->n = (size_t)n;
    made->elements = arena_alloc(r->arena, made->n * sizeof(struct reply *));
    return made;
}

static void *on_integer(const redisReadTask *task, long long value)
{
    struct reply *made = reply_add(task, REPLY_INTEGER);
    if (made != NULL)
        made->integer = value;
    return made;
}

static void *on_nil(const redisReadTask *task)
{
    return reply_add(task, REPLY_NIL);
}

static void on_free(void *reply)
{
    (void)reply; /* the arena's */
}

static redisReplyObjectFunctions functions = {
    .createString = on_string,
    .createArray = on_array,
    .createInteger = on_integer,
    .createNil = on_nil,
    .freeObject = on_free,
};

/* ---- The reader ---- */

struct reply_reader *reply_reader_new(void)
{
    struct reply_reader *r = MEM_NEW(struct reply_reader);
    r->parser = redisReaderCreateWithFunctions(&functions);
    if (r->parser == NULL) {
        mem_free(r);
        return NULL;
    }
    r->parser->privdata = r;
    return r;
}

void reply_reader_free(struct reply_reader *r)
{
    if (r == NULL)
        return;
    redisReaderFree(r->parser);
    mem_free(r);
}

void reply_reader_begin(struct reply_reader *r, struct arena *arena)
{
    r->arena = arena;
    r->elements = 0;
}

bool reply_reader_feed(struct reply_reader *r, const char *p, size_t n)
{
    if (n > REPLY_BYTES_MAX - r->fed)
        return false;
    r->fed += n;
    return redisReaderFeed(r->parser, p, n) == REDIS_OK;
}

bool reply_reader_next(struct reply_reader *r, struct reply **out)
{
    void *made = NULL;
    *out = NULL;
    if (redisReaderGetReply(r->parser, &made) != REDIS_OK)
        return false;
    if (made == NULL)
        return true;
    r->fed = r->parser->len - r->parser->pos;
    r->elements = 0;
    *out = made;
    return true;
}

bool reply_reader_is_empty(const struct reply_reader *r)
{
    return r->fed == 0;
}

bool reply_is_error(const struct reply *r, const char *word)
{
    return r->type == REPLY_ERROR && memmem(r->str.p, r->str.n, word, strlen(word)) != NULL;
}

#include "adapter/memory/bus.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>

#include "base/mem.h"

#define NOTES_MAX_DEFAULT 4096

struct memory_bus {
    struct bus super;
    struct memory_bus *next; /* on the wire */
    struct memory_wire *wire;
    struct bus_listener *listener;
    uint64_t heard; /* the number of the last note it had its turn at */
    bool is_cut, has_gap;
};

struct note {
    struct note *next;
    const struct memory_bus *from; /* to be compared only: it may be gone */
    uint64_t number;
    size_t n;
    char text[];
};

struct memory_wire {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool stepped, stopping;
    struct memory_bus *buses;
    const struct memory_bus *calling; /* whose listener is being called */
    struct note *first, **last;
    size_t n, max;
    uint64_t number; /* of the last note told */
};

/* ---- Handing out ---- */

static void wire_call(struct memory_wire *w, struct memory_bus *b, const struct note *note)
{
    struct bus_listener *listener = b->listener;
    w->calling = b;
    pthread_mutex_unlock(&w->mutex);
    if (note != NULL)
        listener->note(listener, (struct str){note->text, note->n});
    else if (listener->gap != NULL)
        listener->gap(listener);
    pthread_mutex_lock(&w->mutex);
    w->calling = NULL;
    pthread_cond_broadcast(&w->changed);
}

static struct memory_bus *wire_find_gap(const struct memory_wire *w)
{
    struct memory_bus *b = w->buses;
    while (b != NULL && !(b->has_gap && !b->is_cut && b->listener != NULL))
        b = b->next;
    return b;
}

/* The next bus that is to hear `note`; looked up anew after each call, during which buses may come
 * and go. */
static struct memory_bus *wire_find_hearer(const struct memory_wire *w, const struct note *note)
{
    struct memory_bus *b = w->buses;
    while (b != NULL &&
           (b == note->from || b->is_cut || b->listener == NULL || b->heard >= note->number))
        b = b->next;
    return b;
}

static struct note *wire_take(struct memory_wire *w)
{
    struct note *note = w->first;
    if (note == NULL)
        return NULL;
    w->first = note->next;
    if (w->first == NULL)
        w->last = &w->first;
    w->n--;
    return note;
}

/* With the mutex held. */
static bool wire_turn(struct memory_wire *w)
{
    struct memory_bus *b = wire_find_gap(w);
    if (b != NULL) {
        b->has_gap = false;
        wire_call(w, b, NULL);
        return true;
    }
    struct note *note = wire_take(w);
    if (note == NULL)
        return false;
    while ((b = wire_find_hearer(w, note)) != NULL) {
        b->heard = note->number;
        wire_call(w, b, note);
    }
    mem_free(note);
    return true;
}

static void *wire_thread(void *arg)
{
    struct memory_wire *w = arg;
    pthread_setname_np(pthread_self(), "bus");
    pthread_mutex_lock(&w->mutex);
    while (!w->stopping)
        if (!wire_turn(w))
            pthread_cond_wait(&w->changed, &w->mutex);
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* ---- The wire ---- */

struct memory_wire *memory_wire_new(bool stepped, size_t notes_max)
{
    struct memory_wire *w = MEM_NEW(struct memory_wire);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->changed, NULL);
    w->stepped = stepped;
    w->max = notes_max == 0 ? NOTES_MAX_DEFAULT : notes_max;
    w->last = &w->first;
    if (!stepped) {
        int failed = pthread_create(&w->thread, NULL, wire_thread, w);
        assert(failed == 0);
    }
    return w;
}

void memory_wire_free(struct memory_wire *w)
{
    if (w == NULL)
        return;
    assert(w->buses == NULL);
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    if (!w->stepped)
        pthread_join(w->thread, NULL);
    while (w->first != NULL)
        mem_free(wire_take(w));
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->mutex);
    mem_free(w);
}

bool memory_wire_step(struct memory_wire *w)
{
    assert(w->stepped);
    pthread_mutex_lock(&w->mutex);
    bool any = wire_turn(w);
    pthread_mutex_unlock(&w->mutex);
    return any;
}

void memory_wire_lose(struct memory_wire *w)
{
    assert(w->stepped);
    pthread_mutex_lock(&w->mutex);
    mem_free(wire_take(w));
    pthread_mutex_unlock(&w->mutex);
}

/* ---- A bus ---- */

static enum err bus_tell(struct bus *self, struct str text)
{
    struct memory_bus *b = MEM_OWNER(self, struct memory_bus, super);
    struct memory_wire *w = b->wire;
    enum err err = ERR_UNAVAILABLE;
    assert(text.n <= BUS_NOTE_MAX);
    pthread_mutex_lock(&w->mutex);
    if (!b->is_cut && w->n < w->max) {
        struct note *note = mem_alloc(sizeof *note + text.n);
        *note = (struct note){.from = b, .number = ++w->number, .n = text.n};
        if (text.n > 0)
            memcpy(note->text, text.p, text.n);
        *w->last = note;
        w->last = &note->next;
        w->n++;
        pthread_cond_broadcast(&w->changed);
        err = ERR_OK;
    }
    pthread_mutex_unlock(&w->mutex);
    return err;
}

static void bus_listen(struct bus *self, struct bus_listener *listener)
{
    struct memory_bus *b = MEM_OWNER(self, struct memory_bus, super);
    pthread_mutex_lock(&b->wire->mutex);
    assert(b->listener == NULL);
    b->listener = listener;
    b->heard = b->wire->number; /* what was told before it listened is not for it */
    pthread_mutex_unlock(&b->wire->mutex);
}

static const struct bus_ops bus_ops = {bus_tell, bus_listen};

struct memory_bus *memory_bus_new(struct memory_wire *w)
{
    struct memory_bus *b = MEM_NEW(struct memory_bus);
    b->super.ops = &bus_ops;
    b->wire = w;
    pthread_mutex_lock(&w->mutex);
    b->next = w->buses;
    w->buses = b;
    pthread_mutex_unlock(&w->mutex);
    return b;
}

void memory_bus_free(struct memory_bus *b)
{
    if (b == NULL)
        return;
    struct memory_wire *w = b->wire;
    pthread_mutex_lock(&w->mutex);
    struct memory_bus **at = &w->buses;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    while (w->calling == b)
        pthread_cond_wait(&w->changed, &w->mutex);
    pthread_mutex_unlock(&w->mutex);
    mem_free(b);
}

struct bus *memory_bus_port(struct memory_bus *b)
{
    return &b->super;
}

void memory_bus_cut(struct memory_bus *b, bool cut)
{
    pthread_mutex_lock(&b->wire->mutex);
    if (b->is_cut && !cut) {
        b->has_gap = true;
        b->heard = b->wire->number;
        pthread_cond_broadcast(&b->wire->changed);
    }
    b->is_cut = cut;
    pthread_mutex_unlock(&b->wire->mutex);
}

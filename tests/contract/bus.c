/* What port/bus.h promises. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cache_driver.h"

#define HEARD_MAX 4096
#define WAIT_S    10

/* A listener that writes down what it hears: the first bytes of each note. */
struct heard {
    struct bus_listener super;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t n, bytes;
    char notes[HEARD_MAX][24];
};

static void on_note(struct bus_listener *self, struct str note)
{
    struct heard *h = (struct heard *)self;
    pthread_mutex_lock(&h->mutex);
    if (h->n < HEARD_MAX)
        snprintf(h->notes[h->n++], sizeof h->notes[0], "%.*s", STR_FMT(note));
    h->bytes += note.n;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->mutex);
}

/* Listeners live longer than the bus: freed after it. */
static struct heard *listeners[2];
static size_t n_listeners;

static struct heard *listen_on(struct bus *b)
{
    struct heard *h = MEM_NEW(struct heard);
    listeners[n_listeners++] = h;
    h->super.note = on_note;
    pthread_mutex_init(&h->mutex, NULL);
    pthread_cond_init(&h->changed, NULL);
    b->ops->listen(b, &h->super);
    return h;
}

/* Until `n` notes came; fails after WAIT_S. */
static void heard_wait(struct heard *h, size_t n)
{
    struct timespec until;
    int waited = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&h->mutex);
    while (h->n < n && waited == 0)
        waited = pthread_cond_timedwait(&h->changed, &h->mutex, &until);
    size_t got = h->n;
    pthread_mutex_unlock(&h->mutex);
    assert_true(got >= n);
}

static size_t heard_n(struct heard *h)
{
    pthread_mutex_lock(&h->mutex);
    size_t n = h->n;
    pthread_mutex_unlock(&h->mutex);
    return n;
}

static int bus_teardown(void **state)
{
    nodes_teardown(state);
    while (n_listeners > 0) {
        struct heard *h = listeners[--n_listeners];
        pthread_cond_destroy(&h->changed);
        pthread_mutex_destroy(&h->mutex);
        mem_free(h);
    }
    return 0;
}

/* A bus takes a moment to connect: until then it refuses. */
static void tell(struct bus *b, struct str note)
{
    enum err e = ERR_UNAVAILABLE;
    for (int i = 0; i < WAIT_S * 1000 && e != ERR_OK; i++) {
        e = b->ops->tell(b, note);
        if (e != ERR_OK)
            nodes_sleep(1);
    }
    assert_int_equal(e, ERR_OK);
}

/* Tells until the other side hears: from then on both are connected. What it told has come when it
 * returns. */
static void meet(struct bus *from, struct heard *to)
{
    size_t before = heard_n(to);
    for (int i = 0; i < WAIT_S * 20 && heard_n(to) == before; i++) {
        tell(from, STR("hello"));
        nodes_sleep(50);
    }
    assert_true(heard_n(to) > before);
}

static void a_note_reaches_the_other_node_only(void **state)
{
    struct nodes *n = *state;
    struct heard *a = listen_on(n->bus[0]), *b = listen_on(n->bus[1]);
    meet(n->bus[0], b);
    assert_int_equal(heard_n(a), 0); /* own notes are not heard */
    meet(n->bus[1], a);
    size_t before = heard_n(b);
    tell(n->bus[0], STR("x"));
    heard_wait(b, before + 1);
    assert_string_equal(b->notes[before], "x");
    size_t before_a = heard_n(a);
    nodes_sleep(50);
    assert_int_equal(heard_n(a), before_a);
    assert_int_equal(heard_n(b), before + 1);
}

static void notes_of_one_sender_keep_their_order(void **state)
{
    enum { NOTES = 2000 };
    struct nodes *n = *state;
    struct heard *b = listen_on(n->bus[1]);
    meet(n->bus[0], b);
    size_t before = heard_n(b);
    for (int i = 0; i < NOTES; i++) {
        char note[24];
        snprintf(note, sizeof note, "%d", i);
        tell(n->bus[0], str_of(note));
    }
    heard_wait(b, before + NOTES);
    for (int i = 0; i < NOTES; i++) {
        char note[24];
        snprintf(note, sizeof note, "%d", i);
        assert_string_equal(b->notes[before + (size_t)i], note);
    }
    assert_int_equal(heard_n(b), before + NOTES);
}

static void a_note_holds_any_bytes_up_to_the_limit(void **state)
{
    struct nodes *n = *state;
    struct heard *b = listen_on(n->bus[1]);
    static char large[BUS_NOTE_MAX];
    memset(large, 0xff, sizeof large);
    large[0] = '\0';
    meet(n->bus[0], b);
    size_t before = heard_n(b), bytes = b->bytes;
    tell(n->bus[0], (struct str){large, sizeof large});
    tell(n->bus[0], STR_NONE);
    heard_wait(b, before + 2);
    assert_int_equal(b->bytes, bytes + sizeof large);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, nodes_setup, bus_teardown)

int contract_bus(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_note_reaches_the_other_node_only),
        TEST(notes_of_one_sender_keep_their_order),
        TEST(a_note_holds_any_bytes_up_to_the_limit),
    };
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}

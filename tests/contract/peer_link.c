/* What every driver of port/peer.h promises: in order, at most once, and what is lost is told.
 * Nodes of one process on loopback; parley-grpc's is the only driver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapter/grpc/grpc.h"
#include "base/clock.h"
#include "base/mem.h"

#define SECRET     "what the nodes of this test know, 32 bytes"
#define PATIENCE_S 20
#define POLL_MS    5

static int64_t now_us(void)
{
    return clock_steady_us(&clock_system);
}

#define EVENTUALLY(condition)                                      \
    do {                                                           \
        int64_t end_us = now_us() + PATIENCE_S * INT64_C(1000000); \
        while (!(condition) && now_us() < end_us)                  \
            clock_sleep_ms(POLL_MS);                               \
        assert_true(condition);                                    \
    } while (0)

/* ---- A node ---- */

struct node {
    struct peer_listener listener;
    struct rpc_handler handler;
    struct grpc_config config;
    struct rpc_server *server;
    struct peer_link *link;
    char address[32];

    pthread_mutex_t mutex;
    unsigned heard, lost, out_of_order;
    uint64_t last;
    char from[PEER_NAME_MAX + 1];
    bool is_stuck; /* does not come back from `batch` */
};

static void on_batch(struct peer_listener *self, struct str from, struct str bytes)
{
    struct node *n = MEM_OWNER(self, struct node, listener);
    uint64_t number = 0;
    assert_true(bytes.n >= sizeof number);
    memcpy(&number, bytes.p, sizeof number);
    while (__atomic_load_n(&n->is_stuck, __ATOMIC_ACQUIRE))
        clock_sleep_ms(POLL_MS);
    pthread_mutex_lock(&n->mutex);
    n->heard++;
    n->out_of_order += number <= n->last;
    n->last = number;
    str_copy(from, n->from, sizeof n->from);
    pthread_mutex_unlock(&n->mutex);
}

static void on_lost(struct peer_listener *self, struct str from)
{
    struct node *n = MEM_OWNER(self, struct node, listener);
    pthread_mutex_lock(&n->mutex);
    n->lost++;
    str_copy(from, n->from, sizeof n->from);
    pthread_mutex_unlock(&n->mutex);
}

static unsigned locked(struct node *n, const unsigned *field)
{
    pthread_mutex_lock(&n->mutex);
    unsigned value = *field;
    pthread_mutex_unlock(&n->mutex);
    return value;
}

static unsigned free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_return_code(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_return_code(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void node_open(struct node *n)
{
    char reason[256] = "";
    n->server = grpc_server_new(&n->config);
    n->link = grpc_server_peers(n->server);
    assert_non_null(n->link);
    n->link->ops->listen(n->link, &n->listener);
    if (n->server->ops->start(n->server, &n->handler, reason, sizeof reason) != ERR_OK)
        fail_msg("%s", reason);
}

static void node_close(struct node *n)
{
    __atomic_store_n(&n->is_stuck, false, __ATOMIC_RELEASE);
    grpc_server_free(n->server);
    n->server = NULL;
}

static void node_init(struct node *n, const char *name, const char *secret)
{
    *n = (struct node){.listener = {on_batch, on_lost},
                       .config = {.host = "127.0.0.1",
                                  .port = free_port(),
                                  .cert = "",
                                  .key = "",
                                  .ping_s = 25,
                                  .secret = secret,
                                  .node = name}};
    pthread_mutex_init(&n->mutex, NULL);
    snprintf(n->address, sizeof n->address, "127.0.0.1:%u", n->config.port);
    node_open(n);
}

static void introduce(struct node *const *nodes, size_t n)
{
    struct peer_node list[4];
    for (size_t i = 0; i < n; i++)
        list[i] = (struct peer_node){str_of(nodes[i]->config.node), str_of(nodes[i]->address)};
    for (size_t i = 0; i < n; i++)
        nodes[i]->link->ops->set(nodes[i]->link, list, n);
}

static bool is_ready(struct node *n)
{
    char detail[96];
    return n->link->ops->is_ready(n->link, detail, sizeof detail);
}

static enum err tell(struct node *n, const char *to, uint64_t number, size_t size)
{
    static char bytes[PEER_BATCH_MAX + 1];
    memcpy(bytes, &number, sizeof number);
    return n->link->ops->tell(n->link, str_of(to), (struct str){bytes, size});
}

/* ---- The promises ---- */

static void in_order_each_once(void **state)
{
    (void)state;
    struct node a, b;
    node_init(&a, "a", SECRET);
    node_init(&b, "b", SECRET);
    introduce((struct node *[]){&a, &b}, 2);
    EVENTUALLY(is_ready(&a) && is_ready(&b));
    for (uint64_t i = 1; i <= 500; i++) {
        assert_int_equal(tell(&a, "b", i, 100), ERR_OK);
        assert_int_equal(tell(&b, NULL, i, 8), ERR_OK);
    }
    EVENTUALLY(locked(&a, &a.heard) == 500 && locked(&b, &b.heard) == 500);
    assert_int_equal(a.out_of_order + b.out_of_order, 0);
    assert_int_equal(a.lost + b.lost, 0);
    assert_string_equal(b.from, "a");
    assert_int_equal(tell(&a, "b", 501, PEER_BATCH_MAX), ERR_OK);
    EVENTUALLY(locked(&b, &b.heard) == 501);
    assert_int_equal(tell(&a, "b", 502, PEER_BATCH_MAX + 1), ERR_TOO_LARGE);
    assert_int_equal(tell(&a, "nobody", 502, 8), ERR_UNAVAILABLE);
    node_close(&a);
    node_close(&b);
}

static void all_but_oneself(void **state)
{
    (void)state;
    struct node a, b, c;
    node_init(&a, "a", SECRET);
    node_init(&b, "b", SECRET);
    node_init(&c, "c", SECRET);
    introduce((struct node *[]){&a, &b, &c}, 3);
    EVENTUALLY(is_ready(&a));
    assert_int_equal(tell(&a, NULL, 1, 8), ERR_OK);
    EVENTUALLY(locked(&b, &b.heard) == 1 && locked(&c, &c.heard) == 1);
    assert_int_equal(locked(&a, &a.heard), 0);
    introduce((struct node *[]){&a, &b}, 2); /* c is not in the list any more */
    assert_int_equal(tell(&a, "c", 2, 8), ERR_UNAVAILABLE);
    EVENTUALLY(locked(&c, &c.lost) >= 1);
    assert_int_equal(tell(&a, NULL, 3, 8), ERR_OK);
    EVENTUALLY(locked(&b, &b.heard) == 2);
    node_close(&a);
    node_close(&b);
    node_close(&c);
}

static void who_went_is_told_and_found_again(void **state)
{
    (void)state;
    struct node a, b;
    node_init(&a, "a", SECRET);
    node_init(&b, "b", SECRET);
    introduce((struct node *[]){&a, &b}, 2);
    EVENTUALLY(is_ready(&a) && is_ready(&b));
    node_close(&b);
    EVENTUALLY(locked(&a, &a.lost) >= 1);
    EVENTUALLY(!is_ready(&a));
    assert_int_equal(tell(&a, "b", 1, 8), ERR_UNAVAILABLE);
    node_open(&b);
    EVENTUALLY(is_ready(&a));
    EVENTUALLY(locked(&b, &b.lost) >= 1); /* the batch that was refused */
    assert_int_equal(tell(&a, "b", 2, 8), ERR_OK);
    EVENTUALLY(locked(&b, &b.heard) == 1);
    node_close(&a);
    node_close(&b);
}

static void strangers_are_not_heard(void **state)
{
    (void)state;
    struct node a, b;
    node_init(&a, "a", SECRET);
    node_init(&b, "b", SECRET "?");
    introduce((struct node *[]){&a, &b}, 2);
    clock_sleep_ms(500);
    assert_false(is_ready(&a) || is_ready(&b));
    assert_int_equal(tell(&a, "b", 1, 8), ERR_UNAVAILABLE);
    assert_int_equal(a.heard + b.heard + a.lost + b.lost, 0);
    node_close(&a);
    node_close(&b);
}

static void a_full_queue_drops_and_says_so(void **state)
{
    (void)state;
    struct node a, b;
    uint64_t told = 0;
    unsigned taken = 0;
    node_init(&a, "a", SECRET);
    node_init(&b, "b", SECRET);
    introduce((struct node *[]){&a, &b}, 2);
    EVENTUALLY(is_ready(&a));
    __atomic_store_n(&b.is_stuck, true, __ATOMIC_RELEASE);
    while (told < 2000 && tell(&a, "b", ++told, PEER_BATCH_MAX) == ERR_OK)
        taken++;
    assert_in_range(taken, 1, 1999);
    __atomic_store_n(&b.is_stuck, false, __ATOMIC_RELEASE);
    EVENTUALLY(locked(&b, &b.lost) == 1); /* also when nothing follows */
    assert_int_equal(locked(&b, &b.heard), taken);
    assert_int_equal(tell(&a, "b", told + 1, 8), ERR_OK);
    EVENTUALLY(locked(&b, &b.heard) == taken + 1);
    assert_int_equal(b.out_of_order, 0);
    node_close(&a);
    node_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_each_once),
        cmocka_unit_test(all_but_oneself),
        cmocka_unit_test(who_went_is_told_and_found_again),
        cmocka_unit_test(strangers_are_not_heard),
        cmocka_unit_test(a_full_queue_drops_and_says_so),
    };
    return cmocka_run_group_tests_name("peer_link", tests, NULL, NULL);
}

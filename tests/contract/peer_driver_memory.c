#include "adapter/memory/peers.h"
#include "base/mem.h"
#include "peer_driver.h"

struct memory_fleet {
    struct memory_peers *net;
    struct memory_peer *peer[FLEET_NODES];
};

static void fleet_open(struct fleet *f)
{
    static const char *const names[FLEET_NODES] = {"anna", "berta", "carla"};
    struct memory_fleet *m = MEM_NEW(struct memory_fleet);
    m->net = memory_peers_new(false, 0);
    for (size_t i = 0; i < FLEET_NODES; i++) {
        m->peer[i] = memory_peer_new(m->net, names[i]);
        f->link[i] = memory_peer_port(m->peer[i]);
        f->node[i] = (struct peer_node){str_of(names[i]), STR("memory:1")};
    }
    f->driver = m;
}

static void fleet_stop(struct fleet *f, size_t i)
{
    struct memory_fleet *m = f->driver;
    memory_peer_free(m->peer[i]);
    m->peer[i] = NULL;
    f->link[i] = NULL;
}

static void fleet_close(struct fleet *f)
{
    struct memory_fleet *m = f->driver;
    for (size_t i = 0; i < FLEET_NODES; i++)
        memory_peer_free(m->peer[i]);
    memory_peers_free(m->net);
    mem_free(m);
}

static void fleet_cut(struct fleet *f, size_t a, size_t b, bool cut)
{
    struct memory_fleet *m = f->driver;
    memory_peer_cut(m->peer[a], m->peer[b], cut);
}

const struct peer_driver peer_driver_memory = {"memory", fleet_open, fleet_stop, fleet_close,
                                               fleet_cut};

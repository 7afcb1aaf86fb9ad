#include "admin_rig.h"

#include <stdio.h>

#include "driver_sqlite.h"

int rig_setup(void **state)
{
    struct rig *r = MEM_NEW(struct rig);
    kit_driver = &driver_sqlite;
    scratch_make(r->base);
    snprintf(r->dir, sizeof r->dir, "%s/a/data", r->base);
    snprintf(r->file, sizeof r->file, "%s/backup", r->base);
    snprintf(r->other, sizeof r->other, "%s/other", r->base);
    *state = r;
    return 0;
}

void store_close(struct rig *r)
{
    void *kit = r->k;
    if (r->k != NULL)
        kit_teardown(&kit);
    r->k = NULL;
}

int rig_teardown(void **state)
{
    struct rig *r = *state;
    store_close(r);
    scratch_remove(r->base);
    mem_free(r);
    return 0;
}

struct kit *store_open(struct rig *r, const char *dir)
{
    r->k = kit_new();
    r->k->driver = driver_sqlite_open_in(dir, &r->k->setup);
    return r->k;
}

struct kit *store_fill(struct rig *r)
{
    struct kit *k = store_open(r, r->dir);
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    kit_send(kit_message(k, 1, 1, "one", "id-1"));
    return k;
}

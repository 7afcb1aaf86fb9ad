#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mem.h"
#include <cmocka.h>

struct item {
    int id;
    struct list link;
};

static int pop_id(struct list *head)
{
    struct list *l = list_pop(head);
    return l == NULL ? -1 : MEM_OWNER(l, struct item, link)->id;
}

static void first_in_first_out(void **state)
{
    (void)state;
    struct list head;
    struct item items[3] = {{.id = 1}, {.id = 2}, {.id = 3}};
    list_init(&head);
    assert_true(list_is_empty(&head));
    assert_null(list_pop(&head));
    for (int i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    assert_false(list_is_empty(&head));
    for (int i = 1; i <= 3; i++)
        assert_int_equal(pop_id(&head), i);
    assert_int_equal(pop_id(&head), -1);
}

static void taken_out_anywhere(void **state)
{
    (void)state;
    struct list head;
    struct item items[3] = {{.id = 1}, {.id = 2}, {.id = 3}};
    list_init(&head);
    for (int i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    list_remove(&items[1].link);
    list_remove(&items[1].link);
    assert_true(list_is_empty(&items[1].link));
    assert_int_equal(pop_id(&head), 1);
    list_append(&head, &items[1].link);
    assert_int_equal(pop_id(&head), 3);
    assert_int_equal(pop_id(&head), 2);
    assert_true(list_is_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_first_out),
        cmocka_unit_test(taken_out_anywhere),
    };
    return cmocka_run_group_tests_name("base/list", tests, NULL, NULL);
}

#include "config_rig.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of its own, so that messages say "parley.yaml" and nothing else. */
static void enter_folder(void)
{
    char folder[] = "/tmp/parley-config-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
}

static void leave_folder(void)
{
    char folder[256];
    assert_non_null(getcwd(folder, sizeof folder));
    unlink("parley.yaml");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void write_file(const void *bytes, size_t n)
{
    FILE *f = fopen("parley.yaml", "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

void rig_load(struct rig *r, const char *text, char **env, const struct config_override *flags,
              size_t n_flags)
{
    enter_folder();
    if (text != NULL)
        write_file(text, strlen(text));
    config_report_init(&r->report);
    r->err = config_load(&r->config, text == NULL ? NULL : "parley.yaml", env, flags, n_flags,
                         &r->report);
    leave_folder();
}

void rig_load_bytes(struct rig *r, const void *bytes, size_t n)
{
    enter_folder();
    write_file(bytes, n);
    config_report_init(&r->report);
    r->err = config_load(&r->config, "parley.yaml", NULL, NULL, 0, &r->report);
    leave_folder();
}

void rig_fini(struct rig *r)
{
    config_fini(&r->config);
    config_report_fini(&r->report);
}

bool rig_has(const struct rig *r, const char *line)
{
    for (size_t i = 0; i < r->report.n; i++)
        if (strcmp(r->report.problems[i].text, line) == 0)
            return true;
    return false;
}

static void expect_one(const char *text, const char *line, bool is_error)
{
    struct rig r;
    rig_load(&r, text, NULL, NULL, 0);
    for (size_t i = 0; i < r.report.n; i++)
        if (strcmp(r.report.problems[i].text, line) != 0)
            print_error("reported: %s\n", r.report.problems[i].text);
    assert_int_equal(r.report.n, 1);
    assert_string_equal(r.report.problems[0].text, line);
    assert_int_equal(r.report.problems[0].is_error, is_error);
    assert_int_equal(r.report.errors, is_error);
    assert_int_equal(r.err, is_error ? ERR_BAD_REQUEST : ERR_OK);
    rig_fini(&r);
}

void expect_error(const char *text, const char *line)
{
    expect_one(text, line, true);
}

void expect_warning(const char *text, const char *line)
{
    expect_one(text, line, false);
}

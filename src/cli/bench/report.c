#include "cli/bench/report.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

void report_add(struct report *r, const char *key, const char *label, double value, int digits,
                const char *unit)
{
    assert(r->n < REPORT_ROWS_MAX);
    struct report_row *row = &r->rows[r->n++];
    *row = (struct report_row){.unit = unit, .value = value, .digits = digits};
    snprintf(row->key, sizeof row->key, "%s", key);
    snprintf(row->label, sizeof row->label, "%s", label);
}

void report_add_latency(struct report *r, const char *key, const char *label,
                        const struct histogram *h)
{
    static const struct {
        const char *name;
        double fraction;
    } marks[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
    if (h->n == 0)
        return;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        char row_key[40], row_label[48];
        snprintf(row_key, sizeof row_key, "%s_%s_ms", key, marks[i].name);
        snprintf(row_label, sizeof row_label, "%s %s", label, marks[i].name);
        report_add(r, row_key, row_label, (double)histogram_quantile(h, marks[i].fraction) / 1e6, 3,
                   "ms");
    }
}

uint64_t faults_sum(const struct faults *f)
{
#define FAULT_ADD(name, text) +f->name
    return 0 FAULTS_TABLE(FAULT_ADD);
#undef FAULT_ADD
}

static void report_table(FILE *out, const struct report *r, const struct options *o,
                         const struct faults *f)
{
    fprintf(out, "%s, %u connections\n", o->scenario, o->connections);
    for (unsigned i = 0; i < r->n; i++)
        fprintf(out, "  %-36s %14.*f %s\n", r->rows[i].label, r->rows[i].digits, r->rows[i].value,
                r->rows[i].unit);
#define FAULT_PRINT(name, text) \
    if (f->name > 0)            \
        fprintf(out, "  WRONG: %llu %s\n", (unsigned long long)f->name, text);
    FAULTS_TABLE(FAULT_PRINT)
#undef FAULT_PRINT
    if (f->first[0] != '\0')
        fprintf(out, "  first: %s\n", f->first);
    else
        fputs("  every delivery came once, in order, as it was sent\n", out);
}

static json_t *report_json(const struct report *r, const struct options *o, const struct faults *f)
{
    json_t *result = json_object(), *faults = json_object();
    for (unsigned i = 0; i < r->n; i++)
        json_object_set_new(result, r->rows[i].key, json_real(r->rows[i].value));
#define FAULT_SET(name, text) json_object_set_new(faults, #name, json_integer((json_int_t)f->name));
    FAULTS_TABLE(FAULT_SET)
#undef FAULT_SET
    return json_pack("{s:s, s:i, s:i, s:i, s:f, s:i, s:b, s:o, s:o, s:s}", "scenario", o->scenario,
                     "connections", (int)o->connections, "users", (int)o->users, "outstanding",
                     (int)o->outstanding, "rate", o->rate, "text_bytes", (int)o->text_bytes, "ok",
                     faults_sum(f) == 0, "result", result, "faults", faults, "first_fault",
                     f->first);
}

bool report_print(const struct report *r, const struct options *o, const struct faults *f)
{
    bool to_stdout = o->json != NULL && strcmp(o->json, "-") == 0;
    report_table(to_stdout ? stderr : stdout, r, o, f);
    if (o->json == NULL)
        return true;
    json_t *json = report_json(r, o, f);
    int failed = to_stdout ? json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9))
                           : json_dump_file(json, o->json, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    if (to_stdout)
        putchar('\n');
    json_decref(json);
    return failed == 0;
}

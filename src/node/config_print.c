#include <inttypes.h>
#include <string.h>

#include "node/config.h"
#include "node/config_key.h"
#include "node/config_report.h"
#include "node/config_value.h"

static bool is_setting(const struct config_key *key)
{
    return key->type != CONFIG_IGNORED && key->type != CONFIG_ALIAS;
}

/* "kafka.producer" of "kafka.producer.broker". */
static struct str section_of(const struct config_key *key)
{
    return (struct str){key->path, (size_t)(strrchr(key->path, '.') - key->path)};
}

static const char *name_of(const struct config_key *key)
{
    return strrchr(key->path, '.') + 1;
}

static unsigned depth_of(struct str section)
{
    return memchr(section.p, '.', section.n) == NULL ? 1 : 2;
}

/* Opens the section of `key` if the one before stood in another: "kafka:" or "  producer:". */
static void print_section(struct str before, struct str section, struct buf *out)
{
    unsigned depth = depth_of(section);
    const char *name = section.p;
    if (str_eq(before, section))
        return;
    if (depth == 2)
        name = (const char *)memchr(section.p, '.', section.n) + 1;
    buf_printf(out, "%s%.*s:\n", depth == 2 ? "  " : "", (int)(section.p + section.n - name), name);
}

static void print_setting(const struct config *c, const struct config_key *key, struct buf *out)
{
    const struct config_where *where = &c->where[config_key_index(key)];
    struct buf value;
    buf_init(&value, CONFIG_FORMAT_BYTES_MAX);
    config_value_format(c, key, &value);
    if (key->type == CONFIG_SECRET && !str_eq((struct str){value.p, value.n}, STR("\"\""))) {
        buf_clear(&value);
        buf_puts(&value, "\"***\"");
    }
    buf_printf(out, "%s%s: ", depth_of(section_of(key)) == 2 ? "    " : "  ", name_of(key));
    buf_put(out, value.p, value.n);
    buf_puts(out, " # ");
    config_where_print(where, key->path, out);
    buf_putc(out, '\n');
    buf_fini(&value);
}

void config_print(const struct config *c, struct buf *out)
{
    struct str before = STR_NONE;
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = &config_keys[i];
        bool is_none = key->fallback[0] == '\0' && c->where[i].layer == LAYER_DEFAULT;
        if (!is_setting(key) || is_none)
            continue;
        print_section(before, section_of(key), out);
        print_setting(c, key, out);
        before = section_of(key);
    }
}

/* ---- docs/configuration.md ---- */

static const char intro[] =
    "# Configuration\n"
    "\n"
    "Made from the table in `src/node/config_keys.def.h`; a test holds it to that table.\n"
    "\n"
    "`parley serve` needs none of this: without a file it keeps its data in `./data` and listens\n"
    "on 127.0.0.1:9000. Flags win over environment variables, those over the file\n"
    "(`--config FILE`), and the file over the defaults. `parley serve --check` says what is wrong\n"
    "or prints the configuration in force, secrets left out.\n"
    "\n"
    "The file is YAML. `${NAME}` in a value is replaced from the environment, `${NAME:-default}`\n"
    "takes the default when the variable is unset or empty, and `$${` stands for `${`. Lists may "
    "be\n"
    "written as lists or as one value with commas. Anything unknown or out of range is an error\n"
    "with file, line and key. Every key is an environment variable too; an empty one counts as\n"
    "unset. `.env` files are not read.\n"
    "\n"
    "Keys marked **reload** are taken over by SIGHUP; a change of any other is named in the log "
    "and\n"
    "waits for a restart. Keys marked **cluster** are read by the cluster engine only.\n";

static void print_rule(const struct config_key *key, struct buf *out)
{
    switch (key->type) {
    case CONFIG_BOOL:
        buf_puts(out, "`true`, `false`");
        break;
    case CONFIG_UINT:
    case CONFIG_SIZE:
        buf_printf(out, "%" PRIu64 " to %" PRIu64 "%s%s", key->lo, key->hi,
                   key->unit[0] != '\0' ? " " : "", key->unit);
        break;
    case CONFIG_RATIO:
        buf_puts(out, "0 to 1");
        break;
    case CONFIG_ENUM:
    case CONFIG_SET:
        buf_puts(out, key->type == CONFIG_SET ? "list of `" : "`");
        for (const char *p = key->choices; *p != '\0'; p++) {
            if (*p == '|')
                buf_puts(out, "`, `");
            else
                buf_putc(out, *p);
        }
        buf_putc(out, '`');
        break;
    case CONFIG_LIST:
        buf_puts(out, "list");
        break;
    case CONFIG_SECRET:
        buf_puts(out, "text, never shown");
        break;
    default:
        buf_puts(out, "text");
    }
}

static void print_row(const struct config_key *key, struct buf *out)
{
    char env[CONFIG_ENV_SIZE];
    config_key_env(key, env);
    buf_printf(out, "| `%s`<br>`%s` | ", name_of(key), env);
    if (key->fallback[0] == '\0')
        buf_puts(out, "none | ");
    else
        buf_printf(out, "`%s` | ", key->fallback);
    print_rule(key, out);
    buf_printf(out, " | %s%s%s |\n", key->text, key->flags & CONFIG_RELOAD ? " **reload**" : "",
               key->flags & CONFIG_CLUSTER_ONLY ? " **cluster**" : "");
}

static void print_compatible(struct buf *out)
{
    buf_puts(out, "\n## Keys of chat-app\n\n"
                  "Accepted so that its `config.yaml` works as it is. Other spellings:\n\n");
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (config_keys[i].type == CONFIG_ALIAS)
            buf_printf(out, "- `%s` is `%s`\n", config_keys[i].path, config_keys[i].fallback);
    buf_puts(out, "\nWithout effect, named in a warning:\n\n| key | |\n|---|---|\n");
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (config_keys[i].type == CONFIG_IGNORED)
            buf_printf(out, "| `%s` | %s |\n", config_keys[i].path, config_keys[i].text);
}

void config_print_docs(struct buf *out)
{
    struct str before = STR_NONE;
    buf_puts(out, intro);
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = &config_keys[i];
        if (!is_setting(key))
            continue;
        if (!str_eq(before, section_of(key)))
            buf_printf(out, "\n## %.*s\n\n| key | default | values | |\n|---|---|---|---|\n",
                       STR_FMT(section_of(key)));
        print_row(key, out);
        before = section_of(key);
    }
    print_compatible(out);
}

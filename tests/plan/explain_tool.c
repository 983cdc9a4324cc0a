/* Test tool: what becomes of each key. For tests/plan/test_explain.py.
 *
 * explain_tool [NAME=VALUE…] FILE   JSON list of lines; variables are the caller's environment
 * explain_tool --table              JSON list of rows [path, kinds, effect, types, property]
 * explain_tool --keys               every key that the Compose specification gives a service, one a
 *                                   line: "deploy.replicas"
 * explain_tool --rules              JSON list of rows [path, verdict, text, hint] of src/plan/keys
 * explain_tool --paths              every path of the specification that ends in a value, one a
 *                                   line: "ports.target", "ulimits.*.soft", "/networks.*.internal"
 */
#include "base/env.h"
#include "base/mem.h"
#include "compose/spec/spec.h"
#include "data/object.h"
#include "plan/keys/keys.h"
#include "plan/plan.h"
#include "plan/report/explain.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 5

static int print(json_t *j)
{
    cleanup_free char *text = json_print(j, true, false);

    puts(text);
    json_decref(j);
    return 0;
}

static int print_table(void)
{
    size_t n;
    const struct explain_row *rows = explain_rows(&n);
    json_t *all = json_array();

    for (size_t i = 0; i < n; i++)
        json_push(
            all,
            array(
                json_string(rows[i].path),
                json_integer((int)rows[i].kinds),
                json_string(explain_effect_name(rows[i].effect)),
                json_string(rows[i].types),
                json_string(rows[i].property)));
    return print(all);
}

static void push_rules(json_t *all, const struct plan_key *rows, size_t n)
{
    static const char *const verdicts[] = {
        "honoured", "partly", "silent", "noted", "warned", "refused"};

    for (size_t i = 0; i < n; i++)
        json_push(
            all,
            texts(
                rows[i].path,
                verdicts[rows[i].verdict],
                rows[i].text,
                rows[i].hint ? rows[i].hint : ""));
}

static int print_rules(void)
{
    json_t *all = json_array();
    size_t n;
    const struct plan_key *rows = plan_keys_of_service(&n);

    push_rules(all, rows, n);
    rows = plan_keys_of_project(&n);
    push_rules(all, rows, n);
    return print(all);
}

/* Keys of mappings that have known keys; `build` and `deploy` go deeper, lists do not. */
static void print_keys(const struct spec *spec, const char *prefix)
{
    for (const struct spec_key *k = spec->keys; k && k->name; k++) {
        bool deeper =
            strcmp(k->name, "build") == 0 || strcmp(k->name, "deploy") == 0 ||
            strcmp(k->name, "resources") == 0 ||
            (*prefix && (strcmp(k->name, "limits") == 0 || strcmp(k->name, "reservations") == 0));
        if (deeper && k->spec->keys) {
            cleanup_free char *below = xasprintf("%s%s.", prefix, k->name);
            print_keys(k->spec, below);
        } else {
            printf("%s%s\n", prefix, k->name);
        }
    }
}

/* Of a list its items, of a mapping with free keys their values ("*"): what has known keys below. A
 * list of names that is short for such a mapping is not another path. */
static void print_paths(const struct spec *spec, const char *path, unsigned depth)
{
    bool free_keys = !spec->keys && spec->values && spec->values->keys;

    if (free_keys) {
        cleanup_free char *below = xasprintf("%s.*", path);
        print_paths(spec->values, below, depth + 1);
        return;
    }
    if (spec->items && !spec->keys)
        spec = spec->items;
    if (!spec->keys || depth > DEPTH_MAX)
        puts(path);

    for (const struct spec_key *k = spec->keys; depth <= DEPTH_MAX && k && k->name; k++) {
        cleanup_free char *below = xasprintf("%s%s%s", path, *path ? "." : "", k->name);

        if (!spec_is_extension(k->name))
            print_paths(k->spec, below, depth + 1);
    }
}

/* Services stand without a prefix; a job's keys are a service's. */
static void print_all_paths(void)
{
    for (const struct spec_key *k = spec_project.keys; k->name; k++) {
        cleanup_free char *path = xasprintf("/%s", k->name);

        if (strcmp(k->name, "services") == 0)
            print_paths(&spec_service, "", 0);
        else if (strcmp(k->name, "jobs") == 0)
            puts(path);
        else
            print_paths(k->spec, path, 0);
    }
}

static json_t *line_json(const struct explain_line *l)
{
    json_t *resources = array();

    for (size_t i = 0; i < l->resource_count; i++)
        json_push(resources, texts(l->resources[i].logical_id, l->resources[i].type));

    return object(
        key("service", l->service),
        key("key", l->key),
        key("value", l->value),
        key("effect", explain_effect_name(l->effect)),
        key("property", l->property),
        key("text", l->text),
        key("note", l->note),
        key("resources", resources),
        key("file", l->pos.file ? l->pos.file : ""),
        key("line", l->pos.line),
        key("column", l->pos.column));
}

static int explain(const struct env *env, const char *file, struct error *err)
{
    cleanup_arena struct arena *a = arena_new();
    struct compose_diagnostics d = {0};
    cleanup_free char *cwd = getcwd(NULL, 0);
    const char *files[] = {file, NULL};
    struct compose_options o = {.cwd = cwd, .files = files, .env = env};
    struct compose_project *p = NULL;
    struct plan_settings s;
    struct explain out;
    int rc = compose_load(&o, &p, &d, err);

    if (rc == 0) {
        plan_models_expand(p);
        plan_binds_expand(p);
        plan_literals_take(p);
    }
    if (rc == 0)
        rc = plan_settings_resolve(a, p, env, NULL, NULL, &s, err);
    if (rc == 0)
        rc = plan_explain(a, p, &s, NULL, &d, &out, err);
    if (rc == 0) {
        json_t *lines = json_array();
        for (size_t i = 0; i < out.len; i++)
            json_push(lines, line_json(&out.lines[i]));
        print(lines);
    }
    compose_diagnostics_done(&d);
    compose_project_free(p);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--table") == 0)
        return print_table();
    if (argc == 2 && strcmp(argv[1], "--rules") == 0)
        return print_rules();
    if (argc == 2 && strcmp(argv[1], "--keys") == 0) {
        print_keys(&spec_service, "");
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--paths") == 0) {
        print_all_paths();
        return 0;
    }
    cleanup_env struct env *env = env_new();
    cleanup_error struct error err = ERROR_INIT;
    for (int i = 1; i + 1 < argc; i++) {
        char *eq = strchr(argv[i], '=');
        if (!eq)
            continue;
        *eq = '\0';
        env_set(env, argv[i], eq + 1);
    }
    if (argc < 2 || explain(env, argv[argc - 1], &err) < 0) {
        cleanup_free char *text =
            argc < 2 ? xstrdup("usage: explain_tool [NAME=VALUE…] FILE | --table | --keys")
                     : error_format(&err);
        fprintf(stderr, "%s\n", text);
        return 1;
    }
    return 0;
}

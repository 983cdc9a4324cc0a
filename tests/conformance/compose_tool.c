/* The loader over many projects in one process, for the comparison with the reference. One JSON
 * object a line comes in (id, dir, files, env_files, profiles, name, env, bare), one a line goes
 * out (id and json, or id and error), in the same order; a JSON text instead is the name of an
 * image. compose_tool FILE prints that project as YAML: the whole-process form, for the bench. */
#include "base/env.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/image.h"
#include "compose/compose.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

#define LIST_MAX 64

static const char *const *text_list(const json_t *request, const char *key, const char **out)
{
    const json_t *list = json_object_get(request, key);
    size_t n = 0;
    for (; n < json_array_size(list) && n < LIST_MAX; n++)
        out[n] = json_string_value(json_array_get(list, n));
    out[n] = NULL;
    return n ? out : NULL;
}

static struct env *environment(json_t *request)
{
    struct env *env = env_new();
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(request, "env"), name, value)
        env_set(env, name, json_string_value(value));
    return env;
}

static json_t *tree_of(const struct yaml_node *n)
{
    long long whole;
    double real;
    if (n->kind == YAML_KIND_SEQUENCE) {
        json_t *list = json_array();
        for (size_t i = 0; i < n->len; i++)
            json_array_append_new(list, tree_of(n->items[i]));
        return list;
    }
    if (n->kind == YAML_KIND_MAPPING) {
        json_t *map = json_object();
        for (size_t i = 0; i < n->len; i++)
            json_object_set_new(map, n->pairs[i].key->value, tree_of(n->pairs[i].value));
        return map;
    }
    switch (yaml_scalar_type(n)) {
    case YAML_TYPE_NULL:
        return json_null();
    case YAML_TYPE_BOOL:
        return json_boolean(yaml_scalar_bool(n));
    case YAML_TYPE_INT:
        return yaml_scalar_int(n, &whole) == 0 ? json_integer(whole) : json_string(n->value);
    case YAML_TYPE_FLOAT:
        return yaml_scalar_float(n, &real) == 0 ? json_real(real) : json_string(n->value);
    default:
        return json_string(n->value);
    }
}

/* What the YAML says, read back. */
static void add_tree(json_t *answer, const struct compose_project *project)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_arena struct arena *arena = arena_new();
    cleanup_error struct error err = ERROR_INIT;
    struct yaml_node *root;
    compose_show_yaml(project, &text);
    if (yaml_parse(arena, "shown", str_get(&text), text.len, &root, &err) < 0)
        json_object_set_new(answer, "broken", json_string(err.message));
    else
        json_object_set_new(answer, "tree", tree_of(root));
}

static void add_hashed(json_t *answer, const struct compose_project *project)
{
    json_t *all = json_object();
    for (size_t i = 0; i < project->service_count; i++) {
        cleanup_str struct str text = STR_INIT;
        compose_show_hashed(&project->services[i], &text);
        json_object_set_new(all, project->services[i].name, json_stringn(str_get(&text), text.len));
    }
    json_object_set_new(answer, "hashed", all);
}

/* What a job freezes must come back as the same project. */
static void
check_frozen(json_t *answer, const struct compose_project *project, const struct str *shown)
{
    cleanup_str struct str frozen = STR_INIT, again = STR_INIT;
    cleanup_error struct error err = ERROR_INIT;
    struct compose_project *thawed = NULL;
    compose_print_yaml(project, &frozen);
    if (compose_load_canonical(str_get(&frozen), frozen.len, &thawed, &err) < 0) {
        cleanup_free char *why =
            xasprintf("the frozen project is refused: %u: %s", err.line, err.message);
        json_object_set_new(answer, "broken", json_string(why));
        return;
    }
    compose_show_json(thawed, &again);
    if (strcmp(str_get(&again), str_get(shown)) != 0)
        json_object_set_new(
            answer, "broken", json_string("the frozen project comes back as another one"));
    compose_project_free(thawed);
}

static void add_diagnostics(json_t *answer, const struct compose_diagnostics *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->len; i++) {
        const struct compose_diagnostic *one = &d->items[i];
        cleanup_free char *text = xasprintf(
            "%s%s:%u:%u: %s",
            one->severity == COMPOSE_ERROR ? "" : "warning: ",
            one->pos.file ? one->pos.file : "-",
            one->pos.line,
            one->pos.column,
            one->message);
        json_array_append_new(list, json_string(text));
    }
    json_object_set_new(answer, "said", list);
}

/* Names of the resources that are left when the unused ones are taken out; of `root` and of the
 * typed model alike. */
static void add_used(json_t *answer, struct compose_project *project)
{
    static const char *const sections[] = {"networks", "volumes", "secrets", "configs", "models"};
    const size_t typed[] = {
        project->network_count,
        project->volume_count,
        project->secret_count,
        project->config_count};
    json_t *all = json_object();
    compose_drop_unused(project);
    const size_t left[] = {
        project->network_count,
        project->volume_count,
        project->secret_count,
        project->config_count};
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        const struct yaml_node *map = yaml_get(project->root, sections[i]);
        json_t *names = json_object();
        for (size_t k = 0; map && k < map->len; k++)
            json_object_set_new(names, map->pairs[k].key->value, json_true());
        if (i < ARRAY_LEN(left) && (left[i] > typed[i] || left[i] != json_object_size(names)))
            json_object_set_new(
                answer, "broken", json_string("the model and the tree keep other resources"));
        json_object_set_new(all, sections[i], names);
    }
    json_object_set_new(answer, "used", all);
}

static json_t *solve(json_t *request)
{
    const char *files[LIST_MAX + 1], *env_files[LIST_MAX + 1], *profiles[LIST_MAX + 1];
    const char *name = json_string_value(json_object_get(request, "name"));
    struct env *env = environment(request);
    struct compose_options o = {
        .cwd = json_string_value(json_object_get(request, "dir")),
        .files = text_list(request, "files", files),
        .env_files = text_list(request, "env_files", env_files),
        .profiles = text_list(request, "profiles", profiles),
        .project_name = text_empty(name) ? NULL : name,
        .env = env,
        .no_interpolate = json_is_true(json_object_get(request, "bare"))};
    struct compose_project *project = NULL;
    struct compose_diagnostics diags = {0};
    cleanup_error struct error err = ERROR_INIT;
    cleanup_str struct str text = STR_INIT;
    json_t *answer = json_object();
    json_object_set(answer, "id", json_object_get(request, "id"));
    if (compose_load(&o, &project, &diags, &err) < 0) {
        json_object_set_new(answer, "error", json_string(err.message ? err.message : "?"));
    } else {
        compose_show_json(project, &text);
        json_object_set_new(answer, "json", json_stringn(str_get(&text), text.len));
        add_tree(answer, project);
        add_hashed(answer, project);
        if (!o.no_interpolate)
            check_frozen(answer, project, &text);
        if (!o.no_interpolate)
            add_used(answer, project);
    }
    add_diagnostics(answer, &diags);
    compose_project_free(project);
    compose_diagnostics_done(&diags);
    env_free(env);
    return answer;
}

static int print_one(const char *file)
{
    char cwd[4096];
    const char *files[] = {file, NULL};
    struct env *env = env_from_process(environ);
    struct compose_options o = {.cwd = getcwd(cwd, sizeof cwd), .files = files, .env = env};
    struct compose_project *project = NULL;
    cleanup_error struct error err = ERROR_INIT;
    cleanup_str struct str text = STR_INIT;
    int rc = compose_load(&o, &project, NULL, &err);
    if (rc < 0)
        fprintf(
            stderr,
            "%s:%u:%u: %s\n",
            err.file ? err.file : file,
            err.line,
            err.column,
            err.message);
    else
        compose_show_yaml(project, &text);
    fwrite(str_get(&text), 1, text.len, stdout);
    compose_project_free(project);
    env_free(env);
    return rc < 0;
}

/* A JSON text a line comes in: the name of an image; its parts go out, or why it is none. */
static json_t *name_of(const char *text)
{
    cleanup_arena struct arena *arena = arena_new();
    cleanup_error struct error err = ERROR_INIT;
    struct image_name name;

    if (image_name_parse(arena, text, &name, &err) < 0)
        return json_pack("{s:s}", "error", err.message);
    return json_pack(
        "{s:s, s:s, s:s*, s:s*}",
        "registry",
        name.registry,
        "path",
        name.path,
        "tag",
        name.tag,
        "digest",
        name.digest);
}

static json_t *answer_line(json_t *asked)
{
    return json_is_string(asked) ? name_of(json_string_value(asked)) : solve(asked);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--references") != 0)
        return print_one(argv[1]);
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int rc = 0;
    while (rc == 0 && (n = getline(&line, &cap, stdin)) > 0) {
        json_error_t why;
        json_t *request = json_loadb(line, (size_t)n, JSON_DECODE_ANY, &why);
        if (!request) {
            fprintf(stderr, "compose_tool: not a request: %s\n", why.text);
            rc = 1;
            continue;
        }
        json_t *answer = answer_line(request);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
        json_decref(request);
    }
    free(line);
    return rc;
}

/* What others found out for the project, as if its files said it: into the tree, which a job
 * freezes and prints, and into the typed model alike.
 *
 * A Dockerfile that was made for a folder without one stands in place of the name of a file. An
 * argument of the command line (`--build-arg`) takes the place of one of that name, in every build
 * of the project, as Docker has it. Texts are copied into the project's arena: whoever gave them
 * may go. */
#include "compose/compose.h"

#include <string.h>

void compose_take_dockerfile(
    struct compose_project *p, struct compose_service *s, const char *dockerfile)
{
    struct arena *a = p->arena;
    struct yaml_node *build = s->node ? yaml_get(s->node, "build") : NULL;
    const char *text = arena_strdup(a, dockerfile);

    s->build.dockerfile_inline = text;
    if (!build)
        return;
    yaml_map_remove(build, "dockerfile");
    yaml_map_set(
        a,
        build,
        yaml_new_scalar(a, s->build.pos, "dockerfile_inline", true),
        yaml_new_scalar(a, s->build.pos, text, false));
}

static void
take_arg(struct compose_project *p, struct compose_service *s, const char *name, const char *value)
{
    struct compose_build *b = &s->build;
    struct compose_part *part = arena_make(p->arena, struct compose_part);
    struct compose_env *all = arena_array(p->arena, struct compose_env, b->arg_count + 1);
    size_t n = 0;

    *part = (struct compose_part){.text = value};
    for (size_t i = 0; i < b->arg_count; i++)
        if (strcmp(b->args[i].name, name) != 0)
            all[n++] = b->args[i];
    all[n++] = (struct compose_env){.name = name, .value = {.first = *value ? part : NULL}};
    b->args = all;
    b->arg_count = n;
}

void compose_take_build_arg(struct compose_project *p, const char *name, const char *value)
{
    struct arena *a = p->arena;

    name = arena_strdup(a, name);
    value = arena_strdup(a, value);
    for (size_t i = 0; i < p->service_count; i++) {
        struct compose_service *s = &p->services[i];
        struct yaml_node *build = s->node ? yaml_get(s->node, "build") : NULL;
        struct yaml_node *args = build ? yaml_get(build, "args") : NULL;

        if (!s->has_build)
            continue;
        take_arg(p, s, name, value);
        if (build && (!args || args->kind != YAML_KIND_MAPPING)) {
            args = yaml_new_mapping(a, s->build.pos);
            yaml_map_set(a, build, yaml_new_scalar(a, s->build.pos, "args", true), args);
        }
        if (args)
            yaml_map_set(
                a,
                args,
                yaml_new_scalar(a, s->build.pos, name, false),
                yaml_new_scalar(a, s->build.pos, value, false));
    }
}

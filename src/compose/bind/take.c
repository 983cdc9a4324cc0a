/* What others found out for the project, as if its files said it: into the tree, which a job
 * freezes and prints, and into the typed model alike. */
#include "compose/compose.h"

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

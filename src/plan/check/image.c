/* The image that a service names must be a name (the distribution reference grammar, as Docker has
 * it), and one that AWS can reach: a registry on this machine is none. ECS would say neither before
 * the first task fails to start, minutes after everything else was made.
 *
 * With build: the name is what the image is called on a developer's machine. It is checked there as
 * well, for Docker refuses it too; a registry on localhost is no harm then, since nothing is
 * pulled from it. */
#include "compose/bind/image.h"

#include "base/str.h"
#include "plan/check/check.h"
#include "plan/common/context.h"

#include <string.h>

/* "localhost", "127.0.0.1:5000", "[::1]:5000": the machine that asks, which here is the task's. */
static bool is_this_machine(const char *registry)
{
    size_t host = *registry == '[' ? strcspn(registry, "]") + 1 : strcspn(registry, ":");

    if (host == strlen("localhost") && strncasecmp(registry, "localhost", host) == 0)
        return true;
    if (text_starts(registry, "[::1]"))
        return true;

    return text_starts(registry, "127.") && strspn(registry, "0123456789.") >= host;
}

void plan_check_image(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *node = s->s->node ? yaml_get(s->s->node, "image") : NULL;
    struct yaml_pos pos = node ? node->pos : s->s->pos;
    cleanup_error struct error err = ERROR_INIT;
    struct image_name name;

    if (!s->s->image)
        return;

    if (image_name_parse(c->a, s->s->image, &name, &err) < 0)
        plan_error(
            &c->diag,
            pos,
            "Write it as [registry/]name[:tag], for example nginx:1.27 or ghcr.io/team/app:main.",
            "service %s: %s",
            s->s->name,
            err.message);
    else if (is_this_machine(name.registry) && !s->s->has_build)
        plan_error(
            &c->diag,
            pos,
            "Push it to a registry that AWS can reach, or let it be built: build: .",
            "service %s: the image is in a registry on this machine (%s), which no task on AWS can "
            "reach",
            s->s->name,
            name.registry);
}

/* Where images come from: builds, of which Kaniko on Fargate does not do everything (defang.md
 * 6.1), and names.
 *
 * Refused: keys of build that the builder has nothing for, a context that is no folder of this
 * machine or a Dockerfile outside it (only the context is sent), more than one platform, and config
 * in a build argument: it would be readable in the image. Warned of: what is left out without harm,
 * and image: beside build:, because then nothing is built.
 *
 * The image that a service names must be a name (the distribution reference grammar, as Docker has
 * it), and one that AWS can reach: a registry on this machine is none. ECS would say neither before
 * the first task fails to start, minutes after everything else was made. With build: the name is
 * what the image is called on a developer's machine: it is checked as well, for Docker refuses it
 * too, but nothing is pulled from a registry on localhost. */
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/image.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include <string.h>
#include <strings.h>

static const char *const REFUSED[] = {
    "ssh",
    "extra_hosts",
    "network",
    "secrets",
    "tags",
    "privileged",
    "additional_contexts",
    "entitlements"};

/* Whether the key is there and says something: an empty list and `false` ask for nothing. */
static bool asks_for(const struct yaml_node *n)
{
    if (!n || yaml_is_null(n))
        return false;
    return n->kind == YAML_KIND_SCALAR ? !text_eq(n->value, "false") : n->len > 0;
}

static void check_keys(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *build = s->s->node ? yaml_get(s->s->node, "build") : NULL;

    for (size_t i = 0; build && i < ARRAY_LEN(REFUSED); i++) {
        const struct yaml_node *n = yaml_get(build, REFUSED[i]);

        if (asks_for(n))
            plan_error(
                &c->diag,
                n->pos,
                "Remove it.",
                "service %s: build.%s is not supported by the builder on Fargate",
                s->s->name,
                REFUSED[i]);
    }

    const struct yaml_node *ulimits = build ? yaml_get(build, "ulimits") : NULL;
    if (ulimits && ulimits->len)
        plan_warn(
            &c->diag,
            ulimits->pos,
            "Remove it.",
            "service %s: build.ulimits is ignored",
            s->s->name);
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void check_args(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_build *b = &s->s->build;
    const char **bad = arena_array(c->a, const char *, b->arg_count + 1);
    size_t n = 0;

    for (size_t i = 0; i < b->arg_count; i++) {
        if (b->args[i].is_null)
            plan_warn(
                &c->diag,
                b->pos,
                NULL,
                "service %s: skipping unset build argument %s",
                s->s->name,
                b->args[i].name);
        else if (!compose_text_literal(c->a, &b->args[i].value))
            bad[n++] = b->args[i].name;
    }

    if (!n)
        return;

    qsort(bad, n, sizeof *bad, by_text);
    cleanup_str struct str names = STR_INIT;
    for (size_t i = 0; i < n; i++)
        str_appendf(&names, "%s%s.build.args.%s", i ? ", " : "", s->s->name, bad[i]);
    plan_error(
        &c->diag,
        b->pos,
        "Define the variables in .env, or read them at run time from the environment.",
        "build args do not support config interpolation [%s]: they would be readable in the image",
        str_get(&names));
}

static void check_folder(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_build *b = &s->s->build;

    if (text_empty(b->context))
        plan_error(
            &c->diag,
            b->pos,
            "Name the folder.",
            "service %s: build.context is required",
            s->s->name);
    else if (b->context[0] != '/')
        plan_error(
            &c->diag,
            b->pos,
            "Check the sources out and name the folder.",
            "service %s: build.context \"%s\" is no folder of this machine",
            s->s->name,
            b->context);
    if (b->dockerfile && (b->dockerfile[0] == '/' || text_starts(b->dockerfile, "../")))
        plan_error(
            &c->diag,
            b->pos,
            "Use a path inside the context.",
            "service %s: build.dockerfile \"%s\" is outside the build context",
            s->s->name,
            b->dockerfile);
}

void plan_check_build(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_build *b = &s->s->build;

    if (!s->s->has_build)
        return;
    if (s->s->image) {
        plan_warn(
            &c->diag,
            b->pos,
            "Remove image: to build.",
            "service %s has image and build: the image is used, nothing is built",
            s->s->name);
        return;
    }

    check_keys(c, s);
    check_args(c, s);
    check_folder(c, s);
    if (b->platform_count > 1)
        plan_error(
            &c->diag,
            b->pos,
            "Name one platform.",
            "service %s: build.platforms names %zu platforms, and a task runs one",
            s->s->name,
            b->platform_count);
}

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

/* Images of a Pulumi program: Command resources that build them with Kaniko, or config values that
 * name them. See pulumi.h. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <string.h>

#define ETAG_LABEL "--label=io.defang.image.etag="

char *plan_pulumi_image_uri(const struct plan_facts *f, const struct plan_build *b)
{
    return xasprintf(
        "%s.dkr.ecr.%s.%s/%s:%s", f->account, f->region, f->dns_suffix, b->repository, b->tag);
}

char *plan_pulumi_image_name(const char *service)
{
    struct arena *a = arena_new();
    char *name = xasprintf("Image_%s", plan_logical_id(a, service));

    arena_free(a);
    return name;
}

static const char *config_name(struct pulumi_ctx *c, const struct plan_build *b)
{
    return arena_printf(c->a, "image%s", plan_logical_id(c->a, b->service));
}

const char *pulumi_image_of(struct pulumi_ctx *c, const char *uri)
{
    for (size_t i = 0; i < c->r->build_count; i++) {
        const struct plan_build *b = &c->r->builds[i];
        cleanup_free char *own = plan_pulumi_image_uri(c->r->facts, b);

        if (strcmp(own, uri) != 0 && !(c->r->images && text_eq(c->r->images[i], uri)))
            continue;
        if (c->r->images)
            return arena_printf(c->a, "${%s}", config_name(c, b));
        cleanup_free char *name = plan_pulumi_image_name(b->service);
        return arena_printf(
            c->a, "%.*s@${%s.stdout}", (int)(strlen(own) - strlen(b->tag) - 1), own, name);
    }

    return NULL;
}

/* Kaniko's arguments as JSON text. The deployment's id is no part of it: it would make the image
 * look changed at each `up`. */
static const char *command_text(struct pulumi_ctx *c, const struct plan_build *b)
{
    cleanup_json json_t *list = json_array();

    for (size_t i = 0; i < b->command_count; i++)
        json_push(
            list,
            json_string(
                text_starts(b->command[i], ETAG_LABEL) ? ETAG_LABEL "@DEPLOYMENT@"
                                                       : b->command[i]));
    cleanup_free char *text = json_print(list, false, true);
    cleanup_free char *escaped = pulumi_escape(text);
    return arena_strdup(c->a, escaped);
}

static const char *task_definition(struct pulumi_ctx *c, const struct plan_build *b)
{
    for (size_t i = 0; i < c->g->len; i++)
        if (strcmp(c->g->resources[i].type, "AWS::ECS::TaskDefinition") == 0 &&
            text_eq(json_str(c->g->resources[i].properties, "Family"), b->task_family))
            return c->g->resources[i].logical_id;
    return NULL;
}

static json_t *environment(struct pulumi_ctx *c, const struct plan_build *b, const char *task)
{
    struct plan_build_needs needs, *n = &needs;

    plan_build_needs(c->a, c->r->model, n);
    struct str subnets = STR_INIT;
    for (size_t i = 0; i < ARRAY_LEN(n->subnets); i++)
        if (n->subnets[i])
            str_appendf(
                &subnets, n->own_network ? "%s%s" : "%s${%s.id}", i ? "," : "", n->subnets[i]);
    json_t *e = plan_json(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}",
        "IMAGE_SERVICE",
        b->service,
        "IMAGE_REPOSITORY",
        b->repository,
        "IMAGE_TAG",
        b->tag,
        "IMAGE_CLUSTER",
        arena_printf(c->a, n->own_cluster ? "%s" : "${%s.name}", n->cluster),
        "IMAGE_TASK_DEFINITION",
        arena_printf(c->a, "${%s.family}", task),
        "IMAGE_CONTAINER",
        PLAN_BUILD_CONTAINER,
        "IMAGE_SUBNETS",
        str_get(&subnets),
        "IMAGE_SECURITY_GROUP",
        arena_printf(c->a, "${%s.id}", n->security_group),
        "IMAGE_COMMAND",
        command_text(c, b),
        "IMAGE_DNS_SUFFIX",
        c->r->facts->dns_suffix);
    str_done(&subnets);
    return e;
}

static void depend(struct pulumi_ctx *c, json_t *on, const char *id)
{
    size_t i;
    json_t *part;

    if (!graph_get(c->g, id))
        return;
    json_push(on, json_string(arena_printf(c->a, "${%s}", id)));
    json_array_foreach(json_object_get(c->parts, id), i, part)
        json_push(on, json_string(arena_printf(c->a, "${%s}", json_string_value(part))));
}

static int add_build(struct pulumi_ctx *c, const struct plan_build *b, struct error *err)
{
    const char *task = task_definition(c, b);
    struct plan_build_needs needs, *n = &needs;

    plan_build_needs(c->a, c->r->model, n);
    if (!task)
        return error_raise(
            err,
            ERR_FAILED,
            "pulumi: the plan has no task definition %s to build the image of %s",
            b->task_family,
            b->service);
    json_t *on = json_array();
    for (size_t i = 0; i < n->count; i++)
        depend(c, on, n->logical_ids[i]);
    cleanup_free char *name = plan_pulumi_image_name(b->service);
    json_add(
        c->resources,
        name,
        plan_json(
            "{s:s,s:{s:s,s:[s],s:o},s:{s:o,s:{s:s,s:s}}}",
            "type",
            "command:local:Command",
            "properties",
            "create",
            "sh ./" PLAN_PULUMI_IMAGE_SCRIPT,
            "triggers",
            b->tag,
            "environment",
            environment(c, b, task),
            "options",
            "dependsOn",
            on,
            "customTimeouts",
            "create",
            "2h",
            "update",
            "2h"));
    return 0;
}

int pulumi_images(struct pulumi_ctx *c, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; i < c->r->build_count && !rc; i++) {
        const struct plan_build *b = &c->r->builds[i];

        if (!c->r->images) {
            rc = add_build(c, b, err);
            continue;
        }
        json_add(
            c->config,
            config_name(c, b),
            plan_json("{s:s,s:s}", "type", "string", "default", c->r->images[i]));
    }

    return rc;
}

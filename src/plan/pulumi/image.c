/* Images of a Pulumi program: Command resources that build them with Kaniko, or config values that
 * name them (pulumi.h says why). For each build one of the two, and a text that stands for the
 * image where the plan has its uri.
 *
 * A Command waits for all that the build task needs, with its parts: repository, roles, cluster,
 * network. */
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
    cleanup_arena struct arena *a = arena_new();

    return xasprintf("Image_%s", plan_logical_id(a, service));
}

static const char *config_name(struct pulumi_ctx *c, const struct plan_build *b)
{
    return arena_printf(c->a, "image%s", plan_logical_id(c->a, b->service));
}

/* The repository's uri of the tag, and the digest of the run behind it. */
static const char *built(struct pulumi_ctx *c, const struct plan_build *b, const char *uri)
{
    const struct plan_build *built_by = b->same_as ? b->same_as : b;
    cleanup_free char *name = plan_pulumi_image_name(built_by->service);
    int repository = (int)(strlen(uri) - strlen(b->tag) - 1);

    return arena_printf(c->a, "%.*s@${%s.stdout}", repository, uri, name);
}

const char *pulumi_image_of(struct pulumi_ctx *c, const char *uri)
{
    for (size_t i = 0; i < c->r->build_count; i++) {
        const struct plan_build *b = &c->r->builds[i];
        cleanup_free char *own = plan_pulumi_image_uri(c->r->facts, b);
        bool is_given = c->r->images && text_eq(c->r->images[i], uri);

        if (strcmp(own, uri) != 0 && !is_given)
            continue;
        if (c->r->images)
            return arena_printf(c->a, "${%s}", config_name(c, b));
        return built(c, b, own);
    }
    return NULL;
}

/* Kaniko's arguments as JSON text. The deployment's id is no part of it: it would make the image
 * look changed at each `up`. */
static const char *command_text(struct pulumi_ctx *c, const struct plan_build *b)
{
    cleanup_json json_t *list = array();

    for (size_t i = 0; i < b->command_count; i++) {
        bool etag = text_starts(b->command[i], ETAG_LABEL);

        json_push(list, json_string(etag ? ETAG_LABEL "@DEPLOYMENT@" : b->command[i]));
    }

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

/* "${PrivateSubnet1.id},${PrivateSubnet2.id}", or the ids of subnets that are not ours. In the
 * arena. */
static const char *subnets(struct pulumi_ctx *c, const struct plan_build_needs *n)
{
    cleanup_str struct str out = STR_INIT;

    for (size_t i = 0; i < ARRAY_LEN(n->subnets); i++)
        if (n->subnets[i])
            str_appendf(
                &out, n->own_network ? "%s%s" : "%s${%s.id}", out.len ? "," : "", n->subnets[i]);
    return arena_strdup(c->a, str_get(&out));
}

/* Members of RunTask's overrides; "" where there is no more. */
static const char *more_memory(struct pulumi_ctx *c)
{
    unsigned cpu, memory;

    if (!plan_build_more_memory(c->r->settings, &cpu, &memory))
        return "";
    return arena_printf(c->a, "\"cpu\":\"%u\",\"memory\":\"%u\"", cpu, memory);
}

/* What image.sh reads (src/plan/scripts/image.sh says what each is). */
static json_t *environment(struct pulumi_ctx *c, const struct plan_build *b, const char *task)
{
    struct plan_build_needs n;

    plan_build_needs(c->a, c->r->model, &n);
    cleanup_free char *group = plan_log_group(c->r->settings, c->r->model->name, "builds");
    const char *storage = b->storage_gib ? arena_printf(c->a, "%u", b->storage_gib) : "";
    const char *cluster = n.own_cluster ? n.cluster : arena_printf(c->a, "${%s.name}", n.cluster);

    return object(
        key("IMAGE_SERVICE", b->service),
        key("IMAGE_REPOSITORY", b->repository),
        key("IMAGE_TAG", b->tag),
        key("IMAGE_CLUSTER", cluster),
        key("IMAGE_TASK_DEFINITION", arena_printf(c->a, "${%s.family}", task)),
        key("IMAGE_CONTAINER", PLAN_BUILD_CONTAINER),
        key("IMAGE_SUBNETS", subnets(c, &n)),
        key("IMAGE_SECURITY_GROUP", arena_printf(c->a, "${%s.id}", n.security_group)),
        key("IMAGE_LOG_GROUP", group),
        key("IMAGE_LOG_PREFIX", PLAN_BUILD_STREAM_PREFIX "/" PLAN_BUILD_CONTAINER),
        key("IMAGE_STORAGE", storage),
        key("IMAGE_MORE_MEMORY", more_memory(c)),
        key("IMAGE_COMMAND", command_text(c, b)),
        key("IMAGE_DNS_SUFFIX", c->r->facts->dns_suffix));
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

/* What the image is made from is built before. */
static void depend_on_images(struct pulumi_ctx *c, json_t *on, const struct plan_build *b)
{
    for (size_t i = 0; i < b->context_count; i++)
        for (size_t k = 0; k < c->r->build_count; k++) {
            const struct plan_build *other = &c->r->builds[k];

            if (!text_eq(other->service, b->contexts[i].service))
                continue;
            other = other->same_as ? other->same_as : other;
            cleanup_free char *name = plan_pulumi_image_name(other->service);
            json_push(on, json_string(arena_printf(c->a, "${%s}", name)));
        }
}

static int add_build(struct pulumi_ctx *c, const struct plan_build *b, struct error *err)
{
    const char *task = task_definition(c, b);
    cleanup_free char *name = plan_pulumi_image_name(b->service);
    struct plan_build_needs needs;

    plan_build_needs(c->a, c->r->model, &needs);
    if (!task)
        return error_raise(
            err,
            ERR_FAILED,
            "pulumi: the plan has no task definition %s to build the image of %s",
            b->task_family,
            b->service);

    json_t *on = array();
    for (size_t i = 0; i < needs.count; i++)
        depend(c, on, needs.logical_ids[i]);
    depend_on_images(c, on, b);

    /* The tag is made of all that goes into the image: only another tag runs the command again. */
    json_t *command = object(
        key("type", "command:local:Command"),
        key("properties",
            object(
                key("create", "sh ./" PLAN_PULUMI_IMAGE_SCRIPT),
                key("triggers", texts(b->tag)),
                key("environment", environment(c, b, task)))),
        key("options",
            object(
                key("dependsOn", on),
                key("customTimeouts", object(key("create", "2h"), key("update", "2h"))))));
    json_add(c->resources, name, command);
    return 0;
}

/* An image that is there: whoever runs the program may name another. */
static void add_config(struct pulumi_ctx *c, const struct plan_build *b, const char *image)
{
    json_t *config = object(key("type", "string"), key("default", image));

    json_add(c->config, config_name(c, b), config);
}

int pulumi_images(struct pulumi_ctx *c, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; i < c->r->build_count && !rc; i++) {
        const struct plan_build *b = &c->r->builds[i];

        if (c->r->images)
            add_config(c, b, c->r->images[i]);
        else if (!b->same_as)
            rc = add_build(c, b, err);
    }
    return rc;
}

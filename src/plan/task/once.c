/* Services that run once and end (defang.md 6.7): `restart: "no"`, a job mode, or one that another
 * waits for to complete. AWS gets a task definition and a role, no ECS service: the engine runs a
 * task of it when it is new (see plan_stages in plan.h).
 *
 * What the engine needs to run one (cluster, task definition, network) is known only when the stack
 * is there. So it is an output, one text with intrinsics inside that every engine can resolve: JSON
 * written by hand, because Fn::Sub takes text. */
#include "plan/task/once.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/compute/placement.h"
#include "plan/network/network.h"

/* A value of a template as it stands inside Fn::Sub. */
static void append_value(struct str *out, const json_t *value)
{
    const json_t *attribute = json_object_get(value, "Fn::GetAtt");
    const json_t *sub = json_object_get(value, "Fn::Sub");

    if (json_is_string(value)) {
        str_append(out, json_string_value(value));
    } else if (attribute) {
        const char *resource = json_string_value(json_array_get(attribute, 0));
        const char *name = json_string_value(json_array_get(attribute, 1));

        str_appendf(out, "${%s.%s}", resource, name);
    } else if (sub) {
        str_append(out, json_string_value(sub));
    } else {
        str_appendf(out, "${%s}", json_str_or(value, "Ref", "AWS::NoValue"));
    }
}

static void append_text(struct str *out, const char *before, const char *name, const char *text)
{
    str_appendf(out, "%s\"%s\":\"%s\"", before, name, text);
}

static void append_list(struct str *out, const char *name, const json_t *list)
{
    str_appendf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        str_append(out, i ? ",\"" : "\"");
        append_value(out, json_array_get(list, i));
        str_append(out, "\"");
    }
    str_append(out, "]");
}

static json_t *
run_place(const struct plan_ctx *c, const struct plan_service *s, const char *container)
{
    bool public = plan_in_public(c, false);
    cleanup_json json_t *network = plan_service_network(c, s, public);
    const json_t *vpc = json_object_get(network, "AwsvpcConfiguration");
    const char *task = arena_printf(c->a, "${TaskDefinition%s}", s->id);
    cleanup_str struct str text = STR_INIT;

    append_text(&text, "{", "cluster", plan_cluster_sub(c));
    append_text(&text, ",", "taskDefinition", task);
    append_text(&text, ",", "container", container);
    append_text(&text, ",", "assignPublicIp", json_str_or(vpc, "AssignPublicIp", "DISABLED"));
    append_list(&text, "securityGroups", json_object_get(vpc, "SecurityGroups"));
    append_list(&text, "subnets", json_object_get(vpc, "Subnets"));
    str_append(&text, "}");
    return graph_sub("%s", str_get(&text));
}

void plan_once_add(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, const char *hash)
{
    cleanup_free char *container = plan_container_name(s->s->name, deployment);
    const char *output = arena_printf(c->a, "Once%s", s->id);
    const char *description = arena_printf(c->a, "Where %s runs once", s->s->name);

    graph_output_add(c->g, output, run_place(c, s, container), description);

    json_t *note = object(key("deployment", deployment), key("hash", hash), key("once", output));
    json_add(json_at(c->g->metadata, "Defang.services"), s->s->name, note);
}

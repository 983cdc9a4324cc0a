/* Services that run once and end (defang.md 6.7): `restart: "no"`, a job mode, or one that another
 * waits for to complete. AWS gets a task definition and a role, no ECS service: the engine runs a
 * task of it when it is new (see plan_stages in plan.h). */
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/context.h"
#include "plan/network/network.h"
#include "plan/task/task.h"
#include <string.h>

/* ---- where a task of it runs: a text for the template's outputs, so that every engine can tell
 * ---- */
static void append_value(struct str *out, const json_t *value)
{
    const json_t *attribute = json_object_get(value, "Fn::GetAtt"),
                 *sub = json_object_get(value, "Fn::Sub");
    if (json_is_string(value))
        str_append(out, json_string_value(value));
    else if (attribute)
        str_appendf(
            out,
            "${%s.%s}",
            json_string_value(json_array_get(attribute, 0)),
            json_string_value(json_array_get(attribute, 1)));
    else if (sub)
        str_append(out, json_string_value(sub));
    else
        str_appendf(out, "${%s}", json_str_or(value, "Ref", "AWS::NoValue"));
}

static void append_list(struct str *out, const char *key, const json_t *list)
{
    str_appendf(out, ",\"%s\":[", key);
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
    cleanup_str struct str text = STR_INIT;
    str_append(&text, "{\"cluster\":\"");
    cleanup_json json_t *cluster = plan_cluster_ref(c);
    append_value(&text, cluster);
    str_appendf(
        &text,
        "\",\"taskDefinition\":\"${TaskDefinition%s}\",\"container\":\"%s\",\"assignPublicIp\":\"%"
        "s\"",
        s->id,
        container,
        json_str_or(vpc, "AssignPublicIp", "DISABLED"));
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
    graph_output_add(
        c->g,
        output,
        run_place(c, s, container),
        arena_printf(c->a, "Where %s runs once", s->s->name));
    json_add(
        json_at(c->g->metadata, "Defang.services"),
        s->s->name,
        plan_json("{s:s,s:s,s:s}", "deployment", deployment, "hash", hash, "once", output));
}

/* ---- checks ---- */
static struct yaml_pos pos_of(const struct plan_service *s, const char *key)
{
    const struct yaml_node *n = s->s->node ? yaml_get(s->s->node, key) : NULL;
    return n ? n->pos : s->s->pos;
}

static void check_ports(struct plan_check *c, const struct plan_service *s)
{
    static const char hint[] =
        "Set restart: unless-stopped if it is to run on, or take its ports away.";
    for (size_t i = 0; i < s->s->port_count; i++) {
        const struct compose_port *p = &s->s->ports[i];
        if (text_eq(p->mode, "host") || text_eq(p->protocol, "udp"))
            plan_warn(
                &c->diag,
                p->pos,
                hint,
                "service %s runs once and ends: nothing can reach its port %u",
                s->s->name,
                p->target);
        else
            plan_error(
                &c->diag,
                p->pos,
                hint,
                "service %s runs once and ends: it cannot take requests on port %u",
                s->s->name,
                p->target);
    }
}

void plan_check_once(struct plan_check *c, const struct plan_service *s)
{
    if (!s->once)
        return;
    const struct compose_service *x = s->s;
    const char *restart = x->restart;
    check_ports(c, s);
    if (s->replicas > 1)
        plan_error(
            &c->diag,
            x->deploy.pos,
            "Remove deploy.replicas, or set restart: unless-stopped if it is to run on.",
            "service %s runs once and ends: it cannot have %u replicas",
            x->name,
            s->replicas);
    if (s->replicas == 0 && plan_is_awaited(&c->v, x->name))
        plan_warn(
            &c->diag,
            x->deploy.pos,
            "Remove deploy.replicas: 0.",
            "service %s has no replica, so nobody waits for it to complete",
            x->name);
    if (x->extensions && yaml_get(x->extensions, "x-defang-autoscaling"))
        plan_warn(
            &c->diag,
            pos_of(s, "x-defang-autoscaling"),
            "Remove it.",
            "service %s runs once and ends: x-defang-autoscaling is ignored",
            x->name);
    if (restart && strcmp(restart, "no") != 0)
        plan_warn(
            &c->diag,
            pos_of(s, "restart"),
            "Set restart: \"no\".",
            "service %s runs once and ends, because %s: restart \"%s\" is ignored",
            x->name,
            plan_is_job_mode(x->deploy.mode) ? "it is a job"
                                             : "another service waits for it to complete",
            restart);
}

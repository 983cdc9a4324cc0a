/* What one service brings of its own: a role, policies, pull credentials, scaling, the protocol of
 * a port (adopt.h). Read twice, as adopt.c says: without a word for the view, with one for the
 * checks.
 *
 * A value must be known when the plan is made, so one that holds config is refused; and what an id
 * or ARN looks like is adopt_shape.c's to say. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/template.h"
#include "plan/diag.h"
#include "plan/view/adopt.h"
#include "plan/view/extensions.h"
#include <errno.h>
#include <string.h>

struct reader {
    struct arena *a;
    struct plan_diag *g;
    const char *service;
    int rc;
};

static void refuse(struct reader *r, struct yaml_pos pos, const char *hint, const char *text)
{
    r->rc = r->rc ? r->rc : -EINVAL;
    if (r->g)
        plan_error(r->g, pos, hint, "service %s: %s", r->service, text);
}

static void warn(struct reader *r, struct yaml_pos pos, const char *hint, const char *text)
{
    if (r->g)
        plan_warn(r->g, pos, hint, "service %s: %s", r->service, text);
}

static struct plan_said
shaped(struct reader *r, const char *key, enum plan_shape shape, const struct yaml_node *n)
{
    if (yaml_is_null(n))
        return (struct plan_said){0};
    const char *text =
        n->kind == YAML_KIND_SCALAR && !template_has_parts(n->value) ? n->value : NULL;
    const char *value = text ? plan_shape_take(r->a, shape, text) : NULL;
    if (!value)
        refuse(
            r,
            n->pos,
            arena_printf(r->a, "As in %s.", plan_shape_example(shape)),
            text ? arena_printf(r->a, "%s \"%s\" is not of the shape that AWS gives it", key, text)
                 : arena_printf(r->a, "%s must be one text, known when the plan is made", key));
    return (struct plan_said){value, n->pos};
}

/* 0 for what is not there or wrong. */
static unsigned number(struct reader *r, const struct yaml_node *map, const char *key, unsigned max)
{
    const struct yaml_node *n = yaml_get(map, key);
    long long v = 0;

    if (yaml_is_null(n))
        return 0;
    if (n->kind == YAML_KIND_SCALAR && text_parse_int(n->value, 1, max, &v) == 0)
        return (unsigned)v;
    refuse(r, n->pos, NULL, arena_printf(r->a, "%s must be a number from 1 to %u", key, max));
    return 0;
}

static void take_role(struct reader *r, const struct yaml_node *n, struct plan_adopt_service *out)
{
    if (yaml_is_null(n))
        return;
    if (n->kind != YAML_KIND_MAPPING) {
        out->task_role = shaped(r, "x-aws-role", PLAN_SHAPE_ROLE, n);
        return;
    }
    const struct yaml_node *statements = yaml_get(n, "Statement");
    if (!statements || statements->kind == YAML_KIND_SCALAR || !statements->len)
        refuse(
            r,
            n->pos,
            "As in x-aws-role: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: …, "
            "Resource: …}]}.",
            "x-aws-role must be a policy document with Statement, or the ARN of a role");
    else
        out->role_policy = n;
}

static void
take_policies(struct reader *r, const struct yaml_node *n, struct plan_adopt_service *out)
{
    if (yaml_is_null(n))
        return;
    if (n->kind == YAML_KIND_MAPPING || n->len > LIMIT_PLAN_ADOPTED) {
        refuse(
            r,
            n->pos,
            NULL,
            arena_printf(
                r->a, "x-aws-policies must be a list of at most %u ARNs", LIMIT_PLAN_ADOPTED));
        return;
    }
    bool one = n->kind == YAML_KIND_SCALAR;
    size_t count = one ? 1 : n->len;
    out->policies = arena_array(r->a, struct plan_said, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct plan_said said =
            shaped(r, "x-aws-policies", PLAN_SHAPE_POLICY, one ? n : n->items[i]);
        if (said.value)
            out->policies[out->policy_count++] = said;
    }
}

static void
take_scaling(struct reader *r, const struct yaml_node *n, struct plan_adopt_scaling *out)
{
    if (yaml_is_null(n))
        return;
    if (n->kind != YAML_KIND_MAPPING) {
        refuse(
            r,
            n->pos,
            "As in x-aws-autoscaling: {min: 1, max: 10, cpu: 75}.",
            "x-aws-autoscaling must be a mapping");
        return;
    }
    struct plan_adopt_scaling s = {
        .present = true,
        .pos = n->pos,
        .min = number(r, n, "min", LIMIT_PLAN_TASKS),
        .max = number(r, n, "max", LIMIT_PLAN_TASKS)};
    s.cpu_percent = number(r, n, "cpu", 100);
    s.memory_percent = number(r, n, yaml_get(n, "memory") ? "memory" : "mem", 100);
    if (!s.max || s.min > s.max || !s.cpu_percent == !s.memory_percent) {
        refuse(
            r,
            n->pos,
            "As in x-aws-autoscaling: {min: 1, max: 10, cpu: 75}.",
            "x-aws-autoscaling needs max, not below min, and either cpu or memory");
        return;
    }
    s.min = s.min ? s.min : 1;
    *out = s;
}

static int percent(struct reader *r, const struct yaml_node *map, const char *key, int max)
{
    const struct yaml_node *n = yaml_get(map, key);
    long long v = -1;

    if (!yaml_is_null(n) &&
        (n->kind != YAML_KIND_SCALAR || text_parse_int(n->value, 0, max, &v) < 0)) {
        refuse(r, n->pos, NULL, arena_printf(r->a, "%s must be a number from 0 to %d", key, max));
        v = -1;
    }
    return (int)v;
}

static void
take_deploy(struct reader *r, const struct compose_service *s, struct plan_adopt_service *out)
{
    const struct yaml_node *deploy = s->node ? yaml_get(s->node, "deploy") : NULL,
                           *update = deploy ? yaml_get(deploy, "update_config") : NULL;

    out->min_percent = out->max_percent = -1;
    if (deploy)
        take_scaling(r, yaml_get(deploy, "x-aws-autoscaling"), &out->scaling);
    if (update) {
        out->min_percent = percent(r, update, "x-aws-min_percent", 100);
        out->max_percent = percent(r, update, "x-aws-max_percent", 200);
    }
}

static void check_unknown(struct reader *r, const struct yaml_pair *pair)
{
    static const char *const known[] = {
        "x-aws-role", "x-aws-policies", "x-aws-pull_credentials", "x-aws-logs_retention", NULL};
    const char *key = pair->key->value;

    if (strcmp(key, "x-aws-logs_retention") == 0) {
        warn(
            r,
            pair->key->pos,
            "Set log-retention-days in x-defang-settings.",
            "x-aws-logs_retention is not taken over: all services of a project share one "
            "retention");
        return;
    }
    for (size_t i = 0; known[i]; i++)
        if (strcmp(known[i], key) == 0)
            return;
    const char *near = text_nearest(key, known);
    warn(
        r,
        pair->key->pos,
        near ? arena_printf(r->a, "Did you mean %s?", near) : NULL,
        arena_printf(r->a, "%s is unknown and ignored", key));
}

static void take_own(struct reader *r, const struct yaml_node *n, struct plan_adopt_service *out)
{
    if (yaml_is_null(n))
        return;
    if (n->kind != YAML_KIND_MAPPING) {
        refuse(
            r,
            n->pos,
            "As in x-defang-aws: {taskRoleArn: arn:…}.",
            "x-defang-aws must be a mapping");
        return;
    }
    for (size_t i = 0; i < n->len; i++) {
        if (strcmp(n->pairs[i].key->value, "taskRoleArn") == 0)
            out->task_role =
                shaped(r, "x-defang-aws.taskRoleArn", PLAN_SHAPE_ROLE, n->pairs[i].value);
        else
            refuse(
                r,
                n->pairs[i].key->pos,
                "A service's x-defang-aws knows taskRoleArn; the rest belongs to the top of the "
                "file.",
                arena_printf(
                    r->a, "x-defang-aws has no member \"%s\" here", n->pairs[i].key->value));
    }
}

static const char *known_protocol(const char *text)
{
    static const char *const known[] = {"http", "http2", "grpc", "tcp", "tls", "udp"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (text_eq(text, known[i]))
            return known[i];
    return NULL;
}

const char *plan_adopt_protocol(const struct compose_service *s, unsigned target)
{
    const struct yaml_node *ports = s->node ? yaml_get(s->node, "ports") : NULL;

    for (size_t i = 0; ports && ports->kind == YAML_KIND_SEQUENCE && i < ports->len; i++) {
        long long at = 0;
        const struct yaml_node *port = ports->items[i], *n = yaml_get(port, "target");
        if (!n || n->kind != YAML_KIND_SCALAR || text_parse_int(n->value, 1, 65535, &at) < 0 ||
            at != (long long)target)
            continue;
        return known_protocol(plan_ext_string(port, "x-aws-protocol"));
    }
    return NULL;
}

static void check_protocols(struct reader *r, const struct compose_service *s)
{
    const struct yaml_node *ports = s->node ? yaml_get(s->node, "ports") : NULL;

    for (size_t i = 0; ports && ports->kind == YAML_KIND_SEQUENCE && i < ports->len; i++) {
        const char *protocol = plan_ext_string(ports->items[i], "x-aws-protocol");
        if (protocol && !known_protocol(protocol))
            warn(
                r,
                yaml_get(ports->items[i], "x-aws-protocol")->pos,
                "Use http, http2, grpc, tcp, tls or udp.",
                arena_printf(r->a, "x-aws-protocol \"%s\" is not taken over", protocol));
    }
}

int plan_adopt_service_read(
    struct arena *a,
    const struct compose_service *s,
    struct plan_adopt_service *out,
    struct plan_diag *g)
{
    struct reader r = {.a = a, .g = g, .service = s->name};
    const struct yaml_node *x = s->extensions;

    *out = (struct plan_adopt_service){0};
    take_deploy(&r, s, out);
    if (g)
        check_protocols(&r, s);
    if (!x)
        return r.rc;
    take_role(&r, yaml_get(x, "x-aws-role"), out);
    take_policies(&r, yaml_get(x, "x-aws-policies"), out);
    out->pull_credentials = shaped(
        &r, "x-aws-pull_credentials", PLAN_SHAPE_SECRET, yaml_get(x, "x-aws-pull_credentials"));
    take_own(&r, yaml_get(x, "x-defang-aws"), out);
    for (size_t i = 0; i < x->len; i++)
        if (text_starts(x->pairs[i].key->value, "x-aws-"))
            check_unknown(&r, &x->pairs[i]);
    if (out->task_role.value && (out->role_policy || out->policy_count))
        refuse(
            &r,
            out->task_role.pos,
            "Give the role these rights itself.",
            "a role of your own gets no policies from here");
    return r.rc;
}

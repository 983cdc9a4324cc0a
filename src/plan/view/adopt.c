/* What the whole project brings of its own: x-defang-aws, and the keys of Docker's ECS integration
 * that mean the same (adopt.h).
 *
 * Read twice. The view reads it without a word (`g` is NULL): what is wrong is left out there. The
 * checks read it again and say each mistake at its place. A network is adopted whole or not at all:
 * with any mistake there is none, because half of one would plan subnets into a VPC that is not
 * ours. */
#include "plan/view/adopt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/template.h"
#include "plan/diag.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

#define AWS_KEY "x-defang-aws"

struct reader {
    struct arena *a;
    struct plan_diag *g;
    int rc;
};

static void refuse(struct reader *r, struct yaml_pos pos, const char *hint, const char *text)
{
    r->rc = r->rc ? r->rc : -EINVAL;
    if (r->g)
        plan_error(r->g, pos, hint, "%s", text);
}

static void warn(struct reader *r, struct yaml_pos pos, const char *hint, const char *text)
{
    if (r->g)
        plan_warn(r->g, pos, hint, "%s", text);
}

/* A member is said once, or twice with the same value under its two names. */
static void take_one(
    struct reader *r,
    const char *key,
    enum plan_shape shape,
    const struct yaml_node *n,
    struct plan_said *out)
{
    const char *example = arena_printf(r->a, "As in %s.", plan_shape_example(shape));

    if (yaml_is_null(n))
        return;
    if (n->kind != YAML_KIND_SCALAR || template_has_parts(n->value)) {
        refuse(
            r,
            n->pos,
            example,
            arena_printf(r->a, "%s must be one text, known when the plan is made", key));
        return;
    }
    const char *value = plan_shape_take(r->a, shape, n->value);
    if (!value)
        refuse(
            r,
            n->pos,
            example,
            arena_printf(r->a, "%s \"%s\" is not of the shape that AWS gives it", key, n->value));
    else if (out->value && strcmp(out->value, value) != 0)
        refuse(
            r,
            n->pos,
            "Say it once.",
            arena_printf(r->a, "%s is \"%s\" here and \"%s\" elsewhere", key, value, out->value));
    else
        *out = (struct plan_said){value, n->pos};
}

static void take_list(
    struct reader *r,
    const char *key,
    enum plan_shape shape,
    const struct yaml_node *n,
    struct plan_said **out,
    size_t *count)
{
    if (yaml_is_null(n) || *count)
        return;
    if (n->kind != YAML_KIND_SEQUENCE || n->len > LIMIT_PLAN_ADOPTED) {
        refuse(
            r,
            n->pos,
            arena_printf(r->a, "As in [%s].", plan_shape_example(shape)),
            arena_printf(r->a, "%s must be a list of at most %u", key, LIMIT_PLAN_ADOPTED));
        return;
    }
    struct plan_said *list = arena_array(r->a, struct plan_said, n->len + 1);
    for (size_t i = 0; i < n->len; i++) {
        struct plan_said one = {0};
        take_one(r, key, shape, n->items[i], &one);
        for (size_t k = 0; k < *count; k++)
            if (one.value && strcmp(list[k].value, one.value) == 0) {
                refuse(
                    r,
                    one.pos,
                    "Name each once.",
                    arena_printf(r->a, "%s names %s twice", key, one.value));
                one.value = NULL;
            }
        if (one.value)
            list[(*count)++] = one;
    }
    *out = list;
}

struct member {
    const char *key;
    enum plan_shape shape;
    size_t offset;
};

#define AT(field) offsetof(struct plan_adopt, field)
static const struct member MEMBERS[] = {
    {"vpcID", PLAN_SHAPE_VPC, AT(vpc)},
    {"clusterArn", PLAN_SHAPE_CLUSTER, AT(cluster)},
    {"cluster", PLAN_SHAPE_CLUSTER, AT(cluster)},
    {"albCertificateArn", PLAN_SHAPE_CERTIFICATE, AT(certificate)},
    {"publicZoneId", PLAN_SHAPE_ZONE, AT(public_zone)},
    {"projectDomain", PLAN_SHAPE_DOMAIN, AT(project_domain)},
    {"dnsRoleArn", PLAN_SHAPE_ROLE, AT(dns_role)},
    {"alarmTopicArn", PLAN_SHAPE_TOPIC, AT(alarm_topic)},
    {"taskRoleArn", PLAN_SHAPE_ROLE, AT(task_role)},
};

static void
take_member(struct reader *r, const char *key, const struct yaml_pair *pair, struct plan_adopt *out)
{
    static const char *const known[] = {
        "vpcID",
        "publicSubnetIDs",
        "privateSubnetIDs",
        "clusterArn",
        "cluster",
        "albCertificateArn",
        "publicZoneId",
        "projectDomain",
        "dnsRoleArn",
        "alarmTopicArn",
        "taskRoleArn",
        NULL};
    const char *name = arena_printf(r->a, AWS_KEY ".%s", key);

    if (strcmp(key, "publicSubnetIDs") == 0) {
        take_list(
            r,
            name,
            PLAN_SHAPE_SUBNET,
            pair->value,
            &out->public_subnets,
            &out->public_subnet_count);
        return;
    }
    if (strcmp(key, "privateSubnetIDs") == 0) {
        take_list(
            r,
            name,
            PLAN_SHAPE_SUBNET,
            pair->value,
            &out->private_subnets,
            &out->private_subnet_count);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(MEMBERS); i++)
        if (strcmp(MEMBERS[i].key, key) == 0) {
            take_one(
                r,
                name,
                MEMBERS[i].shape,
                pair->value,
                (struct plan_said *)((char *)out + MEMBERS[i].offset));
            return;
        }
    const char *near = text_nearest(key, known);
    refuse(
        r,
        pair->key->pos,
        near ? arena_printf(r->a, "Did you mean %s?", near) : "See the table in docs/SETTINGS.md.",
        arena_printf(r->a, AWS_KEY " has no member \"%s\"", key));
}

static void take_own(struct reader *r, const struct yaml_node *n, struct plan_adopt *out)
{
    if (yaml_is_null(n))
        return;
    if (n->kind != YAML_KIND_MAPPING) {
        refuse(
            r,
            n->pos,
            "As in x-defang-aws: {vpcID: vpc-…, publicSubnetIDs: [subnet-…, subnet-…]}.",
            AWS_KEY " must be a mapping");
        return;
    }
    for (size_t i = 0; i < n->len; i++)
        take_member(r, n->pairs[i].key->value, &n->pairs[i], out);
}

/* Keys of the ECS integration that stand at the top of the file. */
static void take_docker(struct reader *r, const struct yaml_pair *pair, struct plan_adopt *out)
{
    static const char *const known[] = {
        "x-aws-vpc",
        "x-aws-subnets",
        "x-aws-cluster",
        "x-aws-loadbalancer",
        "x-aws-cloudformation",
        NULL};
    const char *key = pair->key->value;
    struct yaml_pos pos = pair->key->pos;

    if (strcmp(key, "x-aws-vpc") == 0)
        take_one(r, key, PLAN_SHAPE_VPC, pair->value, &out->vpc);
    else if (strcmp(key, "x-aws-subnets") == 0)
        take_list(
            r,
            key,
            PLAN_SHAPE_SUBNET,
            pair->value,
            &out->public_subnets,
            &out->public_subnet_count);
    else if (strcmp(key, "x-aws-cluster") == 0)
        take_one(r, key, PLAN_SHAPE_CLUSTER, pair->value, &out->cluster);
    else if (strcmp(key, "x-aws-loadbalancer") == 0)
        warn(
            r,
            pos,
            "Remove it; x-defang-aws.albCertificateArn gives the project's own a certificate.",
            "x-aws-loadbalancer is not taken over: the project has a load balancer of its own");
    else if (strcmp(key, "x-aws-cloudformation") == 0)
        warn(
            r,
            pos,
            "Remove it.",
            "x-aws-cloudformation is not taken over: the template is made from the Compose file "
            "alone");
    else {
        const char *near = text_nearest(key, known);
        warn(
            r,
            pos,
            near ? arena_printf(r->a, "Did you mean %s?", near) : NULL,
            arena_printf(r->a, "%s is unknown and ignored", key));
    }
}

static bool listed(const struct plan_said *list, size_t count, const char *value)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].value, value) == 0)
            return true;
    return false;
}

static void check_network(struct reader *r, struct plan_adopt *out)
{
    bool subnets = out->public_subnet_count || out->private_subnet_count;

    if (out->vpc.value && !out->public_subnet_count)
        refuse(
            r,
            out->vpc.pos,
            "Name the subnets whose route leads to an internet gateway.",
            AWS_KEY ".publicSubnetIDs is required when adopting an existing VPC");
    if (!out->vpc.value && subnets)
        refuse(
            r,
            out->public_subnet_count ? out->public_subnets[0].pos : out->private_subnets[0].pos,
            "Name the VPC that they are in.",
            AWS_KEY ".vpcID is required when subnets are named");
    for (size_t i = 0; i < out->private_subnet_count; i++)
        if (listed(out->public_subnets, out->public_subnet_count, out->private_subnets[i].value))
            refuse(
                r,
                out->private_subnets[i].pos,
                "Name it in one of the two lists.",
                arena_printf(
                    r->a,
                    "subnet %s is named as public and as private",
                    out->private_subnets[i].value));
    if (r->rc) { /* half an adopted network would be worse than none */
        out->vpc = (struct plan_said){0};
        out->public_subnet_count = 0;
        out->private_subnet_count = 0;
    }
}

int plan_adopt_read(
    struct arena *a, const struct compose_project *p, struct plan_adopt *out, struct plan_diag *g)
{
    struct reader r = {.a = a, .g = g};
    const struct yaml_node *x = p->extensions;

    *out = (struct plan_adopt){0};
    take_own(&r, x ? yaml_get(x, AWS_KEY) : NULL, out);
    for (size_t i = 0; x && i < x->len; i++)
        if (text_starts(x->pairs[i].key->value, "x-aws-"))
            take_docker(&r, &x->pairs[i], out);
    check_network(&r, out);
    return r.rc;
}

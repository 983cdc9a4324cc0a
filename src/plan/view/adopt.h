/* What a project brings of its own instead of having it made: `x-defang-aws` and the `x-aws-*` keys
 * of Docker's retired ECS integration, where they mean the same. Members of x-defang-aws:
 * shared/reference/defang.md 6.8; meaning of x-aws-*: docs.docker.com "Deploying Docker containers
 * on ECS" (retired 2023). Read once into the view (plan_view_make) without a word;
 * plan_check_adopt() reads again and says what is wrong, with positions. What is wrong or missing
 * is NULL or 0 here. Strings live in the arena of the reader. */
#pragma once

#include "compose/model.h"

struct plan_diag;

struct plan_said {
    const char *value;
    struct yaml_pos pos;
}; /* value NULL: not said */

/* x-defang-aws of the project; in brackets the key of the ECS integration. */
struct plan_adopt {
    struct plan_said vpc; /* vpcID (x-aws-vpc): "vpc-0123456789abcdef0" */
    struct plan_said
        *public_subnets; /* publicSubnetIDs (x-aws-subnets); never none when there is a vpc */
    size_t public_subnet_count;
    struct plan_said *private_subnets; /* privateSubnetIDs; none: everything is in the public ones,
                                          with public addresses */
    size_t private_subnet_count;
    struct plan_said
        cluster; /* clusterArn or cluster (x-aws-cluster): the name, also when an ARN was given */
    struct plan_said certificate;    /* albCertificateArn */
    struct plan_said public_zone;    /* publicZoneId, without "/hostedzone/" */
    struct plan_said project_domain; /* projectDomain, lower-case, no dot at the end */
    struct plan_said dns_role;       /* dnsRoleArn: taken on for records of public_zone */
    struct plan_said alarm_topic;    /* alarmTopicArn */
    struct plan_said task_role;      /* taskRoleArn: of every service that names none itself */
};

/* deploy.x-aws-autoscaling: percent of CPU or memory to hold, the other is 0. */
struct plan_adopt_scaling {
    bool present;
    struct yaml_pos pos;
    unsigned min, max, cpu_percent, memory_percent;
};

struct plan_adopt_service {
    struct plan_said task_role;          /* x-defang-aws.taskRoleArn, or x-aws-role as text */
    const struct yaml_node *role_policy; /* x-aws-role as a mapping: a policy document for the role
                                            that is made; NULL when none */
    struct plan_said *policies;          /* x-aws-policies: ARNs of managed policies */
    size_t policy_count;
    struct plan_said pull_credentials; /* x-aws-pull_credentials: ARN of a Secrets Manager secret
                                          with username and password */
    struct plan_adopt_scaling scaling;
    int min_percent,
        max_percent; /* deploy.update_config.x-aws-min_percent and …max_percent; -1: not said */
};

/* 0 or the first error; every one goes into `g`, which may be NULL. */
int plan_adopt_read(
    struct arena *a, const struct compose_project *p, struct plan_adopt *out, struct plan_diag *g);
int plan_adopt_service_read(
    struct arena *a,
    const struct compose_service *s,
    struct plan_adopt_service *out,
    struct plan_diag *g);
/* "http", "http2", "grpc", "tcp", "tls" or "udp" of the port's x-aws-protocol, else NULL. `target`
 * names the port. */
const char *plan_adopt_protocol(const struct compose_service *s, unsigned target);

/* ---- shapes (adopt_shape.c) ---- */
enum plan_shape {
    PLAN_SHAPE_VPC,
    PLAN_SHAPE_SUBNET,
    PLAN_SHAPE_CLUSTER,
    PLAN_SHAPE_CERTIFICATE,
    PLAN_SHAPE_ZONE,
    PLAN_SHAPE_DOMAIN,
    PLAN_SHAPE_ROLE,
    PLAN_SHAPE_TOPIC,
    PLAN_SHAPE_POLICY,
    PLAN_SHAPE_SECRET,
};

/* NULL when `text` has not the shape; else what is kept of it, in `a`. */
const char *plan_shape_take(struct arena *a, enum plan_shape shape, const char *text);
const char *plan_shape_example(enum plan_shape shape);

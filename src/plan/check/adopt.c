/* What the project brings of its own (x-defang-aws, x-aws-*): adopt.c and adopt_service.c read it
 * again, this time with somebody to tell, and what is right but cannot be kept is said here.
 *
 * The account itself is not asked: whether a VPC or a role is there is the engine's to find out. */
#include "plan/view/adopt.h"
#include "base/mem.h"
#include "plan/check/check.h"
#include "plan/registries.h"

static void check_network(struct plan_check *c, const struct plan_adopt *project)
{
    if (!project->vpc.value)
        return;
    cleanup_free char *domain = plan_private_domain(c->s, c->p->name);
    plan_note(
        &c->diag,
        project->vpc.pos,
        arena_printf(c->a, "A DHCP option set with domain-name %s makes them resolve.", domain),
        "the DHCP options of VPC %s stay as they are: environment values and build arguments name "
        "other services as <service>.%s, plain names in files and "
        "programs do not resolve",
        project->vpc.value,
        domain);
    if (plan_needs_two_zones(c->a, c->p) && project->public_subnet_count < 2)
        plan_error(
            &c->diag,
            project->public_subnets[0].pos,
            "Add a subnet of another availability zone.",
            "x-defang-aws.publicSubnetIDs names one subnet, and a load balancer or a managed store "
            "needs two");
    if (!project->private_subnet_count)
        plan_note(
            &c->diag,
            project->vpc.pos,
            "Name privateSubnetIDs to keep services off public addresses.",
            "no private subnets are named: every task runs in the public ones with a public "
            "address");
}

/* Read and right, and nothing in a plan makes use of it. */
static void check_unused(
    struct plan_check *c, const struct compose_service *s, const struct plan_adopt_service *x)
{
    struct plan_ecr ecr;

    if (x->role_policy)
        plan_warn(
            &c->diag,
            x->role_policy->pos,
            "Name a policy in x-aws-policies, or a role of your own.",
            "service %s: a policy document in x-aws-role is not taken over yet",
            s->name);
    if (x->pull_credentials.value && (!s->image || plan_ecr_parse(c->a, s->image, &ecr)))
        plan_warn(
            &c->diag,
            x->pull_credentials.pos,
            "Remove it.",
            "service %s: x-aws-pull_credentials is not used, its image comes from ECR, with the "
            "right of the task",
            s->name);
    if (x->min_percent >= 0 || x->max_percent >= 0)
        plan_warn(
            &c->diag,
            s->pos,
            "Set min-healthy-percent in x-defang-settings.",
            "service %s: x-aws-min_percent and x-aws-max_percent are not taken over, the project "
            "has one setting",
            s->name);
}

void plan_check_adopt(struct plan_check *c)
{
    struct plan_adopt project;

    (void)plan_adopt_read(c->a, c->p, &project, &c->diag);
    check_network(c, &project);
    for (size_t i = 0; i < c->p->service_count; i++) {
        struct plan_adopt_service service;
        (void)plan_adopt_service_read(c->a, &c->p->services[i], &service, &c->diag);
        check_unused(c, &c->p->services[i], &service);
    }
}

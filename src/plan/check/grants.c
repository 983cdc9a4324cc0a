/* What x-defang-policies and x-defang-llm may say (defang.md 6.8): policies that are policies, as
 * many as a role holds, and nothing that a role of the project's own would have to carry. */
#include "plan/task/grants.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/view/extensions.h"
#include <ctype.h>
#include <string.h>

#define POLICIES_MAX 10 /* managed policies of a role: IAM's default quota */

/* Lengths and characters of names and ARNs:
 * docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html */
static bool name_ok(const char *text)
{
    size_t length = strlen(text);

    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("+=,.@_-", *p))
            return false;
    return length >= 1 && length <= 128;
}

/* "arn:aws…:iam::<account or aws>:policy/…" */
static bool arn_ok(const char *text)
{
    const char *iam = strstr(text, ":iam::");
    const char *policy = strstr(text, ":policy/");

    if (!text_starts(text, "arn:aws") || !iam || !policy || policy < iam)
        return false;

    const char *account = iam + strlen(":iam::");
    size_t length = (size_t)(policy - iam) - strlen(":iam::");
    bool own = length == 12 && strspn(account, "0123456789") == 12;
    bool aws = length == 3 && strncmp(account, "aws", 3) == 0;
    bool named = policy[strlen(":policy/")];

    return (own || aws) && named && strlen(text) <= 2048;
}

struct examine {
    struct plan_check *c;
    const char *service;
    size_t count;
};

static void check_policy(void *arg, struct yaml_pos pos, const char *policy)
{
    struct examine *e = arg;
    bool known = strchr(policy, ':') ? arn_ok(policy) : name_ok(policy);

    e->count++;
    if (strstr(policy, "${"))
        plan_error(
            &e->c->diag,
            pos,
            "Write the policy itself, or give the variable a value in .env.",
            "service %s: x-defang-policies names \"%s\", and config is not known when roles are "
            "made",
            e->service,
            policy);
    else if (!known)
        plan_error(
            &e->c->diag,
            pos,
            "As in arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess, or the name of a policy of your "
            "account.",
            "service %s: x-defang-policies names \"%s\", which is no IAM policy",
            e->service,
            policy);
}

/* A role of the project's own is not touched: what the file asks for must stand in it already. */
static void check_own_role(
    struct plan_check *c,
    const struct plan_service *s,
    const struct yaml_node *policies,
    const struct yaml_node *llm,
    bool names_some)
{
    const char *own = plan_is_task(s) ? plan_own_role(&c->v, plan_task_of(s)) : NULL;

    if (own && names_some)
        plan_error(
            &c->diag,
            policies->pos,
            "Give the role these rights itself.",
            "service %s: x-defang-policies, and its task role is one of your own, %s",
            s->s->name,
            own);
    if (own && plan_wants_llm(s->s))
        plan_note(
            &c->diag,
            llm->pos,
            NULL,
            "service %s: role %s is your own, it must allow bedrock:InvokeModel itself",
            s->s->name,
            own);
}

/* A `mode: host` port on the default network would be open to the internet, and is not for one that
 * has rights on Bedrock. */
static void check_spending(struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < s->port_count; i++) {
        const struct plan_port *port = &s->ports[i];

        if (port->open)
            plan_warn(
                &c->diag,
                port->pos,
                "Take `public: true` out of x-defang-llm.",
                "service %s: port %u is open to the internet, and the service may call models of "
                "Bedrock: strangers can spend your money",
                s->s->name,
                port->target);
        else if (port->published_host)
            plan_warn(
                &c->diag,
                port->pos,
                "Open it all the same with x-defang-llm: {public: true}.",
                "service %s: host port %u is reached from inside the VPC only, because the service "
                "may call models of Bedrock and strangers could spend your money",
                s->s->name,
                port->target);
    }
}

static void
check_llm(struct plan_check *c, const struct plan_service *s, const struct yaml_node *llm)
{
    if (!llm)
        return;
    if (plan_wants_llm(s->s)) {
        check_spending(c, s);
        return;
    }

    bool refused = llm->kind == YAML_KIND_SCALAR && text_eq_nocase(llm->value, "false");

    if (!refused)
        plan_error(
            &c->diag,
            llm->pos,
            "Use true or false.",
            "service %s: x-defang-llm must be true or false",
            s->s->name);
}

void plan_check_grants(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *extensions = s->s->extensions;
    const struct yaml_node *n = extensions ? yaml_get(extensions, "x-defang-policies") : NULL;
    const struct yaml_node *llm = extensions ? yaml_get(extensions, "x-defang-llm") : NULL;
    struct examine e = {c, s->s->name, 0};

    if (!plan_policies_each(c->a, s->s, check_policy, &e))
        plan_error(
            &c->diag,
            n->pos,
            "As in x-defang-policies: [AmazonS3ReadOnlyAccess].",
            "service %s: x-defang-policies must be a text or a list of texts",
            s->s->name);
    if (e.count > POLICIES_MAX)
        plan_error(
            &c->diag,
            n->pos,
            "Put them into one policy.",
            "service %s: x-defang-policies names %zu policies, and a role holds %d",
            s->s->name,
            e.count,
            POLICIES_MAX);

    check_own_role(c, s, n, llm, e.count > 0);

    if (n && e.count && !plan_is_task(s))
        plan_warn(
            &c->diag,
            n->pos,
            "Remove it.",
            "service %s: x-defang-policies is ignored, a managed store has no task role",
            s->s->name);

    check_llm(c, s, llm);
}

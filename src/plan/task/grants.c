/* What a task may do in AWS beside its volumes: x-defang-policies (managed policies by ARN or name)
 * and x-defang-llm (Bedrock's models), defang.md 6.8. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/context.h"
#include "plan/extensions.h"
#include "plan/task/task.h"
#include <ctype.h>
#include <string.h>

#define POLICIES_MAX 10 /* managed policies of a role: IAM's default quota */

static bool name_ok(const char *text)
{
    size_t n = strlen(text);
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("+=,.@_-", *p))
            return false;
    return n >= 1 && n <= 128;
}

static bool arn_ok(const char *text)
{
    if (!text_starts(text, "arn:aws"))
        return false;
    const char *iam = strstr(text, ":iam::"), *policy = strstr(text, ":policy/");
    if (!iam || !policy || policy < iam)
        return false;
    size_t n = (size_t)(policy - iam) - strlen(":iam::");
    const char *account = iam + strlen(":iam::");
    bool own = n == 12 && strspn(account, "0123456789") == 12,
         aws = n == 3 && strncmp(account, "aws", 3) == 0;
    return (own || aws) && policy[strlen(":policy/")] && strlen(text) <= 2048;
}

typedef void each_fn(void *arg, struct yaml_pos pos, const char *policy);

static void split(struct arena *a, const struct yaml_node *n, each_fn *each, void *arg)
{
    char *save = NULL, *copy = arena_strdup(a, n->value);
    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        cleanup_free char *trimmed = text_trim(word);
        if (*trimmed)
            each(arg, n->pos, arena_strdup(a, trimmed));
    }
}

/* Every policy that `s` names, in the file's order. False when the extension is neither text nor a
 * list of texts. */
static bool each_policy(struct arena *a, const struct compose_service *s, each_fn *each, void *arg)
{
    const struct yaml_node *n = s->extensions ? yaml_get(s->extensions, "x-defang-policies") : NULL;
    if (!n || yaml_is_null(n))
        return true;
    if (n->kind == YAML_KIND_SCALAR) {
        split(a, n, each, arg);
        return true;
    }
    for (size_t i = 0; i < n->len; i++) {
        if (n->kind != YAML_KIND_SEQUENCE || n->items[i]->kind != YAML_KIND_SCALAR)
            return false;
        split(a, n->items[i], each, arg);
    }
    return true;
}

const char *plan_own_role(const struct plan_view *v, const struct plan_service *s)
{
    return s->adopt.task_role.value ? s->adopt.task_role.value : v->adopt.task_role.value;
}

/* ---- x-defang-llm ---- */
/* A call through an inference profile is checked against the profile here and the model wherever it
 * then runs. */
static json_t *bedrock(void)
{
    return plan_json(
        "{s:s,s:s,s:[s,s],s:[o,o,o]}",
        "Sid",
        "Bedrock",
        "Effect",
        "Allow",
        "Action",
        "bedrock:InvokeModel",
        "bedrock:InvokeModelWithResponseStream",
        "Resource",
        graph_sub("arn:${AWS::Partition}:bedrock:*::foundation-model/*"),
        graph_sub("arn:${AWS::Partition}:bedrock:*:${AWS::AccountId}:inference-profile/*"),
        graph_sub(
            "arn:${AWS::Partition}:bedrock:*:${AWS::AccountId}:application-inference-profile/*"));
}

void plan_grant_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements)
{
    const struct plan_service *member;
    for (size_t i = 0; (member = plan_task_member(&c->v, s, i)); i++)
        if (plan_wants_llm(member->s)) {
            json_push(statements, bedrock());
            return;
        }
}

/* ---- managed policies ---- */
struct collect {
    struct plan_ctx *c;
    json_t *list;
};

static void add_policy(void *arg, struct yaml_pos pos, const char *policy)
{
    struct collect *l = arg;
    json_t *arn = strchr(policy, ':')
                      ? json_string(policy)
                      : graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/%s", policy);
    for (size_t i = 0; i < json_array_size(l->list); i++)
        if (json_equal(json_array_get(l->list, i), arn)) {
            json_decref(arn);
            return;
        }
    json_push(l->list, arn);
}

json_t *plan_managed_policies(struct plan_ctx *c, const struct plan_service *s)
{
    struct collect l = {c, json_array()};
    const struct plan_service *member;
    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++) {
        (void)each_policy(c->a, member->s, add_policy, &l);
        for (size_t i = 0; i < member->adopt.policy_count; i++)
            add_policy(&l, member->adopt.policies[i].pos, member->adopt.policies[i].value);
    }
    return l.list;
}

/* ---- checks ---- */
struct examine {
    struct plan_check *c;
    const char *service;
    size_t count;
};

static void check_policy(void *arg, struct yaml_pos pos, const char *policy)
{
    struct examine *e = arg;
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
    else if (strchr(policy, ':') ? !arn_ok(policy) : !name_ok(policy))
        plan_error(
            &e->c->diag,
            pos,
            "As in arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess, or the name of a policy of your "
            "account.",
            "service %s: x-defang-policies names \"%s\", which is no IAM policy",
            e->service,
            policy);
}

void plan_check_grants(struct plan_check *c, const struct plan_service *s)
{
    struct examine e = {c, s->s->name, 0};
    const struct yaml_node *n =
        s->s->extensions ? yaml_get(s->s->extensions, "x-defang-policies") : NULL;
    const struct yaml_node *llm =
        s->s->extensions ? yaml_get(s->s->extensions, "x-defang-llm") : NULL;
    if (!each_policy(c->a, s->s, check_policy, &e))
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
    const char *own = plan_is_task(s) ? plan_own_role(&c->v, plan_task_of(s)) : NULL;
    if (own && e.count)
        plan_error(
            &c->diag,
            n->pos,
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
    if (n && e.count && !plan_is_task(s))
        plan_warn(
            &c->diag,
            n->pos,
            "Remove it.",
            "service %s: x-defang-policies is ignored, a managed store has no task role",
            s->s->name);
    if (llm && !plan_wants_llm(s->s) &&
        !(llm->kind == YAML_KIND_SCALAR && text_eq_nocase(llm->value, "false")))
        plan_error(
            &c->diag,
            llm->pos,
            "Use true or false.",
            "service %s: x-defang-llm must be true or false",
            s->s->name);
}

/* What a task may do in AWS beside its volumes: x-defang-policies (managed policies by ARN or name)
 * and x-defang-llm (Bedrock's models), defang.md 6.8.
 *
 * A task has one role, so what its sidecars name counts as well; a policy that two of them name is
 * attached once. Where the project brings a task role of its own, that one is taken as it is and
 * nothing here is asked for: check/grants.c says so. */
#include "plan/task/grants.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/iam.h"
#include "plan/view/extensions.h"
#include <string.h>

#define BEDROCK "arn:${AWS::Partition}:bedrock:*"

/* One text may name several, with commas between. */
static void split(struct arena *a, const struct yaml_node *n, plan_policy_fn *each, void *arg)
{
    char *save = NULL;
    char *copy = arena_strdup(a, n->value);

    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        cleanup_free char *trimmed = text_trim(word);

        if (*trimmed)
            each(arg, n->pos, arena_strdup(a, trimmed));
    }
}

bool plan_policies_each(
    struct arena *a, const struct compose_service *s, plan_policy_fn *each, void *arg)
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
    const char *of_service = s->adopt.task_role.value;

    return of_service ? of_service : v->adopt.task_role.value;
}

/* ---- x-defang-llm ---- */

/* A call through an inference profile is checked against the profile here and the model wherever it
 * then runs. */
static json_t *bedrock(void)
{
    json_t *actions = texts("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream");
    json_t *models = array(
        graph_sub(BEDROCK "::foundation-model/*"),
        graph_sub(BEDROCK ":${AWS::AccountId}:inference-profile/*"),
        graph_sub(BEDROCK ":${AWS::AccountId}:application-inference-profile/*"));

    return iam_allow("Bedrock", actions, models);
}

void plan_grant_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements)
{
    const struct plan_service *member;

    for (size_t i = 0; (member = plan_task_member(&c->v, s, i)); i++) {
        if (!plan_wants_llm(member->s))
            continue;
        json_push(statements, bedrock());
        return;
    }
}

/* ---- managed policies ---- */

static bool contains(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), value))
            return true;
    return false;
}

/* A name is a policy of the account's own. */
static json_t *policy_arn(const char *policy)
{
    bool is_arn = strchr(policy, ':');

    if (is_arn)
        return json_string(policy);
    return graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/%s", policy);
}

static void add_policy(void *arg, struct yaml_pos pos, const char *policy)
{
    json_t *list = arg;
    json_t *arn = policy_arn(policy);

    if (contains(list, arn))
        json_decref(arn);
    else
        json_push(list, arn);
}

json_t *plan_managed_policies(struct plan_ctx *c, const struct plan_service *s)
{
    const struct plan_service *member;
    json_t *list = array();

    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++) {
        const struct plan_adopt_service *adopt = &member->adopt;

        (void)plan_policies_each(c->a, member->s, add_policy, list);
        for (size_t i = 0; i < adopt->policy_count; i++)
            add_policy(list, adopt->policies[i].pos, adopt->policies[i].value);
    }
    return list;
}

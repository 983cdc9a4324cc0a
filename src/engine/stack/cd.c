#include "engine/stack/cd.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/stack/stack.h"

void flow_cd_done(struct flow_cd *cd)
{
    free(cd->bucket);
    free(cd->cluster);
    free(cd->log_group);
    free(cd->ecr_public_prefix);
    free(cd->subnet);
    free(cd->security_group);
    free(cd->task_definition);
    *cd = (struct flow_cd){0};
}

/* The names of the outputs are src/plan/account's. */
void flow_cd_fill(struct flow_cd *out, const json_t *outputs)
{
    long long revision = 0;
    text_parse_int(json_str_or(outputs, "templateVersion", "0"), 0, 1000000, &revision);

    *out = (struct flow_cd){
        .bucket = xstrdup_null(json_str(outputs, "bucketName")),
        .cluster = xstrdup_null(json_str(outputs, "clusterName")),
        .log_group = xstrdup_null(json_str(outputs, "logGroupName")),
        .ecr_public_prefix = xstrdup_null(json_str(outputs, "ecrPublicPrefix")),
        .subnet = xstrdup_null(json_str(outputs, "subnetId")),
        .security_group = xstrdup_null(json_str(outputs, "securityGroupId")),
        .task_definition = xstrdup_null(json_str(outputs, "taskDefArn")),
        .revision = (int)revision,
    };
}

int flow_cd_describe(struct engine_context *c, struct flow_cd *out, bool *exists, struct error *err)
{
    struct cfn_stack stack;
    *out = (struct flow_cd){0};

    int rc = cfn_stack_describe(c, c->settings->cd_name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, CD_NAME_SETTING, err);

    *exists = rc == 0 && stack.exists && !cfn_status_is_dead(stack.status) &&
              !text_eq(stack.status, "REVIEW_IN_PROGRESS");
    if (*exists)
        flow_cd_fill(out, stack.outputs);
    if (*exists && !out->bucket) { /* outputs come at the end of its creation */
        bool making = text_eq(stack.status, "CREATE_IN_PROGRESS");

        flow_cd_done(out);
        out->making_ms = making ? MAX(stack.changed_ms, INT64_C(1)) : 0;
        *exists = false;
    }
    cfn_stack_done(&stack);
    return rc;
}

/* `down`: everything of the project goes but what holds data on purpose. Config and the account's bucket stay, and it says so. */
#include "daemon/job.h"

#include "base/mem.h"
#include "base/str.h"

int job_run_down(struct job *j, struct error *err)
{
    struct engine_outcome outcome;
    int rc = flow_facts(&j->context, j->arena, (struct plan_facts **)&j->context.facts, err);
    if (rc < 0)
        return rc;
    job_step(j, "teardown", ENGINE_ACTIVE, 2, "removing project %s", j->context.project);
    rc = j->engine->destroy(&j->context, json_bool_or(j->inputs, "force", false), &outcome, err);
    j->nothing_changed = outcome.nothing_changed;
    j->resources_changed = outcome.resources_changed;
    engine_outcome_done(&outcome);
    if (rc < 0) {
        job_step(j, "teardown", ENGINE_FAILED, 2, "not everything could be removed");
        return rc;
    }
    if (j->nothing_changed)
        job_step(j, "teardown", ENGINE_SKIPPED, 2, "project %s was not deployed", j->context.project);
    else
        job_step(j, "teardown", ENGINE_DONE, 2, "project %s is removed", j->context.project);
    rc = flow_derived_prune(&j->context, NULL, 0, err);
    if (rc == 0)
        rc = flow_store_secrets_prune(&j->context, NULL, 0, err);
    if (rc == 0)
        rc = flow_runs_prune(&j->context, NULL, 0, err);
    if (rc < 0)
        return rc;
    cleanup_free char *path = plan_config_path(&j->project.settings, j->context.project);
    vec_push(&j->kept, arena_printf(j->arena, "config under %s (remove with `defangctl config rm`)", path));
    vec_push(&j->kept, arena_printf(j->arena, "stack %s with its bucket (remove with `defangctl cd teardown`)", j->project.settings.cd_name));
    return 0;
}

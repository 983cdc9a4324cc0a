/* `down`: everything of the project goes but what holds data on purpose.
 *
 * Config, the account's bucket and named volumes stay, and the result says so, with the command
 * that removes each: nobody should find out later, neither that something is gone nor that
 * something costs. What belongs to the project alone and holds nothing (parameters made from
 * others, records of runs) goes after the resources that use it, and the engine's name is forgotten
 * last: the next `up` may choose another.
 *
 * Each part asks AWS what is there, so that a `down` that was cut off is simply done again. */
#include "daemon/engine_choice.h"
#include "daemon/jobs/job.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/account/facts.h"
#include "engine/account/volumes.h"
#include "engine/engine.h"
#include "engine/run/once_record.h"
#include "engine/values/derived.h"
#include "engine/values/store_secrets.h"

/* Named volumes are kept unless the user said otherwise; also those that an earlier teardown kept.
 */
static int leave_volumes(struct job *j, struct error *err)
{
    const struct plan_kept_volume *volumes;
    size_t count;
    int rc = flow_volumes(&j->context, j->arena, &volumes, &count, err);
    if (rc < 0 || count == 0)
        return rc;
    if (json_bool_or(j->inputs, "volumes", false)) {
        job_step(
            j, "volumes", ENGINE_ACTIVE, 3, "removing %zu volume%s", count, count == 1 ? "" : "s");
        rc = flow_volumes_delete(&j->context, volumes, count, err);
        job_step(
            j,
            "volumes",
            rc < 0 ? ENGINE_FAILED : ENGINE_DONE,
            3,
            "%s",
            rc < 0 ? "not every volume could be removed" : "removed for good");
        return rc;
    }
    for (size_t i = 0; i < count; i++)
        vec_push(
            &j->kept,
            arena_printf(
                j->arena,
                "volume %s (%s); the next `up` mounts it again, `defangctl down --volumes` removes "
                "it",
                volumes[i].name,
                volumes[i].file_system));
    return 0;
}

int job_run_down(struct job *j, struct error *err)
{
    struct engine_outcome outcome;
    int rc = flow_facts(&j->context, j->arena, (struct plan_facts **)&j->context.facts, err);
    if (rc == 0)
        rc = job_update_cd(j, err);
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
        job_step(
            j, "teardown", ENGINE_SKIPPED, 2, "project %s was not deployed", j->context.project);
    else
        job_step(j, "teardown", ENGINE_DONE, 2, "project %s is removed", j->context.project);
    rc = flow_derived_prune(&j->context, NULL, 0, err);
    if (rc == 0)
        rc = flow_store_secrets_prune(&j->context, NULL, 0, err);
    if (rc == 0)
        rc = flow_runs_prune(&j->context, NULL, 0, err);
    if (rc == 0)
        rc = leave_volumes(j, err);
    if (rc < 0)
        return rc;
    rc = engine_remember(j->daemon, &j->row, NULL, err); /* the next `up` may choose another */
    if (rc < 0)
        return rc;
    cleanup_free char *path = plan_config_path(&j->project.settings, j->context.project);
    vec_push(
        &j->kept,
        arena_printf(j->arena, "config under %s (remove with `defangctl config rm`)", path));
    vec_push(
        &j->kept,
        arena_printf(
            j->arena,
            "stack %s with its bucket (remove with `defangctl cd teardown`)",
            j->project.settings.cd_name));
    return 0;
}

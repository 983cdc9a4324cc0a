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
#include "engine/account/orphans.h"
#include "engine/account/volumes.h"
#include "engine/engine.h"
#include "engine/run/once_record.h"
#include "engine/stack/cd.h"
#include "engine/stack/log_groups.h"
#include "engine/values/derived.h"
#include "engine/values/store_secrets.h"

#include <stdint.h>
#include <string.h>

#define GOING_KEY "down.going"

static int remove_volumes(
    struct job *j, const struct plan_kept_volume *volumes, size_t count, struct error *err)
{
    job_step(j, "volumes", ENGINE_ACTIVE, 3, "removing %zu volume%s", count, count == 1 ? "" : "s");

    int rc = flow_volumes_delete(&j->context, volumes, count, err);
    if (rc < 0)
        job_step(j, "volumes", ENGINE_FAILED, 3, "not every volume could be removed");
    else
        job_step(j, "volumes", ENGINE_DONE, 3, "removed for good");
    j->nothing_changed = false;

    return rc;
}

static int name_volumes(struct job *j, const struct plan_kept_volume *volumes, size_t count)
{
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

/* Named volumes are kept unless the user said otherwise; also those that an earlier teardown kept.
 */
static int leave_volumes(struct job *j, struct error *err)
{
    const struct plan_kept_volume *volumes;
    size_t count;
    bool remove = json_bool_or(j->inputs, "volumes", false);
    cleanup_error struct error local = ERROR_INIT;

    if (!remove) {
        if (flow_volumes_if_allowed(&j->context, j->arena, &volumes, &count, &local) < 0)
            engine_note(
                &j->context,
                ENGINE_SAY_NOTE,
                NULL,
                "whether a named volume is left could not be looked at: %s",
                local.message);
        return name_volumes(j, volumes, count);
    }

    int rc = flow_volumes(&j->context, j->arena, &volumes, &count, err);
    return rc < 0 || count == 0 ? rc : remove_volumes(j, volumes, count, err);
}

static int remove_groups(struct job *j, const struct left_groups *groups, struct error *err)
{
    job_step(j, "logs", ENGINE_ACTIVE, 4, "removing the log groups");

    int rc = left_groups_delete(&j->context, groups, err);
    if (rc < 0)
        job_step(j, "logs", ENGINE_FAILED, 4, "not every log group could be removed");
    else
        job_step(j, "logs", ENGINE_DONE, 4, "log groups removed with their lines");

    return rc;
}

/* In one line: they are many of one kind. */
static void say_groups(struct job *j, const struct left_groups *groups)
{
    cleanup_free char *path = plan_config_path(&j->project.settings, j->context.project);
    long long days = 0;

    for (size_t i = 0; i < groups->len; i++)
        days = MAX(days, groups->items[i].days);
    if (groups->len == 0)
        return;

    vec_push(
        &j->kept,
        arena_printf(
            j->arena,
            "%zu log group%s under %s (what is in them goes after %lld day%s); "
            "`defangctl down --volumes` removes them",
            groups->len,
            groups->len == 1 ? "" : "s",
            path,
            days,
            days == 1 ? "" : "s"));
}

/* Log groups outlive their stack, for whoever asks afterwards what happened. */
static int leave_groups(struct job *j, struct error *err)
{
    struct left_groups groups = {0};
    int rc = left_groups_read(&j->context, &groups, err);

    if (rc == 0 && groups.len && json_bool_or(j->inputs, "volumes", false))
        rc = remove_groups(j, &groups, err);
    else if (rc == 0)
        say_groups(j, &groups);
    left_groups_done(&groups);

    return rc;
}

/* ---- what no stack holds ---- */

/* Whether the engine leaves it on purpose: then it is no part of what goes. */
static bool is_left(const json_t *resource)
{
    return text_starts(json_str(resource, "DeletionPolicy"), "Retain") &&
           !json_is_true(json_at(resource, "Metadata.Purge"));
}

/* The ids of what goes with the stack. Kept, because afterwards nobody can tell them any more; what
 * cannot be read makes the answer longer than it has to be, and stops nothing. */
static int note_going(struct job *j, struct error *err)
{
    struct engine_template deployed = {0};
    cleanup_json json_t *ids = NULL;
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *before = NULL;
    const char *id;
    json_t *resource;

    int rc = engine_journal_get(&j->context, GOING_KEY, &before, err);
    if (rc < 0 || before)
        return rc;

    if (j->engine->deployed(&j->context, &deployed, &ignored) == 0 && deployed.exists)
        (void)j->engine->resources(&j->context, &ids, &ignored);
    json_object_foreach(json_object_get(deployed.json, "Resources"), id, resource) {
        if (is_left(resource))
            json_object_del(ids, id);
        if (ids && text_eq(json_str(resource, "Type"), "AWS::EC2::EIP"))
            json_object_set_new(ids, ORPHANS_ADDRESSES, json_true());
    }
    engine_template_done(&deployed);

    cleanup_free char *text = ids ? json_print(ids, false, true) : xstrdup("{}");
    return engine_journal_put(&j->context, GOING_KEY, text, err);
}

/* Its id is in a sentence already: a snapshot of this very removal, a volume. */
static bool is_said(const struct job *j, const char *sentence)
{
    cleanup_free char *copy = xstrdup(sentence);
    char *end = strstr(copy, ", which ");

    if (end)
        *end = '\0';
    const char *id = strrchr(copy, ' ') ? strrchr(copy, ' ') + 1 : copy;
    vec_each(kept, &j->kept) {
        if (strstr(*kept, id))
            return true;
    }
    return false;
}

/* Last, when all else has said what it leaves. */
static void say_orphans(struct job *j)
{
    cleanup_error struct error ignored = ERROR_INIT; /* what is left is left, said or not */
    cleanup_free char *text = NULL;
    cleanup_json json_t *going = NULL;
    const char **list = NULL;
    size_t count = 0;

    if (engine_journal_get(&j->context, GOING_KEY, &text, &ignored) == 0 && text)
        (void)json_parse(text, strlen(text), &going, &ignored);
    (void)orphans_find(&j->context, j->arena, going, &list, &count, &ignored);
    for (size_t i = 0; i < count; i++)
        if (!is_said(j, list[i]))
            vec_push(&j->kept, (char *)(uintptr_t)list[i]);
}

/* What the engine made. */
static int destroy(struct job *j, struct error *err)
{
    struct engine_outcome outcome;
    const char *project = j->context.project;

    job_step(j, "teardown", ENGINE_ACTIVE, 2, "removing project %s", project);

    int rc =
        j->engine->destroy(&j->context, json_bool_or(j->inputs, "force", false), &outcome, err);
    j->nothing_changed = outcome.nothing_changed;
    j->resources_changed = outcome.resources_changed;
    engine_outcome_done(&outcome);

    if (rc < 0)
        job_step(j, "teardown", ENGINE_FAILED, 2, "not everything could be removed");
    else if (j->nothing_changed)
        job_step(j, "teardown", ENGINE_SKIPPED, 2, "project %s was not deployed", project);
    else
        job_step(j, "teardown", ENGINE_DONE, 2, "project %s is removed", project);

    return rc;
}

/* What we made beside the engine, for this project alone. */
static int prune(struct job *j, struct error *err)
{
    int rc = flow_derived_prune(&j->context, NULL, 0, err);
    if (rc == 0)
        rc = flow_store_secrets_prune(&j->context, NULL, 0, err);
    if (rc == 0)
        rc = flow_runs_prune(&j->context, NULL, 0, err);
    return rc;
}

/* Other machines may still read what was deployed, and what its files held. */
static void say_history(struct job *j)
{
    cleanup_free char *root = plan_derived_path(&j->project.settings, j->context.project);
    cleanup_error struct error ignored = ERROR_INIT;
    const char *there = NULL;

    if (flow_file_key(&j->context, j->arena, false, &there, &ignored) < 0 || text_empty(there))
        return;
    vec_push(
        &j->kept,
        arena_printf(
            j->arena,
            "its history (`defangctl history -p %s`), sealed with the parameter %s" PLAN_FILE_KEY,
            j->context.project,
            root));
}

static void say_kept(struct job *j)
{
    cleanup_free char *path = plan_config_path(&j->project.settings, j->context.project);

    vec_push(
        &j->kept,
        arena_printf(j->arena, "config under %s (remove with `defangctl config rm`)", path));

    say_history(j);

    struct flow_cd cd = {0};
    cleanup_error struct error ignored = ERROR_INIT;
    bool exists = false;

    if (flow_cd_describe(&j->context, &cd, &exists, &ignored) == 0 && exists)
        vec_push(
            &j->kept,
            arena_printf(
                j->arena,
                "stack %s with its bucket (remove with `defangctl cd teardown`)",
                j->project.settings.cd_name));
    flow_cd_done(&cd);
}

/* In the order in which things need each other; each step may be done again after a cut. */
int job_run_down(struct job *j, struct error *err)
{
    int rc = flow_facts(&j->context, j->arena, (struct plan_facts **)&j->context.facts, err);
    if (rc == 0)
        rc = job_update_cd(j, err);
    if (rc == 0)
        rc = note_going(j, err);
    if (rc == 0)
        rc = destroy(j, err);
    if (rc == 0)
        rc = prune(j, err);
    if (rc == 0)
        rc = leave_volumes(j, err);
    if (rc == 0)
        rc = leave_groups(j, err);
    if (rc == 0)
        rc = engine_remember(j->daemon, &j->row, NULL, err); /* the next `up` may choose another */
    if (rc == 0)
        say_kept(j);
    job_say_snapshots(j);
    if (rc == 0)
        say_orphans(j);

    return rc;
}

/* One Kaniko task on Fargate per image. The tag is made of everything that goes into the image, so
 * a tag that is in ECR is never built again. */
#include "engine/build/task_run.h"
#include "engine/build/tasks.h"
#include "engine/flow.h"

#include "aws/model/operations.h"
#include "aws/s3/s3.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/fiber.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ORDER         20
#define ATTEMPTS      2
#define BUILD_WAIT_MS (60LL * 60 * 1000)
#define TAIL_LINES    40
#define LOG_LINES     10000 /* the most that one call of GetLogEvents gives */
#define STEP_BYTES    80u

void flow_build_place_done(struct flow_build_place *p)
{
    free(p->cluster);
    free(p->subnets[0]);
    free(p->subnets[1]);
    free(p->security_group);
    free(p->bucket);
    *p = (struct flow_build_place){0};
}

static const char *physical_id(const json_t *resources, const char *logical_id, bool *complete)
{
    size_t i;
    json_t *r;
    json_array_foreach(resources, i, r)
    {
        if (!text_eq(json_str(r, "LogicalResourceId"), logical_id))
            continue;
        const char *status = json_str_or(r, "ResourceStatus", "");
        if (!text_eq(status, "CREATE_COMPLETE") && !text_eq(status, "UPDATE_COMPLETE"))
            *complete = false;
        return json_str(r, "PhysicalResourceId");
    }
    *complete = false;
    return NULL;
}

int flow_build_place(
    struct engine_context *c, struct flow_build_place *out, bool *ready, struct error *err)
{
    *out = (struct flow_build_place){0};
    *ready = false;
    cleanup_free char *stack = plan_stack_name(c->settings, c->project);
    cleanup_json json_t *resources = NULL;
    cleanup_error struct error local = ERROR_INIT;
    /* Not DescribeStackResources: that one shows the first hundred only. */
    int rc = engine_call_all(
        c,
        &aws_cloudformation_ListStackResources,
        json_pack("{s:s}", "StackName", stack),
        &resources,
        &local);
    if (rc < 0 && aws_error_is_not_found(&local))
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "looking for the place to build in stack %s", stack);
    }
    cleanup_arena struct arena *arena = arena_new();
    struct plan_build_needs needs;
    plan_build_needs(arena, c->model, &needs);
    bool complete = true;
    for (size_t i = 0; i < needs.count; i++)
        physical_id(resources, needs.logical_ids[i], &complete);
    out->cluster = xstrdup_null(
        needs.own_cluster ? needs.cluster : physical_id(resources, needs.cluster, &complete));
    out->security_group = xstrdup_null(physical_id(resources, needs.security_group, &complete));
    for (size_t i = 0; i < ARRAY_LEN(out->subnets); i++)
        out->subnets[i] =
            !needs.subnets[i]
                ? NULL
                : xstrdup_null(
                      needs.own_network ? needs.subnets[i]
                                        : physical_id(resources, needs.subnets[i], &complete));
    bool ignored = true;
    out->bucket = xstrdup_null(physical_id(resources, PLAN_BUILD_BUCKET, &ignored));
    *ready = complete && out->cluster && out->security_group && out->subnets[0];
    if (!*ready)
        flow_build_place_done(out);
    return 0;
}

int flow_image_lookup(
    struct engine_context *c, const struct plan_build *b, char **uri, struct error *err)
{
    *uri = NULL;
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    int rc = engine_call(
        c,
        &aws_ecr_DescribeImages,
        json_pack(
            "{s:s,s:[{s:s}]}", "repositoryName", b->repository, "imageIds", "imageTag", b->tag),
        &reply,
        &local);
    if (rc < 0 &&
        (aws_error_is_not_found(&local) || error_has_code(&local, "ImageNotFoundException") ||
         error_has_code(&local, "RepositoryNotFoundException")))
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "looking for image %s:%s", b->repository, b->tag);
    }
    const char *digest = json_str(reply, "imageDetails.0.imageDigest");
    if (digest)
        *uri = xasprintf(
            "%s.dkr.ecr.%s.%s/%s@%s",
            c->facts->account,
            c->facts->region,
            c->facts->dns_suffix,
            b->repository,
            digest);
    return 0;
}

static json_t *run_task_input(
    const struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place)
{
    json_t *command = json_array(), *subnets = json_array();
    for (size_t i = 0; i < b->command_count; i++)
        json_array_append_new(command, json_string(b->command[i]));
    for (size_t i = 0; i < ARRAY_LEN(place->subnets); i++)
        if (place->subnets[i])
            json_array_append_new(subnets, json_string(place->subnets[i]));
    return json_pack(
        "{s:s,s:s,s:i,s:s,s:[{s:s,s:i}],s:{s:{s:o,s:[s],s:s}},s:{s:[{s:s,s:o}]},s:[{s:s,s:s},{s:s,"
        "s:s}]}",
        "cluster",
        place->cluster,
        "taskDefinition",
        b->task_family,
        "count",
        1,
        "startedBy",
        c->deployment,
        "capacityProviderStrategy",
        "capacityProvider",
        "FARGATE",
        "weight",
        1,
        "networkConfiguration",
        "awsvpcConfiguration",
        "subnets",
        subnets,
        "securityGroups",
        place->security_group,
        "assignPublicIp",
        "ENABLED",
        "overrides",
        "containerOverrides",
        "name",
        PLAN_BUILD_CONTAINER,
        "command",
        command,
        "tags",
        "key",
        "defang:service",
        "value",
        b->service,
        "key",
        "defang:etag",
        "value",
        c->deployment);
}

/* Kaniko says "INFO[0004] RUN npm ci": the instruction is what people want to read on the row. */
static void show_step(struct task_run *t, const char *line)
{
    const char *text = strstr(line, "] ");
    if (!text_starts(line, "INFO[") || !text)
        return;
    text += 2;
    size_t n = strlen(text);
    if (n > STEP_BYTES)
        for (n = STEP_BYTES; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;
             n--) /* between two characters */
            ;
    engine_row(
        t->c, t->row_kind, t->row, ENGINE_ACTIVE, t->order, t->usual, "image: %.*s", (int)n, text);
}

static const struct task_phase PHASES[] = {
    {"PROVISIONING", "getting a machine"},
    {"PENDING", "fetching the builder"},
    {"ACTIVATING", "starting the builder"},
    {"RUNNING", "building"},
};

/* The whole output outlives the log group, in the project's build bucket. For later readers: that
 * it cannot be kept stops nothing. */
static void keep_log(
    struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    const struct task_run *t)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *text = NULL,
                      *key = xasprintf("logs/%s-%s.log", b->tag, task_id(t->task_arn));
    if (place->bucket && flow_log_tail(c, t->group, t->stream, LOG_LINES, &text, &ignored) == 0 &&
        text)
        s3_put(
            c->aws, place->bucket, key, "text/plain; charset=utf-8", text, strlen(text), &ignored);
}

/* 0 = built, 1 = the build itself failed (failure says why), <0 = could not tell. */
static int attempt(
    struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    unsigned number,
    struct engine_failure *failure,
    struct error *err)
{
    cleanup_free char *row = xasprintf("image/%s", b->service),
                      *key = xasprintf("build.%s.%u", b->service, number);
    cleanup_free char *what = xasprintf("the build of %s", b->service),
                      *group = plan_log_group(c->settings, c->project, "builds");
    cleanup_json json_t *task = NULL, *input = run_task_input(c, b, place);
    struct task_run t = {
        .c = c,
        .service = b->service,
        .what = what,
        .key = key,
        .cluster = place->cluster,
        .input = input,
        .group = group,
        .prefix = PLAN_BUILD_STREAM_PREFIX "/" PLAN_BUILD_CONTAINER,
        .source = "build",
        .wait_ms = BUILD_WAIT_MS,
        .wait_text = "60 minutes",
        .row_kind = ENGINE_ROW_IMAGE,
        .row = row,
        .row_prefix = "image: ",
        .usual = "usually 1-4 min",
        .order = ORDER,
        .phases = PHASES,
        .phase_count = ARRAY_LEN(PHASES),
        .on_line = show_step};
    int rc = task_run(&t, &task, err);
    if (rc == 0 && task_exit_code(task, PLAN_BUILD_CONTAINER) != 0) {
        engine_failure_done(failure);
        failure->service = xstrdup(b->service);
        failure->task = xstrdup(task_id(t.task_arn));
        failure->reason = task ? task_reason(task, PLAN_BUILD_CONTAINER)
                               : xstrdup("ECS no longer knows its task");
        cleanup_error struct error ignored = ERROR_INIT;
        flow_log_tail(c, t.group, t.stream, TAIL_LINES, &failure->logs, &ignored);
        rc = 1;
    }
    if (rc >= 0)
        keep_log(c, b, place, &t);
    task_run_done(&t);
    return rc;
}

int flow_image_build(
    struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    char **uri,
    struct engine_failure *failure,
    struct error *err)
{
    cleanup_free char *row = xasprintf("image/%s", b->service);
    *uri = NULL;
    int rc = 1;
    for (unsigned number = 1; rc == 1 && number <= ATTEMPTS; number++) {
        if (number > 1)
            engine_note(
                c,
                ENGINE_SAY_WARNING,
                NULL,
                "the build of %s failed (%s); trying once more",
                b->service,
                failure->reason);
        engine_row(
            c,
            ENGINE_ROW_IMAGE,
            row,
            ENGINE_ACTIVE,
            ORDER,
            "usually 1-4 min",
            "image: starting the build%s",
            number > 1 ? " again" : "");
        rc = attempt(c, b, place, number, failure, err);
    }
    if (rc == 1) {
        rc = error_raise(
            err,
            ERR_CLOUD,
            "the image of service %s could not be built: %s",
            b->service,
            failure->reason);
        error_hint(
            err,
            "the last lines of the build log are above; mend the Dockerfile or its context and run "
            "`defangctl up` again");
    }
    if (rc == 0)
        rc = flow_image_lookup(c, b, uri, err);
    if (rc == 0 && !*uri)
        rc = error_raise(
            err,
            ERR_CLOUD,
            "the build of %s ended well, but ECR has no image %s:%s",
            b->service,
            b->repository,
            b->tag);
    if (rc == 0)
        engine_row(
            c,
            ENGINE_ROW_IMAGE,
            row,
            ENGINE_DONE,
            ORDER,
            NULL,
            "image: %.19s…  built",
            strstr(*uri, "@") + 1);
    else if (!engine_detaching(c))
        engine_row(
            c,
            ENGINE_ROW_IMAGE,
            row,
            rc == -ECANCELED ? ENGINE_CANCELED : ENGINE_FAILED,
            ORDER,
            NULL,
            "image: %s",
            rc == -ECANCELED  ? "canceled"
            : failure->reason ? failure->reason
                              : "failed");
    return rc;
}

void flow_builds_stop(struct engine_context *c)
{
    struct flow_build_place place = {0};
    bool ready = false;
    cleanup_error struct error ignored =
        ERROR_INIT; /* best effort: an orphan build ends by itself */
    fiber_shield(true);
    if (flow_build_place(c, &place, &ready, &ignored) == 0 && ready)
        task_run_stop_all(c, place.cluster);
    fiber_shield(false);
    flow_build_place_done(&place);
}

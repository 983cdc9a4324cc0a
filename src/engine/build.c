/* One Kaniko task on Fargate per image. The tag is made of everything that goes into the image, so a tag that is in ECR is never built again. */
#include "engine/flow.h"
#include "engine/tasks.h"

#include "aws/operations.h"
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
#define STEP_BYTES    80u
#define ROOM_WAIT_MS  (20LL * 60 * 1000)
#define ROLE_WAIT_MS  (60LL * 1000)
#define ROOM_PAUSE_MS 10000

void flow_build_place_done(struct flow_build_place *p)
{
    free(p->cluster);
    free(p->subnets[0]);
    free(p->subnets[1]);
    free(p->security_group);
    *p = (struct flow_build_place){0};
}

static const char *physical_id(const json_t *resources, const char *logical_id, bool *complete)
{
    size_t i;
    json_t *r;
    json_array_foreach(resources, i, r) {
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

int flow_build_place(struct engine_context *c, struct flow_build_place *out, bool *ready, struct error *err)
{
    *out = (struct flow_build_place){0};
    *ready = false;
    cleanup_free char *stack = plan_stack_name(c->settings, c->project);
    cleanup_json json_t *resources = NULL;
    cleanup_error struct error local = ERROR_INIT;
    /* Not DescribeStackResources: that one shows the first hundred only. */
    int rc = engine_call_all(c, &aws_cloudformation_ListStackResources, json_pack("{s:s}", "StackName", stack), &resources, &local);
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
    out->cluster = xstrdup_null(needs.own_cluster ? needs.cluster : physical_id(resources, needs.cluster, &complete));
    out->security_group = xstrdup_null(physical_id(resources, needs.security_group, &complete));
    for (size_t i = 0; i < ARRAY_LEN(out->subnets); i++)
        out->subnets[i] = !needs.subnets[i] ? NULL : xstrdup_null(needs.own_network ? needs.subnets[i] : physical_id(resources, needs.subnets[i], &complete));
    *ready = complete && out->cluster && out->security_group && out->subnets[0];
    if (!*ready)
        flow_build_place_done(out);
    return 0;
}

int flow_image_lookup(struct engine_context *c, const struct plan_build *b, char **uri, struct error *err)
{
    *uri = NULL;
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    int rc = engine_call(c, &aws_ecr_DescribeImages, json_pack("{s:s,s:[{s:s}]}", "repositoryName", b->repository, "imageIds", "imageTag", b->tag),
                         &reply, &local);
    if (rc < 0 && (aws_error_is_not_found(&local) || error_has_code(&local, "ImageNotFoundException") ||
                   error_has_code(&local, "RepositoryNotFoundException")))
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "looking for image %s:%s", b->repository, b->tag);
    }
    const char *digest = json_str(reply, "imageDetails.0.imageDigest");
    if (digest)
        *uri = xasprintf("%s.dkr.ecr.%s.%s/%s@%s", c->facts->account, c->facts->region, c->facts->dns_suffix, b->repository, digest);
    return 0;
}

struct build {
    struct engine_context *c;
    const struct plan_build *b;
    const struct flow_build_place *place;
    char *row, *key;          /* row id; journal prefix of this attempt */
    char *task_arn, *stream, *group;
    char *log_token;
    bool finished;
};

static int journal_put(struct build *u, const char *what, const char *value, struct error *err)
{
    cleanup_free char *key = xasprintf("%s.%s", u->key, what);
    return u->c->journal->put(u->c->journal->arg, key, value, err);
}

static int journal_get(struct build *u, const char *what, char **value, struct error *err)
{
    cleanup_free char *key = xasprintf("%s.%s", u->key, what);
    return u->c->journal->get(u->c->journal->arg, key, value, err);
}

static json_t *run_task_input(struct build *u, const char *token)
{
    json_t *command = json_array(), *subnets = json_array();
    for (size_t i = 0; i < u->b->command_count; i++)
        json_array_append_new(command, json_string(u->b->command[i]));
    for (size_t i = 0; i < ARRAY_LEN(u->place->subnets); i++)
        if (u->place->subnets[i])
            json_array_append_new(subnets, json_string(u->place->subnets[i]));
    return json_pack("{s:s,s:s,s:i,s:s,s:s,s:[{s:s,s:i}],s:{s:{s:o,s:[s],s:s}},s:{s:[{s:s,s:o}]},s:[{s:s,s:s},{s:s,s:s}]}",
                     "cluster", u->place->cluster, "taskDefinition", u->b->task_family, "count", 1, "clientToken", token,
                     "startedBy", u->c->deployment,
                     "capacityProviderStrategy", "capacityProvider", "FARGATE", "weight", 1,
                     "networkConfiguration", "awsvpcConfiguration", "subnets", subnets, "securityGroups", u->place->security_group, "assignPublicIp", "ENABLED",
                     "overrides", "containerOverrides", "name", PLAN_BUILD_CONTAINER, "command", command,
                     "tags", "key", "defang:service", "value", u->b->service, "key", "defang:etag", "value", u->c->deployment);
}

/* Why ECS may refuse a task now and take it later: nothing ran then. The vCPU quota of a young account is small (often 6), and builds run beside each
 * other; ECS says so in `failures` or as an exception. A role that was made seconds ago may not be known everywhere. */
static int64_t room_wait_ms(const char *why)
{
    static const struct { const char *text; int64_t wait_ms; } reasons[] = {
        {"reached the limit on the number of", ROOM_WAIT_MS}, {"Capacity is unavailable", ROOM_WAIT_MS},
        {"RESOURCE:", ROOM_WAIT_MS},                          {"unable to assume the role", ROLE_WAIT_MS},
    };
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (why && strstr(why, reasons[i].text))
            return reasons[i].wait_ms;
    return -1;
}

/* A cancel in the middle of this call would leave a task that nobody knows: it is waited for, but not for fresh credentials. */
static int run_task_call(struct build *u, const char *token, json_t **reply, struct error *err)
{
    for (;;) {
        fiber_shield(true);
        int rc = aws_call(u->c->aws, &aws_ecs_RunTask, run_task_input(u, token), reply, err);
        fiber_shield(false);
        if (!engine_retry_after_auth(u->c, rc, err))
            return rc;
    }
}

/* One RunTask. *why is set when ECS refused. */
static int run_task(struct build *u, const char *token_key, char **why, struct error *err)
{
    cleanup_free char *token = NULL;
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    int rc = engine_token(u->c, token_key, &token, err);
    if (rc < 0)
        return rc;
    rc = run_task_call(u, token, &reply, &local);
    if (rc < 0 && room_wait_ms(local.message) < 0) {
        error_move(err, &local);
        return error_wrap(err, "starting the build of %s", u->b->service);
    }
    u->task_arn = xstrdup_null(json_str(reply, "tasks.0.taskArn"));
    if (!u->task_arn)
        *why = rc < 0 ? xstrdup(local.message)
                      : xasprintf("%s %s", json_str_or(reply, "failures.0.reason", "no reason given"), json_str_or(reply, "failures.0.detail", ""));
    return 0;
}

/* Nothing ran under the token, so the next try has one of its own. */
static int wait_for_room(struct build *u, const char *token_key, const char *why, int64_t since_ms, struct error *err)
{
    if (loop_now_ms(u->c->loop) - since_ms >= room_wait_ms(why)) {
        int rc = error_raise(err, ERR_CLOUD, "ECS did not start the build of %s: %s", u->b->service, why);
        if (room_wait_ms(why) == ROOM_WAIT_MS)
            error_hint(err, "end other Fargate tasks, or ask Service Quotas for more \"Fargate On-Demand vCPU resource count\"");
        return rc;
    }
    engine_row(u->c, ENGINE_ROW_IMAGE, u->row, ENGINE_ACTIVE, ORDER, NULL, "image: waiting for ECS: %s", why);
    int rc = u->c->journal->put(u->c->journal->arg, token_key, NULL, err);
    if (rc == 0 && fiber_sleep(ROOM_PAUSE_MS) < 0)
        rc = error_raise(err, ERR_CANCELED, "canceled");
    return rc;
}

static int start(struct build *u, struct error *err)
{
    int rc = journal_get(u, "task", &u->task_arn, err);
    cleanup_free char *token_key = xasprintf("%s.token", u->key);
    int64_t since_ms = loop_now_ms(u->c->loop);
    if (rc < 0 || u->task_arn)
        return rc;
    while (rc == 0 && !u->task_arn) {
        cleanup_free char *why = NULL;
        rc = run_task(u, token_key, &why, err);
        if (rc == 0 && why)
            rc = wait_for_room(u, token_key, why, since_ms, err);
    }
    if (rc == 0)
        rc = journal_put(u, "task", u->task_arn, err);
    return rc < 0 ? rc : u->c->journal->flush(u->c->journal->arg, err);
}

/* Kaniko says "INFO[0004] RUN npm ci": the instruction is what people want to read on the row. */
static void show_step(struct build *u, const char *line)
{
    const char *text = strstr(line, "] ");
    if (!text_starts(line, "INFO[") || !text)
        return;
    text += 2;
    size_t n = strlen(text);
    if (n > STEP_BYTES)
        for (n = STEP_BYTES; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--) /* between two characters */
            ;
    engine_row(u->c, ENGINE_ROW_IMAGE, u->row, ENGINE_ACTIVE, ORDER, "usually 1-4 min", "image: %.*s", (int)n, text);
}

/* New lines become events in the same turn as the marker that says so. */
static int drain_log(struct build *u, bool *news, struct error *err)
{
    for (int page = 0; page < 20; page++) {
        json_t *in = json_pack("{s:s,s:s,s:b}", "logGroupName", u->group, "logStreamName", u->stream, "startFromHead", 1);
        if (u->log_token)
            json_object_set_new(in, "nextToken", json_string(u->log_token));
        cleanup_json json_t *reply = NULL;
        cleanup_error struct error local = ERROR_INIT;
        int rc = engine_call(u->c, &aws_logs_GetLogEvents, in, &reply, &local);
        if (rc < 0 && aws_error_is_not_found(&local))
            return 0; /* the stream comes with the first line */
        if (rc < 0) {
            error_move(err, &local);
            return error_wrap(err, "reading the build log of %s", u->b->service);
        }
        size_t i;
        json_t *event;
        json_array_foreach(json_object_get(reply, "events"), i, event) {
            const char *text = json_str_or(event, "message", "");
            u->c->sink->log(u->c->sink->arg, &(struct engine_log){.service = u->b->service, .source = "build", .host = task_id(u->task_arn), .text = text,
                                                                   .time_ms = json_int_or(event, "timestamp", 0), .error = strcasestr(text, "error") != NULL});
            show_step(u, text);
            *news = true;
        }
        const char *next = json_str(reply, "nextForwardToken");
        bool end = !next || text_eq(next, u->log_token) || json_len(reply, "events") == 0;
        if (next && !text_eq(next, u->log_token)) {
            free(u->log_token);
            u->log_token = xstrdup(next);
            rc = journal_put(u, "log", next, err);
            if (rc < 0)
                return rc;
        }
        if (end)
            return 0;
    }
    return 0;
}

static const char *task_phase(const char *status)
{
    static const struct { const char *status, *text; } phases[] = {
        {"PROVISIONING", "getting a machine"}, {"PENDING", "fetching the builder"}, {"ACTIVATING", "starting the builder"}, {"RUNNING", "building"},
    };
    for (size_t i = 0; i < ARRAY_LEN(phases); i++)
        if (text_eq(phases[i].status, status))
            return phases[i].text;
    return "finishing";
}

static void stop_task(struct build *u)
{
    if (engine_detaching(u->c))
        return; /* the next life of the daemon attaches to it */
    cleanup_error struct error ignored = ERROR_INIT;
    fiber_shield(true);
    aws_call(u->c->aws, &aws_ecs_StopTask, json_pack("{s:s,s:s,s:s}", "cluster", u->place->cluster, "task", u->task_arn, "reason", "canceled by defangctl"), NULL, &ignored);
    fiber_shield(false);
}

/* Until the task is over; *task is what ECS said last, NULL when ECS does not know it any more. */
static int follow(struct build *u, json_t **task, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(u->c->loop) + BUILD_WAIT_MS;
    cleanup_free char *last = NULL;
    for (;;) {
        cleanup_json json_t *reply = NULL;
        int rc = engine_call(u->c, &aws_ecs_DescribeTasks, json_pack("{s:s,s:[s]}", "cluster", u->place->cluster, "tasks", u->task_arn), &reply, err);
        if (rc < 0)
            return error_wrap(err, "watching the build of %s", u->b->service);
        const json_t *now = json_at(reply, "tasks.0");
        if (!now)
            return 0; /* ECS forgets a stopped task after an hour */
        const char *status = json_str_or(now, "lastStatus", "");
        bool news = !text_eq(status, last);
        if (news && !task_is_over(now))
            engine_row(u->c, ENGINE_ROW_IMAGE, u->row, ENGINE_ACTIVE, ORDER, "usually 1-4 min", "image: %s", task_phase(status));
        free(last);
        last = xstrdup(status);
        bool over = task_is_over(now);
        rc = drain_log(u, &news, err);
        if (rc < 0)
            return rc;
        if (over) {
            *task = json_deep_copy(now);
            return 0;
        }
        if (loop_now_ms(u->c->loop) > deadline)
            return error_raise(err, ERR_TIMEOUT, "the build of %s did not end within 60 minutes and was stopped", u->b->service);
        if (news)
            engine_pace_news(&pace);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

static void build_done(struct build *u)
{
    free(u->row);
    free(u->key);
    free(u->task_arn);
    free(u->stream);
    free(u->group);
    free(u->log_token);
}

/* 0 = built, 1 = the build itself failed (failure says why), <0 = could not tell. */
static int attempt(struct engine_context *c, const struct plan_build *b, const struct flow_build_place *place, unsigned number, struct engine_failure *failure,
                   struct error *err)
{
    struct build u = {.c = c, .b = b, .place = place, .row = xasprintf("image/%s", b->service), .key = xasprintf("build.%s.%u", b->service, number)};
    cleanup_json json_t *task = NULL;
    int rc = start(&u, err);
    if (rc == 0) {
        u.group = plan_log_group(c->settings, c->project, "builds");
        u.stream = xasprintf("%s/%s/%s", PLAN_BUILD_STREAM_PREFIX, PLAN_BUILD_CONTAINER, task_id(u.task_arn));
        rc = journal_get(&u, "log", &u.log_token, err);
    }
    if (rc == 0)
        rc = follow(&u, &task, err);
    if (rc < 0 && u.task_arn)
        stop_task(&u); /* canceled, timed out or out of sight: nobody waits for it any more */
    if (rc == 0 && task_exit_code(task, PLAN_BUILD_CONTAINER) != 0) {
        engine_failure_done(failure);
        failure->service = xstrdup(b->service);
        failure->task = xstrdup(task_id(u.task_arn));
        failure->reason = task ? task_reason(task, PLAN_BUILD_CONTAINER) : xstrdup("ECS no longer knows its task");
        cleanup_error struct error ignored = ERROR_INIT;
        flow_log_tail(c, u.group, u.stream, TAIL_LINES, &failure->logs, &ignored);
        rc = 1;
    }
    build_done(&u);
    return rc;
}

int flow_image_build(struct engine_context *c, const struct plan_build *b, const struct flow_build_place *place, char **uri, struct engine_failure *failure,
                     struct error *err)
{
    cleanup_free char *row = xasprintf("image/%s", b->service);
    *uri = NULL;
    int rc = 1;
    for (unsigned number = 1; rc == 1 && number <= ATTEMPTS; number++) {
        if (number > 1)
            engine_note(c, ENGINE_SAY_WARNING, NULL, "the build of %s failed (%s); trying once more", b->service, failure->reason);
        engine_row(c, ENGINE_ROW_IMAGE, row, ENGINE_ACTIVE, ORDER, "usually 1-4 min", "image: starting the build%s", number > 1 ? " again" : "");
        rc = attempt(c, b, place, number, failure, err);
    }
    if (rc == 1) {
        rc = error_raise(err, ERR_CLOUD, "the image of service %s could not be built: %s", b->service, failure->reason);
        error_hint(err, "the last lines of the build log are above; mend the Dockerfile or its context and run `defangctl up` again");
    }
    if (rc == 0)
        rc = flow_image_lookup(c, b, uri, err);
    if (rc == 0 && !*uri)
        rc = error_raise(err, ERR_CLOUD, "the build of %s ended well, but ECR has no image %s:%s", b->service, b->repository, b->tag);
    if (rc == 0)
        engine_row(c, ENGINE_ROW_IMAGE, row, ENGINE_DONE, ORDER, NULL, "image: %.19s…  built", strstr(*uri, "@") + 1);
    else if (!engine_detaching(c))
        engine_row(c, ENGINE_ROW_IMAGE, row, rc == -ECANCELED ? ENGINE_CANCELED : ENGINE_FAILED, ORDER, NULL, "image: %s",
                   rc == -ECANCELED ? "canceled" : failure->reason ? failure->reason : "failed");
    return rc;
}

void flow_builds_stop(struct engine_context *c)
{
    struct flow_build_place place = {0};
    bool ready = false;
    cleanup_error struct error ignored = ERROR_INIT; /* best effort: an orphan build ends by itself */
    cleanup_json json_t *list = NULL;
    fiber_shield(true);
    if (flow_build_place(c, &place, &ready, &ignored) == 0 && ready &&
        engine_call(c, &aws_ecs_ListTasks, json_pack("{s:s,s:s}", "cluster", place.cluster, "startedBy", c->deployment), &list, &ignored) == 0) {
        size_t i;
        json_t *arn;
        json_array_foreach(json_object_get(list, "taskArns"), i, arn)
            engine_call(c, &aws_ecs_StopTask, json_pack("{s:s,s:O,s:s}", "cluster", place.cluster, "task", arn, "reason", "canceled by defangctl"), NULL, &ignored);
    }
    fiber_shield(false);
    flow_build_place_done(&place);
}

/* One Kaniko task on Fargate per image. The tag is made of everything that goes into the image, so
 * a tag that is in ECR is never built again.
 *
 *   attempt 1 ─ built ─▶ ask ECR for the digest ─▶ URI
 *      ├─ failed by where it ran ─▶ attempt 2 ─ failed ─▶ the reason, the last lines, an error
 *      └─ failed by itself ─────────────────────────────▶ the same
 *
 * One retry (DESIGN.md section 3, step 6), and only where it may end otherwise (fault.c): with more
 * memory or more disk when that was what it lacked. An attempt that could not be followed to its
 * end is no failure of the build and is not repeated. Each attempt has journal keys of its own
 * ("build.<service>.<n>"). Its whole log is kept in the build bucket: it outlives the log group. */
#include "engine/build/build.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/secrets.h"
#include "data/object.h"
#include "engine/build/fault.h"
#include "engine/build/log.h"
#include "engine/build/step.h"
#include "engine/call.h"
#include "engine/task/left.h"
#include "engine/task/task_run.h"
#include "engine/task/tasks.h"
#include "loop/fiber.h"
#include "plan/registries.h"

#include <errno.h>
#include <string.h>

#define ORDER         20
#define USUAL         "usually 1-4 min"
#define ATTEMPTS      2
#define BUILD_WAIT_MS (60LL * 60 * 1000)
#define TAIL_LINES    40
#define STEP_BYTES    80u

/* What an attempt gets beyond what the task definition says. */
struct room {
    unsigned cpu, memory_mib; /* 0: as it says */
    unsigned storage_gib;     /* 0: Fargate's own 20 */
};

/* Where it is, by its log. A life that follows an attempt of another sees the end of it only. */
struct watch {
    char *step;
    int stage;
};

/* A repository that is not there yet has no image: the project's first build. */
int flow_image_lookup(
    struct engine_context *c, const struct plan_build *b, char **uri, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    json_t *tag = object(key("imageTag", b->tag));
    json_t *in = object(key("repositoryName", b->repository), key("imageIds", array(tag)));
    *uri = NULL;

    int rc = engine_call(c, &aws_ecr_DescribeImages, in, &reply, &local);
    bool missing = aws_error_is_not_found(&local) ||
                   error_has_code(&local, "ImageNotFoundException") ||
                   error_has_code(&local, "RepositoryNotFoundException");

    if (rc < 0 && missing)
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

/* The size of a task is text in ECS. */
static json_t *number_text(unsigned n)
{
    cleanup_free char *text = xasprintf("%u", n);
    return n ? json_of(text) : NULL;
}

static json_t *overrides(json_t *container, const struct room *room)
{
    json_t *disk = room->storage_gib ? object(key("sizeInGiB", room->storage_gib)) : NULL;

    return object(
        key("containerOverrides", array(container)),
        key("cpu", number_text(room->cpu)),
        key("memory", number_text(room->memory_mib)),
        key("ephemeralStorage", disk));
}

/* Overrides carry what differs from build to build; the task definition is the stack's. */
static json_t *run_task_input(
    const struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    const struct room *room)
{
    json_t *command = array();

    for (size_t i = 0; i < b->command_count; i++)
        json_push(command, json_of(b->command[i]));

    json_t *subnets = array();

    for (size_t i = 0; i < ARRAY_LEN(place->subnets); i++)
        json_push(subnets, json_of(place->subnets[i]));

    json_t *on_fargate = object(key("capacityProvider", "FARGATE"), key("weight", 1));
    json_t *network = object(
        key("subnets", subnets),
        key("securityGroups", texts(place->security_group)),
        key("assignPublicIp", "ENABLED"));
    json_t *container = object(key("name", PLAN_BUILD_CONTAINER), key("command", command));
    json_t *tags =
        array(task_tag("defang:service", b->service), task_tag("defang:etag", c->deployment));

    return object(
        key("capacityProviderStrategy", array(on_fargate)),
        key("cluster", place->cluster),
        key("count", 1),
        key("networkConfiguration", object(key("awsvpcConfiguration", network))),
        key("overrides", overrides(container, room)),
        key("startedBy", c->deployment),
        key("tags", tags),
        key("taskDefinition", b->task_family));
}

/* At most `most` bytes of UTF-8, cut between two characters. */
static size_t cut(const char *text, size_t most)
{
    size_t n = strlen(text);
    if (n <= most)
        return n;

    n = most;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static void take_step(struct watch *w, const char *line)
{
    const char *step = build_step_of(line);
    int stage = build_stage_of(line);

    if (stage >= 0)
        w->stage = stage;
    if (!step)
        return;

    free(w->step);
    w->step = xstrdup(step);
}

/* Kaniko says "INFO[0004] RUN npm ci": the instruction is what people want to read on the row. */
static void show_step(struct task_run *t, const char *line)
{
    const char *text = strstr(line, "] ");

    take_step(t->arg, line);
    if (!text_starts(line, "INFO[") || !text || text_starts(text, "] active feature flags"))
        return;

    text += strlen("] ");
    cleanup_free char *masked = secrets_masked(text);
    if (masked)
        text = masked;
    engine_row(
        t->c,
        t->row_kind,
        t->row,
        ENGINE_ACTIVE,
        t->order,
        t->usual,
        "image: %.*s",
        (int)cut(text, STEP_BYTES),
        text);
}

static const struct task_phase PHASES[] = {
    {"PROVISIONING", "getting a machine"},
    {"PENDING", "fetching the builder"},
    {"ACTIVATING", "starting the builder"},
    {"RUNNING", "building"},
};

/* ECS forgets a stopped task after an hour; then the log is what there is. */
static void note_failure(
    struct engine_context *c,
    const struct plan_build *b,
    const struct task_run *t,
    const json_t *task,
    struct engine_failure *failure)
{
    struct watch *watch = t->arg;

    engine_failure_done(failure);
    failure->step = watch->step;
    failure->stage = watch->stage;
    watch->step = NULL;
    failure->service = xstrdup(b->service);
    failure->task = xstrdup(task_id(t->task_arn));
    if (task)
        failure->reason = task_reason(task, PLAN_BUILD_CONTAINER);
    else
        failure->reason = xstrdup("ECS no longer knows its task");

    struct task_stream stream = {.container = PLAN_BUILD_CONTAINER, .stream = t->stream};
    struct task_left left = {
        .kind = "build",
        .service = b->service,
        .id = failure->task,
        .task = task,
        .reason = failure->reason,
        .group = t->group,
        .streams = &stream,
        .stream_count = 1};
    task_left_keep(c, &left, TAIL_LINES, &failure->logs);
}

/* 0 = built, 1 = the build itself failed (failure and fault say why), <0 = could not tell. */
static int attempt(
    struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    const struct room *room,
    unsigned number,
    enum build_fault *fault,
    struct engine_failure *failure,
    struct error *err)
{
    cleanup_free char *row = xasprintf("image/%s", b->service);
    cleanup_free char *key = xasprintf("build.%s.%u", b->service, number);
    cleanup_free char *what = xasprintf("the build of %s", b->service);
    cleanup_free char *group = plan_log_group(c->settings, c->project, "builds");
    cleanup_json json_t *task = NULL, *input = run_task_input(c, b, place, room);
    struct watch watch = {.stage = -1};
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
        .usual = USUAL,
        .order = ORDER,
        .phases = PHASES,
        .phase_count = ARRAY_LEN(PHASES),
        .on_line = show_step,
        .arg = &watch};
    cleanup_free char *pushed = NULL;
    int rc = task_run(&t, &task, err);
    if (rc == 0 && !task) /* ECS forgot it after an hour: what it pushed says how it ended */
        rc = flow_image_lookup(c, b, &pushed, err);
    if (rc == 0 && !pushed && task_exit_code(task, PLAN_BUILD_CONTAINER) != 0) {
        note_failure(c, b, &t, task, failure);
        *fault = build_fault_of(task, PLAN_BUILD_CONTAINER, failure->logs);
        rc = 1;
    }

    if (rc >= 0)
        build_log_keep(c, b, place, key, t.task_arn);
    task_run_done(&t);
    free(watch.step);
    return rc;
}

/* What the next attempt gets; false when it would fail again. */
static bool
makes_room(const struct engine_context *c, enum build_fault fault, struct room *room, char **with)
{
    *with = xstrdup("");
    if (fault == BUILD_OWN)
        return false;
    if (fault == BUILD_PLATFORM)
        return true;

    free(*with);
    if (fault == BUILD_MEMORY) {
        bool more = plan_build_more_memory(c->settings, &room->cpu, &room->memory_mib);
        *with = xasprintf(" with %u GiB of memory", room->memory_mib >> 10);
        return more;
    }

    unsigned before = room->storage_gib;
    room->storage_gib = plan_build_more_storage(before);
    *with = xasprintf(" with %u GiB of storage", room->storage_gib);
    return room->storage_gib > before;
}

static void hint_at(struct error *err, enum build_fault fault)
{
    static const char *const hints[] = {
        [BUILD_OWN] = "the last lines of the build log are above; mend the Dockerfile or its "
                      "context and run `defangctl up` again",
        [BUILD_PLATFORM] = "the last lines of the build log are above; it is not the Dockerfile: "
                           "run `defangctl up` again",
        [BUILD_MEMORY] = "it needs more memory: x-defang-settings: {build-memory: 32}, in GiB, or "
                         "DEFANG_BUILD_MEMORY=32",
        [BUILD_STORAGE] = "its disk is full: x-defang-settings: {build-storage: 200}, in GiB, or "
                          "DEFANG_BUILD_STORAGE=200",
    };

    error_hint(err, "%s", hints[fault]);
}

/* "`RUN npm ci`: exit status 1", or what ECS says. */
static char *cause_of(const struct engine_failure *f, enum build_fault fault)
{
    cleanup_free char *words = build_fault_words(f->logs);

    if (fault == BUILD_PLATFORM || !words)
        return xstrdup(f->reason);
    if (!f->step || !f->logs || !strstr(f->logs, "error building "))
        return xstrdup(words);

    cleanup_free char *masked = secrets_masked(f->step);
    const char *step = masked ? masked : f->step;
    return xasprintf("`%.*s`: %s", (int)cut(step, STEP_BYTES), step, words);
}

/* As attempt(), but for the retry. */
static int build(
    struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    const char *row,
    struct engine_failure *failure,
    struct error *err)
{
    struct room room = {.storage_gib = b->storage_gib};
    enum build_fault fault = BUILD_OWN;
    int rc = 1;

    for (unsigned number = 1; rc == 1 && number <= ATTEMPTS; number++) {
        cleanup_free char *with = NULL;

        if (number > 1 && !makes_room(c, fault, &room, &with))
            break;
        if (number > 1)
            engine_note(
                c,
                ENGINE_SAY_WARNING,
                NULL,
                "the build of %s failed (%s); trying once more%s",
                b->service,
                failure->reason,
                with);
        engine_row(
            c,
            ENGINE_ROW_IMAGE,
            row,
            ENGINE_ACTIVE,
            ORDER,
            USUAL,
            "image: starting the build%s",
            number > 1 ? " again" : "");
        rc = attempt(c, b, place, &room, number, &fault, failure, err);
    }

    if (rc <= 0)
        return rc;

    cleanup_free char *cause = cause_of(failure, fault);
    rc = error_raise(
        err, ERR_CLOUD, "the image of service %s could not be built: %s", b->service, cause);
    hint_at(err, fault);

    cleanup_arena struct arena *arena = arena_new();
    const char *log_in = plan_registry_hint(arena, NULL, failure->logs);
    if (log_in)
        error_hint(err, "%s", log_in);
    return rc;
}

int flow_image_begun(
    struct engine_context *c, const struct plan_build *b, bool *begun, struct error *err)
{
    cleanup_free char *key = xasprintf("build.%s.1.token", b->service);
    cleanup_free char *token = NULL;
    int rc = engine_journal_get(c, key, &token, err);

    *begun = token != NULL;
    return rc;
}

/* A digest is long; its beginning is enough to know it by. */
static void tell_end(
    struct engine_context *c,
    const char *row,
    int rc,
    const char *uri,
    const struct engine_failure *failure)
{
    cleanup_free char *what = NULL;

    if (rc == 0)
        what = xasprintf("%.19s…  built", strstr(uri, "@") + 1);
    else if (rc == -ECANCELED)
        what = xstrdup("canceled");
    else
        what = xstrdup(failure->reason ? failure->reason : "failed");
    engine_row(c, ENGINE_ROW_IMAGE, row, engine_state_of(rc), ORDER, NULL, "image: %s", what);
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

    int rc = build(c, b, place, row, failure, err);
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
    if (rc == 0 || !engine_detaching(c))
        tell_end(c, row, rc, *uri, failure);
    return rc;
}

void flow_builds_stop(struct engine_context *c)
{
    struct flow_build_place place = {0};
    bool ready = false;
    cleanup_error struct error ignored = ERROR_INIT; /* an orphan build ends by itself */

    fiber_shield(true);
    if (flow_build_place(c, &place, &ready, &ignored) == 0 && ready)
        task_run_stop_all(c, place.cluster);
    fiber_shield(false);
    flow_build_place_done(&place);
}

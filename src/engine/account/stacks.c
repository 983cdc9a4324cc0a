/* What is deployed with us in one region: CloudFormation stacks that carry our tags, and the states
 * that Pulumi keeps in the CD bucket.
 *
 * A state counts when it holds a resource, a lock or an unfinished operation; the others are what a
 * teardown leaves. A project that was deployed by both is listed twice, which is the truth. Keys of
 * states and locks: Pulumi's DIY backend (".pulumi/stacks/<project>/<stack>.json"). */
#include "engine/account/stacks.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/cloudformation/cloudformation.h"
#include "engine/pulumi/place.h"
#include "engine/pulumi/pulumi.h"
#include "engine/stack/cd.h"

#include <string.h>

#define STATES      ".pulumi/stacks/"
#define LOCKS       ".pulumi/locks/organization/"
#define STATE_BYTES 700 /* smaller ones hold no resource (the Defang CLI's rule) */

void flow_stacks_done(struct flow_stacks *s)
{
    vec_each(it, s) {
        free(it->project);
        free(it->stack);
        free(it->name);
        free(it->status);
    }

    vec_free(s);
}

static int64_t time_of(const json_t *object, const char *key)
{
    return (int64_t)(json_number_value(json_object_get(object, key)) * 1000);
}

static const char *tag_of(const json_t *stack, const char *name)
{
    size_t i;
    json_t *tag;

    json_array_foreach(json_object_get(stack, "Tags"), i, tag) {
        if (text_eq(json_str(tag, "Key"), name))
            return json_str(tag, "Value");
    }

    return NULL;
}

static bool is_a_project_of_ours(struct engine_context *c, const json_t *stack)
{
    /* An earlier defangd gave the CD stack its first project's tags. */
    bool is_cd = text_eq(json_str(stack, "StackName"), c->settings->cd_name);
    bool ours = text_eq(tag_of(stack, ENGINE_TAG_OWNER), ENGINE_TAG_OWNER_VALUE);
    bool gone = text_eq(json_str(stack, "StackStatus"), "DELETE_COMPLETE");

    return ours && !gone && !is_cd && tag_of(stack, "defang:project");
}

static void add_stack(struct flow_stacks *out, const json_t *stack)
{
    const char *of = tag_of(stack, "defang:stack");
    int64_t updated = time_of(stack, "LastUpdatedTime"), created = time_of(stack, "CreationTime");

    vec_push(
        out,
        ((struct flow_stack){
            .project = xstrdup(tag_of(stack, "defang:project")),
            .stack = xstrdup(of ? of : ""),
            .name = xstrdup(json_str_or(stack, "StackName", "?")),
            .status = xstrdup(json_str_or(stack, "StackStatus", "")),
            .engine = &engine_cloudformation,
            .changed_ms = updated ? updated : created}));
}

static int add_cloudformation(struct engine_context *c, struct flow_stacks *out, struct error *err)
{
    cleanup_json json_t *stacks = NULL;

    int rc = engine_call_all(c, &aws_cloudformation_DescribeStacks, NULL, &stacks, err);
    if (rc < 0)
        return error_wrap(err, "listing stacks");

    size_t i;
    json_t *stack;

    json_array_foreach(stacks, i, stack) {
        if (is_a_project_of_ours(c, stack))
            add_stack(out, stack);
    }

    return 0;
}

/* ".pulumi/stacks/<project>/<stack>.json"; false for backups and attributes beside it. */
static bool split_key(const char *key, char **project, char **stack)
{
    const char *rest = text_starts(key, STATES) ? key + strlen(STATES) : "";
    const char *slash = strchr(rest, '/');

    if (!slash || slash == rest || strchr(slash + 1, '/'))
        return false;
    if (!text_ends(key, ".json") || strlen(slash) <= strlen("/.json"))
        return false;

    *project = xstrndup(rest, (size_t)(slash - rest));
    *stack = xstrndup(slash + 1, strlen(slash + 1) - strlen(".json"));
    return true;
}

/* How the last run ended, or which runs now. */
static int read_status(
    struct engine_context *c, const struct pulumi_place *p, struct flow_stack *s, struct error *err)
{
    cleanup_json json_t *last = NULL;
    cleanup_free char *task = NULL;
    bool alive = false;

    int rc = pulumi_object(c, p, "run.json", &last, err);
    if (rc == 0)
        rc = pulumi_owner(c, p, &task, &alive, err);
    if (rc < 0)
        return rc;

    const char *verb = json_str_or(last, "verb", "run");
    s->status = task ? xasprintf("%s: task %s", alive ? "running" : "interrupted", task)
                     : xasprintf("%s %s", verb, json_str_or(last, "state", "unknown"));
    return 0;
}

/* Locks lie under the stack they hold, one object each. */
static bool is_locked(const struct flow_stack *s, const json_t *locks)
{
    cleanup_free char *prefix = xasprintf(LOCKS "%s/%s/", s->project, s->stack);
    size_t i;
    json_t *lock;

    json_array_foreach(locks, i, lock) {
        if (text_starts(json_str_or(lock, "Key", ""), prefix))
            return true;
    }

    return false;
}

static void free_names(struct flow_stack *s)
{
    free(s->project);
    free(s->stack);
}

/* A state that is too small to hold a resource is not read (STATE_BYTES). */
static int add_state(
    struct engine_context *c,
    const struct flow_cd *cd,
    const json_t *object,
    const json_t *locks,
    struct flow_stacks *out,
    struct error *err)
{
    const char *key = json_str_or(object, "Key", "");
    struct flow_stack s = {.engine = &engine_pulumi, .changed_ms = time_of(object, "LastModified")};

    if (!split_key(key, &s.project, &s.stack))
        return 0;

    bool locked = is_locked(&s, locks); /* a first run is under way, or was killed */
    if (!locked && json_number_value(json_object_get(object, "Size")) < STATE_BYTES) {
        free_names(&s);
        return 0;
    }

    cleanup_free char *root = xasprintf("projects/%s/%s", s.project, s.stack);
    struct pulumi_place place = {.cd = *cd, .ready = true, .root = root};
    cleanup_json json_t *state = NULL;

    int rc = pulumi_object(c, &place, key, &state, err);
    s.pending = (unsigned)json_array_size(json_at(state, "checkpoint.latest.pending_operations"));
    bool there =
        locked || s.pending || json_array_size(json_at(state, "checkpoint.latest.resources")) > 0;
    if (rc == 0 && there)
        rc = read_status(c, &place, &s, err);
    if (rc == 0 && there) {
        s.name = xasprintf("s3://%s/%s", cd->bucket, key);
        vec_push(out, s);
        return 0;
    }

    free_names(&s);
    return rc;
}

static int list_keys(
    struct engine_context *c,
    const struct flow_cd *cd,
    const char *prefix,
    json_t **out,
    struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;

    int rc = engine_call_all(
        c,
        &aws_s3_ListObjectsV2,
        object(key("Bucket", cd->bucket), key("Prefix", prefix)),
        out,
        &local);
    if (rc == 0 ||
        aws_error_is_not_found(&local)) /* a bucket that somebody deleted holds no state */
        return 0;

    error_move(err, &local);
    return error_wrap(err, "listing the states of Pulumi in bucket %s", cd->bucket);
}

static int add_pulumi(struct engine_context *c, struct flow_stacks *out, struct error *err)
{
    struct flow_cd cd = {0};
    cleanup_json json_t *objects = NULL, *locks = NULL;
    bool exists = false;

    int rc = flow_cd_describe(c, &cd, &exists, err);
    if (rc == 0 && exists && cd.bucket)
        rc = list_keys(c, &cd, STATES, &objects, err);
    if (rc == 0 && json_array_size(objects))
        rc = list_keys(c, &cd, LOCKS, &locks, err);
    for (size_t i = 0; rc == 0 && i < json_array_size(objects); i++)
        rc = add_state(c, &cd, json_array_get(objects, i), locks, out, err);
    flow_cd_done(&cd);
    return rc;
}

int flow_stacks_list(struct engine_context *c, struct flow_stacks *out, struct error *err)
{
    int rc = add_cloudformation(c, out, err);
    return rc < 0 ? rc : add_pulumi(c, out, err);
}

/* AllRegions=false: only those that the account has enabled. */
int flow_regions(struct engine_context *c, json_t **names, struct error *err)
{
    cleanup_json json_t *reply = NULL;

    int rc =
        engine_call(c, &aws_ec2_DescribeRegions, object(key("AllRegions", false)), &reply, err);
    *names = json_array();
    size_t i;
    json_t *region;

    json_array_foreach(json_object_get(reply, "Regions"), i, region) {
        if (json_str(region, "RegionName"))
            json_array_append(*names, json_object_get(region, "RegionName"));
    }

    return rc < 0 ? error_wrap(err, "listing the regions of the account") : 0;
}

/* Why not simply make them anew: CloudFormation fails a stack whose named log group exists
 * (AlreadyExists), and taking the group away first would take the evidence with it. A change set
 * with ImportExistingResources takes a named, retained resource that is in no stack for its own
 * (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html). It
 * would take anybody's, so whose it is is looked at here: the stack gives its groups our tag.
 *
 * One that somebody deleted is made again under its name, here and not by the engine: to that its
 * name is all that it is, and taking it out of the stack would take every service along. */
#include "engine/stack/log_groups.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/stack/stack.h"

#include <stdint.h>
#include <string.h>

#define LOG_GROUP "AWS::Logs::LogGroup"

static void add(struct left_groups *out, const json_t *group)
{
    const char *arn = json_str_or(group, "arn", "");
    size_t n = strlen(arn);

    if (text_ends(arn, ":*"))
        n -= strlen(":*");
    if (out->len == out->cap) {
        out->cap = out->cap ? out->cap * 2 : 8;
        out->items = xreallocarray(out->items, out->cap, sizeof *out->items);
    }

    out->items[out->len++] = (struct left_group){
        .name = xstrdup(json_str_or(group, "logGroupName", "")),
        .arn = xstrndup(arn, n),
        .days = json_int_or(group, "retentionInDays", 0)};
}

/* *denied: nobody knows whether there are any. */
static int
read_all(struct engine_context *c, struct left_groups *out, bool *denied, struct error *err)
{
    cleanup_json json_t *groups = NULL;
    cleanup_error struct error local = ERROR_INIT;
    cleanup_free char *prefix = plan_config_path(c->settings, c->project);
    json_t *in = object(key("logGroupNamePrefix", prefix));
    *out = (struct left_groups){0};
    *denied = false;

    int rc = engine_call_all(c, &aws_logs_DescribeLogGroups, in, &groups, &local);
    if (rc < 0 && local.http_status == 403) {
        *denied = true;
        return 0;
    }
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "looking for the project's log groups");
    }

    size_t i;
    json_t *group;

    json_array_foreach(groups, i, group) {
        add(out, group);
    }

    return 0;
}

static void left_group_done(struct left_group *g)
{
    free(g->name);
    free(g->arn);
}

void left_groups_done(struct left_groups *g)
{
    for (size_t i = 0; i < g->len; i++)
        left_group_done(&g->items[i]);

    free(g->items);
    *g = (struct left_groups){0};
}

static const struct left_group *find(const struct left_groups *g, const char *name)
{
    for (size_t i = 0; i < g->len; i++)
        if (text_eq(g->items[i].name, name))
            return &g->items[i];
    return NULL;
}

static int
is_ours(struct engine_context *c, const struct left_group *g, bool *ours, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("resourceArn", g->arn));

    int rc = engine_call(c, &aws_logs_ListTagsForResource, in, &reply, err);
    if (rc < 0)
        return error_wrap(err, "looking whose the log group %s is", g->name);

    const json_t *tags = json_object_get(reply, "tags");
    *ours =
        text_eq(json_string_value(json_object_get(tags, ENGINE_TAG_OWNER)), ENGINE_TAG_OWNER_VALUE);
    return 0;
}

static int check_ours(struct engine_context *c, const struct left_group *g, struct error *err)
{
    bool ours = false;

    int rc = is_ours(c, g, &ours, err);
    if (rc < 0 || ours)
        return rc;

    rc = error_raise(
        err,
        ERR_REFUSED,
        "the log group %s exists and is not ours (it has no tag %s=%s)",
        g->name,
        ENGINE_TAG_OWNER,
        ENGINE_TAG_OWNER_VALUE);
    error_hint(
        err, "remove it if nobody needs it, or choose another name with --stack or DEFANG_PREFIX");
    return rc;
}

int left_groups_read(struct engine_context *c, struct left_groups *out, struct error *err)
{
    size_t n = 0;
    bool denied;
    int rc = read_all(c, out, &denied, err);

    for (size_t i = 0; i < out->len; i++) {
        bool ours = false;

        if (rc == 0)
            rc = is_ours(c, &out->items[i], &ours, err);
        if (ours)
            out->items[n++] = out->items[i];
        else
            left_group_done(&out->items[i]);
    }

    out->len = n;
    return rc;
}

/* Would be made, and is to outlive the stack. */
static bool is_new_group(const struct graph_resource *r, const json_t *deployed)
{
    return text_eq(r->type, LOG_GROUP) && text_starts(r->deletion_policy, "Retain") &&
           !json_object_get(deployed, r->logical_id);
}

int left_groups_import(
    struct engine_context *c,
    const struct graph *g,
    const json_t *deployed,
    bool *import,
    struct error *err)
{
    struct left_groups there = {0};
    bool asked = false, denied;
    int rc = 0;
    *import = false;

    for (size_t i = 0; rc == 0 && i < g->len; i++) {
        const struct graph_resource *r = &g->resources[i];

        if (!is_new_group(r, deployed))
            continue;
        if (!asked)
            rc = read_all(c, &there, &denied, err);
        asked = true;

        const struct left_group *left =
            rc == 0 ? find(&there, json_str(r->properties, "LogGroupName")) : NULL;
        if (left) {
            *import = true;
            rc = check_ours(c, left, err);
        }
    }

    left_groups_done(&there);
    return rc;
}

int left_groups_delete(struct engine_context *c, const struct left_groups *g, struct error *err)
{
    for (size_t i = 0; i < g->len; i++) {
        cleanup_error struct error local = ERROR_INIT;
        json_t *in = object(key("logGroupName", g->items[i].name));

        int rc = engine_call(c, &aws_logs_DeleteLogGroup, in, NULL, &local);
        if (rc < 0 && !aws_error_is_not_found(&local)) {
            error_move(err, &local);
            return error_wrap(err, "removing the log group %s", g->items[i].name);
        }
    }

    return 0;
}

/* ---- those that somebody deleted ---- */

int lost_groups_find(
    struct engine_context *c, const json_t *template, json_t **lost, struct error *err)
{
    struct left_groups there = {0};
    cleanup_free char *prefix = plan_config_path(c->settings, c->project);
    const char *id;
    json_t *resource;
    bool denied;
    *lost = NULL;

    int rc = read_all(c, &there, &denied, err);
    json_object_foreach(json_object_get(template, "Resources"), id, resource) {
        const char *name = json_str(resource, "Properties.LogGroupName");
        bool known = text_eq(json_str(resource, "Type"), LOG_GROUP) && text_starts(name, prefix);

        if (rc < 0 || denied || !known || find(&there, name))
            continue;
        if (!*lost)
            *lost = json_object();
        json_add(*lost, id, json_of(name));
    }

    left_groups_done(&there);
    return rc;
}

/* The tags that its stack gave it, so that the next stack knows it for ours. */
static json_t *tags_of(struct engine_context *c)
{
    cleanup_free char *stack = plan_stack_name(c->settings, c->project);
    cleanup_json json_t *list = cfn_tags(c, stack);
    json_t *tags = json_object(), *tag;
    size_t i;

    json_array_foreach(list, i, tag) {
        json_add(tags, json_str_or(tag, "Key", ""), json_of(json_str_or(tag, "Value", "")));
    }
    return tags;
}

static int
make_group(struct engine_context *c, const char *name, const json_t *resource, struct error *err)
{
    const json_t *days = json_at(resource, "Properties.RetentionInDays");
    json_t *in = object(key("logGroupName", name), key("tags", tags_of(c)));

    int rc = engine_call(c, &aws_logs_CreateLogGroup, in, NULL, err);
    if (rc < 0 && error_has_code(err, "ResourceAlreadyExistsException")) {
        error_done(err); /* an earlier life made it */
        rc = 0;
    }
    if (rc == 0 && days) {
        in = object(key("logGroupName", name), key("retentionInDays", json_deep_copy(days)));
        rc = engine_call(c, &aws_logs_PutRetentionPolicy, in, NULL, err);
    }

    return rc < 0 ? error_wrap(err, "making the log group %s anew", name) : 0;
}

int lost_groups_make(
    struct engine_context *c, const json_t *template, const json_t *lost, struct error *err)
{
    const char *id;
    json_t *name;

    json_object_foreach((json_t *)(uintptr_t)lost, id, name) {
        const json_t *resource = json_object_get(json_object_get(template, "Resources"), id);

        int rc = make_group(c, json_string_value(name), resource, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

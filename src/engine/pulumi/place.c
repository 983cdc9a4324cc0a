/* What the pulumi engine keeps in the CD bucket and in SSM. */
#include "engine/build/tasks.h"
#include "engine/pulumi/pulumi.h"

#include "aws/model/operations.h"
#include "aws/s3/s3.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "plan/pulumi/pulumi.h"

#include <errno.h>
#include <string.h>

#define PASSPHRASE_CHARACTERS 43 /* of 62: 256 bits */

int pulumi_place_open(struct engine_context *c, struct pulumi_place *out, struct error *err)
{
    *out = (struct pulumi_place){
        .root = xasprintf("projects/%s/%s", c->project, c->settings->stack),
        .checkpoint = xasprintf(".pulumi/stacks/%s/%s.json", c->project, c->settings->stack)};
    cleanup_free char *config = plan_config_path(c->settings, c->project);
    out->passphrase = xasprintf("%.*s-pulumi/passphrase", (int)strlen(config) - 1, config);
    return flow_cd_describe(c, &out->cd, &out->ready, err);
}

void pulumi_place_done(struct pulumi_place *p)
{
    flow_cd_done(&p->cd);
    free(p->root);
    free(p->checkpoint);
    free(p->passphrase);
    *p = (struct pulumi_place){0};
}

static char *key_of(const struct pulumi_place *p, const char *name)
{
    return *name == '.' ? xstrdup(name) : xasprintf("%s/%s", p->root, name);
}

static int read_text(
    struct engine_context *c,
    const struct pulumi_place *p,
    const char *key,
    struct str *out,
    bool *there,
    struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    int rc;
    do
        rc = s3_get(c->aws, p->cd.bucket, key, LIMIT_PULUMI_OBJECT_BYTES, out, &local);
    while (engine_retry_after_auth(c, rc, &local));
    *there = rc == 0;
    if (rc == 0 || aws_error_is_not_found(&local))
        return 0;
    error_move(err, &local);
    return error_wrap(err, "reading s3://%s/%s", p->cd.bucket, key);
}

int pulumi_object(
    struct engine_context *c,
    const struct pulumi_place *p,
    const char *name,
    json_t **out,
    struct error *err)
{
    *out = NULL;
    if (!p->ready)
        return 0;
    cleanup_free char *key = key_of(p, name);
    cleanup_str struct str text = STR_INIT;
    bool there = false;
    int rc = read_text(c, p, key, &text, &there, err);
    if (rc < 0 || !there)
        return rc;
    rc = json_parse(str_get(&text), text.len, out, err);
    return rc < 0 ? error_wrap(err, "s3://%s/%s is not what the CD task writes", p->cd.bucket, key)
                  : 0;
}

int pulumi_object_delete(
    struct engine_context *c, const struct pulumi_place *p, const char *name, struct error *err)
{
    cleanup_free char *key = key_of(p, name);
    int rc = engine_call(
        c,
        &aws_s3_DeleteObjects,
        json_pack(
            "{s:s,s:{s:[{s:s}],s:b}}",
            "Bucket",
            p->cd.bucket,
            "Delete",
            "Objects",
            "Key",
            key,
            "Quiet",
            1),
        NULL,
        err);
    return rc < 0 ? error_wrap(err, "removing s3://%s/%s", p->cd.bucket, key) : 0;
}

int pulumi_owner(
    struct engine_context *c,
    const struct pulumi_place *p,
    char **task,
    bool *alive,
    struct error *err)
{
    *task = NULL;
    *alive = false;
    if (!p->ready)
        return 0;
    cleanup_free char *key = key_of(p, "owner");
    cleanup_str struct str text = STR_INIT;
    bool there = false;
    int rc = read_text(c, p, key, &text, &there, err);
    if (rc < 0 || !there)
        return rc;
    *task = str_take(&text);
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    rc = engine_call(
        c,
        &aws_ecs_DescribeTasks,
        json_pack("{s:s,s:[s]}", "cluster", p->cd.cluster, "tasks", *task),
        &reply,
        &local);
    if (rc < 0 &&
        !error_has_code(
            &local,
            "InvalidParameterException")) { /* not a task's name: of nobody who could still run */
        error_move(err, &local);
        return error_wrap(err, "looking at the task that holds %s", p->root);
    }
    const json_t *now = json_at(reply, "tasks.0");
    *alive = now && !text_eq(json_str(now, "lastStatus"), "STOPPED") &&
             !text_eq(json_str(now, "lastStatus"), "DELETED");
    return 0;
}

int pulumi_lock(
    struct engine_context *c, const struct pulumi_place *p, char **lock, struct error *err)
{
    cleanup_free char *prefix =
        xasprintf(".pulumi/locks/organization/%s/%s/", c->project, c->settings->stack);
    cleanup_json json_t *found = NULL;
    *lock = NULL;
    int rc = engine_call_all(
        c,
        &aws_s3_ListObjectsV2,
        json_pack("{s:s,s:s}", "Bucket", p->cd.bucket, "Prefix", prefix),
        &found,
        err);
    if (rc < 0)
        return error_wrap(err, "looking for locks in bucket %s", p->cd.bucket);
    const char *key = json_str(json_array_get(found, 0), "Key");
    *lock = key ? xasprintf("s3://%s/%s", p->cd.bucket, key) : NULL;
    return 0;
}

int pulumi_passphrase_ensure(
    struct engine_context *c, const struct pulumi_place *p, struct error *err)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char value[PASSPHRASE_CHARACTERS + 1] = {0};
    for (size_t i = 0; i < PASSPHRASE_CHARACTERS; i++)
        value[i] = letters[clock_random_below(sizeof letters - 1)];
    json_t *text = json_string(value);
    cleanup_error struct error local = ERROR_INIT;
    int rc = engine_call(
        c,
        &aws_ssm_PutParameter,
        json_pack(
            "{s:s,s:O,s:s,s:b}",
            "Name",
            p->passphrase,
            "Value",
            text,
            "Type",
            "SecureString",
            "Overwrite",
            0),
        NULL,
        &local);
    secret_wipe((char *)(uintptr_t)json_string_value(text), json_string_length(text));
    secret_wipe(value, sizeof value);
    json_decref(text);
    if (rc == 0 || error_has_code(&local, "ParameterAlreadyExists"))
        return 0;
    error_move(err, &local);
    return error_wrap(err, "storing the passphrase of the Pulumi stack as %s", p->passphrase);
}

int pulumi_passphrase_remove(
    struct engine_context *c, const struct pulumi_place *p, struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    int rc = engine_call(
        c, &aws_ssm_DeleteParameter, json_pack("{s:s}", "Name", p->passphrase), NULL, &local);
    if (rc == 0 || aws_error_is_not_found(&local))
        return 0;
    error_move(err, &local);
    return error_wrap(err, "removing %s", p->passphrase);
}

static const json_t *resources_of(const json_t *checkpoint)
{
    return json_at(checkpoint, "checkpoint.latest.resources");
}

char *pulumi_plugins(const json_t *checkpoint, bool builds)
{
    struct str out = STR_INIT;
    str_appendf(&out, "aws=%s", PLAN_PULUMI_AWS_VERSION);
    if (builds)
        str_appendf(&out, " command=%s", PLAN_PULUMI_COMMAND_VERSION);
    size_t i;
    json_t *r;
    json_array_foreach(resources_of(checkpoint), i, r)
    {
        const char *type = json_str_or(r, "type", ""), *version = json_str(r, "inputs.version");
        if (!text_starts(type, "pulumi:providers:") || text_empty(version))
            continue;
        cleanup_free char *spec = xasprintf("%s=%s", type + strlen("pulumi:providers:"), version);
        if (strspn(spec, "abcdefghijklmnopqrstuvwxyz-=0123456789.") == strlen(spec) &&
            !strstr(str_get(&out), spec))
            str_appendf(&out, " %s", spec);
    }
    return str_take(&out);
}

json_t *pulumi_physical_ids(const json_t *checkpoint)
{
    /* Where the provider's id is not what CloudFormation calls the physical id. */
    static const struct {
        const char *type, *output;
    } other[] = {
        {"aws:rds/instance:Instance", "outputs.identifier"},
        {"aws:docdb/cluster:Cluster", "outputs.clusterIdentifier"},
    };

    json_t *ids = json_object();
    size_t i;
    json_t *r;
    json_array_foreach(resources_of(checkpoint), i, r)
    {
        const char *urn = json_str_or(r, "urn", ""), *name = strrchr(urn, ':');
        const char *id = json_str(r, "id");
        for (size_t k = 0; k < ARRAY_LEN(other); k++)
            if (text_eq(other[k].type, json_str(r, "type")) && json_str(r, other[k].output))
                id = json_str(r, other[k].output);
        if (name && id)
            json_object_set_new(ids, name + 1, json_string(id));
    }
    return ids;
}

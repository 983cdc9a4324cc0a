/* What the pulumi engine keeps in the CD bucket and in SSM.
 *
 *   .pulumi/stacks/<project>/<stack>.json   Pulumi's state
 *   .pulumi/locks/organization/…            its lock
 *   projects/<project>/<stack>/owner        the task that holds the stack
 *                             /run.json     how the last run ended
 *                             /deployed.json, /outputs.json
 *
 * Who holds the stack is asked in two steps, because neither is enough: the object says which task,
 * ECS says whether it lives. The passphrase of Pulumi's secrets is made here, written once, and
 * never read: only the task gets it, from SSM. */
#include "engine/pulumi/place.h"

#include "aws/model/operations.h"
#include "aws/s3/s3.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

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

/* What is not there is an answer, not an error. */
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
    json_t *request = object(key("Objects", array(object(key("Key", key)))), key("Quiet", true));
    json_t *in = object(key("Bucket", p->cd.bucket), key("Delete", request));

    int rc = engine_call(c, &aws_s3_DeleteObjects, in, NULL, err);
    return rc < 0 ? error_wrap(err, "removing s3://%s/%s", p->cd.bucket, key) : 0;
}

/* A name that is not a task's is of nobody who could still run. */
static int ask_alive(
    struct engine_context *c,
    const struct pulumi_place *p,
    const char *task,
    bool *alive,
    struct error *err)
{
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    /* Whoever can write into the bucket chose this text: it may be no UTF-8. */
    json_t *tasks = array(json_string(task));
    json_t *in = object(key("cluster", p->cd.cluster), key("tasks", tasks));

    int rc = engine_call(c, &aws_ecs_DescribeTasks, in, &reply, &local);
    if (rc < 0 && !error_has_code(&local, "InvalidParameterException")) {
        error_move(err, &local);
        return error_wrap(err, "looking at the task that holds %s", p->root);
    }

    const json_t *now = json_at(reply, "tasks.0");
    const char *status = json_str(now, "lastStatus");
    *alive = now && !text_eq(status, "STOPPED") && !text_eq(status, "DELETED");
    return 0;
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
    return ask_alive(c, p, *task, alive, err);
}

int pulumi_lock(
    struct engine_context *c, const struct pulumi_place *p, char **lock, struct error *err)
{
    cleanup_free char *prefix =
        xasprintf(".pulumi/locks/organization/%s/%s/", c->project, c->settings->stack);
    cleanup_json json_t *found = NULL;
    *lock = NULL;
    json_t *in = object(key("Bucket", p->cd.bucket), key("Prefix", prefix));

    int rc = engine_call_all(c, &aws_s3_ListObjectsV2, in, &found, err);
    if (rc < 0)
        return error_wrap(err, "looking for locks in bucket %s", p->cd.bucket);

    const char *key = json_str(json_array_get(found, 0), "Key");
    *lock = key ? xasprintf("s3://%s/%s", p->cd.bucket, key) : NULL;
    return 0;
}

/* Made each time and written only where there is none (Overwrite=false), so that two runs agree
 * on one. */
int pulumi_passphrase_ensure(
    struct engine_context *c, const struct pulumi_place *p, struct error *err)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char value[PASSPHRASE_CHARACTERS + 1] = {0};

    for (size_t i = 0; i < PASSPHRASE_CHARACTERS; i++)
        value[i] = letters[clock_random_below(sizeof letters - 1)];

    json_t *text = json_string(value);
    json_t *in = object(
        key("Name", p->passphrase),
        key("Value", json_incref(text)),
        key("Type", "SecureString"),
        key("Overwrite", false));
    cleanup_error struct error local = ERROR_INIT;

    int rc = engine_call(c, &aws_ssm_PutParameter, in, NULL, &local);

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
    json_t *in = object(key("Name", p->passphrase));

    int rc = engine_call(c, &aws_ssm_DeleteParameter, in, NULL, &local);
    if (rc == 0 || aws_error_is_not_found(&local))
        return 0;

    error_move(err, &local);
    return error_wrap(err, "removing %s", p->passphrase);
}

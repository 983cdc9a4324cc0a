/* Records of runs: one SSM parameter a service under plan_runs_path(), so that what succeeded is
 * not run again, by whichever machine deploys next. A JSON object: hash (of what ran), deployment,
 * task, exit, ended_ms, reason. They go with the service, or with the project. */
#include "engine/run/once_record.h"

#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/values/parameters.h"

#include <string.h>

#define NAMES_A_CALL 10 /* GetParameters */

void flow_run_done(struct flow_run *r)
{
    free(r->hash);
    free(r->deployment);
    free(r->task);
    free(r->reason);
    *r = (struct flow_run){0};
}

const char *flow_run_why(const struct flow_run *last, const char *hash)
{
    if (!last->known)
        return "new";
    if (!text_eq(last->hash, hash))
        return "changed";
    return last->exit_code != 0 ? "failed before" : NULL;
}

static char *record_name(struct engine_context *c, const char *service)
{
    cleanup_free char *root = plan_runs_path(c->settings, c->project);
    return xasprintf("%s%s", root, service);
}

static void read_record(const json_t *parameter, struct flow_run *out)
{
    cleanup_json json_t *value = NULL;
    /* Not ours, or from another time: as if it never ran. */
    cleanup_error struct error ignored = ERROR_INIT;
    const char *text = json_str_or(parameter, "Value", "");

    if (json_parse(text, strlen(text), &value, &ignored) < 0 || !json_is_object(value))
        return;

    *out = (struct flow_run){
        .known = true,
        .hash = xstrdup_null(json_str(value, "hash")),
        .deployment = xstrdup_null(json_str(value, "deployment")),
        .task = xstrdup_null(json_str(value, "task")),
        .reason = xstrdup_null(json_str(value, "reason")),
        .exit_code = (int)json_int_or(value, "exit", -1),
        .ended_ms = json_int_or(value, "ended_ms", 0)};
}

/* SSM answers in an order of its own and leaves out what is not there. */
static void take_records(
    struct engine_context *c,
    const json_t *parameters,
    const char *const *services,
    size_t count,
    struct flow_run *out)
{
    size_t k;
    json_t *parameter;

    json_array_foreach(parameters, k, parameter) {
        for (size_t i = 0; i < count; i++) {
            cleanup_free char *name = record_name(c, services[i]);
            if (text_eq(json_str(parameter, "Name"), name))
                read_record(parameter, &out[i]);
        }
    }
}

static int read_some(
    struct engine_context *c,
    const char *const *services,
    size_t count,
    struct flow_run *out,
    struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *names = array();

    for (size_t i = 0; i < count; i++) {
        cleanup_free char *name = record_name(c, services[i]);
        json_push(names, json_of(name));
    }

    int rc = engine_call(c, &aws_ssm_GetParameters, object(key("Names", names)), &reply, err);
    if (rc < 0)
        return error_wrap(err, "reading how the services that run once have ended");

    take_records(c, json_object_get(reply, "Parameters"), services, count, out);
    return 0;
}

int flow_runs_read(
    struct engine_context *c,
    const char *const *services,
    size_t count,
    struct flow_run *out,
    struct error *err)
{
    int rc = 0;
    memset(out, 0, count * sizeof *out);
    for (size_t i = 0; i < count && rc == 0; i += NAMES_A_CALL)
        rc = read_some(c, services + i, MIN(count - i, (size_t)NAMES_A_CALL), out + i, err);
    return rc;
}

int flow_run_write(
    struct engine_context *c,
    const struct plan_once *o,
    const char *task,
    int exit_code,
    const char *reason,
    struct error *err)
{
    cleanup_free char *name = record_name(c, o->service);
    cleanup_json json_t *value = object(
        key("hash", o->hash),
        key("deployment", c->deployment),
        key("task", task),
        key("exit", exit_code),
        key("ended_ms", clock_wall_ms()),
        key("reason", reason));
    cleanup_free char *text = json_print(value, false, true);
    json_t *in = object(
        key("Name", name), key("Value", text), key("Type", "String"), key("Overwrite", true));

    int rc = engine_call(c, &aws_ssm_PutParameter, in, NULL, err);
    return rc < 0 ? error_wrap(err, "recording that %s has run", o->service) : 0;
}

struct kept {
    const char *root;
    const char *const *services;
    size_t count;
};

static bool is_kept(const void *arg, const char *name)
{
    const struct kept *k = arg;

    for (size_t i = 0; i < k->count; i++)
        if (text_eq(k->services[i], name + strlen(k->root)))
            return true;
    return false;
}

int flow_runs_prune(
    struct engine_context *c, const char *const *keep, size_t count, struct error *err)
{
    cleanup_free char *root = plan_runs_path(c->settings, c->project);
    return parameters_prune(c, root, is_kept, &(struct kept){root, keep, count}, err);
}

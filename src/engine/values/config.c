/* Sensitive config: SSM SecureString parameters. Values go in, never out: nothing here reads one,
 * and the one that is written is wiped from memory after the call.
 *
 * Names are checked here because they become a path in SSM and a variable in a container; some are
 * the planner's own. A value that is there is overwritten as a new version, unless the caller asked
 * to leave it; the tier moves by itself where a value is too long for the standard one. */
#include "engine/values/config.h"

#include "aws/model/operations.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/values/parameters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *parameter_name(struct engine_context *c, const char *name)
{
    cleanup_free char *path = plan_config_path(c->settings, c->project);
    return xasprintf("%s%s", path, name);
}

static int check_name(const char *name, struct error *err)
{
    if (plan_config_name_valid(name) && !plan_config_name_reserved(name))
        return 0;
    if (plan_config_name_valid(name))
        return error_raise(
            err,
            ERR_USAGE,
            "config %s: the name is reserved, its value comes from the project itself",
            name);

    error_raise(err, ERR_USAGE, "invalid config name \"%s\"", name);
    error_hint(
        err,
        "a config name has letters, digits and _, at most 64 of them, and does not start with a "
        "digit");
    return -EINVAL;
}

static int check_value(const char *name, const struct secret *value, struct error *err)
{
    if (value->len == 0)
        return error_raise(
            err, ERR_USAGE, "config %s: the value is empty, and SSM keeps no empty value", name);
    if (value->len > LIMIT_CONFIG_VALUE_BYTES)
        return error_raise(
            err,
            ERR_USAGE,
            "config %s: the value has %zu bytes, SSM takes at most %zu",
            name,
            value->len,
            LIMIT_CONFIG_VALUE_BYTES);
    return 0;
}

/* `text` is borrowed, so that the caller can wipe it. */
static int
put(struct engine_context *c, const char *name, json_t *text, bool overwrite, struct error *err)
{
    cleanup_free char *parameter = parameter_name(c, name);
    json_t *in = object(
        key("Name", parameter),
        key("Value", json_incref(text)),
        key("Type", "SecureString"),
        key("Overwrite", overwrite),
        key("Tier", "Intelligent-Tiering"));

    return engine_call(c, &aws_ssm_PutParameter, in, NULL, err);
}

/* The value that is there already: a new version of it would make services new for nothing. What
 * cannot be read is written. */
static bool has_value(struct engine_context *c, const char *name, const struct secret *value)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *parameter = parameter_name(c, name);
    json_t *reply = NULL;
    json_t *in = object(key("Names", texts(parameter)), key("WithDecryption", true));

    int rc = engine_call(c, &aws_ssm_GetParameters, in, &reply, &ignored);
    const json_t *there = json_object_get(json_at(reply, "Parameters.0"), "Value");
    bool same = rc == 0 && json_is_string(there) &&
                text_eq(json_str(reply, "Parameters.0.Type"), "SecureString") &&
                text_eq(json_string_value(there), secret_get(value));

    if (json_is_string(there))
        secret_wipe((char *)(uintptr_t)json_string_value(there), json_string_length(there));
    json_decref(reply);
    return same;
}

int flow_config_set(
    struct engine_context *c,
    const char *name,
    const struct secret *value,
    bool if_not_set,
    bool *set,
    struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    bool overwrite = !if_not_set;
    *set = false;

    int rc = check_name(name, err);
    if (rc == 0)
        rc = check_value(name, value, err);
    if (rc < 0)
        return rc;

    json_t *text = json_string(secret_get(value));
    if (!text)
        return error_raise(err, ERR_USAGE, "config %s: the value is not valid UTF-8", name);

    bool there = overwrite && has_value(c, name, value);
    if (!there)
        rc = put(c, name, text, overwrite, &local);
    secret_wipe((char *)(uintptr_t)json_string_value(text), json_string_length(text));
    json_decref(text);

    if (rc < 0 && if_not_set && error_has_code(&local, "ParameterAlreadyExists"))
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "storing config %s", name);
    }

    *set = !there;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct flow_config *)a)->name, ((const struct flow_config *)b)->name);
}

void flow_config_list_done(struct flow_config *list, size_t count)
{
    for (size_t i = 0; list && i < count; i++)
        free(list[i].name);
    free(list);
}

int flow_config_list(
    struct engine_context *c, struct flow_config **list, size_t *count, struct error *err)
{
    cleanup_free char *path = plan_config_path(c->settings, c->project);
    cleanup_json json_t *items = NULL;
    *list = NULL;
    *count = 0;

    int rc = engine_call_all(c, &aws_ssm_DescribeParameters, parameters_under(path), &items, err);
    if (rc < 0)
        return error_wrap(err, "listing the config under %s", path);

    size_t i;
    json_t *item;
    *list = xcalloc(json_array_size(items) + 1, sizeof **list);
    json_array_foreach(items, i, item) {
        const char *full = json_str(item, "Name");
        double set = json_number_value(json_object_get(item, "LastModifiedDate")); /* seconds */

        if (!text_starts(full, path))
            continue;
        (*list)[(*count)++] = (struct flow_config){
            .name = xstrdup(full + strlen(path)),
            .version = json_int_or(item, "Version", 0),
            .set_ms = (long long)(set * 1000)};
    }

    qsort(*list, *count, sizeof **list, by_name);
    return 0;
}

int flow_config_remove(struct engine_context *c, const char *name, bool *removed, struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    *removed = false;

    int rc = check_name(name, err);
    if (rc < 0)
        return rc;

    cleanup_free char *parameter = parameter_name(c, name);
    json_t *in = object(key("Name", parameter));
    rc = engine_call(c, &aws_ssm_DeleteParameter, in, NULL, &local);
    if (rc < 0 && aws_error_is_not_found(&local))
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "removing config %s", name);
    }

    *removed = true;
    return 0;
}

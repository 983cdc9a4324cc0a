/* Values that mix text with config (plan_derived): composed here from the config store and kept as
 * SecureString parameters. A value lives in this process only between two calls, and is wiped. */
#include "engine/flow.h"
#include "engine/values/parameters.h"

#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define NAMES_A_CALL 10 /* GetParameters and DeleteParameters */

static void wipe(json_t *values)
{
    const char *name;
    json_t *value;
    json_object_foreach(values, name, value)
        secret_wipe((char *)json_string_value(value), json_string_length(value));
    json_decref(values);
}

static int fetch(struct engine_context *c, json_t *names, json_t *values, struct error *err)
{
    json_t *reply = NULL;
    int rc = engine_call(
        c,
        &aws_ssm_GetParameters,
        json_pack("{s:o,s:b}", "Names", names, "WithDecryption", 1),
        &reply,
        err);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(reply, "Parameters"), i, item)
    {
        json_t *value = json_object_get(item, "Value");
        if (json_is_string(value) && json_str(item, "Name"))
            json_object_set_new(values, json_str(item, "Name"), json_copy(value));
        if (json_is_string(value))
            secret_wipe((char *)json_string_value(value), json_string_length(value));
    }
    json_decref(reply);
    return rc < 0 ? error_wrap(err, "reading config values") : 0;
}

static int fetch_all(
    struct engine_context *c,
    const char *path,
    const struct plan_derived *list,
    size_t count,
    json_t *values,
    struct error *err)
{
    cleanup_json json_t *wanted = json_object(); /* a set */
    for (size_t i = 0; i < count; i++)
        for (const struct compose_part *p = list[i].parts; p; p = p->next)
            if (p->is_config)
                json_object_set_new(wanted, p->text, json_true());
    json_t *names = json_array();
    const char *name;
    json_t *unused;
    int rc = 0;
    json_object_foreach(wanted, name, unused)
    {
        cleanup_free char *full = xasprintf("%s%s", path, name);
        json_array_append_new(names, json_string(full));
        if (json_array_size(names) < NAMES_A_CALL)
            continue;
        rc = fetch(c, names, values, err);
        names = json_array();
        if (rc < 0)
            break;
    }
    if (rc == 0 && json_array_size(names))
        return fetch(c, names, values, err);
    json_decref(names);
    return rc;
}

static int compose(
    const struct plan_derived *d,
    const char *path,
    const json_t *values,
    struct str *out,
    struct error *err)
{
    if (d->file && file_read(d->file, LIMIT_CONFIG_VALUE_BYTES, out, err) < 0)
        return error_wrap(err, "reading %s of service %s", d->variable, d->service);
    for (const struct compose_part *p = d->parts; p; p = p->next) {
        cleanup_free char *full = p->is_config ? xasprintf("%s%s", path, p->text) : NULL;
        const json_t *value = full ? json_object_get(values, full) : NULL;
        if (full && !value) {
            error_raise(
                err,
                ERR_REFUSED,
                "config %s is not set, and %s of service %s is made from it",
                p->text,
                d->variable,
                d->service);
            error_hint(err, "set it with `defangctl config set %s`", p->text);
            return error_kind_errno(ERR_REFUSED);
        }
        str_append(out, value ? json_string_value(value) : p->text);
    }
    if (d->encoded) {
        char *text = digest_base64(str_get(out), out->len);
        str_wipe(out);
        str_append(out, text);
        secret_wipe(text, strlen(text));
        free(text);
    }
    if (out->len > LIMIT_CONFIG_VALUE_BYTES)
        return error_raise(
            err,
            ERR_REFUSED,
            "%s of service %s has %zu bytes with its config values, SSM takes at most %zu",
            d->variable,
            d->service,
            out->len,
            LIMIT_CONFIG_VALUE_BYTES);
    return 0;
}

static int store(
    struct engine_context *c,
    const struct plan_derived *d,
    const struct str *value,
    struct error *err)
{
    json_t *text = json_string(str_get(value));
    json_t *in = json_pack(
        "{s:s,s:O,s:s,s:b,s:s}",
        "Name",
        d->parameter,
        "Value",
        text,
        "Type",
        "SecureString",
        "Overwrite",
        1,
        "Tier",
        "Intelligent-Tiering");
    int rc = engine_call(c, &aws_ssm_PutParameter, in, NULL, err);
    secret_wipe((char *)(uintptr_t)json_string_value(text), json_string_length(text));
    json_decref(text);
    return rc < 0 ? error_wrap(err, "storing %s of service %s", d->variable, d->service) : 0;
}

int flow_derived_put(
    struct engine_context *c, const struct plan_derived *list, size_t count, struct error *err)
{
    if (!count)
        return 0;
    cleanup_free char *path = plan_config_path(c->settings, c->project);
    json_t *values = json_object();
    int rc = fetch_all(c, path, list, count, values, err);
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct str value = STR_INIT;
        rc = compose(&list[i], path, values, &value, err);
        if (rc == 0)
            rc = store(c, &list[i], &value, err);
        str_wipe(&value);
    }
    wipe(values);
    return rc;
}

struct kept {
    const struct plan_derived *list;
    size_t count;
};

static bool kept(const void *arg, const char *name)
{
    const struct kept *k = arg;
    for (size_t i = 0; i < k->count; i++)
        if (text_eq(k->list[i].parameter, name) ||
            (k->list[i].file && text_ends(name, "/" PLAN_FILE_KEY)))
            return true;
    return false;
}

int flow_file_key(
    struct engine_context *c, struct arena *arena, bool make, const char **out, struct error *err)
{
    cleanup_free char *root = plan_derived_path(c->settings, c->project);
    cleanup_free char *name = xasprintf("%s" PLAN_FILE_KEY, root);
    cleanup_json json_t *reply = NULL;
    int rc = engine_call(
        c,
        &aws_ssm_GetParameter,
        json_pack("{s:s,s:b}", "Name", name, "WithDecryption", 1),
        &reply,
        err);
    *out = NULL;
    if (rc == 0) {
        *out = arena_strdup(arena, json_str_or(reply, "Parameter.Value", ""));
        return 0;
    }
    if (!aws_error_is_not_found(err))
        return error_wrap(err, "reading %s", name);
    error_done(err);
    if (!make)
        return 0;
    uint8_t bytes[16];
    clock_random(bytes, sizeof bytes);
    cleanup_free char *hex = digest_hex(bytes, sizeof bytes);
    rc = engine_call(
        c,
        &aws_ssm_PutParameter,
        json_pack("{s:s,s:s,s:s}", "Name", name, "Value", hex, "Type", "SecureString"),
        NULL,
        err);
    *out = rc == 0 ? arena_strdup(arena, hex) : NULL;
    return rc < 0 ? error_wrap(err, "storing %s", name) : 0;
}

int flow_derived_prune(
    struct engine_context *c, const struct plan_derived *keep, size_t count, struct error *err)
{
    cleanup_free char *root = plan_derived_path(c->settings, c->project);
    return parameters_prune(c, root, kept, &(struct kept){keep, count}, err);
}

/* Values that mix text with config (plan_derived): composed here from the config store and kept as
 * SecureString parameters, because a container's definition takes a parameter whole or not at all.
 *
 *   names of all configs, each once ─▶ GetParameters by tens ─▶ compose each ─▶ PutParameter
 *
 * A value lives in this process only between two calls, and is wiped, replies included. */
#include "engine/values/derived.h"

#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/values/parameters.h"

#include <string.h>

#define NAMES_A_CALL 10 /* GetParameters */

static void wipe(json_t *values)
{
    const char *name;
    json_t *value;

    json_object_foreach(values, name, value)
        secret_wipe((char *)json_string_value(value), json_string_length(value));
    json_decref(values);
}

/* `names` is stolen. Values are copied out and the reply is wiped at once. */
static int fetch(struct engine_context *c, json_t *names, json_t *values, struct error *err)
{
    json_t *reply = NULL;
    json_t *in = object(key("Names", names), key("WithDecryption", true));

    int rc = engine_call(c, &aws_ssm_GetParameters, in, &reply, err);
    size_t i;
    json_t *item;

    json_array_foreach(json_object_get(reply, "Parameters"), i, item) {
        json_t *value = json_object_get(item, "Value");
        if (json_is_string(value) && json_str(item, "Name"))
            json_object_set_new(values, json_str(item, "Name"), json_copy(value));
        if (json_is_string(value))
            secret_wipe((char *)json_string_value(value), json_string_length(value));
    }

    json_decref(reply);
    return rc < 0 ? error_wrap(err, "reading config values") : 0;
}

/* Whole names of the configs that the list is made from, each once; new array. */
static json_t *wanted_names(const char *path, const struct plan_derived *list, size_t count)
{
    cleanup_json json_t *seen = json_object(); /* a set */
    json_t *names = array();

    for (size_t i = 0; i < count; i++) {
        for (const struct compose_part *p = list[i].parts; p; p = p->next) {
            if (!p->is_config || json_object_get(seen, p->text))
                continue;
            cleanup_free char *full = xasprintf("%s%s", path, p->text);
            json_add(seen, p->text, json_true());
            json_push(names, json_of(full));
        }
    }

    return names;
}

static int fetch_all(
    struct engine_context *c,
    const char *path,
    const struct plan_derived *list,
    size_t count,
    json_t *values,
    struct error *err)
{
    cleanup_json json_t *names = wanted_names(path, list, count);
    size_t n = json_array_size(names);
    int rc = 0;

    for (size_t begin = 0; rc == 0 && begin < n; begin += NAMES_A_CALL) {
        json_t *some = array();

        for (size_t i = begin; i < MIN(begin + NAMES_A_CALL, n); i++)
            json_array_append(some, json_array_get(names, i));
        rc = fetch(c, some, values, err);
    }

    return rc;
}

static int
refuse_unset(const struct plan_derived *d, const struct compose_part *p, struct error *err)
{
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

/* A binary value travels as base64; the plain one is wiped. */
static void encode(struct str *out)
{
    char *text = digest_base64(str_get(out), out->len);

    str_wipe(out);
    str_append(out, text);
    secret_wipe(text, strlen(text));
    free(text);
}

/* The piece-th part of a file that is too long for one parameter; nothing where it has become
 * shorter meanwhile. */
static void keep_piece(struct str *out, size_t piece)
{
    size_t begin = MIN(piece * PLAN_PIECE_BYTES, out->len);
    size_t n = MIN(PLAN_PIECE_BYTES, out->len - begin);
    struct str part = STR_INIT;

    str_append_bytes(&part, str_get(out) + begin, n);
    str_wipe(out);
    *out = part;
}

static int compose(
    const struct plan_derived *d,
    const char *path,
    const json_t *values,
    struct str *out,
    struct error *err)
{
    bool kept = d->file && d->source && d->source->kept;

    if (kept)
        str_append_bytes(out, d->source->kept, d->source->kept_bytes);
    else if (d->file && file_read(d->file, LIMIT_TASK_FILE_BYTES, out, err) < 0)
        return error_wrap(err, "reading %s of service %s", d->variable, d->service);
    if (d->piece)
        keep_piece(out, d->piece - 1);

    for (const struct compose_part *p = d->parts; p; p = p->next) {
        cleanup_free char *full = p->is_config ? xasprintf("%s%s", path, p->text) : NULL;
        const json_t *value = full ? json_object_get(values, full) : NULL;

        if (full && !value)
            return refuse_unset(d, p, err);

        str_append(out, value ? json_string_value(value) : p->text);
    }

    if (d->encoded)
        encode(out);
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

/* The JSON text holds the value a second time: wiped after the call. */
static int store(
    struct engine_context *c,
    const struct plan_derived *d,
    const struct str *value,
    struct error *err)
{
    json_t *text = json_string(str_get(value));
    json_t *in = object(
        key("Name", d->parameter),
        key("Value", json_incref(text)),
        key("Type", "SecureString"),
        key("Overwrite", true),
        key("Tier", "Intelligent-Tiering"));

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

/* The key stays whatever the list says: the project's history is sealed with it. */
static bool kept(const void *arg, const char *name)
{
    const struct kept *k = arg;

    for (size_t i = 0; i < k->count; i++)
        if (text_eq(k->list[i].parameter, name))
            return true;
    return text_ends(name, "/" PLAN_FILE_KEY);
}

static int make_key(struct engine_context *c, const char *name, char **made, struct error *err)
{
    uint8_t bytes[16];
    clock_random(bytes, sizeof bytes);
    cleanup_free char *hex = digest_hex(bytes, sizeof bytes);
    json_t *in = object(key("Name", name), key("Value", hex), key("Type", "SecureString"));

    int rc = engine_call(c, &aws_ssm_PutParameter, in, NULL, err);
    if (rc < 0)
        return error_wrap(err, "storing %s", name);

    *made = steal(hex);
    return 0;
}

int flow_file_key(
    struct engine_context *c, struct arena *arena, bool make, const char **out, struct error *err)
{
    cleanup_free char *root = plan_derived_path(c->settings, c->project);
    cleanup_free char *name = xasprintf("%s" PLAN_FILE_KEY, root);
    cleanup_free char *made = NULL;
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("Name", name), key("WithDecryption", true));
    *out = NULL;

    int rc = engine_call(c, &aws_ssm_GetParameter, in, &reply, err);
    if (rc == 0) {
        *out = arena_strdup(arena, json_str_or(reply, "Parameter.Value", ""));
        return 0;
    }

    if (!aws_error_is_not_found(err))
        return error_wrap(err, "reading %s", name);

    error_done(err);
    if (!make)
        return 0;

    rc = make_key(c, name, &made, err);
    *out = arena_strdup(arena, made);
    return rc;
}

int flow_derived_prune(
    struct engine_context *c, const struct plan_derived *keep, size_t count, struct error *err)
{
    cleanup_free char *root = plan_derived_path(c->settings, c->project);
    return parameters_prune(c, root, kept, &(struct kept){keep, count}, err);
}

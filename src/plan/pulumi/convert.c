/* The kinds of a rule (parts.h): how one leaf of a resource becomes a value of the program, where
 * it is more than pulumi_value() knows. Each answers with a new reference; NULL and `err` when what
 * is in it has no meaning there. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <string.h>

static json_t *tags(struct pulumi_ctx *c, const json_t *v, struct error *err)
{
    cleanup_json json_t *out = json_object();

    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *item = json_array_get(v, i);
        json_t *value = pulumi_value(c, json_object_get(item, "Value"), err);

        if (!value)
            return NULL;
        cleanup_free char *key =
            pulumi_escape(json_str_or(item, "Key", json_str_or(item, "Name", "")));
        json_add(out, key, value);
    }

    return json_incref(out);
}

/* Keys of the API instead of CloudFormation's; what is under these is data. */
static json_t *api_keys(const json_t *v)
{
    static const char *const data[] = {
        "Options", "DockerLabels", "DriverOpts", "Labels", "options"};

    if (json_is_array(v)) {
        json_t *out = json_array();

        for (size_t i = 0; i < json_array_size(v); i++)
            json_push(out, api_keys(json_array_get(v, i)));
        return out;
    }

    if (!json_is_object(v) || pulumi_is_intrinsic(v))
        return json_deep_copy(v);
    json_t *out = json_object();
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)v, key, item) {
        bool keep = false;

        for (size_t i = 0; i < ARRAY_LEN(data); i++)
            keep = keep || strcmp(key, data[i]) == 0;
        cleanup_free char *name = pulumi_camel(key);
        json_add(out, name, keep ? json_deep_copy(item) : api_keys(item));
    }

    return out;
}

static json_t *as_json(struct pulumi_ctx *c, const json_t *v, bool api, struct error *err)
{
    if (!json_is_array(v) && (!json_is_object(v) || pulumi_is_intrinsic(v)))
        return pulumi_value(c, v, err); /* is text already */
    cleanup_json json_t *own = api ? api_keys(v) : json_incref((json_t *)v);
    json_t *value = pulumi_value(c, own, err);
    return value ? object(key("fn::toJSON", value)) : NULL;
}

/* CloudFormation takes numbers and switches as text in many places; the provider wants their type.
 */
static json_t *typed(struct pulumi_ctx *c, const json_t *v, const char *kind, struct error *err)
{
    const char *text = json_string_value(v);
    long long number;

    if (text && strcmp(kind, "int") == 0 &&
        text_parse_int(text, -1000000000, 1000000000, &number) == 0)
        return json_integer(number);
    if (text && (strcmp(kind, "bool") == 0))
        return json_boolean(text_eq_nocase(text, "true"));
    if (text && strcmp(kind, "on") == 0)
        return json_boolean(text_eq_nocase(text, "enabled"));
    if (text && strcmp(kind, "internal") == 0)
        return json_boolean(strcmp(text, "internal") == 0);
    if (strcmp(kind, "text") == 0 && json_is_integer(v))
        return json_string(arena_printf(c->a, "%lld", (long long)json_integer_value(v)));
    if (strcmp(kind, "text") == 0 && json_is_boolean(v))
        return json_string(json_is_true(v) ? "true" : "false");
    return pulumi_value(c, v, err);
}

/* {"tls": "disabled"} → [{"name": "tls", "value": "disabled"}] */
static json_t *pairs(struct pulumi_ctx *c, const json_t *v, struct error *err)
{
    cleanup_json json_t *out = json_array();
    const char *name;
    json_t *item;

    json_object_foreach((json_t *)v, name, item) {
        json_t *value = pulumi_value(c, item, err);

        if (!value)
            return NULL;
        json_push(out, object(key("name", name), key("value", value)));
    }

    return json_incref(out);
}

/* A dynamic reference is a secret by itself. */
static json_t *secret(struct pulumi_ctx *c, const json_t *v, struct error *err)
{
    json_t *value = pulumi_value(c, v, err);
    bool marked = json_object_get(value, "fn::secret") != NULL;

    return value && !marked ? object(key("fn::secret", value)) : value;
}

json_t *pulumi_convert(struct pulumi_ctx *c, const char *kind, const json_t *v, struct error *err)
{
    if (!*kind || strcmp(kind, "map") == 0)
        return pulumi_value(c, v, err);
    if (strcmp(kind, "tags") == 0)
        return tags(c, v, err);
    if (strcmp(kind, "pairs") == 0)
        return pairs(c, v, err);
    if (strcmp(kind, "json") == 0 || strcmp(kind, "api") == 0)
        return as_json(c, v, kind[0] == 'a', err);
    if (strcmp(kind, "secret") == 0)
        return secret(c, v, err);
    return typed(c, v, kind, err);
}

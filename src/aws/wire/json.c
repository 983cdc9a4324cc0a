/* JSON bodies: awsJson and restJson.
 *
 * One walk serves both directions, because they differ little: JSON with the members' names ⇄ JSON
 * with the names on the wire. `reading` says which way. Null members are left out both ways; in
 * lists and maps they stay where the shape is sparse. A value of another type than the shape's is
 * an error of ours when writing (ERR_FAILED), of the service's when reading (ERR_CLOUD). */
#include "aws/wire/internal.h"
#include "base/mem.h"
#include <errno.h>
#include <math.h>
#include <string.h>

static json_t *
structure(const struct aws_shape *shape, const json_t *v, bool reading, struct error *err)
{
    json_t *out = json_object();

    for (size_t i = 0; i < shape->member_count; i++) {
        const struct aws_member *m = &shape->members[i];
        const json_t *in = json_object_get(v, reading ? wire_name(m) : m->name);

        if (!in || json_is_null(in) || !wire_in_body(m, reading))
            continue;
        json_t *value = wire_json_value(m->shape, m, in, reading, err);
        if (!value) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, reading ? m->name : wire_name(m), value);
    }

    return out;
}

static json_t *list(const struct aws_shape *shape, const json_t *v, bool reading, struct error *err)
{
    json_t *out = json_array(), *in;
    size_t i;

    json_array_foreach(v, i, in) {
        json_t *value = NULL;

        if (json_is_null(in)) {
            if (shape->sparse)
                json_array_append_new(out, json_null());
            continue;
        }
        value = wire_json_value(shape->item->shape, shape->item, in, reading, err);
        if (!value) {
            json_decref(out);
            return NULL;
        }
        json_array_append_new(out, value);
    }

    return out;
}

static json_t *map(const struct aws_shape *shape, const json_t *v, bool reading, struct error *err)
{
    json_t *out = json_object(), *in;
    const char *key;

    json_object_foreach((json_t *)v, key, in) {
        json_t *value = NULL;

        if (json_is_null(in)) {
            if (shape->sparse)
                json_object_set_new(out, key, json_null());
            continue;
        }
        value = wire_json_value(shape->item->shape, shape->item, in, reading, err);
        if (!value) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, key, value);
    }

    return out;
}

static json_t *timestamp_out(
    const struct aws_shape *shape, const struct aws_member *m, const json_t *v, struct error *err)
{
    const char *format = m && m->timestamp_format ? m->timestamp_format : shape->timestamp_format;
    struct str text = STR_INIT;
    json_t *out = NULL;

    if (wire_scalar_text(shape, m, "unixTimestamp", v, &text, err) == 0) {
        if (format && strcmp(format, "unixTimestamp") != 0)
            out = json_string(str_get(&text));
        else
            out = json_is_number(v) ? json_deep_copy(v)
                                    : json_loads(str_get(&text), JSON_DECODE_ANY, NULL);
    }

    str_done(&text);
    return out;
}

static json_t *timestamp_in(const json_t *v)
{
    double seconds;

    if (json_is_number(v))
        return wire_timestamp_json(json_number_value(v));
    if (json_is_string(v) && wire_timestamp_parse(json_string_value(v), &seconds) == 0)
        return wire_timestamp_json(seconds);

    return NULL;
}

static bool type_fits(const struct aws_shape *shape, const json_t *v)
{
    switch (shape->type) {
    case AWS_STRUCTURE:
    case AWS_MAP:
        return json_is_object(v);
    case AWS_LIST:
        return json_is_array(v);
    case AWS_STRING:
    case AWS_BLOB:
        return json_is_string(v);
    case AWS_INTEGER:
    case AWS_LONG:
        return json_is_integer(v) ||
               (json_is_real(v) && json_real_value(v) == floor(json_real_value(v)));
    case AWS_DOUBLE:
        return json_is_number(v) || json_is_string(v);
    case AWS_BOOLEAN:
        return json_is_boolean(v);
    case AWS_TIMESTAMP:
        return json_is_number(v) || json_is_string(v);
    }

    return false;
}

/* Text is taken for JSON that the caller has printed already. */
char *wire_json_text(const json_t *v)
{
    return json_is_string(v) ? xstrdup(json_string_value(v))
                             : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
}

json_t *wire_json_value(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const json_t *v,
    bool reading,
    struct error *err)
{
    json_t *out = NULL;

    if (shape->document)
        return json_deep_copy(v);
    if (m && m->json_value) {
        if (!reading) {
            cleanup_free char *text = wire_json_text(v);
            return json_string(text);
        }
        return json_is_string(v) ? json_loads(json_string_value(v), JSON_DECODE_ANY, NULL) : NULL;
    }

    if (!type_fits(shape, v)) {
        error_raise(
            err,
            reading ? ERR_CLOUD : ERR_FAILED,
            "%s %s is not of its type",
            reading ? "the reply's member" : "member",
            m ? m->name : "value");
        return NULL;
    }

    switch (shape->type) {
    case AWS_STRUCTURE:
        return structure(shape, v, reading, err);
    case AWS_LIST:
        return list(shape, v, reading, err);
    case AWS_MAP:
        return map(shape, v, reading, err);
    case AWS_TIMESTAMP:
        out = reading ? timestamp_in(v) : timestamp_out(shape, m, v, err);
        break;
    case AWS_INTEGER:
    case AWS_LONG:
        out = json_is_real(v) ? json_integer((json_int_t)json_real_value(v)) : json_deep_copy(v);
        break;
    case AWS_STRING:
    case AWS_BLOB:
    case AWS_DOUBLE:
    case AWS_BOOLEAN:
        out = json_deep_copy(v);
        break;
    }

    if (!out)
        error_raise(
            err,
            reading ? ERR_CLOUD : ERR_FAILED,
            "member %s is not of its type",
            m ? m->name : "value");
    return out;
}

int wire_json_write(
    const struct aws_shape *shape, const json_t *in, struct str *out, struct error *err)
{
    cleanup_json json_t *v = shape ? wire_json_value(shape, NULL, in, false, err) : json_object();

    if (!v)
        return -EINVAL;

    cleanup_free char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    str_append(out, text);

    return 0;
}

int wire_json_read(
    const struct aws_shape *shape, const struct http_response *resp, json_t *out, struct error *err)
{
    cleanup_json json_t *body = NULL;
    struct error why = ERROR_INIT;

    if (resp->body.len == 0)
        return 0;
    if (json_parse(str_get(&resp->body), resp->body.len, &body, &why) < 0)
        return wire_unreadable(&why, "JSON", err);

    cleanup_json json_t *v = wire_json_value(shape, NULL, body, true, err);
    if (!v)
        return -EBADMSG;

    json_object_update(out, v);
    return 0;
}

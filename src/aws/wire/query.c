/* Form bodies: awsQuery and ec2Query, a JSON value flattened into Name.Of.Member=value.
 *
 * The two differ in names and lists: ec2 begins names with a capital (or has a queryName for them)
 * and never marks lists, awsQuery writes List.member.1, or List.1 where the list is flattened. An
 * empty list is a name without a value in awsQuery and nothing in ec2. Names grow from the prefix
 * on the way down (aws-access.md section 9). */
#include "aws/sign/uri.h"
#include "aws/wire/internal.h"
#include "base/mem.h"
#include <ctype.h>
#include <string.h>

struct form {
    struct str *out;
    bool ec2;
    struct error *err;
};

static int
put(struct form *f,
    const char *prefix,
    const struct aws_shape *shape,
    const struct aws_member *m,
    const json_t *v);

static void pair(struct form *f, const char *name, const char *value)
{
    if (f->out->len)
        str_append_char(f->out, '&');
    uri_encode(f->out, name, false);
    str_append_char(f->out, '=');
    uri_encode(f->out, value, false);
}

static char *joined(const char *prefix, const char *name)
{
    return *prefix ? xasprintf("%s.%s", prefix, name) : xstrdup(name);
}

/* ec2: queryName as it stands, else locationName or the name with a capital. */
static char *member_key(const struct form *f, const struct aws_member *m)
{
    char *key;

    if (f->ec2 && m->query_name)
        return xstrdup(m->query_name);

    key = xstrdup(wire_name(m));
    if (f->ec2)
        key[0] = (char)toupper((unsigned char)key[0]);
    return key;
}

static int
put_structure(struct form *f, const char *prefix, const struct aws_shape *shape, const json_t *v)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct aws_member *m = &shape->members[i];
        const json_t *in = json_object_get(v, m->name);

        if (!in || json_is_null(in))
            continue;
        cleanup_free char *key = member_key(f, m);
        cleanup_free char *name = joined(prefix, key);
        int rc = put(f, name, m->shape, m, in);
        if (rc < 0)
            return rc;
    }

    return 0;
}

static int put_list(
    struct form *f,
    const char *prefix,
    const struct aws_shape *shape,
    const struct aws_member *m,
    const json_t *v)
{
    bool flat = f->ec2 || shape->flattened || (m && m->flattened);
    cleanup_free char *base = xstrdup(prefix);
    json_t *in;
    size_t i;

    if (json_array_size(v) == 0) {
        if (!f->ec2)
            pair(f, prefix, "");
        return 0;
    }

    if (flat && !f->ec2 && shape->item->wire) {
        /* a flattened list takes its items' name in place of its own */
        char *dot = strrchr(base, '.');
        char *name = dot ? xasprintf("%.*s.%s", (int)(dot - base), base, shape->item->wire)
                         : xstrdup(shape->item->wire);
        free(base);
        base = name;
    } else if (!flat) {
        char *name = xasprintf("%s.%s", base, shape->item->wire ? shape->item->wire : "member");
        free(base);
        base = name;
    }

    json_array_foreach(v, i, in) {
        cleanup_free char *name = xasprintf("%s.%zu", base, i + 1);
        int rc = put(f, name, shape->item->shape, shape->item, in);
        if (rc < 0)
            return rc;
    }

    return 0;
}

static int put_map(
    struct form *f,
    const char *prefix,
    const struct aws_shape *shape,
    const struct aws_member *m,
    const json_t *v)
{
    bool flat = shape->flattened || (m && m->flattened);
    const char *key_name = shape->key->wire ? shape->key->wire : "key";
    const char *value_name = shape->item->wire ? shape->item->wire : "value";
    size_t n = 0;
    const char *key;
    json_t *in;

    json_object_foreach((json_t *)v, key, in) {
        cleanup_free char *entry = xasprintf(flat ? "%s.%zu" : "%s.entry.%zu", prefix, ++n);
        cleanup_free char *k = joined(entry, key_name), *name = joined(entry, value_name);
        int rc;

        pair(f, k, key);
        rc = put(f, name, shape->item->shape, shape->item, in);
        if (rc < 0)
            return rc;
    }

    return 0;
}

static int
put(struct form *f,
    const char *prefix,
    const struct aws_shape *shape,
    const struct aws_member *m,
    const json_t *v)
{
    struct str text = STR_INIT;
    int rc;

    switch (shape->type) {
    case AWS_STRUCTURE:
        if (!json_is_object(v))
            return error_raise(f->err, ERR_FAILED, "%s must be an object", prefix);
        return put_structure(f, prefix, shape, v);
    case AWS_LIST:
        if (!json_is_array(v))
            return error_raise(f->err, ERR_FAILED, "%s must be a list", prefix);
        return put_list(f, prefix, shape, m, v);
    case AWS_MAP:
        if (!json_is_object(v))
            return error_raise(f->err, ERR_FAILED, "%s must be an object", prefix);
        return put_map(f, prefix, shape, m, v);
    case AWS_STRING:
    case AWS_INTEGER:
    case AWS_LONG:
    case AWS_DOUBLE:
    case AWS_BOOLEAN:
    case AWS_TIMESTAMP:
    case AWS_BLOB:
        break;
    }

    rc = wire_scalar_text(shape, m, "iso8601", v, &text, f->err);
    if (rc == 0)
        pair(f, prefix, str_get(&text));
    str_wipe(&text);
    return rc;
}

int wire_query_body(
    const struct aws_operation *op, const json_t *in, struct str *out, struct error *err)
{
    struct form f = {.out = out, .ec2 = op->service->protocol == AWS_EC2_QUERY, .err = err};

    pair(&f, "Action", op->name);
    pair(&f, "Version", op->service->api_version);
    return op->input ? put_structure(&f, "", op->input, in) : 0;
}

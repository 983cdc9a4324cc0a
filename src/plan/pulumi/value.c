/* CloudFormation values as values of a Pulumi YAML program: intrinsics, pseudo parameters, dynamic
 * references. Pseudo parameters become the text that plan_facts knows: the plan's zones and ARNs
 * are this account's anyway, and the program's provider admits no other account. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <string.h>

char *pulumi_escape(const char *text)
{
    struct str out = STR_INIT;

    for (; *text; text++)
        str_append(&out, *text == '$' ? "$$" : (const char[]){*text, '\0'});
    return str_take(&out);
}

static const char *intrinsic_name(const json_t *v)
{
    if (!json_is_object(v) || json_object_size(v) != 1)
        return NULL;
    const char *key = json_object_iter_key(json_object_iter((json_t *)v));
    return strcmp(key, "Ref") == 0 || strncmp(key, "Fn::", 4) == 0 ? key : NULL;
}

bool pulumi_is_intrinsic(const json_t *v)
{
    return intrinsic_name(v) != NULL;
}

static const char *pseudo(const struct pulumi_ctx *c, const char *name)
{
    const struct plan_facts *f = c->r->facts;

    return strcmp(name, "AWS::Region") == 0      ? f->region
           : strcmp(name, "AWS::AccountId") == 0 ? f->account
           : strcmp(name, "AWS::Partition") == 0 ? f->partition
           : strcmp(name, "AWS::URLSuffix") == 0 ? f->dns_suffix
                                                 : NULL;
}

/* The output of row `row` that attribute `name` is, or NULL. */
static const char *attribute(struct pulumi_ctx *c, const struct pulumi_row *row, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = row->attrs; p && *p; p += strcspn(p, " "), p += *p == ' ')
        if (strncmp(p, name, n) == 0 && p[n] == '=')
            return arena_printf(c->a, "%.*s", (int)strcspn(p + n + 1, " "), p + n + 1);
    return NULL;
}

/* "${Vpc.id}" in the arena; attribute NULL = Ref. An output "arn+:*" of the table is
 * "${LogGroup.arn}:*". */
static const char *
reference(struct pulumi_ctx *c, const char *id, const char *attr, struct error *err)
{
    const struct graph_resource *r = graph_get(c->g, id);
    const struct pulumi_row *row = r ? pulumi_row_get(r->type) : NULL;

    if (!row) {
        error_raise(
            err,
            ERR_FAILED,
            "pulumi: %s refers to %s%s%s, which %s",
            c->current ? c->current->logical_id : "an output",
            id,
            r ? " of type " : "",
            r ? r->type : "",
            r ? "has no row in the table" : "is not in the plan");
        return NULL;
    }

    const char *output = attr ? attribute(c, row, attr) : row->ref ? row->ref : "id";
    if (!output) {
        error_raise(
            err,
            ERR_FAILED,
            "pulumi: attribute %s of %s (%s) has no row in the table",
            attr,
            id,
            r->type);
        return NULL;
    }

    if (c->seen && c->current && strcmp(c->current->logical_id, id) != 0)
        json_add(c->seen, id, json_true());
    size_t n = strcspn(output, "+");
    return arena_printf(c->a, "${%s.%.*s}%s", id, (int)n, output, output[n] ? output + n + 1 : "");
}

static int sub_name(
    struct pulumi_ctx *c, const char *name, const json_t *bound, struct str *out, struct error *err)
{
    const json_t *own = json_object_get(bound, name);

    if (own) {
        cleanup_json json_t *value = pulumi_value(c, own, err);

        if (!value)
            return -1;
        if (!json_is_string(value))
            return error_raise(
                err,
                ERR_FAILED,
                "pulumi: %s: ${%s} of Fn::Sub is no text",
                c->current ? c->current->logical_id : "an output",
                name);
        str_append(out, json_string_value(value));
        return 0;
    }

    const char *fixed = pseudo(c, name);
    if (fixed) {
        cleanup_free char *text = pulumi_escape(fixed);
        str_append(out, text);
        return 0;
    }

    if (strncmp(name, "AWS::", 5) == 0)
        return error_raise(
            err, ERR_FAILED, "pulumi: pseudo parameter %s means nothing to Pulumi", name);
    const char *dot = strchr(name, '.');
    const char *target = reference(
        c,
        dot ? arena_printf(c->a, "%.*s", (int)(dot - name), name) : name,
        dot ? dot + 1 : NULL,
        err);
    if (!target)
        return -1;
    str_append(out, target);
    return 0;
}

static json_t *sub(struct pulumi_ctx *c, const char *text, const json_t *bound, struct error *err)
{
    cleanup_str struct str out = STR_INIT;

    while (*text) {
        const char *end = strncmp(text, "${", 2) == 0 ? strchr(text, '}') : NULL;

        if (!end) {
            str_append(&out, *text == '$' ? "$$" : (const char[]){*text, '\0'});
            text++;
            continue;
        }
        if (text[2] == '!') { /* "${!x}" is the text "${x}" */
            str_appendf(&out, "$${%.*s}", (int)(end - text - 3), text + 3);
        } else if (
            sub_name(
                c, arena_printf(c->a, "%.*s", (int)(end - text - 2), text + 2), bound, &out, err) <
            0) {
            return NULL;
        }
        text = end + 1;
    }

    return json_string(str_get(&out));
}

static json_t *join(struct pulumi_ctx *c, const json_t *v, struct error *err)
{
    const char *between = json_string_value(json_array_get(v, 0));
    const json_t *list = json_array_get(v, 1);

    if (!between || !json_is_array(list)) {
        cleanup_json json_t *values = list ? pulumi_value(c, list, err) : NULL;
        return values && between ? plan_json("{s:[s,O]}", "fn::join", between, values) : NULL;
    }
    cleanup_free char *delimiter = pulumi_escape(between);
    cleanup_str struct str out = STR_INIT;
    for (size_t i = 0; i < json_array_size(list); i++) {
        cleanup_json json_t *item = pulumi_value(c, json_array_get(list, i), err);

        if (!json_is_string(item)) {
            if (item)
                error_raise(
                    err,
                    ERR_FAILED,
                    "pulumi: %s: Fn::Join of what is no text",
                    c->current ? c->current->logical_id : "an output");
            return NULL;
        }
        str_appendf(&out, "%s%s", i ? delimiter : "", json_string_value(item));
    }

    return json_string(str_get(&out));
}

/* Functions of the same meaning and the same arguments. */
static json_t *
same_function(struct pulumi_ctx *c, const char *name, const json_t *arguments, struct error *err)
{
    static const char *const names[][2] = {
        {"Fn::Select", "fn::select"}, {"Fn::Split", "fn::split"}, {"Fn::Base64", "fn::toBase64"}};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i][0]) == 0) {
            json_t *value = pulumi_value(c, arguments, err);
            return value ? plan_json("{s:o}", names[i][1], value) : NULL;
        }
    error_raise(
        err,
        ERR_FAILED,
        "pulumi: %s: %s has no translation",
        c->current ? c->current->logical_id : "an output",
        name);
    return NULL;
}

static json_t *intrinsic(struct pulumi_ctx *c, const char *name, const json_t *v, struct error *err)
{
    if (strcmp(name, "Fn::Sub") == 0)
        return json_is_string(v)
                   ? sub(c, json_string_value(v), NULL, err)
                   : sub(c, json_string_value(json_array_get(v, 0)), json_array_get(v, 1), err);
    if (strcmp(name, "Fn::Join") == 0)
        return join(c, v, err);
    const char *target = NULL;
    if (strcmp(name, "Ref") == 0 && json_is_string(v)) {
        const char *fixed = pseudo(c, json_string_value(v));

        if (fixed) {
            cleanup_free char *text = pulumi_escape(fixed);
            return json_string(text);
        }
        if (strncmp(json_string_value(v), "AWS::", 5) == 0) {
            error_raise(
                err,
                ERR_FAILED,
                "pulumi: pseudo parameter %s means nothing to Pulumi",
                json_string_value(v));
            return NULL;
        }
        target = reference(c, json_string_value(v), NULL, err);
    } else if (strcmp(name, "Fn::GetAtt") == 0 && json_is_array(v) && json_array_size(v) == 2) {
        target = reference(
            c,
            json_string_value(json_array_get(v, 0)),
            json_string_value(json_array_get(v, 1)),
            err);
    } else {
        return same_function(c, name, v, err);
    }

    return target ? json_string(target) : NULL;
}

/* With its provider: the language's default does not reach a call within fn::secret. */
static json_t *invoke(const char *function, json_t *arguments, const char *result)
{
    return plan_json(
        "{s:{s:s,s:o,s:{s:s},s:s}}",
        "fn::invoke",
        "function",
        function,
        "arguments",
        arguments,
        "options",
        "provider",
        "${aws}",
        "return",
        result);
}

/* "secretsmanager:<name>:SecretString:<json key>:<stage>:<version>", the whole text of the secret
 * only: what the planner writes. */
static json_t *secret_version(struct pulumi_ctx *c, const char *text)
{
    const char *rest = strstr(text, ":SecretString:::");

    if (!rest)
        return NULL;
    cleanup_free char *name = pulumi_escape(arena_printf(c->a, "%.*s", (int)(rest - text), text));
    cleanup_free char *version = pulumi_escape(rest + strlen(":SecretString:::"));
    json_t *arguments = plan_json("{s:s}", "secretId", name);
    if (*version)
        json_add(arguments, "versionId", json_string(version));
    return plan_json(
        "{s:o}",
        "fn::secret",
        invoke("aws:secretsmanager:getSecretVersion", arguments, "secretString"));
}

/* "{{resolve:ssm-secure:/path:3}}" as a whole; CloudFormation's other kinds are not used by the
 * planner. */
static json_t *dynamic(struct pulumi_ctx *c, const char *text, struct error *err)
{
    static const char *const kinds[] = {
        "{{resolve:ssm-secure:", "{{resolve:ssm:", "{{resolve:secretsmanager:"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t n = strlen(kinds[i]), len = strlen(text);

        if (strncmp(text, kinds[i], n) != 0 || !text_ends(text, "}}") || strstr(text + n, "{{"))
            continue;
        const char *inner = arena_printf(c->a, "%.*s", (int)(len - n - 2), text + n);
        cleanup_free char *name = pulumi_escape(inner);
        json_t *value = i == 2 ? secret_version(c, inner)
                               : invoke(
                                     "aws:ssm:getParameter",
                                     plan_json("{s:s,s:b}", "name", name, "withDecryption", 1),
                                     "value");
        if (value)
            return i ? value : plan_json("{s:o}", "fn::secret", value);
    }

    error_raise(
        err,
        ERR_FAILED,
        "pulumi: %s: the dynamic reference %s has no translation",
        c->current ? c->current->logical_id : "an output",
        text);
    return NULL;
}

static json_t *text_value(struct pulumi_ctx *c, const char *text, struct error *err)
{
    if (strstr(text, "{{resolve:"))
        return dynamic(c, text, err);
    const char *image = pulumi_image_of(c, text);
    if (image)
        return json_string(image);
    cleanup_free char *escaped = pulumi_escape(text);
    return json_string(escaped);
}

static json_t *object_value(struct pulumi_ctx *c, const json_t *v, struct error *err)
{
    cleanup_json json_t *out = json_object();
    const char *key;
    json_t *item;

    json_object_foreach((json_t *)v, key, item)
    {
        json_t *value = pulumi_value(c, item, err);

        if (!value)
            return NULL;
        cleanup_free char *name = pulumi_escape(key);
        json_add(out, name, value);
    }

    return json_incref(out);
}

json_t *pulumi_value(struct pulumi_ctx *c, const json_t *v, struct error *err)
{
    const char *function = intrinsic_name(v);

    if (function)
        return intrinsic(c, function, json_object_get(v, function), err);
    if (json_is_string(v))
        return text_value(c, json_string_value(v), err);
    if (json_is_object(v))
        return object_value(c, v, err);
    if (!json_is_array(v))
        return json_deep_copy(v);
    cleanup_json json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *item = pulumi_value(c, json_array_get(v, i), err);

        if (!item)
            return NULL;
        json_push(out, item);
    }

    return json_incref(out);
}

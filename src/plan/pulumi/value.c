/* CloudFormation values as values of a Pulumi YAML program: intrinsics, pseudo parameters, dynamic
 * references.
 *
 * Text of a program is a template: "${x}" refers, so every '$' of the plan is doubled. A reference
 * to a resource becomes the output that its row names for the attribute, and is remembered in
 * c->seen: who refers to a resource waits for its parts too (pulumi.c). Pseudo parameters become
 * the text that plan_facts knows: the plan's zones and ARNs are this account's anyway, and the
 * program's provider admits no other account. The uri of an image that is built becomes what
 * image.c says stands for it.
 *
 * What has no translation is an error that names the resource; nothing is guessed. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <string.h>

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

/* Whose value it is, for errors. */
static const char *whose(const struct pulumi_ctx *c)
{
    return c->current ? c->current->logical_id : "an output";
}

static const char *pseudo(const struct pulumi_ctx *c, const char *name)
{
    const struct plan_facts *f = c->r->facts;

    if (strcmp(name, "AWS::Region") == 0)
        return f->region;
    if (strcmp(name, "AWS::AccountId") == 0)
        return f->account;
    if (strcmp(name, "AWS::Partition") == 0)
        return f->partition;
    return strcmp(name, "AWS::URLSuffix") == 0 ? f->dns_suffix : NULL;
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
            whose(c),
            id,
            r ? " of type " : "",
            r ? r->type : "",
            r ? "has no row in the table" : "is not in the plan");
        return NULL;
    }

    const char *by_itself = row->ref ? row->ref : "id";
    const char *output = attr ? attribute(c, row, attr) : by_itself;
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

/* A name that Fn::Sub binds itself. */
static int sub_bound(
    struct pulumi_ctx *c, const char *name, const json_t *own, struct str *out, struct error *err)
{
    cleanup_json json_t *value = pulumi_value(c, own, err);

    if (!value)
        return -1;
    if (!json_is_string(value))
        return error_raise(
            err, ERR_FAILED, "pulumi: %s: ${%s} of Fn::Sub is no text", whose(c), name);
    str_append(out, json_string_value(value));
    return 0;
}

static int no_pseudo(const char *name, struct error *err)
{
    return error_raise(
        err, ERR_FAILED, "pulumi: pseudo parameter %s means nothing to Pulumi", name);
}

/* "${AWS::Region}", "${Vpc}" or "${Bucket.Arn}" without its braces. */
static int sub_name(
    struct pulumi_ctx *c, const char *name, const json_t *bound, struct str *out, struct error *err)
{
    const json_t *own = json_object_get(bound, name);
    const char *fixed = pseudo(c, name);

    if (own)
        return sub_bound(c, name, own, out, err);
    if (fixed) {
        cleanup_free char *text = pulumi_escape(fixed);

        str_append(out, text);
        return 0;
    }
    if (text_starts(name, "AWS::"))
        return no_pseudo(name, err);

    const char *dot = strchr(name, '.');
    const char *id = dot ? arena_printf(c->a, "%.*s", (int)(dot - name), name) : name;
    const char *target = reference(c, id, dot ? dot + 1 : NULL, err);
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

        const char *name = arena_printf(c->a, "%.*s", (int)(end - text - 2), text + 2);
        if (*name == '!') /* "${!x}" is the text "${x}" */
            str_appendf(&out, "$${%s}", name + 1);
        else if (sub_name(c, name, bound, &out, err) < 0)
            return NULL;
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
        return values && between
                   ? object(key("fn::join", array(json_string(between), json_incref(values))))
                   : NULL;
    }
    cleanup_free char *delimiter = pulumi_escape(between);
    cleanup_str struct str out = STR_INIT;
    for (size_t i = 0; i < json_array_size(list); i++) {
        cleanup_json json_t *item = pulumi_value(c, json_array_get(list, i), err);

        if (!json_is_string(item)) {
            if (item)
                error_raise(err, ERR_FAILED, "pulumi: %s: Fn::Join of what is no text", whose(c));
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
            return value ? object(key(names[i][1], value)) : NULL;
        }
    error_raise(err, ERR_FAILED, "pulumi: %s: %s has no translation", whose(c), name);
    return NULL;
}

static json_t *ref(struct pulumi_ctx *c, const char *name, struct error *err)
{
    const char *fixed = pseudo(c, name);

    if (fixed) {
        cleanup_free char *text = pulumi_escape(fixed);

        return json_string(text);
    }
    if (text_starts(name, "AWS::")) {
        no_pseudo(name, err);
        return NULL;
    }

    const char *target = reference(c, name, NULL, err);
    return target ? json_string(target) : NULL;
}

static json_t *get_att(struct pulumi_ctx *c, const json_t *v, struct error *err)
{
    const char *id = json_string_value(json_array_get(v, 0));
    const char *attribute_name = json_string_value(json_array_get(v, 1));
    const char *target = reference(c, id, attribute_name, err);

    return target ? json_string(target) : NULL;
}

static json_t *intrinsic(struct pulumi_ctx *c, const char *name, const json_t *v, struct error *err)
{
    if (strcmp(name, "Fn::Sub") == 0 && json_is_string(v))
        return sub(c, json_string_value(v), NULL, err);
    if (strcmp(name, "Fn::Sub") == 0)
        return sub(c, json_string_value(json_array_get(v, 0)), json_array_get(v, 1), err);
    if (strcmp(name, "Fn::Join") == 0)
        return join(c, v, err);
    if (strcmp(name, "Ref") == 0 && json_is_string(v))
        return ref(c, json_string_value(v), err);
    if (strcmp(name, "Fn::GetAtt") == 0 && json_is_array(v) && json_array_size(v) == 2)
        return get_att(c, v, err);
    return same_function(c, name, v, err);
}

/* With its provider: the language's default does not reach a call within fn::secret. */
static json_t *invoke(const char *function, json_t *arguments, const char *result)
{
    json_t *call = object(
        key("function", function),
        key("arguments", arguments),
        key("options", object(key("provider", "${aws}"))),
        key("return", result));

    return object(key("fn::invoke", call));
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
    json_t *arguments =
        object(key("secretId", name), key("versionId", *version ? (const char *)version : NULL));
    json_t *call = invoke("aws:secretsmanager:getSecretVersion", arguments, "secretString");
    return object(key("fn::secret", call));
}

static json_t *parameter(const char *name)
{
    cleanup_free char *escaped = pulumi_escape(name);
    json_t *arguments = object(key("name", escaped), key("withDecryption", true));

    return invoke("aws:ssm:getParameter", arguments, "value");
}

/* What stands between `head` and "}}", in the arena; NULL when the text is anything else. */
static const char *inside(struct pulumi_ctx *c, const char *text, const char *head)
{
    size_t n = strlen(head);
    size_t len = strlen(text);

    if (!text_starts(text, head) || !text_ends(text, "}}") || strstr(text + n, "{{"))
        return NULL;
    return arena_printf(c->a, "%.*s", (int)(len - n - 2), text + n);
}

/* "{{resolve:ssm-secure:/path:3}}" as a whole; CloudFormation's other kinds are not used by the
 * planner. */
static json_t *dynamic(struct pulumi_ctx *c, const char *text, struct error *err)
{
    const char *secure = inside(c, text, "{{resolve:ssm-secure:");
    const char *plain = inside(c, text, "{{resolve:ssm:");
    const char *secret = inside(c, text, "{{resolve:secretsmanager:");
    json_t *value = NULL;

    if (secure)
        value = object(key("fn::secret", parameter(secure)));
    else if (plain)
        value = parameter(plain);
    else if (secret)
        value = secret_version(c, secret);
    if (!value)
        error_raise(
            err,
            ERR_FAILED,
            "pulumi: %s: the dynamic reference %s has no translation",
            whose(c),
            text);
    return value;
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

    json_object_foreach((json_t *)v, key, item) {
        json_t *value = pulumi_value(c, item, err);

        if (!value)
            return NULL;
        cleanup_free char *name = pulumi_escape(key);
        json_add(out, name, value);
    }

    return json_incref(out);
}

static json_t *array_value(struct pulumi_ctx *c, const json_t *v, struct error *err)
{
    cleanup_json json_t *out = json_array();

    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *item = pulumi_value(c, json_array_get(v, i), err);

        if (!item)
            return NULL;
        json_push(out, item);
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
    return json_is_array(v) ? array_value(c, v, err) : json_deep_copy(v);
}

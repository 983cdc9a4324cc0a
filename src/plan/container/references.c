/* Secrets that are in the account already and are not ours: of Secrets Manager by ARN, parameters
 * of SSM by ARN or by path.
 *
 *     secrets:
 *       db: {external: true, name:
 * "arn:aws:secretsmanager:us-west-2:…:secret:db-AbCdEf:password::"} key: {external: true, name:
 * /prod/stripe/key}
 *
 * ECS fetches them as it fetches config, with the execution role, so that role may read exactly
 * these. A secret under a key of the customer's own needs that key as well: which one it is nobody
 * says here, so decrypting is bound to the secret by its encryption context instead.
 *
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html,
 * …/secrets-envvar-ssm-paramstore.html, docs.aws.amazon.com/kms/latest/developerguide/
 * services-secrets-manager.html (SecretARN), …/services-parameter-store.html (PARAMETER_ARN) */
#include "plan/container/references.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/iam.h"
#include "plan/container/environment.h"
#include <ctype.h>
#include <string.h>

#define SECRET_PARTS 7 /* arn:aws:secretsmanager:region:account:secret:name */
#define MOST_PARTS   10
#define SUFFIX       7 /* "-AbCdEf", which Secrets Manager puts behind a name */

/* Up to the n-th colon, or the whole. */
static size_t length_of(const char *text, size_t parts)
{
    const char *p = text;

    for (; *p; p++)
        if (*p == ':' && --parts == 0)
            break;
    return (size_t)(p - text);
}

static size_t part_count(const char *text)
{
    size_t n = 1;

    for (; *text; text++)
        n += *text == ':';
    return n;
}

static bool is_secret(const char *reference)
{
    return text_starts(reference, "arn:") && strstr(reference, ":secretsmanager:");
}

static bool parameter_name_ok(const char *name)
{
    size_t n = strlen(name);

    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_.-/", *p))
            return false;
    return n > 1 && name[n - 1] != '/';
}

/* Of every ARN: letters and what AWS puts between them, so that nothing of a template can hide. */
static bool arn_text_ok(const char *arn)
{
    for (const char *p = arn; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_.-/:+=@!", *p))
            return false;
    return true;
}

bool plan_reference_ok(const char *reference)
{
    if (*reference == '/')
        return parameter_name_ok(reference);
    if (!text_starts(reference, "arn:") || !arn_text_ok(reference))
        return false;

    const char *service = reference + length_of(reference, 2);
    const char *resource = reference + length_of(reference, 5);
    size_t parts = part_count(reference);

    if (text_starts(service, ":secretsmanager:"))
        return text_starts(resource, ":secret:") && resource[8] && resource[8] != ':' &&
               parts >= SECRET_PARTS && parts <= MOST_PARTS;
    return text_starts(service, ":ssm:") && text_starts(resource, ":parameter/") &&
           parameter_name_ok(resource + strlen(":parameter"));
}

json_t *plan_reference_value(const char *reference)
{
    return *reference == '/' ? plan_parameter_arn(reference) : json_string(reference);
}

/* ---- what the execution role may read ---- */

/* By what the secret is called in IAM: the ARN without the JSON key, stage and version. An ARN that
 * was written without the six characters at its end still means that secret. */
static const char *secret_arn(const struct plan_ctx *c, const char *reference)
{
    const char *arn = arena_strndup(c->a, reference, length_of(reference, SECRET_PARTS));
    size_t n = strlen(arn);
    bool whole = n > SUFFIX && arn[n - SUFFIX] == '-';

    for (const char *p = arn + n - SUFFIX + 1; whole && *p; p++)
        whole = isalnum((unsigned char)*p);
    return whole ? arn : arena_printf(c->a, "%s-??????", arn);
}

static void push_new(json_t *list, json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), value)) {
            json_decref(value);
            return;
        }
    json_push(list, value);
}

struct references {
    json_t *secrets, *parameters;
};

static void add_used(
    const struct plan_ctx *c,
    struct references *r,
    const struct compose_file_ref *used,
    size_t used_count,
    const struct compose_file_source *all,
    size_t count)
{
    for (size_t i = 0; i < used_count; i++)
        for (size_t k = 0; k < count; k++) {
            if (!all[k].reference || !text_eq(all[k].name, used[i].source))
                continue;
            if (is_secret(all[k].reference))
                push_new(r->secrets, json_string(secret_arn(c, all[k].reference)));
            else
                push_new(r->parameters, plan_reference_value(all[k].reference));
        }
}

/* `arns` is borrowed. */
static void push_read(
    json_t *statements, const char *sid, const char *action, const char *context, json_t *arns)
{
    cleanup_free char *key_sid = xasprintf("%sKey", sid);
    cleanup_free char *encryption = xasprintf("kms:EncryptionContext:%s", context);

    if (!json_array_size(arns))
        return;
    json_push(statements, iam_allow(sid, texts(action), json_incref(arns)));

    json_t *of_these = json_object();
    json_add(of_these, encryption, json_incref(arns));
    json_push(
        statements,
        iam_allow_if(
            key_sid,
            texts("kms:Decrypt"),
            graph_sub("arn:${AWS::Partition}:kms:*:*:key/*"),
            object(key("StringLike", of_these))));
}

void plan_reference_statements(const struct plan_ctx *c, json_t *statements)
{
    struct references r = {array(), array()};

    for (size_t i = 0; i < c->v.count; i++) {
        const struct compose_service *s = c->v.services[i].s;

        if (!plan_is_task(&c->v.services[i]))
            continue;
        add_used(c, &r, s->secrets, s->secret_count, c->p->secrets, c->p->secret_count);
        add_used(c, &r, s->configs, s->config_count, c->p->configs, c->p->config_count);
        if (plan_builds_image(s))
            add_used(
                c, &r, s->build.secrets, s->build.secret_count, c->p->secrets, c->p->secret_count);
    }
    push_read(statements, "Secrets", "secretsmanager:GetSecretValue", "SecretARN", r.secrets);
    push_read(statements, "Parameters", "ssm:GetParameters", "PARAMETER_ARN", r.parameters);
    json_decref(r.secrets);
    json_decref(r.parameters);
}

/* What ids, names and ARNs of AWS look like: enough to catch a value that was pasted into the wrong
 * place, before anything is planned with it. That a thing of this shape is there, in this account,
 * is the engine's to find out (engine/account/adopted.c). */
#include "base/mem.h"
#include "base/str.h"
#include "plan/plan.h"
#include "plan/view/adopt.h"
#include <ctype.h>
#include <string.h>

#define HEX    "0123456789abcdef"
#define DIGITS "0123456789"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"

static bool only(const char *s, const char *set, size_t min, size_t max)
{
    size_t n = strspn(s, set);
    return n >= min && n <= max && !s[n];
}

static bool is_id(const char *s, const char *prefix)
{
    return text_starts(s, prefix) &&
           (only(s + strlen(prefix), HEX, 8, 8) || only(s + strlen(prefix), HEX, 17, 17));
}

/* The resource part of arn:<partition>:<service>:<region>:<account>:<resource>, or NULL. */
static const char *arn_resource(const char *s, const char *service, bool regional, bool aws_owned)
{
    char part[5][64];
    const char *at = s;

    for (size_t i = 0; i < ARRAY_LEN(part); i++) {
        size_t n = strcspn(at, ":");
        if (at[n] != ':' || n >= sizeof part[i])
            return NULL;
        memcpy(part[i], at, n);
        part[i][n] = '\0';
        at += n + 1;
    }
    bool account = only(part[4], DIGITS, 12, 12) || (aws_owned && strcmp(part[4], "aws") == 0);
    bool region = regional ? only(part[3], LOWER DIGITS "-", 5, 32) : !*part[3];
    bool ok = strcmp(part[0], "arn") == 0 && text_starts(part[1], "aws") &&
              strcmp(part[2], service) == 0 && region && account;
    return ok && *at ? at : NULL;
}

static bool resource_is(const char *resource, const char *prefix, const char *set)
{
    return resource && text_starts(resource, prefix) &&
           only(resource + strlen(prefix), set, 1, 512);
}

static const char *take_cluster(const char *s)
{
    const char *resource = arn_resource(s, "ecs", true, false);
    const char *name = s;

    /* An ARN, and then of a cluster; else the text is the name itself. */
    if (resource)
        name = text_starts(resource, "cluster/") ? resource + strlen("cluster/") : "";

    return only(name, UPPER LOWER DIGITS "-_", 1, 255) ? name : NULL;
}

static const char *take_zone(const char *s)
{
    const char *id = text_starts(s, "/hostedzone/") ? s + strlen("/hostedzone/") : s;
    return *id == 'Z' && only(id, UPPER DIGITS, 4, 32) ? id : NULL;
}

static const char *take_domain(struct arena *a, const char *s)
{
    cleanup_free char *lower = text_lower(s);
    size_t n = strlen(lower), label = 0, dots = 0;

    if (n && lower[n - 1] == '.')
        lower[--n] = '\0';
    for (size_t i = 0; i < n; i++) {
        bool hyphen = lower[i] == '-', dot = lower[i] == '.',
             end = i + 1 == n || lower[i + 1] == '.';
        if (!dot && !hyphen && !isalnum((unsigned char)lower[i]))
            return NULL;
        if ((dot && !label) || (hyphen && (!label || end)) || label > 63)
            return NULL;
        label = dot ? 0 : label + 1;
        dots += dot;
    }
    return n && n <= 253 && dots && label && label <= 63 ? arena_strdup(a, lower) : NULL;
}

#define WORDS UPPER LOWER DIGITS "+=,.@_-/"

const char *plan_shape_take(struct arena *a, enum plan_shape shape, const char *text)
{
    switch (shape) {
    case PLAN_SHAPE_VPC:
        return is_id(text, "vpc-") ? arena_strdup(a, text) : NULL;
    case PLAN_SHAPE_SUBNET:
        return is_id(text, "subnet-") ? arena_strdup(a, text) : NULL;
    case PLAN_SHAPE_CLUSTER:
        return take_cluster(text) ? arena_strdup(a, take_cluster(text)) : NULL;
    case PLAN_SHAPE_CERTIFICATE:
        return resource_is(arn_resource(text, "acm", true, false), "certificate/", HEX "-")
                   ? arena_strdup(a, text)
                   : NULL;
    case PLAN_SHAPE_ZONE:
        return take_zone(text) ? arena_strdup(a, take_zone(text)) : NULL;
    case PLAN_SHAPE_DOMAIN:
        return take_domain(a, text);
    case PLAN_SHAPE_ROLE:
        return resource_is(arn_resource(text, "iam", false, false), "role/", WORDS)
                   ? arena_strdup(a, text)
                   : NULL;
    case PLAN_SHAPE_POLICY:
        return resource_is(arn_resource(text, "iam", false, true), "policy/", WORDS)
                   ? arena_strdup(a, text)
                   : NULL;
    case PLAN_SHAPE_TOPIC:
        return resource_is(arn_resource(text, "sns", true, false), "", UPPER LOWER DIGITS "-_")
                   ? arena_strdup(a, text)
                   : NULL;
    case PLAN_SHAPE_SECRET:
        return resource_is(arn_resource(text, "secretsmanager", true, false), "secret:", WORDS "!:")
                   ? arena_strdup(a, text)
                   : NULL;
    }
    return NULL;
}

const char *plan_shape_example(enum plan_shape shape)
{
    static const char *const examples[] = {
        [PLAN_SHAPE_VPC] = "vpc-0123456789abcdef0",
        [PLAN_SHAPE_SUBNET] = "subnet-0123456789abcdef0",
        [PLAN_SHAPE_CLUSTER] = "shared or arn:aws:ecs:us-west-2:123456789012:cluster/shared",
        [PLAN_SHAPE_CERTIFICATE] =
            "arn:aws:acm:us-west-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
        [PLAN_SHAPE_ZONE] = "Z0123456789ABCDEFGHIJ",
        [PLAN_SHAPE_DOMAIN] = "shop.example.com",
        [PLAN_SHAPE_ROLE] = "arn:aws:iam::123456789012:role/name",
        [PLAN_SHAPE_TOPIC] = "arn:aws:sns:us-west-2:123456789012:name",
        [PLAN_SHAPE_POLICY] = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        [PLAN_SHAPE_SECRET] = "arn:aws:secretsmanager:us-west-2:123456789012:secret:name-AbCdEf",
    };

    return examples[shape];
}

/* One question for all kinds (GetResources of the Resource Groups Tagging API, by project and
 * stack), and a table of those that somebody pays for or that hold data. Network, roles, tasks and
 * alarms are left out: they cost nothing, and names of theirs stay listed after they are gone.
 *
 * Nothing is removed here: what is left may be the last copy. Each sentence ends with the command
 * that removes the thing. */
#include "engine/account/orphans.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <stdint.h>
#include <string.h>

#define SENTENCES_MAX 50
#define ID_BYTES_MIN  4 /* a shorter one would be found anywhere */

/* `part`: how the ARN's resource begins; the id follows. `whole`: the command takes the ARN. */
static const struct kind {
    const char *service, *part, *what, *command;
    bool whole;
} KINDS[] = {
    {"rds",
     "snapshot:",
     "database snapshot",
     "aws rds delete-db-snapshot --db-snapshot-identifier"},
    {"rds",
     "cluster-snapshot:",
     "MongoDB snapshot",
     "aws docdb delete-db-cluster-snapshot --db-cluster-snapshot-identifier"},
    {"elasticache",
     "snapshot:",
     "Redis snapshot",
     "aws elasticache delete-snapshot --snapshot-name"},
    {"s3", "", "bucket", "aws s3 rb --force s3://"},
    {"ec2", "elastic-ip/", "elastic address", "aws ec2 release-address --allocation-id"},
    {"ec2", "natgateway/", "NAT gateway", "aws ec2 delete-nat-gateway --nat-gateway-id"},
    {"elasticloadbalancing",
     "loadbalancer/",
     "load balancer",
     "aws elbv2 delete-load-balancer --load-balancer-arn",
     .whole = true},
    {"ecr",
     "repository/",
     "image repository",
     "aws ecr delete-repository --force --repository-name"},
    {"elasticfilesystem",
     "file-system/",
     "file system",
     "aws efs delete-file-system --file-system-id"},
    {"servicediscovery",
     "namespace/",
     "namespace of private names",
     "aws servicediscovery delete-namespace --id"},
    {"secretsmanager",
     "secret:",
     "secret",
     "aws secretsmanager delete-secret --secret-id",
     .whole = true},
};

/* "arn:aws:rds:us-west-2:123456789012:snapshot:shop-db": the part behind the account, and the
 * service. NULL when it is no ARN. */
static const char *resource_of(const char *arn, struct str *service)
{
    const char *p = arn;

    for (unsigned i = 0; i < 5; i++) {
        const char *colon = strchr(p, ':');
        if (!colon)
            return NULL;
        if (i == 2)
            str_append_bytes(service, p, (size_t)(colon - p));
        p = colon + 1;
    }
    return p;
}

static const struct kind *kind_of(const char *service, const char *resource)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
        if (text_eq(KINDS[i].service, service) && text_starts(resource, KINDS[i].part))
            return &KINDS[i];
    return NULL;
}

/* By its id as a whole word of the ARN: "…:shop-db" is no "…:shop-db-2". */
static bool is_going(const char *arn, const json_t *going)
{
    const char *id;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)going, id, value) {
        const char *physical = json_string_value(value);
        if (text_eq(physical, arn))
            return true;

        size_t n = physical ? strlen(physical) : 0;
        if (n < ID_BYTES_MIN || !text_ends(arn, physical))
            continue;
        char before = arn[strlen(arn) - n - 1];
        if (before == ':' || before == '/')
            return true;
    }
    return false;
}

/* Words go into a shell: what is no plain name is none of ours. */
static bool is_plain(const char *id)
{
    return *id &&
           id[strspn(
               id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:+=@")] ==
               '\0';
}

const char *
orphans_sentence(struct arena *arena, const char *region, const char *arn, const json_t *going)
{
    cleanup_str struct str service = STR_INIT;
    const char *resource = resource_of(arn, &service);
    const struct kind *k = resource ? kind_of(str_get(&service), resource) : NULL;

    bool address = k && text_starts(k->part, "elastic-ip/");
    if (!k || !is_plain(arn) || is_going(arn, going) ||
        (address && json_object_get(going, ORPHANS_ADDRESSES)))
        return NULL;

    const char *id = resource + strlen(k->part);
    return arena_printf(
        arena,
        "%s %s, which no stack holds; `%s%s%s --region %s` deletes it",
        k->what,
        id,
        k->command,
        text_ends(k->command, "/") ? "" : " ",
        k->whole ? arn : id,
        region);
}

static json_t *filter(const char *name, const char *value)
{
    return object(key("Key", name), key("Values", array(json_of(value))));
}

/* Another prefix is another project. */
static bool same_prefix(const struct engine_context *c, const json_t *mapping)
{
    const char *ours = c->settings->prefix ? c->settings->prefix : "";
    const char *theirs = "";
    size_t i;
    json_t *tag;

    json_array_foreach(json_object_get(mapping, "Tags"), i, tag) {
        if (text_eq(json_str(tag, "Key"), "defang:Prefix"))
            theirs = json_str_or(tag, "Value", "");
    }
    return text_eq(ours, theirs);
}

int orphans_find(
    struct engine_context *c,
    struct arena *arena,
    const json_t *going,
    const char ***out,
    size_t *count,
    struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    cleanup_json json_t *found = NULL;
    json_t *filters = array(
        filter("defang:project", c->project),
        filter("defang:stack", c->settings->stack),
        filter(ENGINE_TAG_OWNER, ENGINE_TAG_OWNER_VALUE));
    *out = arena_array(arena, const char *, SENTENCES_MAX + 1);
    *count = 0;

    int rc = engine_call_all(
        c,
        &aws_resourcegroupstaggingapi_GetResources,
        object(key("TagFilters", filters)),
        &found,
        &local);
    if (rc < 0 && local.http_status == 403)
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "looking for what is left of project %s", c->project);
    }

    size_t i;
    json_t *mapping;

    json_array_foreach(found, i, mapping) {
        const char *arn = json_str_or(mapping, "ResourceARN", "");
        const char *text = orphans_sentence(arena, aws_session_region(c->aws), arn, going);

        if (text && same_prefix(c, mapping) && *count < SENTENCES_MAX)
            (*out)[(*count)++] = text;
    }
    return 0;
}

/* x-defang-static-files (defang.md 6.8): a folder of files instead of a container. A private
 * bucket, read by one CloudFront distribution through its origin access control, and a function
 * that turns folders into their index.html, knows the redirects, and leads an app with routes of
 * its own (`spa: true`) to its one page. The engine uploads the files after apply. As of access
 * logs: CloudFormation leaves the bucket alone, the engine empties and removes it. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/extensions.h"
#include "plan/names.h"
#include "plan/site/site.h"
#include <string.h>

/* AWS's managed policies, the same in every account
 * (docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html).
 */
#define CACHE_OPTIMIZED  "658327ea-f89d-4fab-a63d-7e88639e58f6"
#define SECURITY_HEADERS "67f7725c-6f97-4210-82d7-5512b31e9d03"

const char *plan_static_folder(
    struct arena *a, const struct compose_project *p, const struct compose_service *s)
{
    const struct yaml_node *n = plan_static_node(s);
    const char *text = !n                            ? NULL
                       : n->kind == YAML_KIND_SCALAR ? n->value
                                                     : plan_ext_string(n, "folder");
    if (text_empty(text))
        return NULL;
    return text[0] == '/' ? arena_strdup(a, text) : arena_printf(a, "%s/%s", p->working_dir, text);
}

/* {"/old": ["/new", 301]} of the redirects that name paths. */
static json_t *redirects(const struct compose_service *s)
{
    const struct yaml_node *n = plan_static_node(s), *list = n && n->kind == YAML_KIND_MAPPING
                                                                 ? yaml_get(n, "redirects")
                                                                 : NULL;
    json_t *map = json_object();
    for (size_t i = 0; list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++) {
        const char *from = plan_ext_string(list->items[i], "from"),
                   *to = plan_ext_string(list->items[i], "to");
        if (from && to)
            json_add(
                map,
                from,
                plan_json(
                    "[s,i]",
                    to,
                    text_eq(plan_ext_string(list->items[i], "status"), "302") ? 302 : 301));
    }
    return map;
}

size_t plan_static_redirects_bytes(const struct compose_service *s)
{
    cleanup_json json_t *map = redirects(s);
    cleanup_free char *text = json_print(map, false, true);

    return strlen(text);
}

static const char *code(struct plan_ctx *c, const struct plan_service *s)
{
    const struct yaml_node *n = plan_static_node(s->s);
    const char *spa = n->kind == YAML_KIND_MAPPING ? plan_ext_string(n, "spa") : NULL;
    cleanup_json json_t *map = redirects(s->s);
    cleanup_free char *text = json_print(map, false, true);
    return arena_printf(
        c->a,
        "var moved = %s;\n"
        "function handler(event) {\n"
        "    var request = event.request, uri = request.uri, to = moved[uri];\n"
        "    if (Array.isArray(to))\n"
        "        return {statusCode: to[1], statusDescription: to[1] === 301 ? 'Moved Permanently' "
        ": 'Found', headers: {location: {value: to[0]}}};\n"
        "    if (uri.endsWith('/'))\n"
        "        request.uri = uri + 'index.html';\n"
        "    else if (uri.slice(uri.lastIndexOf('/')).indexOf('.') < 0)\n"
        "        request.uri = %s;\n"
        "    return request;\n"
        "}\n",
        text,
        text_eq(spa, "true") ? "'/index.html'" : "uri + '/index.html'");
}

/* Names that an account holds once. */
static const char *global_name(struct plan_ctx *c, const struct plan_service *s, const char *what)
{
    cleanup_free char *name = xasprintf("%s-%s-%s-%s", c->scope, c->f->region, s->s->name, what);
    cleanup_free char *fit = plan_name_fit(name, PLAN_NAME_UNDERSCORE, 64, 7);
    return arena_strdup(c->a, fit);
}

static void add_bucket(struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    json_t *block = plan_json(
        "{s:b,s:b,s:b,s:b}",
        "BlockPublicAcls",
        1,
        "BlockPublicPolicy",
        1,
        "IgnorePublicAcls",
        1,
        "RestrictPublicBuckets",
        1);
    struct graph_resource *r = graph_add(
        c->g,
        s->group,
        id,
        "AWS::S3::Bucket",
        plan_json(
            "{s:{s:[{s:{s:s}}]},s:o,s:{s:[{s:s}]},s:o}",
            "BucketEncryption",
            "ServerSideEncryptionConfiguration",
            "ServerSideEncryptionByDefault",
            "SSEAlgorithm",
            "AES256",
            "PublicAccessBlockConfiguration",
            block,
            "OwnershipControls",
            "Rules",
            "ObjectOwnership",
            "BucketOwnerEnforced",
            "Tags",
            plan_tags(arena_printf(c->a, "%s-%s", c->scope, s->s->name), s->s->name)));
    r->deletion_policy = r->replace_policy = "Retain";
    r->purge = c->s->force_destroy;
}

static void
add_policy(struct plan_ctx *c, const struct plan_service *s, const char *bucket, const char *site)
{
    /* Listing makes what is not there a 404; without it S3 says 403. */
    json_t *condition = plan_json(
        "{s:{s:o}}",
        "StringEquals",
        "AWS:SourceArn",
        graph_sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${%s}", site));
    json_t *read = plan_json(
        "{s:s,s:s,s:{s:s},s:s,s:o,s:O}",
        "Sid",
        "Read",
        "Effect",
        "Allow",
        "Principal",
        "Service",
        "cloudfront.amazonaws.com",
        "Action",
        "s3:GetObject",
        "Resource",
        graph_sub("${%s.Arn}/*", bucket),
        "Condition",
        condition);
    json_t *list = plan_json(
        "{s:s,s:s,s:{s:s},s:s,s:o,s:o}",
        "Sid",
        "List",
        "Effect",
        "Allow",
        "Principal",
        "Service",
        "cloudfront.amazonaws.com",
        "Action",
        "s3:ListBucket",
        "Resource",
        graph_attr(bucket, "Arn"),
        "Condition",
        condition);
    graph_add(
        c->g,
        s->group,
        arena_printf(c->a, "StaticPolicy%s", s->id),
        "AWS::S3::BucketPolicy",
        plan_json(
            "{s:o,s:{s:s,s:[o,o]}}",
            "Bucket",
            graph_ref(bucket),
            "PolicyDocument",
            "Version",
            "2012-10-17",
            "Statement",
            read,
            list));
}

static json_t *behavior(const char *origin, const char *function)
{
    return plan_json(
        "{s:s,s:s,s:s,s:s,s:b,s:[s,s],s:[{s:s,s:o}]}",
        "TargetOriginId",
        origin,
        "ViewerProtocolPolicy",
        "redirect-to-https",
        "CachePolicyId",
        CACHE_OPTIMIZED,
        "ResponseHeadersPolicyId",
        SECURITY_HEADERS,
        "Compress",
        1,
        "AllowedMethods",
        "GET",
        "HEAD",
        "FunctionAssociations",
        "EventType",
        "viewer-request",
        "FunctionARN",
        graph_attr(function, "FunctionARN"));
}

static void add_site(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *id,
    const char *bucket,
    const char *access,
    const char *function)
{
    json_t *origin = plan_json(
        "{s:s,s:o,s:o,s:{s:s}}",
        "Id",
        "files",
        "DomainName",
        graph_attr(bucket, "RegionalDomainName"),
        "OriginAccessControlId",
        graph_attr(access, "Id"),
        "S3OriginConfig",
        "OriginAccessIdentity",
        "");
    json_t *config = plan_json(
        "{s:b,s:b,s:s,s:s,s:s,s:s,s:[o],s:o}",
        "Enabled",
        1,
        "IPV6Enabled",
        1,
        "HttpVersion",
        "http2and3",
        "Comment",
        arena_printf(c->a, "Service %s of %s", s->s->name, c->scope),
        "DefaultRootObject",
        "index.html",
        "PriceClass",
        c->s->price_class,
        "Origins",
        origin,
        "DefaultCacheBehavior",
        behavior("files", function));
    struct graph_resource *r = graph_add(
        c->g,
        s->group,
        id,
        "AWS::CloudFront::Distribution",
        plan_json("{s:o,s:o}", "DistributionConfig", config, "Tags", plan_tags(NULL, s->s->name)));
    r->usual = "usually 3-5 min";
}

int plan_static_site(struct plan_ctx *c, const struct plan_service *s)
{
    const char *bucket = arena_printf(c->a, PLAN_STATIC_BUCKET "%s", s->id),
               *site = arena_printf(c->a, PLAN_STATIC_SITE "%s", s->id);
    const char *access = arena_printf(c->a, "StaticAccess%s", s->id),
               *function = arena_printf(c->a, "StaticFunction%s", s->id);
    const char *output = arena_printf(c->a, "Endpoint%s", s->id);
    add_bucket(c, s, bucket);
    graph_add(
        c->g,
        s->group,
        access,
        "AWS::CloudFront::OriginAccessControl",
        plan_json(
            "{s:{s:s,s:s,s:s,s:s}}",
            "OriginAccessControlConfig",
            "Name",
            global_name(c, s, "files"),
            "OriginAccessControlOriginType",
            "s3",
            "SigningBehavior",
            "always",
            "SigningProtocol",
            "sigv4"));
    graph_add(
        c->g,
        s->group,
        function,
        "AWS::CloudFront::Function",
        plan_json(
            "{s:s,s:b,s:s,s:{s:s,s:s}}",
            "Name",
            global_name(c, s, "paths"),
            "AutoPublish",
            1,
            "FunctionCode",
            code(c, s),
            "FunctionConfig",
            "Comment",
            arena_printf(c->a, "Paths of %s", s->s->name),
            "Runtime",
            "cloudfront-js-2.0"));
    add_site(c, s, site, bucket, access, function);
    add_policy(c, s, bucket, site);
    graph_output_add(
        c->g,
        output,
        graph_sub("https://${%s.DomainName}", site),
        arena_printf(c->a, "%s static files", s->s->name));
    json_add(
        json_at(c->g->metadata, "Defang.services"),
        s->s->name,
        plan_json("{s:s}", "endpointOutput", output));
    return 0;
}

void plan_static_sites(
    struct arena *arena, const struct compose_project *p, struct plan_static **out, size_t *count)
{
    struct plan_view v;
    plan_view_make(arena, p, &v);
    *out = arena_array(arena, struct plan_static, v.count + 1);
    *count = 0;
    for (size_t i = 0; i < v.count; i++) {
        const struct plan_service *s = &v.services[i];
        if (s->kind == PLAN_STATIC)
            (*out)[(*count)++] = (struct plan_static){
                .service = s->s->name,
                .folder = plan_static_folder(arena, p, s->s),
                .bucket_id = arena_printf(arena, PLAN_STATIC_BUCKET "%s", s->id),
                .site_id = arena_printf(arena, PLAN_STATIC_SITE "%s", s->id)};
    }
}

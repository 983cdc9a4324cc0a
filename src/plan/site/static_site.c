/* x-defang-static-files (defang.md 6.8): a folder of files instead of a container. A private
 * bucket, read by one CloudFront distribution through its origin access control, and a function
 * that turns folders into their index.html, knows the redirects, and leads an app with routes of
 * its own (`spa: true`) to its one page. The engine uploads the files after apply. As of access
 * logs: CloudFormation leaves the bucket alone, the engine empties and removes it. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/bucket.h"
#include "plan/common/context.h"
#include "plan/common/iam.h"
#include "plan/names.h"
#include "plan/site/site.h"
#include "plan/view/extensions.h"
#include <string.h>

/* AWS's managed policies, the same in every account
 * (docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html).
 */
#define CACHE_OPTIMIZED  "658327ea-f89d-4fab-a63d-7e88639e58f6"
#define SECURITY_HEADERS "67f7725c-6f97-4210-82d7-5512b31e9d03"

const struct yaml_node *plan_static_folder(const struct compose_service *s)
{
    const struct yaml_node *n = plan_static_node(s);

    if (n && n->kind == YAML_KIND_MAPPING)
        n = yaml_get(n, "folder");
    return n && n->kind == YAML_KIND_SCALAR && !text_empty(n->value) ? n : NULL;
}

void plan_static_expand(struct compose_project *p)
{
    for (size_t i = 0; i < p->service_count; i++) {
        /* The tree is the project's own; a node that two services share is absolute the second
         * time. */
        struct yaml_node *n = (struct yaml_node *)(uintptr_t)plan_static_folder(&p->services[i]);

        if (n && n->value[0] != '/')
            n->value = path_absolute_in(p->arena, p->working_dir, n->value);
    }
}

/* {"/old": ["/new", 301]} of the redirects that name paths. */
static json_t *redirects(const struct compose_service *s)
{
    const struct yaml_node *n = plan_static_node(s);
    const struct yaml_node *list =
        n && n->kind == YAML_KIND_MAPPING ? yaml_get(n, "redirects") : NULL;
    json_t *map = object();

    for (size_t i = 0; list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++) {
        const char *from = plan_ext_string(list->items[i], "from");
        const char *to = plan_ext_string(list->items[i], "to");
        bool found = text_eq(plan_ext_string(list->items[i], "status"), "302");

        if (from && to)
            json_add(map, from, array(json_string(to), json_integer(found ? 302 : 301)));
    }
    return map;
}

static char *redirects_text(const struct compose_service *s)
{
    cleanup_json json_t *map = redirects(s);

    return json_print(map, false, true);
}

size_t plan_static_redirects_bytes(const struct compose_service *s)
{
    cleanup_free char *text = redirects_text(s);

    return strlen(text);
}

/* The function of CloudFront that each request goes through. A path without a dot in its last part
 * is a page: of an app with routes of its own its one page, else the folder's index.html. */
static const char *code(struct plan_ctx *c, const struct plan_service *s)
{
    const struct yaml_node *n = plan_static_node(s->s);
    const char *spa = n->kind == YAML_KIND_MAPPING ? plan_ext_string(n, "spa") : NULL;
    const char *page = text_eq(spa, "true") ? "'/index.html'" : "uri + '/index.html'";
    cleanup_free char *moved = redirects_text(s->s);

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
        moved,
        page);
}

/* Names that an account holds once. */
static const char *global_name(struct plan_ctx *c, const struct plan_service *s, const char *what)
{
    cleanup_free char *name = xasprintf("%s-%s-%s-%s", c->scope, c->f->region, s->s->name, what);
    cleanup_free char *fit = plan_name_fit(name, PLAN_NAME_UNDERSCORE, 64, 7);
    return arena_strdup(c->a, fit);
}

/* Unlike the project's other buckets its objects do not expire: they are the site. */
static void add_bucket(struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    json_t *bucket = object(
        key("BucketEncryption", plan_bucket_encryption()),
        key("PublicAccessBlockConfiguration", plan_bucket_public_block()),
        key("OwnershipControls", plan_bucket_ownership()),
        key("Tags", plan_tags(arena_printf(c->a, "%s-%s", c->scope, s->s->name), s->s->name)));

    plan_bucket_add(c, s->group, id, bucket);
}

/* Only this distribution reads the bucket. */
static json_t *from_site(const char *site)
{
    json_t *source =
        graph_sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${%s}", site);

    return object(key("StringEquals", object(key("AWS:SourceArn", source))));
}

static void
add_policy(struct plan_ctx *c, const struct plan_service *s, const char *bucket, const char *site)
{
    json_t *read = iam_admit(
        "Read",
        "cloudfront.amazonaws.com",
        json_string("s3:GetObject"),
        graph_sub("${%s.Arn}/*", bucket),
        from_site(site));
    /* Listing makes what is not there a 404; without it S3 says 403. */
    json_t *list = iam_admit(
        "List",
        "cloudfront.amazonaws.com",
        json_string("s3:ListBucket"),
        graph_attr(bucket, "Arn"),
        from_site(site));

    json_t *policy = object(
        key("Bucket", graph_ref(bucket)), key("PolicyDocument", iam_document(array(read, list))));
    const char *id = arena_printf(c->a, "StaticPolicy%s", s->id);
    graph_add(c->g, s->group, id, "AWS::S3::BucketPolicy", policy);
}

/* How the distribution proves to S3 who asks: it signs each request. */
static void add_access(struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    json_t *config = object(
        key("Name", global_name(c, s, "files")),
        key("OriginAccessControlOriginType", "s3"),
        key("SigningBehavior", "always"),
        key("SigningProtocol", "sigv4"));

    json_t *access = object(key("OriginAccessControlConfig", config));
    graph_add(c->g, s->group, id, "AWS::CloudFront::OriginAccessControl", access);
}

static void add_function(struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    json_t *config = object(
        key("Comment", arena_printf(c->a, "Paths of %s", s->s->name)),
        key("Runtime", "cloudfront-js-2.0"));

    json_t *function = object(
        key("Name", global_name(c, s, "paths")),
        key("AutoPublish", true),
        key("FunctionCode", code(c, s)),
        key("FunctionConfig", config));
    graph_add(c->g, s->group, id, "AWS::CloudFront::Function", function);
}

static json_t *origin(const char *bucket, const char *access)
{
    /* The former way of S3 origins; it must be there, and empty beside an access control. */
    json_t *no_identity = object(key("OriginAccessIdentity", ""));

    return object(
        key("Id", "files"),
        key("DomainName", graph_attr(bucket, "RegionalDomainName")),
        key("OriginAccessControlId", graph_attr(access, "Id")),
        key("S3OriginConfig", no_identity));
}

static json_t *behavior(const char *function)
{
    json_t *on_request = object(
        key("EventType", "viewer-request"),
        key("FunctionARN", graph_attr(function, "FunctionARN")));

    return object(
        key("TargetOriginId", "files"),
        key("ViewerProtocolPolicy", "redirect-to-https"),
        key("CachePolicyId", CACHE_OPTIMIZED),
        key("ResponseHeadersPolicyId", SECURITY_HEADERS),
        key("Compress", true),
        key("AllowedMethods", texts("GET", "HEAD")),
        key("FunctionAssociations", array(on_request)));
}

static void add_site(
    struct plan_ctx *c, const struct plan_service *s, const char *id, json_t *files, json_t *how)
{
    json_t *config = object(
        key("Enabled", true),
        key("IPV6Enabled", true),
        key("HttpVersion", "http2and3"),
        key("Comment", arena_printf(c->a, "Service %s of %s", s->s->name, c->scope)),
        key("DefaultRootObject", "index.html"),
        key("PriceClass", c->s->price_class),
        key("Origins", array(files)),
        key("DefaultCacheBehavior", how));

    json_t *site =
        object(key("DistributionConfig", config), key("Tags", plan_tags(NULL, s->s->name)));
    struct graph_resource *r = graph_add(c->g, s->group, id, "AWS::CloudFront::Distribution", site);
    r->usual = "usually 3-5 min";
}

/* The address is CloudFront's to choose, so people are told it by an output. */
static void add_output(struct plan_ctx *c, const struct plan_service *s, const char *site)
{
    const char *output = arena_printf(c->a, "Endpoint%s", s->id);

    graph_output_add(
        c->g,
        output,
        graph_sub("https://${%s.DomainName}", site),
        arena_printf(c->a, "%s static files", s->s->name));
    json_add(
        json_at(c->g->metadata, "Defang.services"),
        s->s->name,
        object(key("endpointOutput", output)));
}

int plan_static_site(struct plan_ctx *c, const struct plan_service *s)
{
    const char *bucket = arena_printf(c->a, PLAN_STATIC_BUCKET "%s", s->id);
    const char *access = arena_printf(c->a, "StaticAccess%s", s->id);
    const char *function = arena_printf(c->a, "StaticFunction%s", s->id);
    const char *site = arena_printf(c->a, PLAN_STATIC_SITE "%s", s->id);

    add_bucket(c, s, bucket);
    add_access(c, s, access);
    add_function(c, s, function);
    add_site(c, s, site, origin(bucket, access), behavior(function));
    add_policy(c, s, bucket, site);
    add_output(c, s, site);
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
        const struct yaml_node *folder = plan_static_folder(s->s);
        if (s->kind == PLAN_STATIC)
            (*out)[(*count)++] = (struct plan_static){
                .service = s->s->name,
                .folder = folder ? path_absolute_in(arena, p->working_dir, folder->value) : NULL,
                .bucket_id = arena_printf(arena, PLAN_STATIC_BUCKET "%s", s->id),
                .pos = folder ? folder->pos : s->s->pos,
                .site_id = arena_printf(arena, PLAN_STATIC_SITE "%s", s->id)};
    }
}

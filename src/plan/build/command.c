/* Image builds: what to pack, the tag that names the content, Kaniko's arguments (defang.md 4.4).
 *
 * Of the reference's flags --reproducible is left out: it holds whole layers in memory, and the tag
 * already says what went in.
 * --compressed-caching=false and --snapshot-mode=redo keep memory and time of large images in
 * bounds. */
#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/names.h"
#include <string.h>

#define CACHE_TTL "192h" /* eight days */
#define BUILDER   "kaniko"

static const struct compose_service *service_of(const struct plan_request *r, const char *name)
{
    return compose_service_get(r->project, name);
}

static void fill(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    struct plan_build *b)
{
    cleanup_free char *repository = plan_repository(r->settings, r->project->name);
    cleanup_free char *family = plan_task_family(
        r->settings,
        r->project->name,
        strcmp(s->arch, "aarch64") == 0 ? "kanikoArm64" : "kanikoAmd64");

    *b = (struct plan_build){
        .service = s->s->name,
        .context = s->s->build.context,
        /* One that stands in the Compose file has no name of its own. */
        .dockerfile = s->s->build.dockerfile ? s->s->build.dockerfile : "Dockerfile",
        .arch = s->arch,
        .repository = arena_strdup(a, repository),
        .task_family = arena_strdup(a, family)};
}

int plan_builds(
    struct arena *arena,
    const struct plan_request *r,
    struct plan_build **out,
    size_t *count,
    struct error *err)
{
    struct plan_view v;

    plan_view_make(arena, r->project, &v);
    *out = arena_array(arena, struct plan_build, v.count + 1);
    *count = 0;
    for (size_t i = 0; i < v.count; i++) {
        const struct plan_service *s = &v.services[i];
        if (plan_is_task(s) && plan_builds_image(s->s))
            fill(arena, r, s, &(*out)[(*count)++]);
    }
    for (size_t i = 0; i < *count; i++) {
        /* With an object key as long as one can be, so that what passes here fits later. */
        struct plan_build probe = (*out)[i];
        probe.object_key =
            "uploads/"
            "sha256-0123456789012345678901234567890123456789012345678901234567890123.tar.gz";
        plan_build_finish(arena, r, &probe);
        size_t bytes = 256;
        for (size_t k = 0; k < probe.command_count; k++)
            bytes += plan_json_length(probe.command[k]) + 1;
        if (bytes > LIMIT_PLAN_OVERRIDE_BYTES) {
            const struct compose_service *s = service_of(r, probe.service);
            int rc = error_raise(
                err,
                ERR_USAGE,
                "service %s: its build needs %zu bytes of arguments, and ECS takes %d",
                probe.service,
                bytes,
                LIMIT_PLAN_OVERRIDE_BYTES);
            error_hint(
                err, "Shorten build.args, or put the values into a file of the build context.");
            error_at(err, s->build.pos.file, s->build.pos.line, s->build.pos.column);
            return rc;
        }
    }
    return 0;
}

struct args {
    struct arena *a;
    const char **items;
    size_t len;
};

static void arg(struct args *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void arg(struct args *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    struct str text = STR_INIT;
    str_vappendf(&text, fmt, ap);
    va_end(ap);
    l->items[l->len++] = arena_strdup(l->a, str_get(&text));
    str_done(&text);
}

static void build_args(struct args *l, const struct compose_service *s, const struct plan_view *v)
{
    for (size_t i = 0; i < s->build.arg_count; i++) {
        const char *value =
            s->build.args[i].is_null ? NULL : compose_text_literal(l->a, &s->build.args[i].value);
        if (value)
            arg(l, "--build-arg=%s=%s", s->build.args[i].name, plan_rewrite(l->a, v, value));
    }
}

/* Eight digits over all that goes into the image: context, Dockerfile, target, platform and
 * arguments. */
static const char *tag_of(
    struct arena *a,
    const struct plan_build *b,
    const struct compose_service *s,
    const struct args *build_args)
{
    struct str all = STR_INIT;

    str_appendf(
        &all,
        "%s\n%s\n%s\n%s\n",
        b->object_key,
        b->dockerfile,
        s->build.target ? s->build.target : "",
        b->arch);
    for (size_t i = 0; i < build_args->len; i++)
        str_appendf(&all, "%zu:%s\n", strlen(build_args->items[i]), build_args->items[i]);
    cleanup_free char *sum = plan_hash_hex(str_get(&all), 8);
    str_done(&all);
    cleanup_free char *prefix = plan_image_prefix(s->name);
    return arena_printf(a, "%s%s-%s", prefix, sum, b->arch);
}

void plan_build_finish(struct arena *arena, const struct plan_request *r, struct plan_build *b)
{
    const struct compose_service *s = service_of(r, b->service);
    const struct plan_facts *f = r->facts;
    struct plan_view v;

    plan_view_make(arena, r->project, &v);
    struct args own = {
        .a = arena, .items = arena_array(arena, const char *, s->build.arg_count + 1)};
    build_args(&own, s, &v);
    b->tag = tag_of(arena, b, s, &own);
    const char *registry =
        arena_printf(arena, "%s.dkr.ecr.%s.%s", f->account, f->region, f->dns_suffix);
    struct args l = {.a = arena, .items = arena_array(arena, const char *, own.len + 24)};
    arg(&l, "--context=s3://%s/%s", f->bucket, b->object_key);
    arg(&l, "--dockerfile=%s", b->dockerfile);
    for (size_t i = 0; i < own.len; i++)
        arg(&l, "%s", own.items[i]);
    if (!text_empty(s->build.target))
        arg(&l, "--target=%s", s->build.target);
    arg(&l, "--destination=%s/%s:%s", registry, b->repository, b->tag);
    arg(&l, "--cache=%s", s->build.no_cache ? "false" : "true");
    if (!s->build.no_cache) {
        arg(&l, "--cache-repo=%s/%s/cache", registry, b->repository);
        arg(&l, "--cache-ttl=" CACHE_TTL);
        arg(&l, "--compressed-caching=false");
    }
    arg(&l, "--snapshot-mode=redo");
    arg(&l, "--custom-platform=linux/%s", strcmp(b->arch, "aarch64") == 0 ? "arm64" : "amd64");
    arg(&l, "--registry-mirror=public.ecr.aws/docker");
    arg(&l, "--push-retry=1");
    arg(&l, "--image-download-retry=2");
    arg(&l, "--log-format=text");
    arg(&l, "--force"); /* Fargate is not recognised as a container */
    arg(&l, "--label=io.defang.image.builder=" BUILDER);
    arg(&l, "--label=io.defang.image.name=%s-image", b->service);
    arg(&l, "--label=io.defang.image.tag=%s", b->tag);
    arg(&l, "--label=io.defang.image.etag=%s", r->deployment);
    b->command = l.items;
    b->command_count = l.len;
}

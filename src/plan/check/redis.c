/* Managed Redis and Valkey: what ElastiCache does not take or does otherwise.
 *
 * Refused: a size that no node type has, more nodes than a replication group takes. Warned of: a
 * version that ElastiCache does not have (it gets the nearest) or that is old, an image that does
 * not look like either. Noted: the command, which ElastiCache does not run. */
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/store/store.h"
#include <string.h>

static void check_cluster(struct plan_check *c, const struct plan_service *s)
{
    struct plan_cache_version version;
    const char *hint;

    plan_cache_version(s->s->image, &version);
    hint = text_eq(version.engine, "redis") ? "Use a valkey image for later versions." : NULL;
    if (!plan_cache_class(c->s, NULL, s->memory_mib))
        plan_error(
            &c->diag,
            s->s->pos,
            "Ask for less.",
            "service %s: no cache class has %.0f MiB",
            s->s->name,
            s->memory_mib);
    if (!version.exact)
        plan_warn(
            &c->diag,
            s->s->pos,
            hint,
            "service %s: ElastiCache has no such version of %s, it gets %s",
            s->s->name,
            version.engine,
            version.version);
    /* docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html: 4 and 5 since 31
     * January 2026. */
    if (text_eq(version.engine, "redis") && version.version[0] < '6')
        plan_warn(
            &c->diag,
            s->s->pos,
            "Use redis:7 or a valkey image.",
            "service %s: Redis OSS %s is past AWS's standard support, ElastiCache charges Extended "
            "Support",
            s->s->name,
            version.version);
    if (s->replicas > 6)
        plan_error(
            &c->diag,
            s->s->pos,
            "Use at most 6.",
            "service %s: a cache has at most 6 nodes, not %u",
            s->s->name,
            s->replicas);
}

static void check_image(struct plan_check *c, const struct plan_service *s)
{
    if (s->s->image && !strstr(s->s->image, "redis") && !strstr(s->s->image, "valkey"))
        plan_warn(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s: image %s does not look like Redis or Valkey",
            s->s->name,
            s->s->image);
    if (s->s->has_command && s->s->command_count)
        plan_note(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s: the command is ignored but for --port, ElastiCache has its own settings",
            s->s->name);
}

void plan_check_redis(struct plan_check *c, const struct plan_service *s)
{
    check_cluster(c, s);
    check_image(c, s);
}

/* Tags that become digests (setting `resolve: digest`).
 *
 * ECS by itself keeps the image of a service's deployment: a task that starts later gets what the
 * first one got. That ends with the deployment, it is not said by `plan`, and tasks that run once
 * have none of it. With digests in the plan all of that is in the open: `up` asks the registries
 * (daemon/digests.c), the frozen project has the answers, and the template's metadata remembers
 * which tag stood for which digest. As under Compose a tag that has moved is followed when the
 * service says `pull_policy: always`, and else what is there stays.
 *
 * Images of the library are asked for at ECR Public, since they come from there through the
 * account's cache, and Docker Hub counts what it is asked.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html (version
 * consistency) */
#include "base/str.h"
#include "compose/bind/image.h"
#include "plan/container/pull.h"
#include "plan/registries.h"
#include <string.h>

#define LIBRARY "library/"

static const char *ask_of(
    struct arena *a, const struct plan_settings *s, const struct image_name *name, const char *full)
{
    if (s->no_cache || strcmp(name->registry, "docker.io") != 0 ||
        !text_starts(name->path, LIBRARY))
        return full;
    return arena_printf(a, "public.ecr.aws/docker/%s:%s", name->path, name->tag);
}

static bool follows_tag(const struct plan_service *s)
{
    const struct yaml_node *policy = s->s->node ? yaml_get(s->s->node, "pull_policy") : NULL;

    return policy && text_eq(policy->value, "always");
}

static struct plan_pin *listed(struct plan_pin *list, size_t count, const char *image)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].image, image) == 0)
            return &list[i];
    return NULL;
}

void plan_pins(
    struct arena *a,
    const struct compose_project *p,
    const struct plan_settings *s,
    const json_t *deployed,
    struct plan_pin **out,
    size_t *count)
{
    const json_t *known = json_at(deployed, "Metadata.Defang.images");
    struct plan_view v;

    plan_view_make(a, p, &v);
    *out = arena_array(a, struct plan_pin, v.count + 1);
    *count = 0;
    for (size_t i = 0; i < v.count; i++) {
        const char *image = plan_pulled_image(&v.services[i]);
        struct image_name name;
        struct plan_ecr ecr;

        if (!image || image_name_parse(a, image, &name, NULL) < 0 || name.digest ||
            plan_ecr_parse(a, image, &ecr))
            continue;

        bool follow = follows_tag(&v.services[i]);
        struct plan_pin *pin = listed(*out, *count, image);
        if (pin) {
            pin->keep = follow ? NULL : pin->keep;
            continue;
        }

        const char *full = image_name_text(a, &name, NULL);
        (*out)[(*count)++] = (struct plan_pin){
            .image = image,
            .name = full,
            .ask = ask_of(a, s, &name, full),
            .keep = follow ? NULL : json_string_value(json_object_get(known, full)),
            .pos = v.services[i].s->pos};
    }
}

/* "docker.io/library/nginx:1" of "nginx:1@sha256:…"; NULL: it has no tag beside a digest. */
static const char *tag_beside_digest(struct arena *a, const char *image)
{
    struct image_name name;
    const char *digest = strchr(image, '@');
    const char *tagged = digest ? arena_strndup(a, image, (size_t)(digest - image)) : NULL;
    const char *path = tagged ? strrchr(tagged, '/') : NULL;

    if (!tagged || !strchr(path ? path : tagged, ':') ||
        image_name_parse(a, tagged, &name, NULL) < 0)
        return NULL;
    return image_name_text(a, &name, NULL);
}

void plan_note_pins(struct plan_ctx *c)
{
    json_t *images = object();

    for (size_t i = 0; i < c->v.count && c->s->resolve == PLAN_RESOLVE_DIGEST; i++) {
        const char *image = plan_pulled_image(&c->v.services[i]);
        const char *name = image ? tag_beside_digest(c->a, image) : NULL;

        if (name)
            json_object_set_new(images, name, json_string(strchr(image, '@') + 1));
    }
    json_add(json_object_get(c->g->metadata, "Defang"), "images", json_unless_empty(images));
}

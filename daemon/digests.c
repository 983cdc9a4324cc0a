/* Image digests for `compose config --resolve-image-digests`: every image of the project gets the
 * digest that its registry gives now.
 *
 * The model is walked twice. The first walk collects the names, each once, however many services
 * use it, and says where one is written wrong; the registries are asked for all of them side by
 * side, AT_ONCE at a time; the second walk puts the answers in. A name that has a digest already is
 * only written out in full: nothing is asked for it.
 *
 * Registries are asked with the caller's environment (proxies, certificates), as everything is. */
#include "daemon/digests.h"

#include "base/mem.h"
#include "base/vec.h"
#include "daemon/session.h"
#include "data/strmap.h"
#include "engine/build/registry.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

#define AT_ONCE 8

struct lookup {
    const struct registry *registry;
    struct arena *arena;
    struct yaml_pos pos;
    struct image_name name;
    const char *resolved;
};

struct resolving {
    struct arena *arena; /* the project's */
    struct strmap index; /* image as written → lookup */
    VEC(struct lookup *) lookups;
    const struct registry *registry;
};

/* In a fiber of its own. The error says where the image is written, as one of the loader does. */
static int look_up(void *arg, struct error *err)
{
    struct lookup *l = arg;
    cleanup_free char *digest = NULL;
    int rc = registry_digest(l->registry, &l->name, &digest, err);
    if (rc < 0) {
        if (err && l->pos.file)
            error_at(err, l->pos.file, l->pos.line, l->pos.column);
        return rc;
    }

    l->resolved = image_name_text(l->arena, &l->name, digest);

    return 0;
}

/* First walk: which names there are. One with a digest is only written out. */
static const char *collect(void *arg, const char *image, struct yaml_pos pos, struct error *err)
{
    struct resolving *x = arg;

    if (strmap_get(&x->index, image))
        return image;

    struct lookup *l = arena_make(x->arena, struct lookup);
    *l = (struct lookup){.registry = x->registry, .arena = x->arena, .pos = pos};

    if (image_name_parse(x->arena, image, &l->name, err) < 0) {
        if (err && pos.file)
            error_at(err, pos.file, pos.line, pos.column);
        return NULL;
    }

    if (l->name.digest)
        l->resolved = image_name_text(x->arena, &l->name, l->name.digest);
    strmap_put(x->arena, &x->index, arena_strdup(x->arena, image), x->lookups.len);
    vec_push(&x->lookups, l);

    return image;
}

/* The second walk meets the same names in the same model. */
static const char *replace(void *arg, const char *image, struct yaml_pos pos, struct error *err)
{
    struct resolving *x = arg;
    return x->lookups.items[*strmap_get(&x->index, image)]->resolved;
}

static int look_up_all(struct daemon *d, struct resolving *x, struct error *err)
{
    struct fiber_group *g = fiber_group_new(d->loop, AT_ONCE);

    for (size_t i = 0; i < x->lookups.len; i++)
        if (!x->lookups.items[i]->resolved)
            fiber_group_spawn(g, "digest", look_up, x->lookups.items[i]);

    int rc = fiber_group_wait(g, err);
    fiber_group_free(g);
    return rc;
}

int digests_resolve(
    struct daemon *d, const Defang__Caller *caller, struct project *p, struct error *err)
{
    cleanup_env struct env *env = session_env_of(caller);
    const struct registry registry = {.http = d->http, .env = env};
    struct resolving x = {.arena = p->model->arena, .registry = &registry};
    int rc = compose_map_images(p->model, collect, &x, err);
    if (rc == 0)
        rc = look_up_all(d, &x, err);
    if (rc == 0)
        rc = compose_map_images(p->model, replace, &x, err);
    vec_free(&x.lookups);

    return rc;
}

/* Image digests for `compose config --resolve-image-digests`, and for projects with the setting
 * `resolve: digest` (digests_pin, at the end): there one that cannot be had is a note. Every image
 * of the project gets the digest that its registry gives now.
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
#include "plan/diag.h"
#include "plan/registries.h"

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

/* ---- resolve: digest ---- */

#define PIN_TIMEOUT_MS 5000

struct pin {
    const struct plan_pin *p;
    const struct registry *registry;
    struct arena *arena;
    const char *digest;
    struct error error; /* why there is none */
};

/* In a fiber of its own; that one fails cancels no other. */
static int ask_one(void *arg, struct error *err)
{
    struct pin *pin = arg;
    struct image_name name;
    cleanup_free char *digest = NULL;
    int rc = image_name_parse(pin->arena, pin->p->ask, &name, &pin->error);
    if (rc == 0)
        rc = registry_digest(pin->registry, &name, &digest, &pin->error);
    if (rc == 0)
        pin->digest = arena_strdup(pin->arena, digest);

    if (rc == -ECANCELED) {
        error_move(err, &pin->error);
        return rc;
    }
    return 0;
}

struct pins {
    struct arena *arena;
    struct pin *items;
    size_t count;
};

static const char *pinned(void *arg, const char *image, struct yaml_pos pos, struct error *err)
{
    struct pins *x = arg;
    struct image_name name;

    (void)pos;
    (void)err;
    for (size_t i = 0; i < x->count; i++) {
        const struct pin *pin = &x->items[i];
        if (pin->digest && text_eq(pin->p->image, image) &&
            image_name_parse(x->arena, image, &name, NULL) == 0)
            return image_name_text(x->arena, &name, pin->digest);
    }
    return image;
}

static void tell(struct project *p, const struct pin *pin)
{
    struct plan_diag diag = {.d = &p->diagnostics};

    plan_note(
        &diag,
        pin->p->pos,
        pin->error.kind == ERR_AUTH
            ? "Keep its credentials with `defangctl registry login`, and name a digest."
            : "The image of the deployment stays until the next one all the same: ECS keeps it.",
        "image %s is deployed by its tag: %s",
        pin->p->image,
        pin->error.message ? pin->error.message : "no digest");
}

int digests_pin(
    struct daemon *d,
    const Defang__Caller *caller,
    const json_t *deployed,
    struct project *p,
    struct error *err)
{
    cleanup_env struct env *env = session_env_of(caller);
    const struct registry registry = {.http = d->http, .env = env, .timeout_ms = PIN_TIMEOUT_MS};
    struct fiber_group *g = fiber_group_new(d->loop, AT_ONCE);
    struct pins x = {.arena = p->model->arena};
    struct plan_pin *list;

    plan_pins(x.arena, p->model, &p->settings, deployed, &list, &x.count);
    x.items = arena_array(x.arena, struct pin, x.count + 1);
    for (size_t i = 0; i < x.count; i++) {
        const char *keep = list[i].keep ? arena_strdup(x.arena, list[i].keep) : NULL;
        x.items[i] = (struct pin){
            .p = &list[i],
            .registry = &registry,
            .arena = x.arena,
            .digest = keep,
            .error = ERROR_INIT};
        if (!keep)
            fiber_group_spawn(g, "pin", ask_one, &x.items[i]);
    }

    int rc = fiber_group_wait(g, err);
    fiber_group_free(g);
    if (rc == 0)
        rc = compose_map_images(p->model, pinned, &x, err);
    for (size_t i = 0; i < x.count; i++) {
        if (rc == 0 && !x.items[i].digest)
            tell(p, &x.items[i]);
        error_done(&x.items[i].error);
    }
    return rc;
}

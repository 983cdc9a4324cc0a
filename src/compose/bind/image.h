/* Names of images, as Docker reads them: [registry/]path[:tag][@digest]. Source: the distribution
 * reference grammar. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "compose/compose.h"

struct image_name {
    const char *registry; /* "docker.io", "registry.example.com:5000" */
    const char *path;     /* "library/nginx" */
    const char *tag;    /* "latest" when neither a tag nor a digest is said; NULL beside a digest */
    const char *digest; /* "sha256:…" or NULL */
};

/* 0, or ERR_USAGE when it is no name of an image. Strings in `arena`. */
int image_name_parse(
    struct arena *arena, const char *text, struct image_name *out, struct error *err);
/* The whole name with `digest` (may be NULL): "docker.io/library/nginx:latest@sha256:…". */
const char *image_name_text(struct arena *arena, const struct image_name *n, const char *digest);

/* Every place of a project that names an image to pull: of services, of their pre_start hooks, of
 * mounts of type image. `fn` returns the name that takes its place, in the project's arena, or NULL
 * with err filled: then the walk ends with its errno. */
typedef const char *
image_map_fn(void *arg, const char *image, struct yaml_pos pos, struct error *err);
int compose_map_images(struct compose_project *p, image_map_fn *fn, void *arg, struct error *err);

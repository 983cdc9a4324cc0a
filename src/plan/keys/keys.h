/* What becomes of each key of the Compose specification. The one source of it: check/keys.c says
 * what is noted, warned of and refused, report/explain.c what is left out and why, and
 * tests/tools/compose_keys.py writes docs/COMPOSE.md from it. A test holds it against the
 * specification (no key is missing) and against the planner (each verdict is what it does).
 *
 * A path: "deploy.replicas" of a service, "/networks.*.internal" of the project; "*" is any name,
 * and what lies in a list lies in the key itself ("ports.target"). A row is about all that lies
 * below it as well, where no longer path has one of its own. */
#pragma once

#include "base/arena.h"
#include "data/yaml.h"
#include <stdbool.h>
#include <stddef.h>

enum plan_verdict {
    PLAN_KEY_HONOURED,
    PLAN_KEY_PARTLY,  /* honoured, with the difference that `text` says */
    PLAN_KEY_SILENT,  /* means nothing on AWS; nothing changes without it, so nothing is said */
    PLAN_KEY_NOTED,   /* AWS does it in its own way */
    PLAN_KEY_WARNED,  /* left out, and the program goes on */
    PLAN_KEY_REFUSED, /* left out, the program would do something else */
};

struct plan_key {
    const char *path;
    enum plan_verdict verdict;
    const char *text; /* what becomes of it, or why it is left out */
    const char *hint; /* what to do; NULL */
};

/* Sorted by path. */
const struct plan_key *plan_keys_of_service(size_t *count);
const struct plan_key *plan_keys_of_project(size_t *count);

/* The row of the path, or of the nearest above it; NULL when there is none. */
const struct plan_key *plan_key_of(const char *path);

/* Whether longer paths than this one have rows. */
bool plan_key_below(const char *path);

/* Calls `found` for each value that says something at the path below `root` (a service's mapping,
 * or the project's): `as_written` has the names in the place of each "*". */
void plan_key_each(
    struct arena *a,
    const struct yaml_node *root,
    const char *path,
    void (*found)(void *arg, const char *as_written, const struct yaml_node *value),
    void *arg);
